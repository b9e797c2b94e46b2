//! Walks from nothing to every state that a small hold or payment can reach, by every action, and holds the ledger
//! against the table at each of them.

use std::collections::{BTreeSet, VecDeque};

use florin_engine::{
    AccountChange, Action, AssetCode, AtDue, Body, Event, Floor, Freeze, HoldTerms, Ledger,
    NewAccount, Past, Transfer, TransferBatch, TransferOptions,
};

use crate::table::{Case, Cell, Table};

/// The hold or payment.
const ID: u128 = 1;
const PAYER: u128 = 100;
const PAYEE: u128 = 101;
/// Enough for every state, each with a part left: a payment needs one more than a hold.
const HOLD: u128 = 3;
const PAYMENT: u128 = 4;
/// Increases end here.
const MOST: u128 = 5;
const DUE_AT_NS: u64 = 1_000_000;

/// What the walk believes there is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Numbers {
    state: String,
    amount: u128,
    captured: u128,
    released: u128,
    refunded: u128,
    /// If it falls due at all.
    at_due: Option<AtDueKey>,
    is_due: bool,
    frozen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AtDueKey {
    Release,
    Capture,
}

impl Numbers {
    const fn remaining(&self) -> u128 {
        self.amount - self.captured - self.released
    }

    const fn refundable(&self) -> u128 {
        self.captured - self.refunded
    }

    /// The column of the table.
    const fn situation(&self) -> usize {
        let due = match (self.is_due, self.at_due) {
            (true, Some(AtDueKey::Release)) => 1,
            (true, Some(AtDueKey::Capture)) => 2,
            _ => 0,
        };
        if self.frozen { due + 3 } else { due }
    }
}

/// A place on the walk: a ledger, how it came about, and what is believed of it.
#[derive(Debug, Clone)]
struct Node {
    ledger: Ledger,
    journal: Vec<Event>,
    now_ns: u64,
    steps: u128,
    numbers: Numbers,
}

/// An edge: an action of the table, or what happens around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    Place(Option<AtDueKey>),
    Pay,
    Capture { amount: u128, rest: bool },
    Release(u128),
    Increase,
    Extend,
    Cancel,
    Refund(u128),
    FallDue,
    TimePasses,
    Freeze(bool),
}

/// How far the walk went.
#[derive(Debug, Default)]
pub struct Walked {
    pub nodes: usize,
    pub edges: usize,
    pub cases: BTreeSet<Case>,
}

const fn size(is_payment: bool) -> u128 {
    if is_payment { PAYMENT } else { HOLD }
}

/// Walks everywhere, or to the first edge at which ledger and table disagree.
pub fn walk(table: &Table, is_payment: bool) -> Result<Walked, String> {
    let first = Node::first();
    let mut walked = Walked::default();
    let mut seen = BTreeSet::from([first.numbers.clone()]);
    let mut ahead = VecDeque::from([first]);
    while let Some(node) = ahead.pop_front() {
        walked.nodes += 1;
        for edge in node.edges(is_payment) {
            walked.edges += 1;
            let next = node
                .follow(edge, table, is_payment, &mut walked.cases)
                .map_err(|why| format!("{edge:?} from {:?}: {why}", node.numbers))?;
            if seen.insert(next.numbers.clone()) {
                ahead.push_back(next);
            }
        }
    }
    Ok(walked)
}

impl Node {
    fn first() -> Self {
        let (mut ledger, mut journal) = (Ledger::new(1), Vec::new());
        let asset = AssetCode::new("EUR").expect("a code");
        for (id, floor) in [(PAYER, Floor::None), (PAYEE, Floor::Zero)] {
            let (name, metadata, ceiling) = (None, Box::default(), None);
            let account = NewAccount { tenant: 0, id, asset, floor, name, metadata, ceiling };
            ledger.open_account(&account, 1, &mut journal);
        }
        let numbers = Numbers {
            state: "none".to_owned(),
            amount: 0,
            captured: 0,
            released: 0,
            refunded: 0,
            at_due: None,
            is_due: false,
            frozen: false,
        };
        Self { ledger, journal, now_ns: 10, steps: 0, numbers }
    }

    /// Everything that can be tried here.
    fn edges(&self, is_payment: bool) -> Vec<Edge> {
        let numbers = &self.numbers;
        let mut edges = vec![Edge::FallDue, Edge::Freeze(!numbers.frozen)];
        let exists = numbers.state != "none";
        if !exists {
            for at_due in [None, Some(AtDueKey::Release), Some(AtDueKey::Capture)] {
                edges.push(Edge::Place(at_due));
            }
            edges.extend(is_payment.then_some(Edge::Pay));
        }
        if exists && numbers.at_due.is_some() && !numbers.is_due {
            edges.push(Edge::TimePasses);
        }
        for amount in 0..=numbers.remaining() + 1 {
            edges.push(Edge::Capture { amount, rest: false });
            edges.push(Edge::Capture { amount, rest: true });
            edges.extend((!is_payment).then_some(Edge::Release(amount)));
        }
        if is_payment {
            edges.push(Edge::Cancel);
            edges.extend((0..=numbers.refundable() + 1).map(Edge::Refund));
        } else {
            edges.push(Edge::Extend);
            edges.extend((numbers.amount < MOST).then_some(Edge::Increase));
        }
        edges
    }

    /// Takes the edge in the ledger, and compares.
    fn follow(
        &self,
        edge: Edge,
        table: &Table,
        is_payment: bool,
        cases: &mut BTreeSet<Case>,
    ) -> Result<Self, String> {
        let mut next = self.clone();
        let happened = next.act(edge, is_payment);
        match edge {
            Edge::TimePasses => next.numbers.is_due = true,
            Edge::Freeze(frozen) => next.numbers.frozen = frozen,
            _ => {
                let case = self.case(edge);
                let expected = table.at(&case).ok_or_else(|| format!("{case:?} has no cell"))?;
                if happened != *expected && !matches(&happened, expected) {
                    return Err(format!(
                        "{case:?}\n  ledger: {happened:?}\n  table:  {expected:?}"
                    ));
                }
                if let Cell::State(state) = expected {
                    next.numbers.take(edge, size(is_payment));
                    next.numbers.state.clone_from(state);
                }
                cases.insert(case);
            }
        }
        next.check()?;
        Ok(next)
    }

    fn case(&self, edge: Edge) -> Case {
        let left = match edge {
            Edge::Refund(_) => self.numbers.refundable(),
            _ => self.numbers.remaining(),
        };
        let class = |amount: u128| match amount {
            0 => "all",
            _ if amount > left => "too-much",
            _ if amount == left => "exact",
            _ => "part",
        };
        let (action, amount) = match edge {
            Edge::Place(_) => ("place", "any"),
            Edge::Pay => ("pay", "any"),
            Edge::Capture { amount, rest: false } => ("capture", class(amount)),
            Edge::Capture { amount, rest: true } => ("capture+rest", class(amount)),
            Edge::Release(amount) => ("release", class(amount)),
            Edge::Increase => ("increase", "any"),
            Edge::Extend => ("extend", "any"),
            Edge::Cancel => ("cancel", "any"),
            Edge::Refund(amount) => ("refund", class(amount)),
            Edge::FallDue => ("fall-due", "any"),
            Edge::TimePasses | Edge::Freeze(_) => panic!("no action: {edge:?}"),
        };
        let (state, situation) = (self.numbers.state.clone(), self.numbers.situation());
        Case { state, action: action.to_owned(), amount: amount.to_owned(), situation }
    }

    /// Does it, and says what the ledger made of it.
    fn act(&mut self, edge: Edge, is_payment: bool) -> Cell {
        self.now_ns += 1;
        let due_at_ns = self.ledger.hold(0, ID).map_or(0, |(hold, _)| hold.due_at_ns);
        let place = if is_payment { Action::Authorize } else { Action::Hold };
        let capture = if is_payment { Action::CapturePayment } else { Action::Capture };
        let size = size(is_payment);
        let terms = HoldTerms::default();
        let refers = |action| HoldTerms { action, hold: ID, ..terms };
        let (terms, amount) = match edge {
            Edge::TimePasses => {
                // What comes next comes at this very nanosecond.
                self.now_ns = due_at_ns - 1;
                return Cell::Nothing;
            }
            Edge::Freeze(frozen) => return self.freeze(frozen),
            Edge::FallDue => {
                let before = self.journal.len();
                self.ledger.fall_due(9, self.now_ns, &mut self.journal);
                return if self.journal.len() == before { Cell::Nothing } else { self.state() };
            }
            Edge::Place(None) => (HoldTerms { action: place, ..terms }, size),
            Edge::Place(Some(at_due)) => {
                let at_due = match at_due {
                    AtDueKey::Release => AtDue::Release,
                    AtDueKey::Capture => AtDue::Capture,
                };
                (HoldTerms { action: place, due_at_ns: DUE_AT_NS, at_due, ..terms }, size)
            }
            Edge::Pay => (HoldTerms { action: Action::Pay, ..terms }, size),
            Edge::Capture { amount, rest } => {
                (HoldTerms { release_rest: rest, ..refers(capture) }, amount)
            }
            Edge::Release(amount) => (refers(Action::Release), amount),
            Edge::Increase => (refers(Action::Change), 1),
            Edge::Extend => {
                // There and back: both ways are allowed, as long as it lies ahead.
                let due_at_ns = if due_at_ns == DUE_AT_NS { DUE_AT_NS + 99 } else { DUE_AT_NS };
                let due_at_ns = due_at_ns.max(self.now_ns + 99);
                (HoldTerms { due_at_ns, ..refers(Action::Change) }, 0)
            }
            Edge::Cancel => (refers(Action::CancelPayment), 0),
            Edge::Refund(amount) => (refers(Action::Refund), amount),
        };
        self.execute(terms, amount)
    }

    fn freeze(&mut self, frozen: bool) -> Cell {
        for id in [PAYER, PAYEE] {
            let freeze = Some(if frozen { Freeze::Both } else { Freeze::None });
            let (close, floor, ceiling) = (false, None, None);
            let change = AccountChange { tenant: 0, id, freeze, close, floor, ceiling };
            let updated = self.ledger.update_account(&change, self.now_ns, &mut self.journal);
            updated.expect("nothing against it");
        }
        Cell::Nothing
    }

    fn execute(&mut self, terms: HoldTerms, amount_minor: u128) -> Cell {
        self.steps += 1;
        let id = if terms.action.places() { ID } else { 1_000 + self.steps };
        let [debit_account, credit_account] =
            if terms.action.places() { [PAYER, PAYEE] } else { [0, 0] };
        let transfer = Transfer {
            id,
            debit_account,
            credit_account,
            amount_minor,
            content_hash: 0,
            code: 0,
            value_date: 0,
            up_to_available: false,
            extra: Some(Box::new(TransferOptions { terms, ..TransferOptions::default() })),
        };
        assert_eq!(florin_engine::check_transfer(&transfer), Ok(()), "{transfer:?}");
        let transfers = vec![transfer.seal()];
        let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers };
        let mut events = Vec::new();
        self.ledger.execute(&batch, &Past::new(), self.now_ns, &mut events);
        let answer = match &events[..] {
            [Event { body: Body::TransferRefused(refused), .. }] => {
                Cell::Reason(refused.refusal.reason.name().to_owned())
            }
            [_] => self.state(),
            _ => panic!("one event a new transfer: {events:?}"),
        };
        self.journal.append(&mut events);
        // A refused placing has used up the id: whoever goes on from here does so without it.
        answer
    }

    fn state(&self) -> Cell {
        let (hold, _) = self.ledger.hold(0, ID).expect("it was placed");
        let state = if hold.of_payment {
            format!("{:?}", hold.payment_state())
        } else {
            format!("{:?}", hold.state())
        };
        Cell::State(state)
    }

    /// What must hold everywhere.
    fn check(&self) -> Result<(), String> {
        let numbers = &self.numbers;
        let hold = self.ledger.hold(0, ID);
        let of_ledger = hold.map_or([0; 4], |(hold, _)| {
            [hold.amount_minor, hold.captured_minor, hold.released_minor, hold.refunded_minor]
        });
        let believed = [numbers.amount, numbers.captured, numbers.released, numbers.refunded];
        same("amount, captured, released, refunded", &of_ledger, &believed)?;
        let [amount, captured, released, refunded] = of_ledger;
        let remaining = hold.map_or(0, |(hold, _)| hold.remaining_minor());
        same("the sum of its parts", &(captured + released + remaining), &amount)?;
        same("refunded beyond what was captured", &(refunded > captured), &false)?;
        let account = |id| self.ledger.account(0, id).expect("an account");
        let (paying, receiving) = (account(PAYER), account(PAYEE));
        let moved = i128::try_from(captured - refunded).expect("small");
        same("balances", &(paying.net_minor, receiving.net_minor), &(-moved, moved))?;
        let pending = (paying.debits_pending_minor, receiving.credits_pending_minor);
        same("pending", &pending, &(remaining, remaining))?;
        let others = (paying.credits_pending_minor, receiving.debits_pending_minor);
        same("pending the other way", &others, &(0, 0))?;
        let open = usize::from(remaining > 0);
        let timers = usize::from(remaining > 0 && numbers.at_due.is_some());
        let counted = (self.ledger.open_holds_len(), self.ledger.timers_len());
        same("open, timers", &counted, &(open, timers))?;
        let conserved = self.ledger.is_conserved() && self.ledger.is_conserved_by_account();
        same("conserved", &conserved, &true)?;
        let mut again = Ledger::new(2);
        for event in &self.journal {
            again.replay(event).map_err(|why| format!("replay of {event:?}: {why}"))?;
        }
        same("digest after replay", &again.digest(), &self.ledger.digest())
    }
}

/// The ledger knows the state without our marks behind it.
fn matches(happened: &Cell, expected: &Cell) -> bool {
    let plain = |state: &str| state.trim_end_matches(['+', '*']).to_owned();
    matches!((happened, expected), (Cell::State(a), Cell::State(b)) if *a == plain(b))
}

impl Numbers {
    /// What an edge that was taken does, in the smallest arithmetic there is.
    fn take(&mut self, edge: Edge, size: u128) {
        let remaining = self.remaining();
        let or_all = |amount, all| if amount == 0 { all } else { amount };
        match edge {
            Edge::Place(at_due) => (self.amount, self.at_due) = (size, at_due),
            Edge::Pay => (self.amount, self.captured) = (size, size),
            Edge::Capture { amount, rest } => {
                self.captured += or_all(amount, remaining);
                self.released += if rest { self.remaining() } else { 0 };
            }
            Edge::Release(amount) => self.released += or_all(amount, remaining),
            Edge::Increase => self.amount += 1,
            Edge::Extend => self.at_due = self.at_due.or(Some(AtDueKey::Release)),
            Edge::Refund(amount) => self.refunded += or_all(amount, self.refundable()),
            Edge::FallDue if self.at_due == Some(AtDueKey::Capture) && !self.frozen => {
                self.captured += remaining;
            }
            Edge::Cancel | Edge::FallDue => self.released += remaining,
            Edge::TimePasses | Edge::Freeze(_) => {}
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ledger: &T, walk: &T) -> Result<(), String> {
    if ledger == walk {
        return Ok(());
    }
    Err(format!("{what}\n  ledger: {ledger:?}\n  walk:   {walk:?}"))
}
