//! `florin payment list`

use clap::{Args, ValueEnum};
use florin_client::{Payment, PaymentState};

use crate::cli::args::Connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::names::Names;
use crate::cli::output::Output;
use crate::cli::table::{Side, Table};
use crate::cli::time;
use crate::cli::view::{PaymentView, payment_state_text};

const EXAMPLE: &str = "\
Example:
  florin payment list --limit 20
  florin payment list --state requires-capture --state partially-captured --json";

/// Payments whose accounts are asked for, and that are printed, together.
const ROWS: usize = 100;

/// List payments, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(in crate::cli) struct List {
    /// Only those in this state; may be repeated
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<State>,

    /// Stop after so many [default: all]
    #[arg(long, value_name = "N")]
    limit: Option<u64>,

    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    RequiresCapture,
    PartiallyCaptured,
    Captured,
    Canceled,
    Expired,
    PartiallyRefunded,
    Refunded,
}

impl List {
    pub async fn run(self, output: &mut Output<'_>) -> Result<Exit, Failure> {
        let client = self.connection.open().await?;
        let mut payments = client.all_payments(self.states.into_iter().map(Into::into));
        let mut names = Names::default();
        let mut table = Table::new([
            ("PAYMENT", Side::Left),
            ("CREATED", Side::Left),
            ("STATE", Side::Left),
            ("FROM", Side::Left),
            ("TO", Side::Left),
            ("AMOUNT", Side::Right),
            ("CAPTURED", Side::Right),
            ("REFUNDED", Side::Right),
            ("ASSET", Side::Left),
            ("REFERENCE", Side::Left),
        ]);
        let mut left = self.limit.unwrap_or(u64::MAX);
        let mut more = true;
        while more {
            let mut rows = Vec::new();
            while rows.len() < ROWS && left > 0 && more {
                match payments.next().await? {
                    Some(payment) => {
                        left -= 1;
                        rows.push(payment);
                    }
                    None => more = false,
                }
            }
            more &= left > 0;
            names.learn(&client, rows.iter().flat_map(|row| [row.source, row.destination])).await;
            for payment in &rows {
                if output.is_json() {
                    output.json_line(&PaymentView::new(payment, &names))?;
                } else {
                    table.row(row(payment, &names));
                }
            }
            if !output.is_json() {
                output.text(&table.take())?;
            }
        }
        Ok(Exit::Done)
    }
}

fn row(payment: &Payment, names: &Names) -> [String; 10] {
    [
        payment.id.to_string(),
        time::utc_ms(payment.created_at_ns),
        payment_state_text(payment.state).replace('_', " "),
        names.of(payment.source).to_string(),
        names.of(payment.destination).to_string(),
        payment.amount.amount.clone(),
        payment.captured.amount.clone(),
        payment.refunded.amount.clone(),
        payment.amount.currency.clone(),
        payment.reference.as_deref().unwrap_or_default().escape_debug().to_string(),
    ]
}

impl From<State> for PaymentState {
    fn from(state: State) -> Self {
        match state {
            State::RequiresCapture => Self::RequiresCapture,
            State::PartiallyCaptured => Self::PartiallyCaptured,
            State::Captured => Self::Captured,
            State::Canceled => Self::Canceled,
            State::Expired => Self::Expired,
            State::PartiallyRefunded => Self::PartiallyRefunded,
            State::Refunded => Self::Refunded,
        }
    }
}
