//! `GetBalanceAt`: an account's balance as it was, from the one record of the journal that it rests on.
//!
//! What is answered for a moment stays true: every event up to it is durable, and none can come before it any more.

use florin_actors::clock::Clock;
use florin_engine::{AccountState, Sequence};
use florin_persistence::{JournalReader, ReadError, RealDisk};
use florin_proto::v1;
use florin_proto::v1::get_balance_at_request::At;
use florin_proto::v1::refusal::Reason;
use tonic::{Response, Status};

use super::ledger::Ledger;
use super::{fault, past};
use crate::translate::{self, Then};

/// The balance of an account at a moment.
pub(super) async fn at(
    ledger: &Ledger,
    request: v1::GetBalanceAtRequest,
) -> Result<Response<v1::GetBalanceAtResponse>, Status> {
    let id = past::account_id(request.account.as_ref())?;
    let asked = request.at.filter(|at| !matches!(at, At::Sequence(0) | At::TimeNs(0)));
    let asked = asked.ok_or_else(moment_missing)?;
    // Both before the partition is asked: it answers after all that it has decided until then.
    let durable = ledger.engine.journal().durable_through();
    let now_ns = Clock::start().now().wall_ns;
    if let At::Sequence(sequence) = asked
        && sequence > durable
    {
        return Err(sequence_ahead(sequence, durable));
    }
    let mut account = past::account(ledger, id).await?;
    let reader = ledger.engine.journal().clone();
    let resolved = ledger.reads.run(move || resolve(&reader, asked, now_ns)).await?;
    let resolved = resolved.map_err(past::unreadable)?;
    let resolved = resolved.ok_or_else(|| time_ahead(now_ns))?;
    if resolved > durable {
        // Something was decided meanwhile. With the clock set back, it may be of this account and count.
        account = past::account(ledger, id).await?;
    }
    let reader = ledger.engine.journal().clone();
    let read = ledger.reads.run(move || read(&reader, &account, resolved)).await?;
    Ok(Response::new(read.map_err(past::unreadable)?))
}

/// The last event at or before a moment, 0 if there was none; `None` if the moment has not been yet.
fn resolve(
    reader: &JournalReader<RealDisk>,
    asked: At,
    now_ns: u64,
) -> Result<Option<Sequence>, ReadError> {
    let time_ns = match asked {
        At::Sequence(sequence) => return Ok(Some(sequence)),
        At::TimeNs(time_ns) => time_ns,
    };
    // The ledger's time may be ahead of the clock, if that was set back: what comes is later than the last event.
    if time_ns >= now_ns && time_ns > time_of(reader, reader.durable_through())? {
        return Ok(None);
    }
    reader.sequence_at(time_ns).map(Some)
}

fn read(
    reader: &JournalReader<RealDisk>,
    account: &AccountState,
    resolved: Sequence,
) -> Result<v1::GetBalanceAtResponse, ReadError> {
    let last = reader.last_of(account.slot, account.last_sequence, resolved)?;
    let event = last.map(|sequence| reader.read(sequence)).transpose()?;
    let resolved_time_ns = match &event {
        Some(event) if event.sequence == resolved => event.timestamp_ns,
        _ => time_of(reader, resolved)?,
    };
    let then = Then { resolved_sequence: resolved, resolved_time_ns, event: event.as_ref() };
    Ok(translate::balance_to_wire(account, then))
}

/// When an event happened; 0 for none.
fn time_of(reader: &JournalReader<RealDisk>, sequence: Sequence) -> Result<u64, ReadError> {
    if sequence == 0 { Ok(0) } else { Ok(reader.read(sequence)?.timestamp_ns) }
}

fn moment_missing() -> Status {
    let message = "no moment is named: a sequence, or a time after 1970, is needed";
    fault::status(Reason::MomentMissing, message, [("field", "at".to_owned())])
}

fn sequence_ahead(sequence: Sequence, durable: Sequence) -> Status {
    let message = format!("there is no event {sequence} yet: the last one is {durable}");
    let metadata = [("field", "sequence".to_owned()), ("last_sequence", durable.to_string())];
    fault::status(Reason::MomentAhead, message, metadata)
}

fn time_ahead(now_ns: u64) -> Status {
    let message = format!("that time has not been yet: it is {now_ns} ns since 1970 here");
    let metadata = [("field", "time_ns".to_owned()), ("now_ns", now_ns.to_string())];
    fault::status(Reason::MomentAhead, message, metadata)
}
