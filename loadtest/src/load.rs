//! Load: callers that call again as soon as they are answered (closed loop), or calls that are sent
//! on schedule whatever happens (open loop).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::latency::Latencies;
use crate::pacer::{Pacer, Schedule};

/// A run that is not over this long after its time is given up: some call hangs.
pub const OVERTIME: Duration = Duration::from_secs(30);
/// Most calls in flight in an open loop. Beyond, sending waits; latency still counts from the plan.
const OPEN_IN_FLIGHT_MAX: usize = 10_000;

/// Makes one kind of call, over and over.
pub trait Caller: Send + Sized + 'static {
    /// Another caller of the same kind, with random numbers of its own.
    fn fork(&mut self) -> Self;

    /// Makes one call, checks its answer, and returns how many transfers were posted.
    fn call(&mut self) -> impl Future<Output = Result<u64>> + Send;
}

/// What a run came to.
#[derive(Debug)]
pub struct Load {
    /// Calls answered.
    pub calls: u64,
    /// Transfers posted by them.
    pub transfers: u64,
    /// From the first call to the last answer.
    pub elapsed: Duration,
    /// Of all calls.
    pub latencies: Latencies,
}

#[derive(Debug)]
struct Tally {
    calls: u64,
    transfers: u64,
    latencies: Latencies,
}

/// Shared by the tasks of a run. They run on one thread, so that the lock is always free.
type SharedTally = Arc<Mutex<Tally>>;

fn new_tally() -> Result<SharedTally> {
    Ok(Arc::new(Mutex::new(Tally { calls: 0, transfers: 0, latencies: Latencies::new()? })))
}

fn count(tally: &SharedTally, transfers: u64, latency: Duration) {
    let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    tally.calls += 1;
    tally.transfers += transfers;
    tally.latencies.record(latency);
}

fn close(tally: &SharedTally, elapsed: Duration) -> Load {
    let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
    Load {
        calls: tally.calls,
        transfers: tally.transfers,
        elapsed,
        latencies: tally.latencies.clone(),
    }
}

/// Runs the callers side by side for a while. The calls under way at the end are answered and counted.
pub async fn closed_loop<C: Caller>(callers: &mut Vec<C>, lasting: Duration) -> Result<Load> {
    let tally = new_tally()?;
    let start = Instant::now();
    let end = start + lasting;
    let mut tasks = JoinSet::new();
    for mut caller in callers.drain(..) {
        let tally = Arc::clone(&tally);
        tasks.spawn(async move {
            let mut sent = Instant::now();
            while sent < end {
                let transfers = caller.call().await?;
                let answered = Instant::now();
                count(&tally, transfers, answered - sent);
                sent = answered;
            }
            anyhow::Ok(caller)
        });
    }
    let finish = async {
        while let Some(caller) = tasks.join_next().await {
            callers.push(caller??);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(lasting + OVERTIME, finish)
        .await
        .context("a call was not answered within 30 s")??;
    Ok(close(&tally, start.elapsed()))
}

/// Sends calls at a rate for a while, by as many forks of `origin` as are in flight at once.
///
/// Latency runs from the planned send time to the answer, so that a stall counts for every call that
/// should have been sent during it.
pub async fn open_loop<C: Caller>(
    origin: &mut C,
    rate_per_s: u64,
    lasting: Duration,
) -> Result<Load> {
    let tally = new_tally()?;
    let idle = Arc::new(Mutex::new(Vec::<C>::new()));
    let permits = Arc::new(Semaphore::new(OPEN_IN_FLIGHT_MAX));
    let pacer = Pacer::new()?;
    let schedule = Schedule::new(Instant::now(), rate_per_s);
    let start = schedule.planned(0);
    let mut tasks = JoinSet::new();
    let mut sent = 0;
    loop {
        let now = Instant::now();
        if now >= start + lasting {
            break;
        }
        while sent < schedule.due(now) {
            let permit = Arc::clone(&permits).acquire_owned();
            let permit = tokio::time::timeout(OVERTIME, permit).await;
            let permit = permit.context("no call was answered within 30 s")??;
            let planned = schedule.planned(sent);
            let free = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut caller = free.unwrap_or_else(|| origin.fork());
            let (tally, idle) = (Arc::clone(&tally), Arc::clone(&idle));
            tasks.spawn(async move {
                let transfers = caller.call().await?;
                count(&tally, transfers, planned.elapsed());
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(caller);
                drop(permit);
                anyhow::Ok(())
            });
            sent += 1;
        }
        while let Some(done) = tasks.try_join_next() {
            done??;
        }
        pacer.sleep_until(schedule.planned(sent)).await?;
    }
    let drain = async {
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        anyhow::Ok(())
    };
    if tokio::time::timeout(OVERTIME, drain).await.is_err() {
        bail!("a call was not answered within 30 s");
    }
    Ok(close(&tally, start.elapsed()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone)]
    struct Sleeper {
        pause: Duration,
        fails: bool,
    }

    impl Caller for Sleeper {
        fn fork(&mut self) -> Self {
            self.clone()
        }

        async fn call(&mut self) -> Result<u64> {
            tokio::time::sleep(self.pause).await;
            anyhow::ensure!(!self.fails, "told to fail");
            Ok(3)
        }
    }

    fn sleeper(pause_ms: u64) -> Sleeper {
        Sleeper { pause: Duration::from_millis(pause_ms), fails: false }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work)
    }

    #[test]
    fn a_closed_loop_counts_every_call_and_gives_the_callers_back() {
        block_on(async {
            let mut callers = vec![sleeper(2), sleeper(2)];
            let load = closed_loop(&mut callers, Duration::from_millis(60)).await;
            let load = load.expect("it runs");
            assert_eq!(callers.len(), 2);
            assert!((4..=80).contains(&load.calls), "{}", load.calls);
            assert_eq!(load.transfers, 3 * load.calls);
            assert!(load.elapsed >= Duration::from_millis(60));
        });
    }

    #[test]
    fn a_failed_call_fails_the_run() {
        block_on(async {
            let mut failing = Sleeper { fails: true, ..sleeper(1) };
            let closed = closed_loop(&mut vec![failing.clone()], Duration::from_millis(20)).await;
            assert!(closed.is_err());
            let open = open_loop(&mut failing, 1_000, Duration::from_millis(20)).await;
            assert!(open.is_err());
        });
    }

    #[test]
    fn an_open_loop_sends_as_planned_however_slow_the_answers_are() {
        block_on(async {
            let lasting = Duration::from_millis(100);
            let load = open_loop(&mut sleeper(50), 200, lasting).await;
            let load = load.expect("it runs");
            assert!((18..=20).contains(&load.calls), "{}", load.calls);
            assert!(load.latencies.percentiles().p50_us >= 49_000.0);
        });
    }
}
