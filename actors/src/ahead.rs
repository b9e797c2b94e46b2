//! Reading ahead of a replay: the thread that opens the journal reads, hashes and decodes frames, another applies their
//! events. On two cores a replay takes as long as the longer half.

use std::panic::resume_unwind;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use florin_engine::Event;
use florin_persistence::Replays;

use crate::rebuild::Rebuild;

/// Events that go from one thread to the other together.
const EVENTS: usize = 512;
/// Of these, so many may be on their way: what is read ahead stays in the cache.
const WAITING: usize = 4;

/// Lets `read` hand out events, and applies them meanwhile. What comes first, `read` is told: what it handed out does not fit
/// ([`Replays::event`] fails, for one that came later than that), or everything does ([`Replays::end`]).
pub(crate) fn read_ahead<T>(rebuild: &mut Rebuild, read: impl FnOnce(&mut dyn Replays) -> T) -> T {
    let (full, fulls) = bounded(WAITING);
    let (empty, empties) = bounded(WAITING + 2);
    let (verdict, verdicts) = bounded(1);
    thread::scope(|scope| {
        let apply = move || drop(verdict.send(apply(rebuild, &fulls, &empty)));
        let applying = thread::Builder::new().name("florin-replay".to_owned());
        let applying = applying.spawn_scoped(scope, apply);
        let applying = applying.expect("the system has room for a handful of threads");
        let mut reader =
            Ahead { events: Vec::with_capacity(EVENTS), full: Some(full), empties, verdicts };
        let done = read(&mut reader);
        drop(reader);
        if let Err(panic) = applying.join() {
            resume_unwind(panic);
        }
        done
    })
}

/// Applies what comes, until nothing more does.
fn apply(
    rebuild: &mut Rebuild,
    fulls: &Receiver<Vec<Event>>,
    empty: &Sender<Vec<Event>>,
) -> Result<(), String> {
    for mut events in fulls {
        for (at, event) in events.iter().enumerate() {
            if let Some(ahead) = events.get(at + Rebuild::AHEAD) {
                rebuild.prefetch(ahead);
            }
            rebuild.take(event)?;
        }
        events.clear();
        // An error means that nothing more is read.
        let _ = empty.try_send(events);
    }
    // All came, or nobody wants the verdict any more.
    rebuild.end()
}

/// The reading end.
struct Ahead {
    events: Vec<Event>,
    /// `None` once all was handed out.
    full: Option<Sender<Vec<Event>>>,
    empties: Receiver<Vec<Event>>,
    verdicts: Receiver<Result<(), String>>,
}

impl Ahead {
    fn send(&mut self) -> Result<(), String> {
        let empty = self.empties.try_recv().unwrap_or_else(|_| Vec::with_capacity(EVENTS));
        let events = std::mem::replace(&mut self.events, empty);
        match self.full.as_ref().map(|full| full.send(events)) {
            Some(Ok(())) => Ok(()),
            // The other end has stopped, and says why.
            _ => self.verdict(),
        }
    }

    fn verdict(&mut self) -> Result<(), String> {
        self.full = None;
        self.verdicts.recv().unwrap_or_else(|_| Err("the replay has stopped".to_owned()))
    }
}

impl Replays for Ahead {
    fn event(&mut self, event: Event) -> Result<(), String> {
        self.events.push(event);
        if self.events.len() == EVENTS { self.send() } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.send()?;
        self.verdict()
    }
}
