//! Transfers over streams.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use tokio::time::{sleep, sleep_until};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::Code;

use super::super::line::Outgoing;
use super::*;

/// What becomes of one stream.
#[derive(Debug, Clone)]
enum Script {
    /// It is not opened.
    Refuse(Failure),
    /// So many are answered; then it ends, after whatever else was sent.
    Break(usize, Failure),
    /// It takes everything and answers nothing.
    Silent,
    /// It answers each transfer with the answer to another one.
    Mixed,
    /// It answers one transfer twice.
    Twice,
}

/// Streams that keep what went through them and do what they are told; without a script they answer.
#[derive(Debug, Clone, Default)]
pub(super) struct FakeStreams {
    /// The ids that each stream took.
    carried: Arc<Mutex<Vec<Vec<u128>>>>,
    scripts: Arc<Mutex<VecDeque<Script>>>,
    /// How long answers take after each time that something came together.
    takes: Duration,
    /// How much came together each time.
    bursts: Arc<Mutex<Vec<usize>>>,
}

type Answer = Result<v1::TransferResult, Failure>;

impl StreamDoor for FakeStreams {
    async fn open(
        &self,
        transfers: Outgoing,
    ) -> Result<impl Stream<Item = Answer> + Send + use<>, Failure> {
        let number = {
            let mut carried = self.carried.lock().expect("no panic");
            carried.push(Vec::new());
            carried.len() - 1
        };
        let script = self.scripts.lock().expect("no panic").pop_front();
        if let Some(Script::Refuse(failure)) = script {
            // As a connection that is refused: nothing is taken from whoever waits.
            sleep(self.takes).await;
            return Err(failure);
        }
        let (sender, answers) = mpsc::unbounded_channel();
        tokio::spawn(self.clone().serve(number, transfers, script, sender));
        Ok(UnboundedReceiverStream::new(answers))
    }
}

impl FakeStreams {
    fn told(scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts = Arc::new(Mutex::new(scripts.into_iter().collect()));
        Self { scripts, ..Self::default() }
    }

    fn carried(&self) -> Vec<Vec<u128>> {
        self.carried.lock().expect("no panic").clone()
    }

    async fn serve(
        self,
        number: usize,
        mut transfers: Outgoing,
        script: Option<Script>,
        answers: mpsc::UnboundedSender<Answer>,
    ) {
        let mut left = match script {
            Some(Script::Break(answered, _)) => answered,
            Some(Script::Silent | Script::Mixed) => 0,
            _ => usize::MAX,
        };
        let (to_tell, due) = mpsc::unbounded_channel();
        tokio::spawn(tell(due, answers));
        while let Some(first) = transfers.next().await {
            let mut burst = vec![first];
            // What is there already, and not what comes later.
            let mut there = poll_fn(|context| {
                Poll::Ready(match Pin::new(&mut transfers).poll_next(context) {
                    Poll::Ready(transfer) => transfer,
                    Poll::Pending => None,
                })
            });
            while let Some(more) = (&mut there).await {
                burst.push(more);
            }
            self.bursts.lock().expect("no panic").push(burst.len());
            let ids = burst.iter().map(|transfer| minor(transfer.id));
            self.carried.lock().expect("no panic")[number].extend(ids);
            let mut told = Vec::new();
            if matches!(script, Some(Script::Mixed)) {
                told.push(Ok(posted(&transfer(99))));
            }
            for transfer in burst.iter().take(left) {
                told.push(Ok(posted(transfer)));
                if matches!(script, Some(Script::Twice)) {
                    told.push(Ok(posted(transfer)));
                }
            }
            left -= burst.len().min(left);
            let broken = match (&script, left) {
                (Some(Script::Break(_, failure)), 0) => Some(Err(failure.clone())),
                _ => None,
            };
            let ends = broken.is_some();
            told.extend(broken);
            let _ = to_tell.send((Instant::now() + self.takes, told));
            if ends {
                return;
            }
        }
    }
}

/// Tells what is to be told when it is due, while more transfers are taken.
async fn tell(
    mut due: mpsc::UnboundedReceiver<(Instant, Vec<Answer>)>,
    answers: mpsc::UnboundedSender<Answer>,
) {
    while let Some((at, told)) = due.recv().await {
        sleep_until(at).await;
        for answer in told {
            let _ = answers.send(answer);
        }
    }
}

fn posted(transfer: &v1::NewTransfer) -> v1::TransferResult {
    v1::TransferResult {
        id: transfer.id,
        status: v1::TransferStatus::Posted.into(),
        amount: transfer.amount,
        ..v1::TransferResult::default()
    }
}

fn start(streams: &FakeStreams, door: &FakeDoor, retry: Retry) -> Coalescer {
    Coalescer::start(streams.clone(), door.clone(), Batching::default(), retry)
}

fn no_streams() -> Failure {
    let error = Error::Status { code: Code::Unimplemented, message: String::new() };
    Failure { error, effect: Effect::Final }
}

fn denied() -> Failure {
    let error = Error::Status { code: Code::PermissionDenied, message: String::new() };
    Failure { error, effect: Effect::Final }
}

#[tokio::test(start_paused = true)]
async fn one_stream_carries_all_and_each_caller_gets_its_own_answer() {
    let streams = FakeStreams { takes: Duration::from_millis(1), ..FakeStreams::default() };
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
    for ids in [1..=1_000, 1_001..=2_000] {
        let answers = pay_all(&coalescer, ids.clone(), LONG).await;
        for (id, answer) in ids.zip(answers) {
            let posted = answer.expect("answered").expect("posted");
            assert_eq!((posted.id, posted.amount_minor), (TransferId(id), id * 10));
        }
    }
    let carried = streams.carried();
    assert_eq!(carried.len(), 1, "one stream");
    let distinct: HashSet<_> = carried[0].iter().collect();
    assert_eq!((distinct.len(), carried[0].len()), (2_000, 2_000));
    let bursts = streams.bursts.lock().expect("no panic").len();
    assert!(bursts <= 4, "{bursts} bursts");
}

/// On a runtime of threads, the task that writes is woken by the first transfer and runs before its neighbours unless
/// it lets them pass.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn callers_that_are_ready_leave_together() {
    const CALLERS: u128 = 64;
    const ROUNDS: u128 = 20;
    let streams = FakeStreams { takes: Duration::from_millis(2), ..FakeStreams::default() };
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
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
    let bursts = streams.bursts.lock().expect("no panic").len();
    assert!(bursts < 30, "{bursts} bursts for {ROUNDS} rounds");
}

#[tokio::test(start_paused = true)]
async fn a_lone_call_leaves_at_once_also_after_a_rest() {
    let coalescer = start(&FakeStreams::default(), &FakeDoor::default(), Retry::default());
    for id in 1..4 {
        let before = Instant::now();
        let answers = pay_all(&coalescer, [id], LONG).await;
        assert!(answers[0].is_ok());
        assert_eq!(before.elapsed(), Duration::ZERO);
        sleep(Duration::from_secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn failures_and_what_the_callers_hear() {
    use Script::{Break, Mixed, Refuse, Silent, Twice};
    let retry = Retry { attempts: 3, ..Retry::default() };
    let both = || vec![1, 2];
    let none = Vec::new;
    for (name, scripts, deadline, carried, alone, reason) in [
        ("answers", vec![], LONG, vec![both()], vec![], None),
        ("is refused once", vec![Refuse(not_taken())], LONG, vec![none(), both()], vec![], None),
        (
            "is refused always",
            vec![Refuse(not_taken()); 3],
            LONG,
            vec![none(); 3],
            vec![],
            Some("UNREACHABLE"),
        ),
        ("breaks at first", vec![Break(0, lost())], LONG, vec![both(), both()], vec![], None),
        ("breaks in between", vec![Break(1, lost())], LONG, vec![both(), vec![2]], vec![], None),
        (
            "breaks always",
            vec![Break(0, lost()); 3],
            LONG,
            vec![both(); 3],
            vec![],
            Some("OUTCOME_UNKNOWN"),
        ),
        // Whatever a stream ends with, what it took may have been done.
        (
            "stops always",
            vec![Break(0, not_taken()); 3],
            LONG,
            vec![both(); 3],
            vec![],
            Some("OUTCOME_UNKNOWN"),
        ),
        (
            "breaks, then is refused",
            vec![Break(0, lost()), Refuse(not_taken()), Refuse(not_taken())],
            LONG,
            vec![both(), none(), none()],
            vec![],
            Some("OUTCOME_UNKNOWN"),
        ),
        ("is silent", vec![Silent], LONG, vec![both(), both()], vec![], None),
        (
            "is always silent",
            vec![Silent; 3],
            LONG,
            vec![both(); 3],
            vec![],
            Some("OUTCOME_UNKNOWN"),
        ),
        (
            "is silent until the deadline",
            vec![Silent],
            Duration::from_secs(1),
            vec![both()],
            vec![],
            Some("OUTCOME_UNKNOWN"),
        ),
        (
            "is refused, and no time is left",
            vec![Refuse(not_taken())],
            Duration::from_millis(5),
            vec![none()],
            vec![],
            Some("UNREACHABLE"),
        ),
        ("has a fault", vec![Break(0, denied())], LONG, vec![both()], vec![vec![1], vec![2]], None),
        ("is a fault", vec![Refuse(denied())], LONG, vec![none()], vec![vec![1], vec![2]], None),
        ("mixes answers up", vec![Mixed], LONG, vec![both()], vec![vec![1], vec![2]], None),
        ("answers twice", vec![Twice], LONG, vec![both()], vec![vec![2]], None),
        ("does not exist", vec![Refuse(no_streams())], LONG, vec![none()], vec![both()], None),
        (
            "turns out not to exist",
            vec![Break(0, no_streams())],
            LONG,
            vec![both()],
            vec![both()],
            None,
        ),
    ] {
        let (streams, door) = (FakeStreams::told(scripts), FakeDoor::default());
        let coalescer = start(&streams, &door, retry);
        let answers = pay_all(&coalescer, [1, 2], deadline).await;
        for (id, answer) in (1..).zip(&answers) {
            let found = answer.as_ref().err().map(Error::reason);
            assert_eq!(found, reason, "a stream that {name}: {answer:?}");
            if let Ok(Ok(posted)) = answer {
                assert_eq!(posted.id, TransferId(id), "a stream that {name}");
            }
        }
        assert_eq!(streams.carried(), carried, "a stream that {name}");
        assert_eq!(door.batches(), alone, "a stream that {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_streams_is_not_asked_again() {
    let streams = FakeStreams::told([Script::Refuse(no_streams())]);
    let door = FakeDoor::default();
    let coalescer = start(&streams, &door, Retry::default());
    for id in 1..=3 {
        assert!(pay_all(&coalescer, [id], LONG).await[0].is_ok());
    }
    assert_eq!(streams.carried(), [[0; 0]]);
    assert_eq!(door.batches(), [[1], [2], [3]]);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_is_under_way() {
    let streams = FakeStreams { takes: Duration::from_millis(1), ..FakeStreams::default() };
    let batching = Batching { stream_in_flight: 7, ..Batching::default() };
    let coalescer =
        Coalescer::start(streams.clone(), FakeDoor::default(), batching, Retry::default());
    let answers = pay_all(&coalescer, 1..=100, LONG).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    let bursts = streams.bursts.lock().expect("no panic").clone();
    assert!(bursts.iter().all(|&burst| burst <= 7) && bursts.len() >= 15, "{bursts:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_too_large_travels_alone() {
    let (streams, door) = (FakeStreams::default(), FakeDoor::default());
    let coalescer = start(&streams, &door, Retry::default());
    let mut large = transfer(1);
    large.metadata.insert("note".to_owned(), "x".repeat(STREAMED_BYTES_MAX));
    let deadline = Instant::now() + LONG;
    let (first, second) =
        tokio::join!(coalescer.submit(large, deadline), coalescer.submit(transfer(2), deadline));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!((streams.carried(), door.batches()), (vec![vec![2]], vec![vec![1]]));
}

#[tokio::test(start_paused = true)]
async fn the_same_id_twice_has_two_answers() {
    let streams = FakeStreams::default();
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
    let answers = pay_all(&coalescer, [7, 7], LONG).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    assert_eq!(streams.carried(), [[7, 7]]);
}

#[tokio::test(start_paused = true)]
async fn whoever_never_left_hears_that_nothing_happened() {
    let streams = FakeStreams::told([Script::Silent]);
    let batching = Batching { stream_in_flight: 1, ..Batching::default() };
    let coalescer =
        Coalescer::start(streams.clone(), FakeDoor::default(), batching, Retry::default());
    let answers = pay_all(&coalescer, [1, 2], Duration::from_secs(1)).await;
    let reasons: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().err().map(Error::reason)).collect();
    assert_eq!(reasons, [Some("OUTCOME_UNKNOWN"), Some("DEADLINE_EXCEEDED")]);
    // Both have gone, so that the next stream carries neither of them.
    assert!(pay_all(&coalescer, [3], LONG).await[0].is_ok());
    assert_eq!(streams.carried(), [[1], [3]]);
}

#[tokio::test(start_paused = true)]
async fn callers_with_less_time_do_not_end_those_with_more() {
    let streams = FakeStreams::told(vec![Script::Refuse(not_taken()); 4]);
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
    let (short, long) = tokio::join!(
        coalescer.submit(transfer(1), Instant::now() + Duration::from_millis(10)),
        coalescer.submit(transfer(2), Instant::now() + LONG),
    );
    assert_eq!(short.expect_err("too late").reason(), "UNREACHABLE");
    assert!(long.is_ok());
    assert_eq!(streams.carried()[4], [2]);
}

/// The stream ends with its first answer, before it has taken the second caller, who may not try twice.
#[tokio::test(start_paused = true)]
async fn who_was_not_taken_by_a_stream_that_worked_is_not_concerned_by_its_end() {
    let streams = FakeStreams::told([Script::Break(1, lost())]);
    let batching = Batching { stream_in_flight: 1, ..Batching::default() };
    let coalescer =
        Coalescer::start(streams.clone(), FakeDoor::default(), batching, Retry::never());
    let answers = pay_all(&coalescer, [1, 2], LONG).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(streams.carried(), [[1], [2]]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_given_up_ends() {
    let streams = FakeStreams::told([Script::Silent]);
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
    assert!(pay_all(&coalescer, [1], LONG).await[0].is_ok());
    sleep(Duration::from_secs(1)).await;
    // The test's own, the one that opens streams, and the stream that is open.
    assert_eq!(Arc::strong_count(&streams.scripts), 3);
}

#[tokio::test(start_paused = true)]
async fn the_stream_ends_with_the_last_handle() {
    let streams = FakeStreams::default();
    let coalescer = start(&streams, &FakeDoor::default(), Retry::default());
    assert!(pay_all(&coalescer, [1], LONG).await[0].is_ok());
    let scripts = Arc::downgrade(&streams.scripts);
    drop((coalescer, streams));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(scripts.strong_count(), 0, "its tasks have ended");
}
