//! Clients that pay in every way there is, and remember every word they are told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use florin_proto::v1::GetTransfersRequest;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::crash::answers::{Answer, Kept};
use crate::crash::calls::{Accounts, Call, Kind, draw_id};
use crate::crash::wire::{self, Client};
use crate::ledger::{self, describe};
use crate::names::wide;
use crate::rng::SplitMix64;

/// Ids that readers look at: sent a moment ago, perhaps not answered yet.
const RECENT_MAX: usize = 512;
/// How long clients may take to notice that the server is gone.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Unary,
    Batch,
    Group,
    Bulk,
    Reader,
}

/// How many clients of each kind.
const CREW: [(Role, usize); 5] =
    [(Role::Unary, 64), (Role::Batch, 6), (Role::Group, 8), (Role::Bulk, 3), (Role::Reader, 2)];

/// A call that was sent, and its answer if there was one.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The call.
    pub call: Call,
    /// What was said.
    pub answer: Option<Answer>,
}

/// What clients remember of a round.
#[derive(Debug, Default)]
pub struct Memory {
    /// Every call that was sent.
    pub sent: Vec<Sent>,
    /// Transfers that readers were shown, by id.
    pub seen: Vec<(u128, Kept)>,
    /// Calls that ended without an answer.
    pub cut_off: u64,
    /// Answers that contradict an earlier one, or each other.
    pub contradictions: u64,
    /// What went wrong before the server was killed.
    pub faults: Vec<String>,
}

/// What clients of a round share.
#[derive(Debug)]
pub struct Shared {
    /// The accounts.
    pub accounts: Arc<Accounts>,
    /// Set just before the server is killed: from then on calls may fail.
    pub killed: AtomicBool,
    /// Calls that were sent and not answered yet.
    pub in_flight: AtomicU64,
    recent: Mutex<VecDeque<u128>>,
}

impl Shared {
    /// For one round.
    pub fn new(accounts: Arc<Accounts>) -> Self {
        Self {
            accounts,
            killed: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            recent: Mutex::default(),
        }
    }

    fn is_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }

    fn remember(&self, id: u128) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(id);
    }

    fn recent_ids(&self) -> Vec<u128> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().copied().collect()
    }
}

/// Sets the whole crew to work on these connections.
pub fn start(shared: &Arc<Shared>, channels: &[Channel], rng: &mut SplitMix64) -> JoinSet<Memory> {
    let mut crew = JoinSet::new();
    let roles = CREW.into_iter().flat_map(|(role, count)| std::iter::repeat_n(role, count));
    for (role, channel) in roles.zip(channels.iter().cycle()) {
        let worker = Worker {
            role,
            client: ledger::client(channel.clone()),
            shared: Arc::clone(shared),
            rng: SplitMix64::new(rng.next_u64()),
            memory: Memory::default(),
        };
        crew.spawn(worker.work());
    }
    crew
}

/// Collects what the crew remembers, once the server is gone.
pub async fn gather(mut crew: JoinSet<Memory>) -> Result<Memory> {
    let mut all = Memory::default();
    let gathering = async {
        while let Some(memory) = crew.join_next().await {
            let memory = memory?;
            all.sent.extend(memory.sent);
            all.seen.extend(memory.seen);
            all.cut_off += memory.cut_off;
            all.contradictions += memory.contradictions;
            all.faults.extend(memory.faults);
        }
        anyhow::Ok(())
    };
    if tokio::time::timeout(NOTICED_WITHIN, gathering).await.is_err() {
        bail!("clients did not notice within 30 s that the server is gone");
    }
    Ok(all)
}

#[derive(Debug)]
struct Worker {
    role: Role,
    client: Client,
    shared: Arc<Shared>,
    rng: SplitMix64,
    memory: Memory,
}

impl Worker {
    async fn work(mut self) -> Memory {
        loop {
            self.pause().await;
            if self.shared.is_killed() {
                return self.memory;
            }
            let done = match self.role {
                Role::Reader => self.read().await,
                Role::Unary if self.rng.chance(5) => self.pay_twice_at_once().await,
                _ if self.rng.chance(5) => self.ask_again().await,
                _ => self.pay().await,
            };
            if let Err(error) = done {
                if self.shared.is_killed() {
                    self.memory.cut_off += 1;
                } else {
                    self.memory.faults.push(format!("{error:#}"));
                }
                return self.memory;
            }
        }
    }

    /// Keeps the mix mixed: without pauses, bulk would be all there is.
    async fn pause(&mut self) {
        let (low, high) = match self.role {
            Role::Unary => return,
            Role::Group => (1, 4),
            Role::Batch => (4, 16),
            Role::Bulk => (10, 40),
            Role::Reader => (1, 6),
        };
        tokio::time::sleep(Duration::from_millis(self.rng.between(low, high))).await;
    }

    fn draw(&mut self) -> Call {
        let (kind, low, high) = match self.role {
            Role::Unary | Role::Reader => (Kind::Unary, 1, 1),
            Role::Batch => (Kind::Batch, 2, 80),
            Role::Group => (Kind::Group(draw_id(&mut self.rng)), 2, 10),
            Role::Bulk => (Kind::Bulk, 100, 600),
        };
        Call::draw(kind, low, high, &mut self.rng)
    }

    async fn send(&self, call: &Call) -> Result<Answer> {
        let shared = &self.shared;
        shared.in_flight.fetch_add(1, Ordering::SeqCst);
        let answer = wire::send(&self.client, &shared.accounts, call, &shared.killed).await;
        shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        answer
    }

    /// Notes the call before it is sent: what was not noted could not be missed.
    fn note(&mut self, call: Call) -> usize {
        if let Some(first) = call.members.first() {
            self.shared.remember(first.id);
        }
        self.memory.sent.push(Sent { call, answer: None });
        self.memory.sent.len() - 1
    }

    async fn pay(&mut self) -> Result<()> {
        let call = self.draw();
        let place = self.note(call.clone());
        let answer = self.send(&call).await?;
        self.memory.contradictions += u64::from(answer.is_replay());
        self.memory.sent[place].answer = Some(answer);
        Ok(())
    }

    /// The same payment twice at the same time: one of the two is the first, the other its echo.
    async fn pay_twice_at_once(&mut self) -> Result<()> {
        let call = self.draw();
        let place = self.note(call.clone());
        let (one, other) = tokio::join!(self.send(&call), self.send(&call));
        let answered = one.as_ref().or(other.as_ref()).ok().cloned();
        self.memory.sent[place].answer = answered;
        let (one, other) = (one?, other?);
        let fits = one.agrees_with(&other) && one.is_replay() != other.is_replay();
        self.memory.contradictions += u64::from(!fits);
        Ok(())
    }

    /// A call that was answered before is answered the same.
    async fn ask_again(&mut self) -> Result<()> {
        let Ok(count) = u64::try_from(self.memory.sent.len()) else {
            return Ok(());
        };
        if count == 0 {
            return self.pay().await;
        }
        let place = usize::try_from(self.rng.below(count))?;
        let earlier = self.memory.sent[place].clone();
        let again = self.send(&earlier.call).await?;
        let fits =
            earlier.answer.is_some_and(|first| first.agrees_with(&again) && again.is_replay());
        self.memory.contradictions += u64::from(!fits);
        Ok(())
    }

    /// What a reader is shown rests on disk too, so it must still be there after the crash.
    async fn read(&mut self) -> Result<()> {
        let ids = self.shared.recent_ids();
        if ids.is_empty() {
            return Ok(());
        }
        let request = GetTransfersRequest { ids: ids.into_iter().map(Into::into).collect() };
        self.shared.in_flight.fetch_add(1, Ordering::SeqCst);
        let response = self.client.get_transfers(request).await;
        self.shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        let transfers = response.map_err(|status| describe(&status))?.into_inner().transfers;
        let shown = transfers.iter().map(|t| (wide(t.id), Kept::of(t)));
        self.memory.seen.extend(shown);
        Ok(())
    }
}
