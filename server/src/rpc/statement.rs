//! `ListAccountTransfers`: along the chain of an account's events, newest first, read from the journal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use florin_actors::feed::Feed;
use florin_actors::load::group_head;
use florin_engine::{Event, Sequence, Slot};
use florin_persistence::{JournalReader, ReadError, RealDisk, Walker};
use florin_proto::v1;
use tonic::{Response, Status};

use super::ledger::Ledger;
use super::page::{self, Page};
use super::past;
use super::token::{Kind, seal};
use crate::translate::{self, Beside};

/// Records that one call looks at.
const RECORDS_MAX: u32 = 4_096;
/// How long one call reads.
const TIME_MAX: Duration = Duration::from_millis(100);

/// Which of an account's events are asked for.
struct Wanted {
    slot: Slot,
    from_ns: u64,
    until_ns: u64,
    side: v1::AccountSide,
    kinds: Vec<v1::TransferKind>,
    code: Option<u32>,
}

/// Lists what has changed an account.
pub(super) async fn list(
    ledger: &Ledger,
    request: v1::ListAccountTransfersRequest,
) -> Result<Response<v1::ListAccountTransfersResponse>, Status> {
    let id = past::account_id(request.account.as_ref())?;
    let page_size = page::size(request.page_size)?;
    let id_bytes = id.to_le_bytes();
    let context: [&[u8]; 2] = [&ledger.lineage, &id_bytes];
    let from = page::from_number(Kind::AccountTransfers, &context, &request.page_token)?;
    let side = v1::AccountSide::try_from(request.side).map_err(|_| page::filter_invalid("side"))?;
    let kinds = kinds(&request.kinds).ok_or_else(|| page::filter_invalid("kinds"))?;
    let account = past::account(ledger, id).await?;
    let wanted = Wanted {
        slot: account.slot,
        from_ns: request.from_ns,
        until_ns: if request.until_ns == 0 { u64::MAX } else { request.until_ns },
        side,
        kinds,
        code: request.code,
    };
    let statement = Statement {
        feed: Arc::clone(ledger.engine.feed()),
        walker: ledger.engine.journal().walker(),
        wanted,
        page: Page::new(page_size, ledger.limits.message_bytes),
        next: from.unwrap_or(0),
    };
    let reader = ledger.engine.journal().clone();
    let last = account.last_sequence;
    let read = move || match from {
        Some(_) => statement.read(),
        None => statement.begin(&reader, last)?.read(),
    };
    let (transfers, next) = ledger.reads.run(read).await?.map_err(past::unreadable)?;
    let next_page_token = match next {
        0 => String::new(),
        next => seal(Kind::AccountTransfers, &context, &next.to_le_bytes()),
    };
    Ok(Response::new(v1::ListAccountTransfersResponse {
        transfers,
        next_page_token,
        account_id: Some(account.id.into()),
        asset: Some(translate::asset_to_wire(&account.asset)),
    }))
}

/// The kinds that are wanted; `None` if one of them is not known.
fn kinds(wire: &[i32]) -> Option<Vec<v1::TransferKind>> {
    wire.iter()
        .map(|kind| match v1::TransferKind::try_from(*kind) {
            Ok(v1::TransferKind::Unspecified) => Some(v1::TransferKind::Move),
            kind => kind.ok(),
        })
        .collect()
}

struct Statement {
    feed: Arc<Feed>,
    walker: Walker<RealDisk>,
    wanted: Wanted,
    page: Page<v1::Transfer>,
    /// The event that is looked at next; 0 = the beginning was reached.
    next: Sequence,
}

impl Statement {
    /// Goes to where the first page begins: the last event of the account before the end, without a look at what came
    /// after it. `last` is its last event of all.
    fn begin(self, reader: &JournalReader<RealDisk>, last: Sequence) -> Result<Self, ReadError> {
        let Wanted { slot, until_ns, .. } = self.wanted;
        let next = match until_ns {
            u64::MAX => last,
            _ => reader
                .last_of(slot, last, reader.sequence_at(until_ns.saturating_sub(1))?)?
                .unwrap_or(0),
        };
        Ok(Self { next, ..self })
    }

    /// Reads a page, and where the next one begins; 0 if there is none.
    fn read(mut self) -> Result<(Vec<v1::Transfer>, Sequence), ReadError> {
        let began = Instant::now();
        let mut records = 0;
        while self.next != 0 && records < RECORDS_MAX && began.elapsed() < TIME_MAX {
            records += 1;
            let event = self.walker.read(self.next)?;
            if event.timestamp_ns < self.wanted.from_ns {
                self.next = 0; // what came before is older still
                break;
            }
            let legs = event.legs();
            let is_ours = |at: usize| legs[at].filter(|leg| leg.slot == self.wanted.slot);
            let (at, leg) = match (is_ours(0), is_ours(1)) {
                (Some(leg), _) => (v1::AccountSide::Debit, leg),
                (None, Some(leg)) => (v1::AccountSide::Credit, leg),
                (None, None) => break, // no event of this account: there is no chain to follow
            };
            if self.wanted.takes(&event, at) {
                let transfer = self.transfer(&event)?;
                if !self.page.add(transfer) {
                    break; // the next page begins with it
                }
            }
            self.next = leg.previous_sequence;
        }
        Ok((self.page.entries(), self.next))
    }

    fn transfer(&mut self, event: &Event) -> Result<v1::Transfer, ReadError> {
        let group = match group_head(event) {
            None => None,
            Some(head) => {
                // A group is in one frame, and that has been read.
                let first = self.walker.read(head)?;
                first.extra().and_then(|extra| extra.group).map(|group| group.id)
            }
        };
        let view = self.feed.directory().view();
        let [debit, credit] = translate::sides(event, &view).map(|side| side.map_or(0, |s| s.id));
        let reversed_by = view.reversed_by(event.sequence);
        let beside = Beside { debit_account: debit, credit_account: credit, group, reversed_by };
        Ok(translate::transfer_to_wire(event, beside))
    }
}

impl Wanted {
    fn takes(&self, event: &Event, side: v1::AccountSide) -> bool {
        let Some((kind, code)) = translate::transfer_kind(event) else { return false };
        event.timestamp_ns < self.until_ns
            && (self.side == v1::AccountSide::Unspecified || self.side == side)
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.code.is_none_or(|wanted| wanted == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_a_request() {
        use v1::TransferKind::{Hold, Move, PaymentDueCapture};
        for (wire, expected) in [
            (vec![], Some(vec![])),
            (vec![0], Some(vec![Move])),
            (vec![1, 2, 14], Some(vec![Move, Hold, PaymentDueCapture])),
            (vec![1, 15], None),
            (vec![-1], None),
        ] {
            assert_eq!(kinds(&wire), expected, "{wire:?}");
        }
    }
}
