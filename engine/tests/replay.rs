//! Replay does not believe a journal that tells two stories: each tampering with a true history is refused at
//! the first event that does not fit, and what was replayed until then stands.

use florin_engine::{
    AccountChange, AccountOpened, AccountUpdated, Action, AssetCode, AssetRegistered, AtDue, Body,
    Event, Floor, Freeze, GroupKey, GroupRefused, HoldEvent, HoldStep, HoldTerms, Ledger, Leg,
    NO_SLOT, NewAccount, Past, PaymentTerms, Transfer, TransferBatch, TransferOptions,
    TransferPosted, TransferRefused,
};

/// A history with every kind of event, and where they stand in it.
const ASSET_EUR: usize = 1;
const OPENED_1: usize = 2;
const OPENED_2: usize = 3;
const OPENED_3: usize = 4;
const ASSET_JPY: usize = 5;
const PAID: usize = 8;
const PAID_ON: usize = 9;
const REFUSED: usize = 10;
const GROUP: usize = 11;
const GROUP_REFUSED: usize = 13;
const REVERSED: usize = 14;
const UPDATED: usize = 15;
const HELD: usize = 16;
const CAPTURED: usize = 17;
const CHANGED: usize = 18;
const RELEASED: usize = 19;
const CHARGED: usize = 20;
const REFUNDED: usize = 21;
const AUTHORIZED: usize = 22;
const STEP_REFUSED: usize = 23;
const GROUP_HELD: usize = 24;
const DUE_RELEASED: usize = 26;
const DUE_CAPTURED: usize = 27;
const DIGEST: usize = 28;
const LAST: usize = 29;

fn history() -> Vec<Event> {
    let mut ledger = Ledger::new(1);
    let mut events = Vec::new();
    let overdraft = Floor::Overdraft(50);
    let accounts = [
        (1, "EUR", Floor::None),
        (2, "EUR", Floor::Zero),
        (3, "EUR", overdraft),
        (4, "JPY", Floor::None),
        (5, "JPY", Floor::Zero),
    ];
    for (id, code, floor) in accounts {
        let (asset, metadata, ceiling) = (self::code(code), Box::default(), None);
        let account = NewAccount { tenant: 0, id, asset, floor, name: None, metadata, ceiling };
        ledger.open_account(&account, 1_000, &mut events);
    }
    let mut execute = |ledger: &mut Ledger, group: Option<u128>, transfers: Vec<Transfer>| {
        let group = group.map(|id| GroupKey::of(id, &transfers));
        let batch = TransferBatch { tenant: 0, group, asset: None, transfers };
        let needed = ledger.originals_needed(&batch).into_iter();
        let at = |sequence: u64| events[usize::try_from(sequence).expect("short") - 1].clone();
        let originals = needed.map(|sequence| (sequence, at(sequence))).collect();
        let past = Past { originals, ..Past::default() };
        let mut decided = Vec::new();
        ledger.execute(&batch, &past, 2_000, &mut decided);
        events.append(&mut decided);
    };
    execute(&mut ledger, None, vec![pay(10, 1, 2, 100)]);
    execute(&mut ledger, None, vec![pay(11, 2, 3, 40), pay(12, 2, 1, 1_000)]);
    execute(&mut ledger, Some(900), vec![pay(20, 1, 2, 5), pay(21, 2, 3, 5)]);
    execute(&mut ledger, Some(901), vec![pay(22, 2, 1, 1_000)]);
    execute(&mut ledger, None, vec![reversal(30, 11)]);
    let freeze = Some(Freeze::Debits);
    let (close, floor, ceiling) = (false, None, None);
    let change = AccountChange { tenant: 0, id: 2, freeze, close, floor, ceiling };
    ledger.update_account(&change, 3_000, &mut events).expect("nothing against it");
    hold_and_pay(&mut ledger, &mut events);
    ledger.take_digest(10_000, &mut events);
    let batch =
        TransferBatch { tenant: 0, group: None, asset: None, transfers: vec![pay(40, 1, 3, 1)] };
    let mut decided = Vec::new();
    ledger.execute(&batch, &Past::new(), 11_000, &mut decided);
    events.append(&mut decided);
    events
}

/// Every step of holds and payments.
fn hold_and_pay(ledger: &mut Ledger, events: &mut Vec<Event>) {
    let due_at_ns = 9_000;
    let payment = PaymentTerms { fee_minor: 1, score: Some(2), reference: "order 7".into() };
    let places = |action, at_due| HoldTerms { action, due_at_ns, at_due, ..HoldTerms::default() };
    let refers = |action, hold| HoldTerms { action, hold, ..HoldTerms::default() };
    let pays = HoldTerms { action: Action::Pay, ..HoldTerms::default() };
    let group = [
        step(pay(70, 1, 3, 10), places(Action::Hold, AtDue::Release)),
        step(pay(71, 0, 0, 0), refers(Action::Capture, 70)),
    ];
    let batches = [
        (None, vec![step(pay(50, 1, 3, 10), places(Action::Hold, AtDue::Release))]),
        (None, vec![step(pay(51, 0, 0, 4), refers(Action::Capture, 50))]),
        (None, vec![step(pay(52, 0, 0, 2), refers(Action::Change, 50))]),
        (None, vec![step(pay(53, 0, 0, 1), refers(Action::Release, 50))]),
        (None, vec![with_payment(step(pay(60, 1, 3, 5), pays), payment)]),
        (None, vec![step(pay(61, 0, 0, 2), refers(Action::Refund, 60))]),
        (None, vec![step(pay(62, 1, 3, 5), places(Action::Authorize, AtDue::Capture))]),
        (None, vec![step(pay(54, 0, 0, 99), refers(Action::Capture, 50))]),
        (Some(902), group.to_vec()),
    ];
    for (group, transfers) in batches {
        let group = group.map(|id| GroupKey::of(id, &transfers));
        let batch = TransferBatch { tenant: 0, group, asset: None, transfers };
        let mut decided = Vec::new();
        ledger.execute(&batch, &Past::new(), 3_100, &mut decided);
        events.append(&mut decided);
    }
    assert_eq!(ledger.fall_due(9, due_at_ns, events), 2);
}

fn step(mut transfer: Transfer, terms: HoldTerms) -> Transfer {
    transfer.extra.get_or_insert_default().terms = terms;
    transfer.seal()
}

fn with_payment(mut transfer: Transfer, payment: PaymentTerms) -> Transfer {
    transfer.extra.get_or_insert_default().payment = Some(payment);
    transfer.seal()
}

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

fn pay(id: u128, debit_account: u128, credit_account: u128, amount_minor: u128) -> Transfer {
    let transfer = Transfer {
        id,
        debit_account,
        credit_account,
        amount_minor,
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: None,
    };
    transfer.seal()
}

fn reversal(id: u128, original: u128) -> Transfer {
    let extra = TransferOptions { reverses: Some(original), ..TransferOptions::default() };
    Transfer { extra: Some(Box::new(extra)), ..pay(id, 0, 0, 0) }.seal()
}

/// Replays until an event is refused: which, and why.
fn replay(events: &[Event]) -> Result<[u8; 32], (usize, String)> {
    replay_by(Ledger::replay, events)
}

fn replay_by(
    replay: fn(&mut Ledger, &Event) -> Result<(), String>,
    events: &[Event],
) -> Result<[u8; 32], (usize, String)> {
    let mut ledger = Ledger::new(2);
    for (event, place) in events.iter().zip(1..) {
        let before = ledger.digest();
        if let Err(error) = replay(&mut ledger, event) {
            assert_eq!(ledger.digest(), before, "a refused event has changed something: {event:?}");
            return Err((place, error));
        }
    }
    Ok(ledger.digest())
}

macro_rules! body {
    ($name:ident, $kind:ident, $type:ty) => {
        fn $name(events: &mut [Event], place: usize) -> &mut $type {
            match &mut events[place - 1].body {
                Body::$kind(body) => body,
                other => panic!("{place} is {other:?}"),
            }
        }
    };
}

body!(asset, AssetRegistered, AssetRegistered);
body!(opened, AccountOpened, AccountOpened);
body!(updated, AccountUpdated, AccountUpdated);
body!(posted, TransferPosted, TransferPosted);
body!(refused, TransferRefused, TransferRefused);
body!(hold, Hold, HoldEvent);
body!(group_refused, GroupRefused, GroupRefused);

/// Gives the events sequences and times that fit, so that these do not give the tampering away.
fn renumber(events: &mut [Event]) {
    let mut last_ns = 0;
    for (event, sequence) in events.iter_mut().zip(1..) {
        event.sequence = sequence;
        event.timestamp_ns = event.timestamp_ns.max(last_ns + 1);
        last_ns = event.timestamp_ns;
    }
}

fn repeat(events: &mut Vec<Event>, place: usize) {
    events.insert(place, events[place - 1].clone());
    renumber(events);
}

fn leave_out(events: &mut Vec<Event>, place: usize) {
    events.remove(place - 1);
    renumber(events);
}

fn exchange(events: &mut [Event], place: usize, other: usize) {
    events.swap(place - 1, other - 1);
    renumber(events);
}

#[test]
fn a_true_history_is_replayed() {
    let events = history();
    assert_eq!(events.len(), LAST);
    let digest = replay(&events).expect("a true history");
    assert_eq!(replay_by(Ledger::replay_without_digests, &events), Ok(digest));
}

const SEQUENCE: &str = "a sequence is missing or repeated";
const TIME: &str = "time does not go forward";
const GAP: &str = "an account's history has a gap";
const BALANCE: &str = "a balance after is not what replay gives";
const TOTAL: &str = "a total leaves 128 bits";
const PENDING: &str = "a pending amount after is not what replay gives";
const ACCOUNT: &str = "an account that was never opened";
const TENANT: &str = "an account of another tenant";
const ASSETS: &str = "a transfer between assets";
const ID_TWICE: &str = "an id is used twice";
const GROUP_TWICE: &str = "a group id is used twice";
const REVERSED_TWICE: &str = "a transfer is reversed twice";
const PLACED: &str = "a hold is placed twice, or was never placed";
const PLACED_ELSEWHERE: &str = "a step of a hold that was placed elsewhere";
const OTHER_ACCOUNTS: &str = "a step of a hold with other accounts";
const OTHER_ID: &str = "a hold is placed under another id";
const HAS_ID: &str = "a step of a hold has an id, or has none";
const RESERVES: &str = "what a hold reserves after is not what replay gives";
const STILL_RESERVED: &str = "what was due is reserved still";
const TOO_MUCH: &str = "a hold of more than there can be";
const STATE: &str = "the state differs from the one that was running";

type Tamper = fn(&mut Vec<Event>);

/// What is done to the history; the place at which it is found out, and how.
fn refused_by_replay(rows: &[(Tamper, usize, &str)]) {
    for digest in [Digest::WithIds, Digest::WithTheirSum] {
        for (row, (tamper, place, why)) in rows.iter().enumerate() {
            let row = format!("row {row}, {digest:?}");
            let untouched = history_with(digest);
            let mut events = untouched.clone();
            tamper(&mut events);
            assert_ne!(events, untouched, "{row} does nothing");
            assert_eq!(replay(&events), Err((*place, (*why).to_owned())), "{row}");
            let without_digests = replay_by(Ledger::replay_without_digests, &events);
            if *why == STATE {
                assert!(without_digests.is_ok(), "{row}: {without_digests:?}");
            } else {
                assert_eq!(without_digests, replay(&events), "{row}, without digests");
            }
        }
    }
}

/// Both kinds of digests that a journal may have.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Digest {
    WithIds,
    WithTheirSum,
}

fn history_with(digest: Digest) -> Vec<Event> {
    let mut events = history();
    if digest == Digest::WithTheirSum {
        let digest = replay(&events[..DIGEST - 1]).expect("a history");
        events[DIGEST - 1].body = Body::DigestTaken { digest, with_ids: false };
    }
    events
}

/// While every id is in memory, the release before can check the digest; then it is of the kind that this can check
/// without them.
#[test]
fn the_kind_of_digest_follows_from_what_is_in_memory() {
    let mut ledger = Ledger::new(2);
    for event in history() {
        ledger.replay(&event).expect("a history");
    }
    let taken = |ledger: &mut Ledger| {
        let (with_ids, digest) = (ledger.digest_with_ids(), ledger.digest());
        let mut events = Vec::new();
        ledger.take_digest(20_000, &mut events);
        (events.remove(0).body, with_ids, digest)
    };
    let (body, with_ids, _) = taken(&mut ledger);
    let digest = with_ids.expect("every id is in memory");
    assert_eq!(body, Body::DigestTaken { digest, with_ids: true });
    drop(ledger.forget_ids(PAID as u64));
    let (body, with_ids, digest) = taken(&mut ledger);
    assert_eq!((body, with_ids), (Body::DigestTaken { digest, with_ids: false }, None));
}

/// What is known to be kept elsewhere takes no memory while it is replayed, and changes nothing else.
#[test]
fn ids_that_are_kept_elsewhere_are_not_kept_again() {
    let events = history();
    let mut whole = Ledger::new(1);
    for event in &events {
        whole.replay(event).expect("a history");
    }
    for through in 0..=events.len() as u64 {
        let mut ledger = Ledger::new(2);
        drop(ledger.forget_ids(through));
        for event in &events {
            ledger.prefetch_replay(event);
            ledger.replay(event).expect("a history");
        }
        assert_eq!(ledger.digest(), whole.digest(), "{through}");
        let mut later = Ledger::new(3);
        let mut before = 0;
        for event in &events {
            later.replay(event).expect("a history");
            if event.sequence == through {
                before = later.ids_kept_len();
            }
        }
        assert_eq!(ledger.ids_kept_len(), whole.ids_kept_len() - before, "{through}");
        assert_eq!(ledger.counters(), whole.counters());
    }
}

#[test]
fn order_and_time() {
    refused_by_replay(&[
        (|e| e.swap(PAID - 1, PAID_ON - 1), PAID, SEQUENCE),
        (|e| drop(e.remove(REFUSED - 1)), REFUSED, SEQUENCE),
        (|e| drop(e.remove(0)), 1, SEQUENCE),
        (|e| e.insert(PAID, e[PAID - 1].clone()), PAID_ON, SEQUENCE),
        (|e| e[0].sequence = 0, 1, SEQUENCE),
        (|e| e[LAST - 1].sequence += 1, LAST, SEQUENCE),
        (|e| e[0].timestamp_ns = 0, 1, TIME),
        (|e| e[PAID - 1].timestamp_ns = e[PAID - 2].timestamp_ns, PAID, TIME),
        (|e| e[LAST - 1].timestamp_ns = 1, LAST, TIME),
        // The same, with sequences and times made to fit.
        (|e| exchange(e, PAID, PAID_ON), PAID, GAP),
        (|e| leave_out(e, PAID), PAID, GAP),
        (|e| leave_out(e, REFUSED), GROUP, GAP),
        (|e| leave_out(e, OPENED_2), OPENED_2, "an account is out of order"),
        (|e| leave_out(e, ASSET_EUR), 1, "an account of an unknown asset"),
        (|e| leave_out(e, ASSET_JPY), ASSET_JPY, "an account of an unknown asset"),
        (|e| repeat(e, ASSET_EUR), ASSET_EUR + 1, "an asset is out of order"),
        (|e| repeat(e, OPENED_1), OPENED_1 + 1, "an account is out of order"),
        (|e| repeat(e, PAID), PAID + 1, GAP),
        (|e| repeat(e, REFUSED), REFUSED + 1, ID_TWICE),
        (|e| repeat(e, GROUP_REFUSED), GROUP_REFUSED + 1, GROUP_TWICE),
        (|e| repeat(e, UPDATED), UPDATED + 1, GAP),
        (|e| repeat(e, DIGEST), DIGEST + 1, STATE),
    ]);
}

#[test]
fn assets_and_accounts() {
    refused_by_replay(&[
        (|e| asset(e, ASSET_EUR).asset = 1, ASSET_EUR, "an asset is out of order"),
        (|e| asset(e, ASSET_JPY).code = code("EUR"), ASSET_JPY, "an asset is registered twice"),
        (|e| opened(e, OPENED_2).slot = 0, OPENED_2, "an account is out of order"),
        (|e| opened(e, OPENED_2).slot = NO_SLOT, OPENED_2, "an account is out of order"),
        (|e| opened(e, OPENED_2).asset = 1, OPENED_2, "an account of an unknown asset"),
        (|e| opened(e, OPENED_2).id = 1, OPENED_2, "an account is opened twice"),
        (|e| opened(e, OPENED_2).tenant = 1, PAID, TENANT),
        (|e| updated(e, UPDATED).leg.slot = 5, UPDATED, ACCOUNT),
        (|e| updated(e, UPDATED).leg.slot = 0, UPDATED, GAP),
        (|e| updated(e, UPDATED).leg.previous_sequence -= 1, UPDATED, GAP),
        (|e| updated(e, UPDATED).leg.posted_net_after_minor += 1, UPDATED, BALANCE),
        (|e| updated(e, UPDATED).leg.pending_debits_after_minor += 1, UPDATED, PENDING),
        (|e| updated(e, UPDATED).tenant = 1, UPDATED, TENANT),
    ]);
}

#[test]
fn transfers() {
    refused_by_replay(&[
        (|e| posted(e, PAID).amount_minor += 1, PAID, BALANCE),
        (|e| posted(e, PAID).amount_minor = 0, PAID, BALANCE),
        (|e| posted(e, PAID_ON).amount_minor = u128::MAX, PAID_ON, TOTAL),
        (|e| posted(e, LAST).amount_minor = u128::MAX, LAST, TOTAL),
        (|e| posted(e, PAID).debit.posted_net_after_minor -= 1, PAID, BALANCE),
        (|e| posted(e, PAID).credit.posted_net_after_minor += 1, PAID, BALANCE),
        (|e| posted(e, PAID).debit.pending_debits_after_minor = 1, PAID, PENDING),
        (|e| posted(e, PAID).credit.pending_debits_after_minor = 1, PAID, PENDING),
        (|e| posted(e, PAID_ON).debit.previous_sequence = 3, PAID_ON, GAP),
        (|e| posted(e, PAID_ON).credit.previous_sequence = PAID as u64, PAID_ON, GAP),
        (|e| posted(e, PAID).debit.slot = 5, PAID, ACCOUNT),
        (|e| posted(e, PAID).credit.slot = NO_SLOT, PAID, ACCOUNT),
        (|e| posted(e, PAID).credit.slot = 2, PAID, GAP),
        (|e| posted(e, PAID).credit.slot = 0, PAID, "a transfer from an account to itself"),
        (|e| posted(e, PAID).asset = 1, PAID, ASSETS),
        (|e| posted(e, PAID).asset = 2, PAID, ASSETS),
        (
            |e| (posted(e, PAID).credit.slot, posted(e, PAID).credit.previous_sequence) = (3, 6),
            PAID,
            ASSETS,
        ),
        (|e| posted(e, PAID).tenant = 1, PAID, TENANT),
        (|e| posted(e, PAID_ON).id = 10, PAID_ON, ID_TWICE),
        (|e| refused(e, REFUSED).id = 10, REFUSED, ID_TWICE),
        (|e| group_refused(e, GROUP_REFUSED).key.id = 900, GROUP_REFUSED, GROUP_TWICE),
        (|e| posted(e, LAST).extra = posted(e, GROUP).extra.clone(), LAST, GROUP_TWICE),
        (|e| posted(e, LAST).original_sequence = PAID_ON as u64, LAST, REVERSED_TWICE),
        (
            |e| posted(e, LAST).original_sequence = LAST as u64,
            LAST,
            "a reversal comes before its original",
        ),
    ]);
}

#[test]
fn steps_of_holds_and_payments() {
    const MOST: u128 = i128::MAX as u128;
    refused_by_replay(&[
        (|e| leave_out(e, HELD), HELD, PLACED),
        (|e| leave_out(e, CAPTURED), CAPTURED, RESERVES),
        (|e| leave_out(e, REFUNDED), REFUNDED, GAP),
        (|e| leave_out(e, DUE_RELEASED), DUE_RELEASED, GAP),
        (|e| repeat(e, HELD), HELD + 1, PLACED),
        (|e| repeat(e, CAPTURED), CAPTURED + 1, ID_TWICE),
        (|e| repeat(e, DUE_RELEASED), DUE_RELEASED + 1, RESERVES),
        (|e| exchange(e, HELD, CAPTURED), HELD, PLACED),
        (|e| exchange(e, CAPTURED, CHANGED), CAPTURED, RESERVES),
        (|e| hold(e, CAPTURED).step = HoldStep::Place, CAPTURED, PLACED),
        (|e| hold(e, HELD).step = HoldStep::Change, HELD, PLACED),
        (|e| hold(e, CAPTURED).step = HoldStep::Release, CAPTURED, BALANCE),
        (|e| hold(e, RELEASED).step = HoldStep::Capture, RELEASED, BALANCE),
        (|e| hold(e, RELEASED).step = HoldStep::Change, RELEASED, RESERVES),
        (|e| hold(e, RELEASED).step = HoldStep::DueRelease, RELEASED, HAS_ID),
        (|e| hold(e, DUE_RELEASED).step = HoldStep::Release, DUE_RELEASED, HAS_ID),
        (|e| hold(e, DUE_RELEASED).step = HoldStep::DueCapture, DUE_RELEASED, BALANCE),
        (|e| hold(e, DUE_CAPTURED).step = HoldStep::DueRelease, DUE_CAPTURED, BALANCE),
        (|e| hold(e, CHARGED).step = HoldStep::Place, CHARGED, RESERVES),
        (|e| hold(e, AUTHORIZED).step = HoldStep::Pay, AUTHORIZED, RESERVES),
        (|e| hold(e, CAPTURED).id = 0, CAPTURED, HAS_ID),
        (|e| hold(e, DUE_RELEASED).id = 7, DUE_RELEASED, HAS_ID),
        (|e| hold(e, CAPTURED).id = 50, CAPTURED, ID_TWICE),
        (|e| hold(e, HELD).id = 99, HELD, OTHER_ID),
        (|e| hold(e, HELD).hold_id = 99, HELD, OTHER_ID),
        (|e| hold(e, HELD).hold_sequence = 1, HELD, OTHER_ID),
        (|e| hold(e, CAPTURED).hold_id = 60, CAPTURED, PLACED),
        (|e| hold(e, REFUNDED).hold_id = 50, REFUNDED, OTHER_ACCOUNTS),
        (|e| hold(e, CAPTURED).hold_sequence -= 1, CAPTURED, PLACED_ELSEWHERE),
        (|e| hold(e, CAPTURED).of_payment = true, CAPTURED, OTHER_ACCOUNTS),
        (|e| hold(e, CAPTURED).debit.slot = 1, CAPTURED, OTHER_ACCOUNTS),
        (|e| hold(e, CAPTURED).credit.slot = 1, CAPTURED, OTHER_ACCOUNTS),
        (|e| hold(e, CHARGED).of_payment = false, CHARGED, "a step of a payment without one"),
        (|e| hold(e, HELD).amount_minor += 1, HELD, RESERVES),
        (|e| hold(e, HELD).remaining_minor += 1, HELD, RESERVES),
        (|e| more_reserved(hold(e, HELD), 1), HELD, PENDING),
        (|e| more_reserved(hold(e, HELD), MOST - 9), HELD, TOO_MUCH),
        (|e| more_reserved(hold(e, CHANGED), MOST - 11), CHANGED, TOO_MUCH),
        (|e| hold(e, CAPTURED).amount_minor = u128::MAX, CAPTURED, RESERVES),
        (|e| hold(e, CAPTURED).released_minor = 1, CAPTURED, RESERVES),
        (|e| hold(e, CAPTURED).released_minor = u128::MAX, CAPTURED, RESERVES),
        (|e| hold(e, CHARGED).amount_minor += 1, CHARGED, BALANCE),
        (|e| hold(e, REFUNDED).amount_minor = 6, REFUNDED, "more is refunded than was captured"),
        (|e| hold(e, REFUNDED).amount_minor = 1, REFUNDED, BALANCE),
        (|e| less_due(hold(e, DUE_RELEASED)), DUE_RELEASED, STILL_RESERVED),
        (|e| less_due(hold(e, DUE_CAPTURED)), DUE_CAPTURED, STILL_RESERVED),
        (|e| hold(e, HELD).credit.slot = 0, HELD, "a hold from an account to itself"),
        (|e| hold(e, HELD).debit.slot = 9, HELD, ACCOUNT),
        (|e| hold(e, HELD).debit.previous_sequence -= 1, HELD, GAP),
        (|e| hold(e, HELD).credit.previous_sequence -= 1, HELD, GAP),
        (|e| hold(e, HELD).debit.posted_net_after_minor += 1, HELD, BALANCE),
        (|e| hold(e, CAPTURED).credit.posted_net_after_minor += 1, CAPTURED, BALANCE),
        (|e| hold(e, CAPTURED).debit.pending_debits_after_minor += 1, CAPTURED, PENDING),
        (|e| hold(e, DUE_CAPTURED).debit.pending_debits_after_minor += 1, DUE_CAPTURED, PENDING),
        (|e| hold(e, HELD).asset = 1, HELD, "a hold between assets"),
        (|e| hold(e, HELD).tenant = 1, HELD, TENANT),
        (|e| hold(e, CAPTURED).tenant = 1, CAPTURED, PLACED),
        (|e| hold(e, GROUP_HELD).extra = posted(e, GROUP).extra.clone(), GROUP_HELD, GROUP_TWICE),
        (|e| refused(e, STEP_REFUSED).id = 50, STEP_REFUSED, ID_TWICE),
    ]);
}

fn more_reserved(hold: &mut HoldEvent, minor: u128) {
    hold.amount_minor += minor;
    hold.remaining_minor += minor;
}

fn less_due(hold: &mut HoldEvent) {
    hold.amount_minor -= 1;
    hold.remaining_minor = 1;
}

/// What no other event contradicts.
#[test]
fn what_only_the_digest_knows() {
    refused_by_replay(&[
        (
            |e| e[DIGEST - 1].body = Body::DigestTaken { digest: [0; 32], with_ids: false },
            DIGEST,
            STATE,
        ),
        (|e| e[DIGEST - 2].timestamp_ns += 1, DIGEST, STATE),
        (|e| asset(e, ASSET_JPY).scale = 2, DIGEST, STATE),
        (|e| asset(e, ASSET_JPY).code = code("KWD"), DIGEST, STATE),
        (|e| opened(e, OPENED_1).floor = Floor::Overdraft(1), DIGEST, STATE),
        (|e| opened(e, OPENED_3).floor = Floor::Overdraft(51), DIGEST, STATE),
        (|e| opened(e, OPENED_2).content_hash ^= 1, DIGEST, STATE),
        (|e| opened(e, OPENED_2).id = 6, DIGEST, STATE),
        (|e| updated(e, UPDATED).freeze = Freeze::None, DIGEST, STATE),
        (|e| updated(e, UPDATED).closed = true, DIGEST, STATE),
        (|e| updated(e, UPDATED).floor = Floor::Overdraft(1), DIGEST, STATE),
        (|e| posted(e, PAID).id = 99, DIGEST, STATE),
        (|e| posted(e, PAID).content_hash ^= 1, DIGEST, STATE),
        (|e| posted(e, REVERSED).original_sequence = PAID as u64, DIGEST, STATE),
        (|e| posted(e, REVERSED).original_sequence = 0, DIGEST, STATE),
        (|e| posted(e, GROUP).extra = None, DIGEST, STATE),
        (|e| refused(e, REFUSED).id = 99, DIGEST, STATE),
        (|e| refused(e, REFUSED).tenant = 1, DIGEST, STATE),
        (|e| refused(e, REFUSED).content_hash ^= 1, DIGEST, STATE),
        (|e| group_refused(e, GROUP_REFUSED).key.id = 99, DIGEST, STATE),
        (|e| group_refused(e, GROUP_REFUSED).key.content_hash ^= 1, DIGEST, STATE),
        (|e| group_refused(e, GROUP_REFUSED).tenant = 1, DIGEST, STATE),
        (|e| opened(e, OPENED_3).ceiling = Some(9_000), DIGEST, STATE),
        (|e| updated(e, UPDATED).ceiling = Some(9_000), DIGEST, STATE),
        (|e| hold(e, HELD).content_hash ^= 1, DIGEST, STATE),
        (|e| hold(e, CAPTURED).id = 99, DIGEST, STATE),
        (|e| hold(e, DUE_RELEASED).due_at_ns += 1, DIGEST, STATE),
        (|e| hold(e, DUE_RELEASED).at_due = AtDue::Capture, DIGEST, STATE),
        (|e| hold(e, GROUP_HELD).extra = None, DIGEST, STATE),
    ]);
}

/// Any two neighbours swapped, any event missing or twice. (The last one missing is a shorter true history: that
/// it is too short, the frames know.)
#[test]
fn any_event_out_of_place() {
    for place in 0..LAST {
        let changes: [fn(&mut Vec<Event>, usize); 3] = [
            |events, place| drop(events.remove(place)),
            |events, place| events.insert(place, events[place].clone()),
            |events, place| events.swap(place, place + 1),
        ];
        for (change, apply) in changes.iter().enumerate() {
            if place + 1 == LAST && change != 1 {
                continue;
            }
            let mut events = history();
            apply(&mut events, place);
            let (_, why) = replay(&events).expect_err("tampered with");
            assert_eq!(why, SEQUENCE, "change {change} at {place}");
        }
    }
}

/// An update that changes nothing else still is the last event of its account, and of no other.
#[test]
fn the_digest_knows_whose_event_was_the_last() {
    let updated = |slot, opened: usize| {
        let mut events = history();
        events.truncate(ASSET_JPY + 2);
        let leg = Leg { slot, previous_sequence: opened as u64, ..Leg::NONE };
        let (freeze, closed, floor, ceiling) = (Freeze::None, false, Floor::None, None);
        let body = AccountUpdated { leg, tenant: 0, freeze, closed, floor, ceiling };
        let body = Body::AccountUpdated(Box::new(body));
        events.push(Event { sequence: PAID as u64, timestamp_ns: 2_000, body });
        replay(&events).expect("it fits")
    };
    assert_ne!(updated(0, OPENED_1), updated(3, ASSET_JPY + 1));
}
