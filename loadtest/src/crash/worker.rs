//! One client: what it sends, and what it is told.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use florin_proto::v1::{CreateTransfersResponse, GetTransfersRequest};

use crate::crash::answers::{Answer, Kept};
use crate::crash::calls::{Call, Kind};
use crate::crash::clients::{Memory, Sent, Shared};
use crate::crash::member::draw_id;
use crate::crash::pool::Pool;
use crate::crash::wire::{self, Client};
use crate::ledger::describe;
use crate::names::wide;
use crate::rng::SplitMix64;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Single transfers.
    Unary,
    /// Some at once.
    Batch,
    /// Some at once, all or nothing.
    Group,
    /// Many, in columns.
    Bulk,
    /// Single transfers, on a stream.
    Stream,
    /// Payments.
    Payment,
    /// Looks at what the others have just sent.
    Reader,
}

/// A client at work.
#[derive(Debug)]
pub struct Worker {
    /// Its number.
    pub number: usize,
    /// What it does.
    pub role: Role,
    /// Its connection.
    pub client: Client,
    /// What it shares with the others.
    pub shared: Arc<Shared>,
    /// Its random numbers.
    pub rng: SplitMix64,
    /// What it may go on with.
    pub pool: Pool,
    /// What it remembers.
    pub memory: Memory,
}

impl Worker {
    /// Works until the server is gone.
    pub async fn work(mut self) -> Memory {
        self.work_on().await;
        self.memory.pools.insert(self.number, self.pool);
        self.memory
    }

    async fn work_on(&mut self) {
        loop {
            self.pause().await;
            if self.shared.is_killed() {
                return;
            }
            let done = match self.role {
                Role::Reader => self.read().await,
                Role::Unary | Role::Payment if self.rng.chance(5) => self.pay_twice_at_once().await,
                Role::Stream => self.stream().await,
                _ if self.rng.chance(5) => self.ask_again().await,
                _ => self.pay().await,
            };
            if let Err(error) = done {
                if self.shared.is_killed() {
                    self.memory.cut_off += 1;
                } else {
                    self.memory.faults.push(format!("{error:#}"));
                }
                return;
            }
        }
    }

    /// Keeps the mix mixed: without pauses, bulk would be all there is.
    async fn pause(&mut self) {
        let (low, high) = match self.role {
            Role::Unary => return,
            Role::Group | Role::Payment => (1, 4),
            Role::Batch | Role::Stream => (4, 16),
            Role::Bulk => (10, 40),
            Role::Reader => (1, 6),
        };
        tokio::time::sleep(Duration::from_millis(self.rng.between(low, high))).await;
    }

    fn draw(&mut self) -> Call {
        let (kind, low, high) = match self.role {
            Role::Unary | Role::Stream | Role::Reader => (Kind::Unary, 1, 1),
            Role::Payment => (Kind::Payment, 1, 1),
            Role::Batch => (Kind::Batch, 2, 80),
            Role::Group => (Kind::Group(draw_id(&mut self.rng)), 2, 10),
            Role::Bulk => (Kind::Bulk, 100, 600),
        };
        Call::draw(kind, low, high, &self.pool, &mut self.rng)
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
        self.learn(place, &call, answer);
        Ok(())
    }

    /// Notes the first answer to a call.
    fn learn(&mut self, place: usize, call: &Call, answer: Answer) {
        self.memory.contradictions += u64::from(answer.is_replay());
        self.pool.learn(call, &answer);
        self.memory.sent[place].answer = Some(answer);
    }

    /// Single transfers on a stream, all on their way before the first is answered.
    async fn stream(&mut self) -> Result<()> {
        let count = self.rng.between(1, 60);
        let calls: Vec<Call> = (0..count).map(|_| self.draw()).collect();
        let places: Vec<usize> = calls.iter().map(|call| self.note(call.clone())).collect();
        let shared = Arc::clone(&self.shared);
        shared.in_flight.fetch_add(count, Ordering::SeqCst);
        let answered = self.follow_stream(&calls, &places).await;
        shared.in_flight.fetch_sub(count, Ordering::SeqCst);
        answered
    }

    async fn follow_stream(&mut self, calls: &[Call], places: &[usize]) -> Result<()> {
        let accounts = &self.shared.accounts;
        let members = calls.iter().flat_map(|call| &call.members);
        let transfers: Vec<_> = members.map(|member| member.transfer(accounts)).collect();
        let answers = self.client.ledger.stream_transfers(tokio_stream::iter(transfers)).await;
        let mut answers = answers.map_err(|status| describe(&status))?.into_inner();
        for (call, place) in calls.iter().zip(places) {
            let result = answers.message().await.map_err(|status| describe(&status))?;
            let results = vec![result.context("a stream ended before all was answered")?];
            let answer = Answer::of(call, CreateTransfersResponse { results, group: None })?;
            self.learn(*place, call, answer);
        }
        let more = answers.message().await.map_err(|status| describe(&status))?;
        ensure!(more.is_none(), "a stream has more answers than transfers");
        Ok(())
    }

    /// The same payment twice at the same time: one of the two is the first, the other its echo.
    async fn pay_twice_at_once(&mut self) -> Result<()> {
        let call = self.draw();
        let place = self.note(call.clone());
        let (one, other) = tokio::join!(self.send(&call), self.send(&call));
        let answered = one.as_ref().or(other.as_ref()).ok().cloned();
        if let Some(answer) = &answered {
            self.pool.learn(&call, answer);
        }
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
        let response = self.client.ledger.get_transfers(request).await;
        self.shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        let transfers = response.map_err(|status| describe(&status))?.into_inner().transfers;
        let shown = transfers.iter().map(|t| (wide(t.id), Kept::of(t)));
        self.memory.seen.extend(shown);
        Ok(())
    }
}
