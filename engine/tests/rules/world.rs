//! A small ledger that is spoken to in text, and looks after itself.
//!
//! | command | answers |
//! |---|---|
//! | `asset CODE SCALE` | `done`, `before`, REASON field |
//! | `open ID ASSET [FLOOR] [ceiling=N] [name=N] [meta=K:V]` | `done`, `before`, REASON field |
//! | `update ID [freeze=F] [close] [floor=FLOOR] [ceiling=N or none]` | `done`, `nothing`, REASON numbers |
//! | `pay …`, `hold …` and the like (see [`script::transfer`]) | `posted`, `posted AMOUNT` (where it is not what was asked), `posted AMOUNT rest=N` (given back beside it), `known`, REASON numbers, `ID_REUSED` field |
//! | `batch [asset=A] { … ; … }` | the same for each, separated by `;` |
//! | `group ID [asset=A] { … ; … }` | `posted`, `known`, REASON numbers, `ID_REUSED` field |
//! | `tenant N` | speaks for another tenant from now on |
//! | `clock NS` | sets the clock |
//! | `next NS` | the next command comes at this moment |
//! | `due [MOST]` | what falls due by now: `released HOLD AMOUNT [REASON]`, `captured HOLD AMOUNT`, separated by `;`, or `nothing` |
//! | `trust NS or all` | how far the clock is believed, see [`Ledger::hold_back_due`] |
//! | `see ID` | the state of a hold or payment, and its numbers |
//! | `account ID` | `has=` or `owes=` (the balance), `out=`, `in=` (pending), `free=` (available) |
//!
//! `-> ANSWER` says what must come; without it, `done` or `posted` must. Of a refusal's numbers (`account=`, `asked=`,
//! `missing=`, `would_pass=`, and `member=` of a group) those that are zero are left out.

use florin_engine::{
    AccountChange, AccountState, AssetCode, BatchOutcome, Body, Event, GroupKey, GroupOutcome,
    Hold, HoldStep, Ledger, NewAccount, NewAsset, Opened, Past, Refusal, Registered, Transfer,
    TransferBatch,
};

use crate::script;

/// The clock goes on by this much before each command.
const STEP_NS: u64 = 10;

pub struct World {
    ledger: Ledger,
    journal: Vec<Event>,
    tenant: u32,
    now_ns: u64,
    sent: Vec<TransferBatch>,
    /// Holds and payments that were placed.
    placed: Vec<(u32, u128)>,
}

impl World {
    pub fn new() -> Self {
        Self {
            ledger: Ledger::new(7),
            journal: Vec::new(),
            tenant: 0,
            now_ns: 1_000,
            sent: Vec::new(),
            placed: Vec::new(),
        }
    }

    /// Runs a command and holds the answer against what the command says must come.
    pub fn expect(&mut self, command: &str, row: &str) {
        let (command, expected) = match command.split_once("->") {
            Some((command, expected)) => (command.trim(), Some(normal(expected))),
            None => (command, None),
        };
        let answer = self.run(command);
        match expected {
            Some(expected) => assert_eq!(answer, expected, "`{command}` in: {row}"),
            None => assert!(
                answer.split(" ; ").all(|part| ["done", "posted"].contains(&part)),
                "`{command}` -> {answer} in: {row}"
            ),
        }
    }

    /// Runs a command and gives its answer.
    pub fn run(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        match *words.as_slice() {
            ["tenant", tenant] => self.tenant = tenant.parse().expect("a tenant"),
            ["clock", now_ns] => self.now_ns = script::ns(now_ns),
            ["asset", code, scale] => {
                let scale = scale.parse().expect("a scale");
                return self.register(NewAsset { code: script::asset(code), scale });
            }
            ["open", id, asset, ref options @ ..] => return self.open(id, asset, options),
            ["update", id, ref options @ ..] => return self.update(id, options),
            ["next", now_ns] => self.now_ns = script::ns(now_ns) - STEP_NS,
            ["trust", "all"] => self.ledger.hold_back_due(u64::MAX),
            ["trust", after_ns] => self.ledger.hold_back_due(script::ns(after_ns)),
            ["due"] => return self.fall_due(usize::MAX),
            ["due", most] => return self.fall_due(most.parse().expect("a number")),
            ["see", id] => return self.see(script::number(id)),
            ["account", id] => return self.see_account(script::number(id)),
            ["batch" | "group", ..] => return self.batch(command),
            [word, ..] if script::is_transfer(word) => {
                return self.transfer(None, None, vec![script::transfer(command)]);
            }
            _ => panic!("no command: {command}"),
        }
        "done".to_owned()
    }

    fn register(&mut self, new: NewAsset) -> String {
        let outcome =
            self.step(|ledger, now_ns, events| ledger.register_asset(new, now_ns, events));
        match outcome {
            Registered::Now => "done".to_owned(),
            Registered::Before => "before".to_owned(),
            Registered::Refused(fault) => format!("{} {}", fault.reason.name(), fault.field),
        }
    }

    fn open(&mut self, id: &str, asset: &str, options: &[&str]) -> String {
        let mut new = NewAccount {
            tenant: self.tenant,
            id: script::number(id),
            asset: script::asset(asset),
            floor: florin_engine::Floor::Zero,
            name: None,
            metadata: Box::default(),
            ceiling: None,
        };
        for word in options {
            match (word.split_once('='), script::floor(word)) {
                (_, Some(floor)) => new.floor = floor,
                (Some(("ceiling", minor)), _) => new.ceiling = Some(script::number(minor)),
                (Some(("name", name)), _) => new.name = Some(name.into()),
                (Some(("meta", pair)), _) => new.metadata = script::metadata(pair),
                _ => panic!("no option: {word}"),
            }
        }
        match self.step(|ledger, now_ns, events| ledger.open_account(&new, now_ns, events)) {
            Opened::Now(sequence) => {
                assert_eq!(sequence, self.ledger.last_sequence());
                "done".to_owned()
            }
            Opened::Before(_) => "before".to_owned(),
            Opened::Refused(fault) => format!("{} {}", fault.reason.name(), fault.field),
        }
    }

    fn update(&mut self, id: &str, options: &[&str]) -> String {
        let (tenant, id) = (self.tenant, script::number(id));
        let (freeze, close, floor, ceiling) = (None, false, None, None);
        let mut change = AccountChange { tenant, id, freeze, close, floor, ceiling };
        for word in options {
            match word.split_once('=') {
                Some(("freeze", sides)) => change.freeze = Some(script::freeze(sides)),
                Some(("floor", floor)) => change.floor = script::floor(floor),
                Some(("ceiling", "none")) => change.ceiling = Some(None),
                Some(("ceiling", minor)) => change.ceiling = Some(Some(script::number(minor))),
                None if *word == "close" => change.close = true,
                _ => panic!("no option: {word}"),
            }
        }
        let before = self.journal.len();
        match self.step(|ledger, now_ns, events| ledger.update_account(&change, now_ns, events)) {
            Ok(()) if self.journal.len() > before => "done".to_owned(),
            Ok(()) => "nothing".to_owned(),
            Err(refusal) => refused(&refusal),
        }
    }

    /// What is not transfers: without an event, nothing may change.
    fn step<T>(&mut self, run: impl FnOnce(&mut Ledger, u64, &mut Vec<Event>) -> T) -> T {
        let before = self.ledger.digest();
        let mut events = Vec::new();
        self.now_ns += STEP_NS;
        let outcome = run(&mut self.ledger, self.now_ns, &mut events);
        assert!(!events.is_empty() || self.ledger.digest() == before, "changed without an event");
        self.journal.append(&mut events);
        outcome
    }

    fn batch(&mut self, command: &str) -> String {
        let (head, members) = command.split_once('{').expect("members");
        let members = members.strip_suffix('}').expect("an end of members");
        let transfers: Vec<_> = members.split(';').map(script::transfer).collect();
        let mut words = head.split_whitespace();
        let group = (words.next() == Some("group")).then(|| {
            let id = script::number(words.next().expect("a group id"));
            GroupKey::of(id, &transfers)
        });
        let asset = words.next().and_then(|word| word.strip_prefix("asset="));
        self.transfer(group, asset.map(script::asset), transfers)
    }

    fn transfer(
        &mut self,
        group: Option<GroupKey>,
        asset: Option<AssetCode>,
        transfers: Vec<Transfer>,
    ) -> String {
        let batch = TransferBatch { tenant: self.tenant, group, asset, transfers };
        self.now_ns += STEP_NS;
        let before = self.picture();
        let (outcome, events) = self.execute(&batch);
        let answer = self.answer(&batch, &outcome, &events);
        if outcome.posted == 0 {
            assert_eq!(self.picture(), before, "a refusal has changed something: {batch:?}");
        }
        if answer != "known" && !answer.starts_with("ID_REUSED") {
            self.sent.push(batch);
        }
        self.keep(events);
        answer
    }

    /// Keeps what has happened, and looks at the holds after it.
    fn keep(&mut self, events: Vec<Event>) {
        let placed = events.iter().filter_map(|event| match &event.body {
            Body::Hold(hold) if hold.hold_sequence == 0 => Some((hold.tenant, hold.hold_id)),
            _ => None,
        });
        self.placed.extend(placed);
        self.journal.extend(events);
        let mut open = 0;
        let mut next_due_ns = None;
        for (tenant, id) in &self.placed {
            let (hold, accounts) = self.ledger.hold(*tenant, *id).expect("a hold that was placed");
            let parts = hold.captured_minor + hold.released_minor + hold.remaining_minor();
            assert_eq!(parts, hold.amount_minor, "{hold:?}");
            assert!(hold.refunded_minor <= hold.captured_minor, "{hold:?}");
            assert_ne!(accounts[0], accounts[1], "{hold:?}");
            if hold.remaining_minor() > 0 {
                open += 1;
                let due_at_ns = Some(hold.due_at_ns).filter(|due_at_ns| *due_at_ns != 0);
                next_due_ns = next_due_ns.into_iter().chain(due_at_ns).min();
            }
        }
        let open_and_next = (self.ledger.open_holds_len(), self.ledger.next_due_ns());
        assert_eq!(open_and_next, (open, next_due_ns));
    }

    fn fall_due(&mut self, most: usize) -> String {
        let mut events = Vec::new();
        self.now_ns += STEP_NS;
        let made = self.ledger.fall_due(most, self.now_ns, &mut events);
        assert_eq!(made, events.len());
        assert!(self.ledger.is_conserved() && self.ledger.is_conserved_by_account());
        let answers: Vec<String> = events.iter().map(fallen).collect();
        self.keep(events);
        if answers.is_empty() { "nothing".to_owned() } else { answers.join(" ; ") }
    }

    fn see(&self, id: u128) -> String {
        let Some((hold, [debit, credit])) = self.ledger.hold(self.tenant, id) else {
            return "none".to_owned();
        };
        let state = if hold.of_payment {
            format!("payment {:?}", hold.payment_state())
        } else {
            format!("{:?}", hold.state())
        };
        assert!(self.ledger.account(self.tenant, debit).is_some());
        assert!(self.ledger.account(self.tenant, credit).is_some());
        let numbers = [
            ("amount", hold.amount_minor),
            ("captured", hold.captured_minor),
            ("released", hold.released_minor),
            ("refunded", hold.refunded_minor),
            ("remaining", hold.remaining_minor()),
            ("due", hold.due_at_ns.into()),
        ];
        format!("{state}{}", some(&numbers))
    }

    fn see_account(&self, id: u128) -> String {
        let account = self.ledger.account(self.tenant, id).expect("an account");
        let minor = account.net_minor.unsigned_abs();
        let numbers = [
            (if account.net_minor < 0 { "owes" } else { "has" }, minor),
            ("out", account.debits_pending_minor),
            ("in", account.credits_pending_minor),
            ("free", account.available_minor.unwrap_or(0)),
        ];
        match some(&numbers).trim_start() {
            "" => "none".to_owned(),
            numbers => numbers.to_owned(),
        }
    }

    fn execute(&mut self, batch: &TransferBatch) -> (BatchOutcome, Vec<Event>) {
        let needed = self.ledger.originals_needed(batch).into_iter();
        let originals = needed.map(|sequence| (sequence, self.at(sequence).clone())).collect();
        let past = Past { originals, ..Past::default() };
        let (ids, digest) = (self.ledger.counters().ids_used, self.ledger.digest());
        let mut events = Vec::new();
        let outcome = self.ledger.execute(batch, &past, self.now_ns, &mut events);
        let group = u32::from(outcome.group == Some(GroupOutcome::Posted));
        let used = u64::from(outcome.posted + outcome.refused + group);
        assert_eq!(self.ledger.counters().ids_used, ids + used, "ids used up by {batch:?}");
        assert_eq!(events.is_empty(), self.ledger.digest() == digest, "{batch:?}");
        assert!(self.ledger.is_conserved() && self.ledger.is_conserved_by_account());
        (outcome, events)
    }

    fn answer(&self, batch: &TransferBatch, outcome: &BatchOutcome, events: &[Event]) -> String {
        match (outcome.group, events.first().map(|event| &event.body)) {
            (Some(GroupOutcome::Known { same: true, .. }), _) => "known".to_owned(),
            (Some(GroupOutcome::Known { sequence, .. }), _) => {
                let first = self.group_at(sequence);
                let field = self.ledger.differing_group_field(first, &batch.transfers);
                format!("ID_REUSED {field}")
            }
            (Some(GroupOutcome::Refused), Some(Body::GroupRefused(group))) => {
                let answer = refused(&group.refusal);
                let (name, numbers) = answer.split_once(' ').unwrap_or((&answer, ""));
                match group.member {
                    0 => answer,
                    member => normal(&format!("{name} member={member} {numbers}")),
                }
            }
            (Some(_), _) => "posted".to_owned(),
            (None, _) => {
                let mut events = events.iter();
                let members = (0..).zip(&batch.transfers).map(|(index, transfer)| {
                    match outcome.known.iter().find(|known| known.index == index) {
                        Some(known) if known.same => "known".to_owned(),
                        Some(known) => {
                            let first = self.at(known.sequence);
                            let field = self.ledger.differing_field(first, transfer);
                            format!("ID_REUSED {field}")
                        }
                        None => decided(events.next().expect("an event a new member")),
                    }
                });
                members.collect::<Vec<_>>().join(" ; ")
            }
        }
    }

    fn at(&self, sequence: u64) -> &Event {
        &self.journal[index(sequence)]
    }

    /// A group as it stands in the journal: its members, or its refusal.
    fn group_at(&self, sequence: u64) -> &[Event] {
        let len = match &self.at(sequence).body {
            Body::GroupRefused(_) => 1,
            _ => usize::from(self.at(sequence).group().len),
        };
        &self.journal[index(sequence)..][..len]
    }

    /// What no refusal may change: accounts, assets, reversals, holds and payments.
    fn picture(&self) -> (Vec<AccountState>, Vec<Option<u64>>, Vec<Hold>) {
        let accounts = [0, 1].into_iter().flat_map(|tenant| {
            let (page, rest) = self.ledger.accounts_from(tenant, 0, usize::MAX, u32::MAX);
            assert_eq!(rest, None);
            page
        });
        let reversals = self.journal.iter().map(|event| self.ledger.reversed_by(event.sequence));
        let holds = self.placed.iter().filter_map(|(tenant, id)| self.ledger.hold(*tenant, *id));
        (accounts.collect(), reversals.collect(), holds.map(|(hold, _)| hold.clone()).collect())
    }

    /// Whatever has happened since: each id gives its first answer again, and replay the same state.
    pub fn finish(mut self, row: &str) {
        let digest = self.ledger.digest();
        self.now_ns = 1;
        for batch in std::mem::take(&mut self.sent) {
            let (outcome, events) = self.execute(&batch);
            let known = match outcome.group {
                Some(group) => matches!(group, GroupOutcome::Known { same: true, .. }),
                None => outcome.known.len() == batch.transfers.len(),
            };
            assert!(known && events.is_empty(), "{batch:?} again: {outcome:?} in: {row}");
        }
        let mut again = Ledger::new(8);
        for event in &self.journal {
            assert_eq!(again.replay(event), Ok(()), "{event:?} in: {row}");
        }
        assert_eq!(again.digest(), digest, "replay of: {row}");
    }
}

fn index(sequence: u64) -> usize {
    usize::try_from(sequence - 1).expect("a short history")
}

fn decided(event: &Event) -> String {
    match &event.body {
        Body::TransferPosted(posted) => {
            let requested = posted.extra.as_ref().and_then(|extra| extra.requested_minor);
            match requested {
                Some(requested) if requested > posted.amount_minor => {
                    format!("posted {}", posted.amount_minor)
                }
                _ => "posted".to_owned(),
            }
        }
        Body::Hold(hold) => {
            let all = hold.extra.as_ref().is_some_and(|extra| extra.requested_minor == Some(0));
            match (hold.released_minor, all) {
                (0, false) => "posted".to_owned(),
                (0, true) => format!("posted {}", hold.amount_minor),
                (rest, _) => format!("posted {} rest={rest}", hold.amount_minor),
            }
        }
        Body::TransferRefused(transfer) => refused(&transfer.refusal),
        other => panic!("not a transfer: {other:?}"),
    }
}

fn refused(refusal: &Refusal) -> String {
    let numbers = [
        ("account", refusal.account),
        ("asked", refusal.asked_minor),
        ("missing", refusal.missing_minor),
        ("would_pass", refusal.would_pass_minor),
    ];
    format!("{}{}", refusal.reason.name(), some(&numbers))
}

/// Those numbers that are not zero.
fn some(numbers: &[(&str, u128)]) -> String {
    let numbers = numbers.iter().filter(|(_, number)| *number != 0);
    numbers.fold(String::new(), |text, (name, number)| format!("{text} {name}={number}"))
}

fn fallen(event: &Event) -> String {
    let Body::Hold(hold) = &event.body else { panic!("not a hold: {event:?}") };
    assert!(event.timestamp_ns >= hold.due_at_ns, "fallen before it was due: {event:?}");
    let what = match (hold.step, hold.blocked_by) {
        (HoldStep::DueRelease, _) => "released",
        (HoldStep::DueCapture, None) => "captured",
        _ => panic!("not what falls due: {event:?}"),
    };
    let blocked_by = hold.blocked_by.map(|reason| format!(" {}", reason.name()));
    format!("{what} {} {}{}", hold.hold_id, hold.amount_minor, blocked_by.unwrap_or_default())
}

/// An answer with its numbers worked out and its words one space apart.
fn normal(answer: &str) -> String {
    let word = |word: &str| match word.split_once('=') {
        Some((name, number)) => format!("{name}={}", script::number(number)),
        None if word.starts_with("max") => script::number(word).to_string(),
        None => word.to_owned(),
    };
    answer.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}
