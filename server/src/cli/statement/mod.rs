//! `florin statement`

mod bound;
mod entry;
mod form;
mod target;
mod walk;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use florin_client::{
    Account, BalanceAt, Client, Moment, PageToken, Side, Statement as Pages, TransferRecord,
};

use super::account;
use super::args::{self, Connection};
use super::failure::{Exit, Failure};
use super::names::Names;
use super::output::Output;
use bound::Bound;
use entry::{Edge, Entry, Totals, Which};
use form::{Csv, Form, Json, Parquet, Text};
use target::{Progress, Target, Written};
use walk::{KEPT_MAX, Walk};

const EXAMPLE: &str = "\
Dates and moments are UTC. A date counts whole: --from 2026-11-01 --to 2026-11-30 is November.
What happened exactly at a moment belongs to what begins there, not to what ends there.

Example:
  florin statement alice
  florin statement alice --limit 20 --newest-first
  florin statement alice --from 2026-11-01 --to 2026-11-30 --format csv --output november.csv
  florin statement alice --from 2026-11-01T00:00:00+01:00 --format parquet --output alice.parquet
  florin statement alice --from 2h --side debit --json";

/// List what has changed an account, with its balance before, after each, and at the end
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Statement {
    /// Its name, or id: and 32 hex digits
    account: String,

    /// Only from then on: a date, a moment (2026-11-30T12:00:00Z), so long ago (10m, 2h, 3d), or ns since 1970
    #[arg(long, value_name = "WHEN")]
    from: Option<Bound>,

    /// Only up to then: a date to its end, a moment without what happened at it [default: now]
    #[arg(long, value_name = "WHEN")]
    to: Option<Bound>,

    /// As --to, but of a date nothing belongs to it
    #[arg(long, value_name = "WHEN", conflicts_with = "to")]
    until: Option<Bound>,

    /// Only the newest so many of them [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Only those in which the account pays (debit) or receives (credit)
    #[arg(long)]
    side: Option<AccountSide>,

    /// Only those with this code
    #[arg(long, value_name = "N")]
    code: Option<u32>,

    /// The newest first, instead of last
    #[arg(long)]
    newest_first: bool,

    /// What to write
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,

    /// Write it into this file, which appears when it is whole, and print a summary
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AccountSide {
    Debit,
    Credit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For spreadsheets (RFC 4180)
    Csv,
    /// One object a line
    Json,
    /// For data frames and databases; needs --output
    Parquet,
}

/// What is asked for, once it is known to make sense.
struct Asked {
    format: Format,
    /// 0 = from the opening.
    from_ns: u64,
    /// `None` = to the end.
    until_ns: Option<u64>,
    limit: u64,
    newest_first: bool,
    /// Only some of the entries between the two ends.
    is_filtered: bool,
}

impl Statement {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let asked = self.asked(output.is_json())?;
        let key = args::account(&self.account)?;
        let client = self.connection.open().await?;
        let account = account::find(&client, &key).await?;
        let mut pages = client.statement(account.id).from_ns(asked.from_ns);
        if let Some(until_ns) = asked.until_ns {
            pages = pages.until_ns(until_ns);
        }
        if let Some(side) = self.side {
            pages = pages.side(match side {
                AccountSide::Debit => Side::Debit,
                AccountSide::Credit => Side::Credit,
            });
        }
        if let Some(code) = self.code {
            pages = pages.code(code);
        }
        let reading = Reading { client, account, asked, pages };
        let target = self.output.as_deref().map(Target::create).transpose()?;
        let is_csv = reading.asked.format == Format::Csv;
        let written = match &target {
            None => reading.write(reading.form(output.writer())?, true).await?,
            Some(target) if reading.asked.format == Format::Parquet => {
                let form = Parquet::new(target.file()?, &reading.account)?;
                reading.write(Box::new(form), false).await?
            }
            Some(target) => {
                let mut file = std::io::BufWriter::new(target.file()?);
                let written = reading.write(reading.form(&mut file)?, false).await?;
                std::io::Write::flush(&mut file)?;
                written
            }
        };
        match target {
            Some(target) => {
                target.keep()?;
                output.result(&written.in_file(self.output.as_deref()))?;
            }
            // A table and JSON have it as their last line; a CSV has records only.
            None if is_csv => {
                output.flush()?;
                output.note(&written.totals_text())?;
            }
            None => {}
        }
        Ok(Exit::Done)
    }

    fn asked(&self, json: bool) -> Result<Asked, Failure> {
        let format = match (self.format, json) {
            (None | Some(Format::Json), true) => Format::Json,
            (None, false) => Format::Table,
            // The summary of a file can be JSON, whatever is in the file.
            (Some(format), true) if self.output.is_some() => format,
            (Some(format), false) => format,
            (Some(_), true) => {
                return Err(Failure::usage("--json prints JSON: leave --format out, or --json"));
            }
        };
        if format == Format::Parquet && self.output.is_none() {
            return Err(Failure::usage("--format parquet writes a file: name it with --output"));
        }
        let from_ns = self.from.map_or(0, Bound::begin_ns);
        let until_ns = self.to.map(Bound::end_ns).or(self.until.map(Bound::begin_ns));
        // On the wire, 0 means no end at all.
        let until_ns = until_ns.map(|ns| ns.max(1));
        if until_ns.is_some_and(|until_ns| from_ns >= until_ns) {
            return Err(Failure::usage("it ends before it begins: --from must be before --to"));
        }
        Ok(Asked {
            format,
            from_ns,
            until_ns,
            limit: self.limit.unwrap_or(u64::MAX),
            newest_first: self.newest_first,
            is_filtered: self.side.is_some() || self.code.is_some(),
        })
    }
}

/// A statement while it is read.
struct Reading {
    client: Client,
    /// As it was when it began: what happens meanwhile is for the next statement.
    account: Account,
    asked: Asked,
    pages: Pages,
}

type Page = walk::Page<TransferRecord, PageToken>;

impl Reading {
    fn form<'a>(&self, out: &'a mut dyn std::io::Write) -> Result<Box<dyn Form + 'a>, Failure> {
        Ok(match self.asked.format {
            Format::Csv => Box::new(Csv::new(out)?),
            Format::Json => Box::new(Json::new(out)),
            // Parquet goes to a file, and was asked to.
            Format::Table | Format::Parquet => Box::new(Text::new(out)),
        })
    }

    /// Reads it all, and writes it. `is_printed`: what is written is seen at once, so that nothing may be shown beside.
    async fn write(
        &self,
        mut form: Box<dyn Form + '_>,
        is_printed: bool,
    ) -> Result<Written, Failure> {
        let closing = self.closing().await?;
        let mut lines = Lines { names: Names::default(), totals: Totals::default() };
        let mut progress = Progress::new();
        let opening;
        if self.asked.newest_first {
            form.edge(&self.account, &closing)?;
            opening = self.newest_first(&mut *form, &mut lines, &mut progress, is_printed).await?;
            progress.finish();
            form.edge(&self.account, &opening)?;
        } else {
            opening = self.oldest_first(&mut *form, &mut lines, &mut progress, is_printed).await?;
            progress.finish();
            form.edge(&self.account, &closing)?;
        }
        if !self.asked.is_filtered {
            lines.totals.check(&opening, &closing)?;
        }
        form.end(&self.account, &lines.totals)?;
        Ok(Written::new(&self.account, opening, closing, lines.totals))
    }

    async fn newest_first(
        &self,
        form: &mut dyn Form,
        lines: &mut Lines,
        progress: &mut Progress,
        is_printed: bool,
    ) -> Result<Edge, Failure> {
        let (mut left, mut token, mut oldest) = (self.asked.limit, None, None);
        loop {
            let (mut records, next) = self.page(token).await?;
            let room = usize::try_from(left).unwrap_or(usize::MAX);
            let is_cut = records.len() > room || (records.len() == room && next.is_some());
            records.truncate(room);
            left -= records.len() as u64;
            oldest = records.last().map(sequence).or(oldest);
            self.entries(&records, form, lines).await?;
            if !is_printed {
                progress.show(lines.totals.entries);
            }
            match next {
                Some(next) if left > 0 => token = Some(next),
                _ => return self.opening(oldest.filter(|_| is_cut)).await,
            }
        }
    }

    async fn oldest_first(
        &self,
        form: &mut dyn Form,
        lines: &mut Lines,
        progress: &mut Progress,
        is_printed: bool,
    ) -> Result<Edge, Failure> {
        let fetch = async |token| self.page(token).await;
        let show = |records| progress.show(records);
        let limit = self.asked.limit;
        let mut walk = Walk::to_the_beginning(fetch, sequence, limit, KEPT_MAX, show).await?;
        let opening = self.opening(walk.oldest().filter(|_| walk.is_cut)).await?;
        if is_printed {
            progress.finish();
        }
        form.edge(&self.account, &opening)?;
        while let Some(records) = walk.next(fetch, sequence).await? {
            self.entries(&records, form, lines).await?;
            if !is_printed {
                progress.show(lines.totals.entries);
            }
        }
        Ok(opening)
    }

    /// A page, without what has happened since the statement began.
    async fn page(&self, token: Option<PageToken>) -> Result<Page, Failure> {
        let mut page = self.pages.page(token).await?;
        page.transfers.retain(|record| sequence(record) <= self.account.last_sequence);
        Ok((page.transfers, page.next))
    }

    async fn entries(
        &self,
        records: &[TransferRecord],
        form: &mut dyn Form,
        lines: &mut Lines,
    ) -> Result<(), Failure> {
        let entries: Vec<Entry<'_>> =
            records.iter().filter_map(|record| Entry::of(record, &self.account)).collect();
        lines.names.learn(&self.client, entries.iter().filter_map(Entry::counterparty)).await;
        for entry in &entries {
            lines.totals.add(entry)?;
        }
        form.entries(&entries, &lines.names)
    }

    /// The balance with which it begins. `oldest` is the first entry, where it is not the first that there is.
    async fn opening(&self, oldest: Option<u64>) -> Result<Edge, Failure> {
        let end_ns = self.asked.until_ns.unwrap_or(u64::MAX);
        let (moment, time_ns) = match (oldest, self.asked.from_ns) {
            (Some(oldest), _) => (Some(Moment::Sequence(oldest.saturating_sub(1))), None),
            (None, 0) => (None, Some(self.account.opened_at_ns.min(end_ns))),
            (None, from_ns) => (from_ns.checked_sub(1).map(Moment::TimeNs), Some(from_ns)),
        };
        let Some(moment) = moment else {
            let (time_ns, balance_minor) = (time_ns.unwrap_or(0), 0);
            return Ok(Edge { which: Which::Opening, time_ns, balance_minor, pending_minor: 0 });
        };
        let then = self.then(moment).await?;
        let rests_on_ns = then.event.map_or(0, |event| event.time_ns);
        Ok(Edge::of(Which::Opening, time_ns.unwrap_or(rests_on_ns), &then))
    }

    /// The balance with which it ends.
    async fn closing(&self) -> Result<Edge, Failure> {
        let last = Moment::Sequence(self.account.last_sequence);
        let moment = self.asked.until_ns.map_or(last, |until_ns| Moment::TimeNs(until_ns - 1));
        let then = self.then(moment).await?;
        let rests_on_ns = then.event.map_or(0, |event| event.time_ns);
        Ok(Edge::of(Which::Closing, self.asked.until_ns.unwrap_or(rests_on_ns), &then))
    }

    /// A balance of the past. Of what lies ahead, or came after the statement began, that is the last one then.
    async fn then(&self, moment: Moment) -> Result<BalanceAt, Failure> {
        let last = self.account.last_sequence;
        let found = match moment {
            Moment::TimeNs(0) | Moment::Sequence(0) => Moment::TimeNs(1),
            moment => moment,
        };
        match self.client.balance_at(self.account.id, found).await {
            Ok(then) if then.event.is_none_or(|event| event.sequence <= last) => return Ok(then),
            Ok(_) => {}
            Err(error) if error.reason() == "MOMENT_AHEAD" => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.client.balance_at(self.account.id, Moment::Sequence(last)).await?)
    }
}

/// What the lines of a statement need and leave.
struct Lines {
    names: Names,
    totals: Totals,
}

fn sequence(record: &TransferRecord) -> u64 {
    match &record.outcome {
        Ok(posted) => posted.sequence,
        Err(refused) => refused.sequence,
    }
}
