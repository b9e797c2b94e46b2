//! Clients that pay in every way there is, and remember every word they are told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::crash::accounts::Accounts;
use crate::crash::answers::{Answer, Kept};
use crate::crash::calls::Call;
use crate::crash::pool::Pool;
use crate::crash::wire::Client;
use crate::crash::worker::{Role, Worker};
use crate::rng::SplitMix64;

/// Ids that readers look at: sent a moment ago, perhaps not answered yet.
const RECENT_MAX: usize = 512;
/// How long clients may take to notice that the server is gone.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// How many clients of each kind.
const CREW: [(Role, usize); 7] = [
    (Role::Unary, 64),
    (Role::Batch, 6),
    (Role::Group, 8),
    (Role::Bulk, 3),
    (Role::Stream, 2),
    (Role::Payment, 8),
    (Role::Reader, 2),
];

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
    /// What each client may go on with, by its number.
    pub pools: Pools,
}

/// Holds and payments by the number of their client: nobody else takes steps of them.
pub type Pools = BTreeMap<usize, Pool>;

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

    /// Whether the server is gone, or is about to be.
    pub fn is_killed(&self) -> bool {
        self.killed.load(Ordering::SeqCst)
    }

    /// Notes an id for the readers.
    pub fn remember(&self, id: u128) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(id);
    }

    /// What readers look at.
    pub fn recent_ids(&self) -> Vec<u128> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().copied().collect()
    }
}

/// Sets the whole crew to work on these connections. Each goes on with what it had in the life before.
pub fn start(
    shared: &Arc<Shared>,
    channels: &[Channel],
    mut pools: Pools,
    rng: &mut SplitMix64,
) -> JoinSet<Memory> {
    let mut crew = JoinSet::new();
    let roles = CREW.into_iter().flat_map(|(role, count)| std::iter::repeat_n(role, count));
    for (number, (role, channel)) in roles.zip(channels.iter().cycle()).enumerate() {
        let worker = Worker {
            number,
            role,
            client: Client::on(channel.clone()),
            shared: Arc::clone(shared),
            rng: SplitMix64::new(rng.next_u64()),
            pool: pools.remove(&number).unwrap_or_default(),
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
            all.pools.extend(memory.pools);
        }
        anyhow::Ok(())
    };
    if tokio::time::timeout(NOTICED_WITHIN, gathering).await.is_err() {
        bail!("clients did not notice within 30 s that the server is gone");
    }
    Ok(all)
}
