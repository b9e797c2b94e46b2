//! The life of one batch: sent until answered, each member within its own deadline.

use std::sync::atomic::Ordering;

use florin_proto::v1;
use tokio::time::{Instant, sleep_until};

use super::{Door, Pending};
use crate::error::Error;
use crate::id::TransferId;
use crate::options::Retry;
use crate::outcome;
use crate::retry::{Attempts, Effect, Failure, attempt_time};
use crate::wire::minor;

/// Sends a batch, again and again under the same ids while that may help, and answers its members.
///
/// `attempts` are those that it has made before.
pub(super) async fn run<D: Door>(
    door: &D,
    mut members: Vec<Pending>,
    mut attempts: Attempts,
    retry: &Retry,
) {
    loop {
        members.retain(|member| !member.reply.is_closed());
        let Some(deadline) = members.iter().map(|member| member.deadline).max() else {
            return;
        };
        let failure = match attempt(door, &members, retry, deadline).await {
            Ok(results) => return answer(members, results),
            Err(failure) => failure,
        };
        let Some(wait) = attempts.after(&failure, retry) else {
            return fail(members, &attempts.verdict(failure.error));
        };
        let resume_at = Instant::now() + wait;
        let (in_time, late) = members.into_iter().partition(|member| member.deadline > resume_at);
        fail(late, &attempts.verdict(failure.error));
        members = in_time;
        if !members.is_empty() {
            sleep_until(resume_at).await;
        }
    }
}

async fn attempt<D: Door>(
    door: &D,
    members: &[Pending],
    retry: &Retry,
    deadline: Instant,
) -> Result<Vec<v1::TransferResult>, Failure> {
    for member in members {
        member.sent.store(true, Ordering::Relaxed);
    }
    let transfers = members.iter().map(|member| member.transfer.clone()).collect();
    let results = door.send(transfers, attempt_time(retry, deadline)).await?;
    let ids = members.iter().map(|member| TransferId(minor(member.transfer.id)));
    match outcome::check_belongs(ids, &results) {
        Ok(()) => Ok(results),
        Err(error) => Err(Failure { error, effect: Effect::Final }),
    }
}

fn answer(members: Vec<Pending>, results: Vec<v1::TransferResult>) {
    for (member, result) in members.into_iter().zip(results) {
        // A caller that has gone meanwhile will ask again with the same id.
        let _ = member.reply.send(outcome::from_wire(result));
    }
}

fn fail(members: Vec<Pending>, error: &Error) {
    for member in members {
        let _ = member.reply.send(Err(error.clone()));
    }
}
