//! For people.

use std::io::Write;

use florin_client::{Account, money};

use super::{Form, date_text};
use crate::cli::failure::Failure;
use crate::cli::names::Names;
use crate::cli::statement::entry::{Edge, Entry, Totals};
use crate::cli::table::{Side, Table};
use crate::cli::time;
use crate::cli::view::{id_text, kind_text};

/// A table, printed in pieces.
pub(in crate::cli::statement) struct Text<'a> {
    out: &'a mut dyn Write,
    table: Table<8>,
}

impl<'a> Text<'a> {
    pub fn new(out: &'a mut dyn Write) -> Self {
        let table = Table::new([
            ("TIME", Side::Left),
            ("VALUE", Side::Left),
            ("KIND", Side::Left),
            ("WITH", Side::Left),
            ("CHANGE", Side::Right),
            ("RESERVED", Side::Right),
            ("BALANCE", Side::Right),
            ("ID", Side::Left),
        ]);
        Self { out, table }
    }

    fn print(&mut self) -> Result<(), Failure> {
        Ok(self.out.write_all(self.table.take().as_bytes())?)
    }
}

impl Form for Text<'_> {
    fn edge(&mut self, account: &Account, edge: &Edge) -> Result<(), Failure> {
        let none = String::new;
        self.table.row([
            time::utc_ms(edge.time_ns),
            none(),
            format!("{} balance", edge.which.text()),
            none(),
            none(),
            none(),
            account.asset.format_minor(edge.balance_minor),
            none(),
        ]);
        self.print()
    }

    fn entries(&mut self, entries: &[Entry<'_>], names: &Names) -> Result<(), Failure> {
        for entry in entries {
            let text = |signed| entry.decimal(signed);
            let with = entry.counterparty().map(|id| names.of(id).to_string());
            self.table.row([
                time::utc_ms(entry.timestamp_ns),
                entry.record.value_date.map(date_text).unwrap_or_default(),
                kind_text(entry.record).replace('_', " "),
                with.unwrap_or_default(),
                entry.change().map(text).unwrap_or_default(),
                entry.reserved.map(text).unwrap_or_default(),
                entry.account.asset.format_minor(entry.balance_minor),
                id_text(entry.record),
            ]);
        }
        self.print()
    }

    fn end(mut self: Box<Self>, account: &Account, totals: &Totals) -> Result<(), Failure> {
        self.print()?;
        writeln!(self.out, "{}", totals_text(account, totals))?;
        Ok(())
    }
}

/// What the entries come to, in a line.
pub(in crate::cli::statement) fn totals_text(account: &Account, totals: &Totals) -> String {
    let decimal = |minor| money::format_minor_unsigned(minor, account.asset.scale);
    let entries = if totals.entries == 1 { "entry" } else { "entries" };
    format!(
        "{} {entries}, in {}, out {} {}",
        totals.entries,
        decimal(totals.in_minor),
        decimal(totals.out_minor),
        account.asset.code
    )
}
