//! Holds and payments as the server has them, once everything that could fall due has.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use florin_proto::BATCH_MEMBERS_MAX;
use florin_proto::v1::{GetPaymentRequest, Hold, HoldState, Payment};
use tokio::task::JoinSet;
use tonic::Code;

use crate::crash::answers::narrow;
use crate::crash::payments::minor;
use crate::crash::reservations::{Reservations, Standing};
use crate::crash::wire::Client;
use crate::ledger::{Ledger, Totals, describe};
use crate::names::wide;

/// How long after its time something may take to fall due on a busy machine.
const DUE_WITHIN: Duration = Duration::from_secs(10);
/// Payments that are looked up at once.
const LOOKUPS: usize = 64;

/// Waits until nothing is left that falls due, or for long enough.
pub async fn wait_for_due(ledger: &Ledger, last_due_ns: u64) -> Result<()> {
    let now_ns = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let left_ns = u64::try_from(u128::from(last_due_ns).saturating_sub(now_ns))?;
    tokio::time::sleep(Duration::from_nanos(left_ns)).await;
    let falling = async {
        while Totals::of(&ledger.status().await?).timers > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    // What is still open by then is found to be wrong.
    tokio::time::timeout(DUE_WITHIN, falling).await.unwrap_or(Ok(()))
}

/// Looks up what had a step since the last time, and counts what is not as it must be.
pub async fn check(
    ledger: &Ledger,
    client: &Client,
    reservations: &mut Reservations,
) -> Result<u64> {
    let (holds, payments) = reservations.take_touched();
    let mut found: HashMap<u128, Standing> = HashMap::with_capacity(holds.len() + payments.len());
    for batch in holds.chunks(BATCH_MEMBERS_MAX) {
        let batch = batch.iter().map(|id| (*id).into()).collect();
        let answer = ledger.holds(batch).await?;
        found.extend(answer.holds.iter().map(|hold| (wide(hold.id), of_hold(hold))));
    }
    for batch in payments.chunks(LOOKUPS) {
        let mut lookups = JoinSet::new();
        for id in batch {
            lookups.spawn(payment(client.clone(), *id));
        }
        while let Some(lookup) = lookups.join_next().await {
            found.extend(lookup??);
        }
    }
    let wrong = holds.iter().chain(&payments).filter(|id| !reservations.fits(**id, found.get(id)));
    Ok(wrong.count() as u64)
}

async fn payment(mut client: Client, id: u128) -> Result<Option<(u128, Standing)>> {
    match client.payments.get_payment(GetPaymentRequest { id: Some(id.into()) }).await {
        Ok(payment) => Ok(Some((id, of_payment(payment.get_ref())?))),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(describe(&status)),
    }
}

fn of_hold(hold: &Hold) -> Standing {
    Standing {
        amount: narrow(wide(hold.amount)),
        captured: narrow(wide(hold.captured)),
        released: narrow(wide(hold.released)),
        refunded: 0,
        remaining: narrow(wide(hold.remaining)),
        expired: hold.state() == HoldState::Expired,
        due_at_ns: hold.due_at_ns,
    }
}

fn of_payment(payment: &Payment) -> Result<Standing> {
    Ok(Standing {
        amount: minor(payment.amount.as_ref())?,
        captured: minor(payment.amount_captured.as_ref())?,
        released: minor(payment.amount_released.as_ref())?,
        refunded: minor(payment.amount_refunded.as_ref())?,
        remaining: minor(payment.amount_capturable.as_ref())?,
        expired: false,
        due_at_ns: payment.due_at_ns,
    })
}
