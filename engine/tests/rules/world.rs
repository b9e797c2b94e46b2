//! A small ledger that is spoken to in text, and looks after itself.
//!
//! | command | answers |
//! |---|---|
//! | `asset CODE SCALE` | `done`, `before`, REASON field |
//! | `open ID ASSET [FLOOR] [name=N] [meta=K:V]` | `done`, `before`, REASON field |
//! | `update ID [freeze=F] [close] [floor=FLOOR]` | `done`, `nothing`, REASON numbers |
//! | `pay …`, `undo …` (see [`script::transfer`]) | `posted`, `posted AMOUNT` (less than asked), `known`, REASON numbers, `ID_REUSED` field |
//! | `batch [asset=A] { … ; … }` | the same for each, separated by `;` |
//! | `group ID [asset=A] { … ; … }` | `posted`, `known`, REASON numbers, `ID_REUSED` field |
//! | `tenant N` | speaks for another tenant from now on |
//! | `clock NS` | sets the clock |
//!
//! `-> ANSWER` says what must come; without it, `done` or `posted` must. Of a refusal's numbers (`account=`, `asked=`,
//! `missing=`, `would_pass=`, and `member=` of a group) those that are zero are left out.

use florin_engine::{
    AccountChange, AccountState, AssetCode, BatchOutcome, Body, Event, GroupKey, GroupOutcome,
    Ledger, NewAccount, NewAsset, Opened, Originals, Refusal, Registered, Transfer, TransferBatch,
};

use crate::script;

pub struct World {
    ledger: Ledger,
    journal: Vec<Event>,
    tenant: u32,
    now_ns: u64,
    sent: Vec<TransferBatch>,
}

impl World {
    pub fn new() -> Self {
        let (ledger, journal, sent) = (Ledger::new(7), Vec::new(), Vec::new());
        Self { ledger, journal, tenant: 0, now_ns: 1_000, sent }
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
            ["clock", now_ns] => self.now_ns = now_ns.parse().expect("a time"),
            ["asset", code, scale] => {
                let scale = scale.parse().expect("a scale");
                return self.register(NewAsset { code: script::asset(code), scale });
            }
            ["open", id, asset, ref options @ ..] => return self.open(id, asset, options),
            ["update", id, ref options @ ..] => return self.update(id, options),
            ["pay" | "undo", ..] => {
                return self.transfer(None, None, vec![script::transfer(command)]);
            }
            ["batch" | "group", ..] => return self.batch(command),
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
        };
        for word in options {
            match (word.split_once('='), script::floor(word)) {
                (_, Some(floor)) => new.floor = floor,
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
        let mut change = AccountChange { tenant, id, freeze: None, close: false, floor: None };
        for word in options {
            match word.split_once('=') {
                Some(("freeze", sides)) => change.freeze = Some(script::freeze(sides)),
                Some(("floor", floor)) => change.floor = script::floor(floor),
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
        self.now_ns += 10;
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
        self.now_ns += 10;
        let before = self.picture();
        let (outcome, events) = self.execute(&batch);
        let answer = self.answer(&batch, &outcome, &events);
        if outcome.posted == 0 {
            assert_eq!(self.picture(), before, "a refusal has changed something: {batch:?}");
        }
        if answer != "known" && !answer.starts_with("ID_REUSED") {
            self.sent.push(batch);
        }
        self.journal.extend(events);
        answer
    }

    fn execute(&mut self, batch: &TransferBatch) -> (BatchOutcome, Vec<Event>) {
        let needed = self.ledger.originals_needed(batch).into_iter();
        let originals: Originals =
            needed.map(|sequence| (sequence, self.at(sequence).clone())).collect();
        let (ids, digest) = (self.ledger.ids_len(), self.ledger.digest());
        let mut events = Vec::new();
        let outcome = self.ledger.execute(batch, &originals, self.now_ns, &mut events);
        let group = u32::from(outcome.group == Some(GroupOutcome::Posted));
        let used = (outcome.posted + outcome.refused + group) as usize;
        assert_eq!(self.ledger.ids_len(), ids + used, "ids used up by {batch:?}");
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
            Body::TransferPosted(posted) => usize::from(posted.group.len),
            _ => 1,
        };
        &self.journal[index(sequence)..][..len]
    }

    /// What no refusal may change: accounts, assets, reversals.
    fn picture(&self) -> (Vec<AccountState>, Vec<Option<u64>>) {
        let accounts = [0, 1].into_iter().flat_map(|tenant| {
            let (page, rest) = self.ledger.accounts_from(tenant, 0, usize::MAX, u32::MAX);
            assert_eq!(rest, None);
            page
        });
        let reversals = self.journal.iter().map(|event| self.ledger.reversed_by(event.sequence));
        (accounts.collect(), reversals.collect())
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
    let numbers = numbers.iter().filter(|(_, number)| *number != 0);
    let numbers = numbers.map(|(name, number)| format!(" {name}={number}"));
    format!("{}{}", refusal.reason.name(), numbers.collect::<String>())
}

/// An answer with its numbers worked out and its words one space apart.
fn normal(answer: &str) -> String {
    let word = |word: &str| match word.split_once('=') {
        Some((name, number)) => format!("{name}={}", script::number(number)),
        None => word.to_owned(),
    };
    answer.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}
