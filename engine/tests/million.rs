//! A million holds fall due within one millisecond, while payments go on. The clock is simulated.
//!
//! How it fails: a hold that falls early, late, twice or not at all; a step that does more than it was allowed to; a
//! payment that has to wait; a replay that arrives elsewhere. (Seen to fail with `<` for `<=` where a hold is due, and
//! with a step that forgets its limit.)

use std::time::{Duration, Instant};

use florin_engine::{
    AccountChange, Action, AssetCode, AtDue, BATCH_MEMBERS_MAX, Body, Event, Floor, Freeze,
    HoldStep, HoldTerms, Ledger, NewAccount, Past, Reason, Transfer, TransferBatch,
    TransferOptions,
};

const HOLDS: u64 = 1_000_000;
const ACCOUNTS: u64 = 1_000;
/// The millisecond in which they all fall due.
const MS_NS: u64 = 1_000_000;
const FROM_NS: u64 = 1_800_000_000_000 * MS_NS;
/// Most that fall in one step.
const STEP: usize = 8_190;
/// Payments between two steps.
const PAYMENTS: u64 = 100;

/// Every fifth pays for itself when it is due; of the others some have the frozen account as payee.
const fn is_captured(number: u64) -> bool {
    number.is_multiple_of(5)
}

const fn payee(number: u64) -> u64 {
    number % ACCOUNTS
}

const FROZEN: u64 = 10;

/// A nanosecond of the millisecond, each about once, in no order.
const fn due_at_ns(number: u64) -> u64 {
    FROM_NS + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % MS_NS
}

struct Simulated {
    ledger: Ledger,
    /// Replays whatever happens, as it happens.
    again: Ledger,
    now_ns: u64,
    /// How often each hold has fallen due.
    fallen: Vec<u8>,
    /// Times at which those that fell were due: never goes back.
    last_due_ns: u64,
    next_id: u128,
    longest: Duration,
}

impl Simulated {
    fn new() -> Self {
        let mut simulated = Self {
            ledger: Ledger::new(1),
            again: Ledger::new(2),
            now_ns: FROM_NS - 1_000 * MS_NS,
            fallen: vec![0; usize::try_from(HOLDS).expect("a number of holds")],
            last_due_ns: 0,
            next_id: 1 << 64,
            longest: Duration::ZERO,
        };
        let mut events = Vec::new();
        for number in 0..=ACCOUNTS {
            let (id, asset) = (account(number), AssetCode::new("EUR").expect("a code"));
            let (floor, name, metadata, ceiling) = (Floor::None, None, Box::default(), None);
            let account = NewAccount { tenant: 0, id, asset, floor, name, metadata, ceiling };
            simulated.ledger.open_account(&account, simulated.now_ns, &mut events);
        }
        simulated.keep(&events);
        simulated
    }

    fn keep(&mut self, events: &[Event]) {
        for event in events {
            self.again.replay(event).expect("what has happened fits");
        }
    }

    fn execute(&mut self, transfers: Vec<Transfer>) -> Vec<Event> {
        let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
        let mut events = Vec::new();
        self.ledger.execute(&batch, &Past::new(), self.now_ns, &mut events);
        self.keep(&events);
        events
    }

    fn place_all(&mut self) {
        let numbers: Vec<u64> = (0..HOLDS).collect();
        for numbers in numbers.chunks(BATCH_MEMBERS_MAX) {
            let transfers = numbers.iter().map(|number| hold(*number)).collect();
            let events = self.execute(transfers);
            assert!(events.iter().all(|event| matches!(&event.body, Body::Hold(_))));
        }
        assert_eq!(self.ledger.open_holds_len(), self.fallen.len());
    }

    /// Payments between the steps: all are done, whatever is still to fall.
    fn pay(&mut self) {
        let transfers = (0..PAYMENTS).map(|number| {
            self.next_id += 1;
            transfer(self.next_id, account(number + 500), account(number + 501), 1, None)
        });
        let transfers = transfers.collect();
        let events = self.execute(transfers);
        assert!(events.iter().all(|event| matches!(&event.body, Body::TransferPosted(_))));
    }

    /// A hold that is due cannot be had any more, whether it has fallen or not.
    fn comes_too_late(&mut self, number: u64) {
        self.next_id += 1;
        let hold = hold_id(number);
        let terms = HoldTerms { action: Action::Capture, hold, ..HoldTerms::default() };
        let events = self.execute(vec![transfer(self.next_id, 0, 0, 1, Some(terms))]);
        let [Event { body: Body::TransferRefused(refused), .. }] = &events[..] else {
            panic!("{number} was captured after it was due: {events:?}");
        };
        let captured = is_captured(number) && payee(number) != FROZEN;
        let late = [Reason::HoldExpired, Reason::HoldClosed];
        let reason = refused.refusal.reason;
        assert!(late.contains(&reason) && (!captured || reason == late[1]), "{number}: {reason:?}");
    }

    /// One step, as a partition takes it between two batches; how many fell.
    fn step(&mut self) -> usize {
        let mut events = Vec::new();
        let start = Instant::now();
        let made = self.ledger.fall_due(STEP, self.now_ns, &mut events);
        self.longest = self.longest.max(start.elapsed());
        assert_eq!(made, events.len());
        assert!(made <= STEP, "{made} at once");
        for event in &events {
            self.look_at(event);
        }
        self.keep(&events);
        made
    }

    fn look_at(&mut self, event: &Event) {
        let Body::Hold(fallen) = &event.body else { panic!("not a hold: {event:?}") };
        let number = u64::try_from(fallen.hold_id - 1).expect("one of ours");
        assert_eq!(fallen.due_at_ns, due_at_ns(number));
        assert!(event.timestamp_ns >= fallen.due_at_ns && self.now_ns >= fallen.due_at_ns);
        assert!(fallen.due_at_ns >= self.last_due_ns, "not the earliest first: {event:?}");
        self.last_due_ns = fallen.due_at_ns;
        let expected = match (is_captured(number), payee(number) == FROZEN) {
            (true, false) => (HoldStep::DueCapture, None),
            (true, true) => (HoldStep::DueRelease, Some(Reason::AccountFrozen)),
            (false, _) => (HoldStep::DueRelease, None),
        };
        assert_eq!((fallen.step, fallen.blocked_by), expected, "{number}");
        let times = &mut self.fallen[usize::try_from(number).expect("an index")];
        *times += 1;
        assert_eq!(*times, 1, "{number} fell twice");
    }

    /// Steps and payments in turn until nothing is due; how many fell, and in how many steps.
    fn fall(&mut self) -> (usize, usize) {
        let (mut sum, mut steps) = (0, 0);
        loop {
            let made = self.step();
            (sum, steps) = (sum + made, steps + 1);
            if made < STEP {
                return (sum, steps);
            }
            self.pay();
        }
    }

    fn due_by(now_ns: u64) -> usize {
        (0..HOLDS).filter(|number| due_at_ns(*number) <= now_ns).count()
    }
}

#[test]
fn a_million_in_a_millisecond() {
    let start = Instant::now();
    let mut simulated = Simulated::new();
    simulated.place_all();
    let mut events = Vec::new();
    let (id, freeze) = (account(FROZEN), Some(Freeze::Credits));
    let (close, floor, ceiling) = (false, None, None);
    let change = AccountChange { tenant: 0, id, freeze, close, floor, ceiling };
    let updated = simulated.ledger.update_account(&change, simulated.now_ns, &mut events);
    assert_eq!(updated, Ok(()));
    simulated.keep(&events);

    // Not one before its time.
    simulated.now_ns = FROM_NS - 1;
    assert_eq!(simulated.fall(), (0, 1));

    // The clock jumps past all of it, and is not believed beyond a quarter.
    let quarter_ns = FROM_NS + MS_NS / 4;
    simulated.now_ns = FROM_NS + 3_600_000 * MS_NS;
    simulated.ledger.hold_back_due(quarter_ns);
    let (fallen, _) = simulated.fall();
    assert_eq!(fallen, Simulated::due_by(quarter_ns));
    assert_eq!(simulated.step(), 0, "the rest waits");

    // It goes back where it was. Time stands still meanwhile: nothing falls twice, nothing comes back.
    simulated.now_ns = FROM_NS;
    assert_eq!(simulated.step(), 0);

    // And it was right after all: the rest, in steps, while payments go on.
    simulated.now_ns = FROM_NS + 3_600_000 * MS_NS;
    simulated.ledger.hold_back_due(u64::MAX);
    assert_eq!(simulated.step(), STEP);
    for number in 0..200 {
        simulated.comes_too_late(number);
    }
    let (rest, steps) = simulated.fall();
    assert_eq!(fallen + STEP + rest, simulated.fallen.len());
    assert!(steps > rest / STEP, "{rest} in {steps} steps");

    assert!(simulated.fallen.iter().all(|times| *times == 1), "each once");
    let ledger = &simulated.ledger;
    assert_eq!((ledger.open_holds_len(), ledger.timers_len(), ledger.next_due_ns()), (0, 0, None));
    assert!(ledger.is_conserved_by_account());
    assert_eq!(ledger.digest(), simulated.again.digest());
    println!(
        "{HOLDS} holds fell due in steps of {STEP}, the longest {:?}; {:?} in all",
        simulated.longest,
        start.elapsed()
    );
}

fn account(number: u64) -> u128 {
    u128::from(number + 1)
}

/// Ids of holds are 1 to a million.
fn hold_id(number: u64) -> u128 {
    u128::from(number + 1)
}

fn hold(number: u64) -> Transfer {
    let at_due = if is_captured(number) { AtDue::Capture } else { AtDue::Release };
    let (action, due_at_ns) = (Action::Hold, due_at_ns(number));
    let terms = HoldTerms { action, due_at_ns, at_due, ..HoldTerms::default() };
    transfer(hold_id(number), account(ACCOUNTS), account(payee(number)), 7, Some(terms))
}

fn transfer(
    id: u128,
    debit_account: u128,
    credit_account: u128,
    amount_minor: u128,
    terms: Option<HoldTerms>,
) -> Transfer {
    let options = terms.map(|terms| TransferOptions { terms, ..TransferOptions::default() });
    let transfer = Transfer {
        id,
        debit_account,
        credit_account,
        amount_minor,
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: options.map(Box::new),
    };
    transfer.seal()
}
