//! `florin watch`

use clap::{Args, ValueEnum};
use florin_client::{Cursor, Event, EventBody, EventFilter, EventKind, FeedFrom};

use super::args::{self, Connection};
use super::failure::{Exit, Failure};
use super::names::Names;
use super::output::Output;
use super::view::EventView;

const EXAMPLE: &str = "\
With --json each line is one event. A line with a cursor says that everything up to it was printed: go on right after it
with --cursor.

Example:
  florin watch
  florin watch --account alice --account bob --kind transfer-posted
  florin watch --from-beginning --once --json";

/// Show what happens as it happens, one line an event, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Watch {
    /// Only what changes this account; may be repeated
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<String>,

    /// Only what changes an account whose name begins with this; may be repeated
    #[arg(long = "prefix", value_name = "NAME")]
    prefixes: Vec<String>,

    /// Only what is of this asset; may be repeated
    #[arg(long = "asset", value_name = "CODE")]
    assets: Vec<String>,

    /// Only this kind of event; may be repeated
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<Kind>,

    /// Begin with the first event there is [default: with what happens from now on]
    #[arg(long)]
    from_beginning: bool,

    /// Begin right after this cursor
    #[arg(long, value_name = "CURSOR", conflicts_with = "from_beginning")]
    cursor: Option<String>,

    /// Stop after so many events [default: never]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    /// Stop when everything that is on disk was shown
    #[arg(long)]
    once: bool,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    AssetRegistered,
    AccountOpened,
    AccountUpdated,
    TransferPosted,
    TransferRefused,
    GroupRefused,
    Hold,
    Payment,
    Checkpoint,
}

impl Watch {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let filter = self.filter()?;
        let from = match self.cursor {
            Some(cursor) => FeedFrom::Cursor(Cursor::new(cursor)),
            None if self.from_beginning => FeedFrom::Beginning,
            None => FeedFrom::End,
        };
        let client = self.connection.open().await?;
        let mut feed = client.subscribe(from, filter).await?;
        let mut names = Names::default();
        let mut left = self.limit.unwrap_or(u64::MAX);
        while left > 0 {
            let batch = match feed.next().await {
                Ok(batch) => batch,
                Err(error) => {
                    let failure = Failure::from(error);
                    let hint = feed.cursor().map(|cursor| format!("go on with --cursor {cursor}"));
                    return Err(match hint {
                        Some(hint) if failure.exit == Exit::NoAnswer => failure.with_hint(hint),
                        _ => failure,
                    });
                }
            };
            learn(&mut names, &client, &batch.events).await;
            let shown = batch.events.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            for (index, event) in batch.events[..shown].iter().enumerate() {
                let is_last = index + 1 == batch.events.len();
                let cursor = is_last.then(|| batch.cursor.as_str());
                let view = EventView::new(event, cursor, &names);
                if output.is_json() {
                    output.json_line(&view)?;
                } else {
                    let line = view.line(output.is_coloured());
                    output.text(&format!("{line}\n"))?;
                }
            }
            output.flush()?;
            left -= shown as u64;
            if self.once && batch.live {
                break;
            }
        }
        Ok(Exit::Done)
    }

    fn filter(&self) -> Result<EventFilter, Failure> {
        let mut filter = EventFilter::everything();
        for account in &self.accounts {
            filter = filter.account(args::account(account)?);
        }
        for prefix in &self.prefixes {
            filter = filter.name_prefix(prefix);
        }
        for asset in &self.assets {
            filter = filter.asset(asset);
        }
        for kind in &self.kinds {
            filter = filter.kind((*kind).into());
        }
        Ok(filter)
    }
}

/// Learns the names of the accounts of these events; those that were just opened say theirs.
async fn learn(names: &mut Names, client: &florin_client::Client, events: &[Event]) {
    let mut ids = Vec::new();
    for event in events {
        match (&event.body, &event.asset) {
            (EventBody::Account(account), Some(asset)) => {
                names.note(account.id, account.key(), asset.clone());
            }
            (EventBody::Transfer(record), _) => {
                ids.extend(record.debit_account);
                ids.extend(record.credit_account);
            }
            _ => {}
        }
    }
    names.learn(client, ids).await;
}

impl From<Kind> for EventKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::AssetRegistered => Self::AssetRegistered,
            Kind::AccountOpened => Self::AccountOpened,
            Kind::AccountUpdated => Self::AccountUpdated,
            Kind::TransferPosted => Self::TransferPosted,
            Kind::TransferRefused => Self::TransferRefused,
            Kind::GroupRefused => Self::GroupRefused,
            Kind::Hold => Self::Hold,
            Kind::Payment => Self::Payment,
            Kind::Checkpoint => Self::Checkpoint,
        }
    }
}
