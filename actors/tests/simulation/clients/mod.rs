//! Several clients with small sets of accounts: they send, lose their answers when the node dies (and now and
//! then without), grow impatient, and try again under the same ids.

mod accounts;
mod steps;
mod transfers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use florin_actors::admit::weigh;
use florin_actors::command::Command;
use florin_engine::{AssetCode, GroupKey, NewAccount, Tenant, Transfer, TransferBatch};

use crate::book::{Heard, Moment};
use crate::history::Key;
use crate::rng::Rng;

/// Where an answer goes: a number for each attempt.
pub type Port = u64;

/// A client.
#[derive(Debug, Clone)]
struct Client {
    tenant: Tenant,
    accounts: Vec<NewAccount>,
    has_begun: bool,
}

/// What a client wants, over as many attempts as it takes.
#[derive(Debug, Clone)]
pub struct Op {
    pub client: usize,
    pub command: Command,
    /// Attempts that are under way.
    open_attempts: u32,
    /// An attempt ended without an answer: it may have happened.
    may_have_happened: bool,
    is_done: bool,
}

/// A group that was sent.
#[derive(Debug, Clone)]
pub struct SentGroup {
    pub tenant: Tenant,
    pub id: u128,
    /// Ids and content hashes.
    pub members: Vec<(u128, u64)>,
}

/// What a client sends now.
#[derive(Debug)]
pub struct Sending {
    pub port: Port,
    pub client: usize,
    pub how: &'static str,
    pub command: Command,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct Clients {
    rng: Rng,
    all: Vec<Client>,
    ops: Vec<Op>,
    /// What each attempt is about, and what was known when it was sent.
    in_flight: BTreeMap<Port, (usize, Moment)>,
    to_retry: VecDeque<usize>,
    /// Transfers that were sent, with whose they are.
    sent: Vec<(Tenant, Transfer)>,
    /// Holds and payments that were sent: whose, which, and whether it is a payment.
    placed: Vec<(Tenant, u128, bool)>,
    /// What the clients' clock says.
    now_ns: u64,
    /// How many different requests name a transfer id.
    uses: BTreeMap<Key, u32>,
    groups: Vec<SentGroup>,
    next_port: Port,
    next_id: u128,
    frame_bytes_max: u64,
}

impl Clients {
    pub fn new(mut rng: Rng, count: usize, frame_bytes_max: u64) -> Self {
        let all = (0..count).map(|number| Client::new(number, &mut rng)).collect();
        Self {
            rng,
            all,
            ops: Vec::new(),
            in_flight: BTreeMap::new(),
            to_retry: VecDeque::new(),
            sent: Vec::new(),
            placed: Vec::new(),
            now_ns: 0,
            uses: BTreeMap::new(),
            groups: Vec::new(),
            next_port: 1,
            next_id: 1,
            frame_bytes_max,
        }
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub fn groups(&self) -> &[SentGroup] {
        &self.groups
    }

    /// Whether no request but this group names the id.
    pub fn is_exclusive(&self, group: &SentGroup, id: u128) -> bool {
        self.uses.get(&(group.tenant, id)) == Some(&1)
    }

    /// What is sent next.
    pub fn send(&mut self, now: Moment, now_ns: u64) -> Sending {
        self.now_ns = now_ns;
        let again = match self.rng.below(100) {
            0..45 => self.to_retry.pop_front().map(|op| ("retries", op)),
            45..48 => self.impatient().map(|op| ("resends", op)),
            48..53 => self.repeated().map(|op| ("repeats", op)),
            _ => None,
        };
        let (how, op) = again.unwrap_or_else(|| ("sends", self.begin()));
        let port = self.next_port;
        self.next_port += 1;
        self.in_flight.insert(port, (op, now));
        let Op { client, command, open_attempts, .. } = &mut self.ops[op];
        *open_attempts += 1;
        Sending { port, client: *client, how, command: command.clone() }
    }

    /// A write that is under way and seems to take too long.
    fn impatient(&mut self) -> Option<usize> {
        let under_way: Vec<usize> = self.in_flight.values().map(|(op, _)| *op).collect();
        let op = *self.rng.pick_recent(&under_way)?;
        self.ops[op].command.writes().then_some(op)
    }

    /// A write that was answered, from a client that has forgotten.
    fn repeated(&mut self) -> Option<usize> {
        let op = self.rng.index(self.ops.len().max(1));
        let is_write = |op: &Op| op.is_done && op.command.writes();
        self.ops.get(op).is_some_and(is_write).then_some(op)
    }

    fn begin(&mut self) -> usize {
        let client = self.rng.index(self.all.len());
        let mut command = if self.all[client].has_begun {
            match self.rng.below(100) {
                0..72 => self.transfers(client),
                72..80 => self.accounts(client),
                _ => self.read(client),
            }
        } else {
            self.all[client].has_begun = true;
            Command::OpenAccounts(self.all[client].accounts.clone())
        };
        if !self.rng.percent(1) {
            shorten(&mut command, self.frame_bytes_max);
        }
        if let Command::Transfers(batch) = &command {
            self.note(batch);
        }
        self.ops.push(Op {
            client,
            command,
            open_attempts: 0,
            may_have_happened: false,
            is_done: false,
        });
        self.ops.len() - 1
    }

    fn note(&mut self, batch: &TransferBatch) {
        for transfer in &batch.transfers {
            *self.uses.entry((batch.tenant, transfer.id)).or_default() += 1;
            self.sent.push((batch.tenant, transfer.clone()));
            let action = transfer.action();
            if action.places() {
                self.placed.push((batch.tenant, transfer.id, action.is_of_payment()));
            }
        }
        if let Some(key) = batch.group {
            self.groups.push(SentGroup {
                tenant: batch.tenant,
                id: key.id,
                members: batch.transfers.iter().map(|t| (t.id, t.content_hash)).collect(),
            });
        }
    }

    /// What an answer is about, and when it was sent; `None` if nobody waits for it.
    pub fn asked(&self, port: Port) -> Option<(&Command, Moment)> {
        let (op, sent) = self.in_flight.get(&port)?;
        Some((&self.ops[*op].command, *sent))
    }

    /// The answer has come. Gives the ids of transfers that must be unknown then: it was told that nothing
    /// has happened.
    pub fn answered(&mut self, port: Port, heard: Heard) -> Vec<Key> {
        let Some((number, _)) = self.in_flight.remove(&port) else { return Vec::new() };
        let is_sent_again = heard == Heard::Unknown || self.rng.percent(30);
        let op = &mut self.ops[number];
        op.open_attempts -= 1;
        if heard == Heard::Done {
            op.is_done = true;
            return Vec::new();
        }
        op.may_have_happened |= heard == Heard::Unknown;
        if is_sent_again && op.command.writes() {
            self.to_retry.push_back(number);
        }
        match &op.command {
            Command::Transfers(batch)
                if !op.is_done && !op.may_have_happened && op.open_attempts == 0 =>
            {
                let keys = batch.transfers.iter().map(|transfer| (batch.tenant, transfer.id));
                keys.filter(|key| self.uses.get(key) == Some(&1)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The answer is lost on its way.
    pub fn lose(&mut self, port: Port) {
        if let Some((op, _)) = self.in_flight.remove(&port) {
            self.lost(op);
        }
    }

    /// All connections break.
    pub fn lose_all(&mut self) {
        for (op, _) in std::mem::take(&mut self.in_flight).into_values() {
            self.lost(op);
        }
    }

    /// All connections break, and whatever was done may be undone: everybody begins by opening their accounts.
    pub fn begin_again(&mut self) {
        self.lose_all();
        self.all.iter_mut().for_each(|client| client.has_begun = false);
    }

    fn lost(&mut self, number: usize) {
        let is_given_up = self.rng.percent(15);
        let op = &mut self.ops[number];
        op.open_attempts -= 1;
        op.may_have_happened = true;
        if !is_given_up && op.command.writes() {
            self.to_retry.push_back(number);
        }
    }

    /// A fresh id: of random ones and of ones in order of time, half each.
    fn new_id(&mut self) -> u128 {
        self.next_id += 1;
        if self.rng.percent(50) {
            self.next_id << 64 | u128::from(self.rng.next_u64())
        } else {
            u128::from(self.rng.next_u64()) << 64 | self.next_id
        }
    }
}

impl Client {
    fn new(number: usize, rng: &mut Rng) -> Self {
        // The third has a ledger of its own, with the same account ids as the first.
        let tenant = if number == 2 { 7 } else { 0 };
        let base = if number == 2 { 0 } else { number as u128 };
        let count = rng.between(3, 6);
        let accounts = (0..=count).map(|n| accounts::of_client(tenant, base, n, rng)).collect();
        Self { tenant, accounts, has_begun: false }
    }
}

/// Takes members off until the command fits one frame.
fn shorten(command: &mut Command, frame_bytes_max: u64) {
    while weigh(command) > frame_bytes_max {
        match command {
            Command::Transfers(batch) if batch.transfers.len() > 1 => {
                batch.transfers.truncate(batch.transfers.len() * 9 / 10);
                batch.group = batch.group.map(|key| GroupKey::of(key.id, &batch.transfers));
            }
            _ => break,
        }
    }
}

/// The code of an asset that is well formed.
fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("well formed")
}

/// A short name for the trace.
pub fn describe(command: &Command) -> String {
    match command {
        Command::Transfers(TransferBatch { group: Some(key), transfers, .. }) => {
            format!("group {:x} of {}", key.id, transfers.len())
        }
        Command::Transfers(batch) => match batch.transfers.as_slice() {
            [one] => format!("transfer {:x}", one.id),
            many => format!("{} transfers", many.len()),
        },
        Command::OpenAccounts(accounts) => format!("{} accounts to open", accounts.len()),
        Command::RegisterAssets(assets) => format!("{} assets", assets.len()),
        Command::UpdateAccount(change) => format!("update of account {:x}", change.id),
        Command::GetAccounts { ids, .. } => format!("read of {} accounts", ids.len()),
        Command::ListAccounts { .. } => "list of accounts".to_owned(),
        Command::ListAssets => "list of assets".to_owned(),
        Command::GetTransfers { ids, .. } => format!("read of {} transfers", ids.len()),
        Command::GetHolds { ids, .. } => format!("read of {} holds", ids.len()),
        Command::GetPayments { ids, .. } => format!("read of {} payments", ids.len()),
        Command::AcceptClock => "the clock is right".to_owned(),
        Command::GetFigures => "figures".to_owned(),
        Command::TakeDigest => "digest".to_owned(),
    }
}

/// Leaves each id once, the first time.
fn without_repetition(transfers: Vec<Transfer>) -> Vec<Transfer> {
    let mut seen = BTreeSet::new();
    transfers.into_iter().filter(|transfer| seen.insert(transfer.id)).collect()
}
