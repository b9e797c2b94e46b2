//! The rows of a file of transfers: what each moves, and under which id.

use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

use csv::StringRecord;
use florin_client::{AccountKey, Asset, Transfer, TransferId};

use super::seen::{Identity, Key, Seen};
use crate::cli::failure::Failure;
use crate::cli::import::file::{Cells, Columns, DateFormat, Field, Finding, REFUSED_ID, Row, Rows};
use crate::cli::import::ids::{Content, Said};
use crate::cli::import::known::{Accounts, Assets};

/// The columns that we know, beside `metadata.KEY`.
pub(super) static FIELDS: &[Field] = &[
    Field { name: "id", aliases: &["transfer_id"], required: false },
    Field {
        name: "from",
        aliases: &["debit", "debit_account", "from_account", "source", "payer"],
        required: true,
    },
    Field {
        name: "to",
        aliases: &["credit", "credit_account", "to_account", "destination", "payee"],
        required: true,
    },
    Field { name: "amount", aliases: &[], required: true },
    Field { name: "asset", aliases: &["currency"], required: false },
    Field { name: "code", aliases: &[], required: false },
    Field { name: "value_date", aliases: &["date"], required: false },
    Field { name: "group", aliases: &["group_id"], required: false },
    Field { name: REFUSED_ID, aliases: &[], required: false },
];

/// What a transfer takes on the wire at most, without metadata: four numbers of 128 bits, asset, code, date and tags.
const TRANSFER_BYTES: usize = 144;
/// What a pair of metadata takes beside its text.
const PAIR_BYTES: usize = 16;

/// What is the same for every row.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Name of the import; empty if it has none.
    pub import: String,
    /// For rows that name none.
    pub asset: Option<String>,
    pub date_format: DateFormat,
}

/// A row that makes sense on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TransferRow {
    pub line: u64,
    pub debit: AccountKey,
    pub credit: AccountKey,
    pub amount_minor: u128,
    pub asset: Rc<Asset>,
    pub code: u32,
    pub value_date: u32,
    pub metadata: Vec<(String, String)>,
    pub group: Option<String>,
    pub id: TransferId,
    /// The id that an earlier refusal of this row, or of its group, used up.
    pub refused: Option<u128>,
    pub content: Content,
    /// As in the file.
    pub cells: StringRecord,
}

impl TransferRow {
    /// The transfer, under an id that may be another one than the row's first.
    pub fn transfer(&self, id: TransferId) -> Transfer {
        let mut transfer = Transfer::new(id)
            .debit(self.debit.id())
            .credit(self.credit.id())
            .amount_minor(self.amount_minor)
            .asset(self.asset.code.as_str())
            .code(self.code)
            .value_date(self.value_date);
        for (key, value) in &self.metadata {
            transfer = transfer.metadata(key, value);
        }
        transfer
    }

    /// Bytes that it takes on the wire at most.
    pub fn wire_bytes(&self) -> usize {
        let pairs = self.metadata.iter().map(|(key, value)| PAIR_BYTES + key.len() + value.len());
        TRANSFER_BYTES + pairs.sum::<usize>()
    }
}

/// Reads the transfers of a file, and finds what is wrong with them.
pub(super) struct TransferRows<R> {
    rows: Rows<R>,
    columns: Places,
    key: Key,
    terms: Terms,
    assets: Assets,
    shared: HashMap<String, Rc<Asset>>,
    seen: Seen,
}

/// Where our columns are.
#[derive(Debug)]
struct Places {
    from: Option<usize>,
    to: Option<usize>,
    amount: Option<usize>,
    asset: Option<usize>,
    code: Option<usize>,
    value_date: Option<usize>,
    group: Option<usize>,
    refused: Option<usize>,
    all: Columns,
}

impl<R: Read> TransferRows<R> {
    pub fn new(
        rows: Rows<R>,
        columns: Columns,
        terms: Terms,
        assets: Assets,
    ) -> Result<Self, Failure> {
        let place = |name| columns.place(name);
        let key = match (place("id"), columns.key) {
            (Some(_), Some(_)) => {
                let message =
                    "the file has a column of ids: --key-column is for those that have none";
                return Err(Failure::usage(message));
            }
            (Some(id), None) => Key::Id(id),
            (None, Some(key)) => Key::Column(key),
            (None, None) => Key::Content,
        };
        let needs_name = !matches!(key, Key::Id(_)) && place(REFUSED_ID).is_none();
        if needs_name && terms.import.is_empty() {
            let message = "the file has no column of ids: give the import a name with --import-name, the same \
                           whenever this file is imported";
            return Err(Failure::usage(message));
        }
        let columns = Places {
            from: place("from"),
            to: place("to"),
            amount: place("amount"),
            asset: place("asset"),
            code: place("code"),
            value_date: place("value_date"),
            group: place("group"),
            refused: place(REFUSED_ID),
            all: columns,
        };
        let (shared, seen) = (HashMap::new(), Seen::default());
        Ok(Self { rows, columns, key, terms, assets, shared, seen })
    }

    pub fn header(&self) -> &StringRecord {
        self.rows.header()
    }

    /// Whether rows bring their ids.
    pub fn has_ids(&self) -> bool {
        matches!(self.key, Key::Id(_))
    }

    pub fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    /// Groups until now.
    pub fn groups(&self) -> u64 {
        self.seen.groups()
    }

    /// What is wrong with a row by what the accounts are.
    pub fn compare(&self, row: &TransferRow, accounts: &Accounts) -> Vec<Finding> {
        let sides = [(self.columns.from, &row.debit), (self.columns.to, &row.credit)];
        let finding = |(place, key): (Option<usize>, &AccountKey)| {
            let (reason, message) = match accounts.asset_of(key) {
                Some(held) if held == row.asset.code => return None,
                Some(held) => {
                    ("ASSET_MISMATCH", format!("it holds {held}, not {}", row.asset.code))
                }
                None => ("ACCOUNT_NOT_FOUND", "there is no such account".to_owned()),
            };
            Some(Finding {
                column: place.and_then(|place| self.header().get(place)).map(str::to_owned),
                found: Some(key.to_string()),
                ..Finding::of_record(row.line, reason, message)
            })
        };
        sides.into_iter().filter_map(finding).collect()
    }

    /// The next transfer, or what is wrong with its row; `None` after the last.
    pub fn next(&mut self) -> std::io::Result<Option<Result<TransferRow, Vec<Finding>>>> {
        Ok(self.rows.next()?.map(|row| {
            let row = row.map_err(|finding| vec![finding])?;
            self.read(row)
        }))
    }

    fn read(&mut self, row: Row) -> Result<TransferRow, Vec<Finding>> {
        let places = &self.columns;
        let mut cells = Cells::of(&row, self.rows.header());
        let (debit, credit) = (cells.account(places.from), cells.account(places.to));
        if let (Some(debit), Some(credit)) = (&debit, &credit)
            && debit.id() == credit.id()
        {
            cells.fail(places.to, "SAME_ACCOUNT", "the account that pays is the one that receives");
        }
        let asset = cells.asset(places.asset, self.terms.asset.as_deref(), &mut self.assets);
        let asset = asset.map(|asset| {
            if let Some(shared) = self.shared.get(&asset.code) {
                return Rc::clone(shared);
            }
            let shared = Rc::new(asset.clone());
            self.shared.insert(asset.code.clone(), Rc::clone(&shared));
            shared
        });
        let amount_minor = asset.as_deref().and_then(|asset| cells.amount(places.amount, asset));
        let code = cells.code(places.code);
        let value_date = cells.date(places.value_date, self.terms.date_format);
        let metadata = cells.metadata(&places.all);
        let refused = refused_id(&mut cells, places.refused);
        let group = Some(cells.text(places.group)).filter(|text| !text.is_empty());

        let parts = (debit, credit, asset, amount_minor, code, value_date, metadata);
        let (
            Some(debit),
            Some(credit),
            Some(asset),
            Some(amount_minor),
            Some(code),
            Some(value_date),
            Some(metadata),
        ) = parts
        else {
            return Err(cells.findings);
        };
        let said = Said {
            debit: &debit,
            credit: &credit,
            amount_minor,
            asset: &asset.code,
            code,
            value_date,
            metadata: &metadata,
            group,
        };
        let content = Content::of(&said);
        let identity = Identity {
            key: self.key,
            import: &self.terms.import,
            content,
            refused,
            refused_place: places.refused,
            is_member: group.is_some(),
        };
        let id = self.seen.id(&mut cells, identity);
        let mut transfer = TransferRow {
            line: row.line,
            debit,
            credit,
            amount_minor,
            asset,
            code,
            value_date,
            metadata,
            group: group.map(str::to_owned),
            id: id.unwrap_or(TransferId(0)),
            refused,
            content,
            cells: StringRecord::new(),
        };
        self.seen.group(&mut cells, places.group, &transfer);
        if !cells.findings.is_empty() {
            return Err(cells.findings);
        }
        transfer.cells = row.cells;
        Ok(transfer)
    }
}

/// The id that an earlier refusal used up, if the row says one.
fn refused_id(cells: &mut Cells<'_>, place: Option<usize>) -> Option<u128> {
    let text = cells.text(place);
    if text.is_empty() {
        return None;
    }
    let id = text.parse().ok().filter(|id: &TransferId| id.0 != 0);
    if id.is_none() {
        let message = "not the id of a refusal, 32 hex digits: leave the column as it was written";
        cells.fail(place, "REFUSED_ID_INVALID", message);
    }
    id.map(|id| id.0)
}

#[cfg(test)]
mod tests;
