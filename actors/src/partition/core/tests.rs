//! What the partition asks for before it decides.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use florin_engine::Transfer;
use florin_persistence::JournalRoom;

use super::*;
use crate::sealed_ids::LookedUp;

struct Through(u64);

impl SealedIds for Through {
    fn through(&self) -> u64 {
        self.0
    }

    fn may_hold(&self, _: &[IdKey], _: &mut Vec<usize>) {}
}

fn core() -> Core<()> {
    let gauge = Arc::new(Gauge::new(JournalRoom { bytes: 0, segment_bytes: 0 }));
    Core::new(Ledger::new(1), ClockWatch::new(true), gauge, 0)
}

/// A set that counts how often it is asked.
struct Counting {
    through: u64,
    held: Vec<u128>,
    asked: Arc<AtomicU64>,
}

impl SealedIds for Counting {
    fn through(&self) -> u64 {
        self.through
    }

    fn may_hold(&self, keys: &[IdKey], places: &mut Vec<usize>) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        places.extend((0..keys.len()).filter(|place| self.held.contains(&keys[*place].id)));
    }
}

#[test]
fn a_batch_is_asked_for_once_until_more_is_sealed() {
    let key = |id| IdKey { id, tenant: 0, kind: IdKind::Transfer };
    let transfer = |id| Transfer {
        id,
        debit_account: 1,
        credit_account: 2,
        amount_minor: 1,
        content_hash: 0,
        code: 0,
        value_date: 20_261_122,
        up_to_available: false,
        extra: None,
    };
    let (mut core, asked) = (core(), Arc::new(AtomicU64::new(0)));
    // Set, what it may hold; ids that were looked up in one through some event, all of them asked for through another; what
    // is looked up now, and how often was asked.
    for (through, held, looked_up, looked_through, asked_through, missing, asks) in [
        (10, &[7, 9][..], &[][..], 0, 0, &[7, 9][..], 1),
        (10, &[7, 9], &[7, 9], 10, 10, &[], 0),
        (10, &[7, 9], &[7, 9], 12, 10, &[], 0),
        // It is not known how far it was asked: what was looked up is enough for what is found.
        (10, &[7, 9], &[7, 9], 10, 0, &[], 1),
        (10, &[7, 9], &[7, 9], 9, 10, &[7, 9], 1),
        (10, &[], &[], 0, 0, &[], 1),
        // What was new is among those that were sealed since.
        (12, &[7, 8, 9], &[7, 9], 12, 10, &[7, 8, 9], 1),
        (12, &[7, 9], &[7, 9], 12, 10, &[], 1),
    ] {
        let set = Counting { through, held: held.to_vec(), asked: Arc::clone(&asked) };
        core.ids_sealed(Arc::new(set));
        let transfers = [7, 8, 9].map(transfer).to_vec();
        let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
        let request = Request { command: Command::Transfers(batch), port: () };
        let ids: HashMap<_, _> = looked_up.iter().map(|id| (key(*id), None)).collect();
        let looked_up = LookedUp { through: looked_through, ids };
        let basis = Basis { looked_up, asked_through, ..Basis::default() };
        let what = format!("{through} {held:?} {looked_through} {asked_through}");
        match core.load_first(request, &basis) {
            Ok(_) => assert_eq!(missing, [], "{what}"),
            Err(parked) => {
                assert_eq!(parked.ids, missing.iter().copied().map(key).collect::<Vec<_>>());
                assert!(matches!(parked.stage, Stage::Decide(to) if to == through), "{what}");
            }
        }
        assert_eq!(asked.swap(0, Ordering::Relaxed), asks, "{what}");
    }
}

/// A set with a gap would take ids for new that nobody remembers any more.
#[test]
fn a_set_of_ids_that_lacks_what_was_forgotten_is_not_taken() {
    let mut core = core();
    for (through, taken) in [(0, 0), (10, 10), (5, 10), (0, 10), (10, 10), (12, 12), (11, 12)] {
        core.ids_sealed(Arc::new(Through(through)));
        assert_eq!(core.old_ids.through(), taken, "{through}");
        assert_eq!(core.ledger().ids_forgotten_through(), taken, "{through}");
    }
}
