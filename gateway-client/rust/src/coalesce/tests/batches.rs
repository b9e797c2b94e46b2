//! Transfers in batches, as a server without streams gets them.

use std::collections::HashSet;

use super::streams::FakeStreams;
use super::*;

fn batches_only(door: FakeDoor, batching: Batching, retry: Retry) -> Coalescer {
    Coalescer::start(FakeStreams::default(), door, batching, retry)
}

#[test]
fn who_travels_with_whom() {
    let small = waiting_bytes(&[1]);
    for (name, limits, ids, batches) in [
        ("all together", limits(8, 4_096), vec![1, 2, 3], vec![vec![1, 2, 3]]),
        ("members", limits(2, 4_096), vec![1, 2, 3], vec![vec![1, 2], vec![3]]),
        ("an id twice", limits(8, 4_096), vec![1, 1, 2], vec![vec![1, 2], vec![1]]),
        (
            "ids again and again",
            limits(8, 4_096),
            vec![1, 2, 1, 2, 2],
            vec![vec![1, 2], vec![1, 2], vec![2]],
        ),
        ("held back goes first", limits(2, 4_096), vec![1, 1, 2, 3], vec![vec![1, 2], vec![1, 3]]),
        ("bytes", limits(8, 2 * small + 2), vec![1, 2, 3], vec![vec![1, 2], vec![3]]),
        ("one byte short", limits(8, 2 * small + 1), vec![1, 2], vec![vec![1], vec![2]]),
        ("too large for any", limits(8, 1), vec![1, 2], vec![vec![1], vec![2]]),
    ] {
        let mut waiting = Waiting::new(limits);
        let mut callers = Vec::new();
        for id in ids {
            let (pending, caller) = pending(id);
            waiting.push(pending);
            callers.push(caller);
        }
        let mut formed = Vec::new();
        while !waiting.is_empty() {
            let batch = waiting.take_batch();
            formed.push(batch.iter().map(|p| minor(p.transfer.id)).collect::<Vec<_>>());
        }
        assert_eq!(formed, batches, "{name}");
    }
}

#[test]
fn a_batch_of_the_weighed_size_has_that_size() {
    use prost::Message;
    let transfers: Vec<_> = (1..=100).map(transfer).collect();
    let mut request =
        v1::CreateTransfersRequest { transfers, ..v1::CreateTransfersRequest::default() };
    request.set_mode(v1::TransferMode::Independent);
    let ids: Vec<u128> = (1..=100).collect();
    assert_eq!(request.encoded_len(), waiting_bytes(&ids) + 2);
}

#[test]
fn whoever_has_gone_is_not_sent() {
    let mut waiting = Waiting::new(limits(8, 4_096));
    let (gone, caller) = pending(1);
    drop(caller);
    waiting.push(gone);
    let (here, _caller) = pending(2);
    waiting.push(here);
    let batch = waiting.take_batch();
    assert_eq!(batch.len(), 1);
    assert_eq!(minor(batch[0].transfer.id), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_at_the_same_time_share_batches_and_each_gets_its_own_answer() {
    let door = FakeDoor { takes: Duration::from_millis(1), ..FakeDoor::default() };
    let coalescer = batches_only(door.clone(), limits(8_190, 1 << 20), Retry::default());
    let answers = pay_all(&coalescer, 1..=1_000, LONG).await;
    for (id, answer) in (1..=1_000).zip(answers) {
        let posted = answer.expect("answered").expect("posted");
        assert_eq!(posted.id, TransferId(id));
        assert_eq!(posted.amount_minor, id * 10);
    }
    let batches = door.batches();
    assert!(batches.len() <= 2, "{} batches", batches.len());
    let sent: HashSet<u128> = batches.into_iter().flatten().collect();
    assert_eq!(sent.len(), 1_000);
}

/// On a runtime of threads, the task that forms batches is woken by the first payment and runs before
/// its neighbours unless it lets them pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn callers_that_are_ready_join_the_batch_that_leaves() {
    const CALLERS: u128 = 64;
    const ROUNDS: u128 = 20;
    let door = FakeDoor { takes: Duration::from_millis(2), ..FakeDoor::default() };
    let coalescer = batches_only(door.clone(), limits(8_190, 1 << 20), Retry::default());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let coalescer = coalescer.clone();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let id = 1 + caller * ROUNDS + round;
                    let answer = coalescer.submit(transfer(id), Instant::now() + LONG).await;
                    assert!(answer.is_ok());
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let batches = door.batches().len();
    assert!(batches < 30, "{batches} batches for {ROUNDS} rounds");
}

#[tokio::test(start_paused = true)]
async fn a_lone_call_leaves_at_once() {
    let coalescer = batches_only(FakeDoor::default(), limits(8_190, 1 << 20), Retry::default());
    let before = Instant::now();
    let answers = pay_all(&coalescer, [1], LONG).await;
    assert!(answers[0].is_ok());
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_same_id_twice_is_two_batches() {
    let door = FakeDoor::default();
    let coalescer = batches_only(door.clone(), limits(8_190, 1 << 20), Retry::default());
    let answers = pay_all(&coalescer, [7, 7], LONG).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    assert_eq!(door.batches(), [[7], [7]]);
}

#[tokio::test(start_paused = true)]
async fn failures_and_what_the_callers_hear() {
    let retry = Retry { attempts: 3, ..Retry::default() };
    let wrong = || Failure { error: Error::Malformed { what: "planted" }, effect: Effect::Final };
    for (name, failures, takes, deadline, attempts, reason) in [
        ("at once", vec![], 0, LONG, 1, None),
        ("third time", vec![lost(), not_taken()], 0, LONG, 3, None),
        ("never taken", vec![not_taken(); 3], 0, LONG, 3, Some("UNREACHABLE")),
        (
            "lost, not taken",
            vec![not_taken(), not_taken(), lost()],
            0,
            LONG,
            3,
            Some("OUTCOME_UNKNOWN"),
        ),
        ("final", vec![wrong()], 0, LONG, 1, Some("ANSWER_MALFORMED")),
        ("deadline in flight", vec![], 5, Duration::from_secs(1), 1, Some("OUTCOME_UNKNOWN")),
        ("slow, each time", vec![], 5, LONG, 3, Some("OUTCOME_UNKNOWN")),
        (
            "deadline before the retry",
            vec![not_taken()],
            0,
            Duration::from_millis(5),
            1,
            Some("UNREACHABLE"),
        ),
    ] {
        let door = FakeDoor {
            failures: Arc::new(Mutex::new(failures)),
            takes: Duration::from_secs(takes),
            ..FakeDoor::default()
        };
        let coalescer = batches_only(door.clone(), limits(8_190, 1 << 20), retry);
        let answers = pay_all(&coalescer, [1, 2], deadline).await;
        for answer in answers {
            let found = answer.as_ref().err().map(Error::reason);
            assert_eq!(found, reason, "{name}");
        }
        // A batch that its callers have left ends with the attempt it is in.
        assert_eq!(door.batches(), vec![vec![1, 2]; attempts], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_never_left_hears_that_nothing_happened() {
    let door = FakeDoor { takes: Duration::from_secs(2), ..FakeDoor::default() };
    let coalescer = batches_only(door.clone(), limits(1, 1 << 20), Retry::default());
    let answers = pay_all(&coalescer, [1, 2], Duration::from_secs(1)).await;
    let reasons: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().err().map(Error::reason)).collect();
    assert_eq!(reasons, [Some("OUTCOME_UNKNOWN"), Some("DEADLINE_EXCEEDED")]);
}

#[tokio::test(start_paused = true)]
async fn members_with_less_time_do_not_end_those_with_more() {
    let door =
        FakeDoor { failures: Arc::new(Mutex::new(vec![not_taken(); 4])), ..FakeDoor::default() };
    let coalescer = batches_only(door.clone(), limits(8_190, 1 << 20), Retry::default());
    let (short, long) = tokio::join!(
        coalescer.submit(transfer(1), Instant::now() + Duration::from_millis(10)),
        coalescer.submit(transfer(2), Instant::now() + LONG),
    );
    assert_eq!(short.expect_err("too late").reason(), "UNREACHABLE");
    assert!(long.is_ok());
    assert_eq!(door.batches()[0], [1, 2]);
    assert_eq!(door.batches()[4], [2]);
}
