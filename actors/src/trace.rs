//! Where the time of one request goes, for who traces it. A traced request carries a [`Trail`] to where its answer
//! goes, and each station on its way marks when it was done with it; every other request carries `None`, and no
//! station reads a clock for it.
//!
//! Who traces a call runs it within [`Trails::watch`]: what the call asks of the engine leaves its trails there.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::command::{Answer, Explained, First};

/// Journeys that are kept of one call. None asks so often; who does is not kept track of for ever.
const JOURNEYS_MAX: usize = 64;

tokio::task_local! {
    static WATCHED: Trails;
}

/// A station on the way of a request, in the order in which they are passed. A request whose records are read from
/// the journal passes some of them twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Station {
    /// It was weighed and let in.
    Admit,
    /// The partition took it up.
    Queue,
    /// The partition has decided it, or has found out what it needs from the journal.
    Decide,
    /// Its frame was begun: until then the frame before was written.
    Gather,
    /// Its frame is on disk.
    Sync,
    /// Records that it needs were read from the journal.
    Load,
}

/// A station and when it was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The station.
    pub station: Station,
    /// When it was passed. What came before it took until then.
    pub passed: Instant,
    /// The frame that was synced, at [`Station::Sync`].
    pub frame: Option<FrameSize>,
}

/// How much was synced together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSize {
    /// Events in the frame.
    pub events: u64,
    /// Bytes that it takes on disk.
    pub bytes: u64,
}

/// The way of one request through the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// When the engine was asked.
    pub asked: Instant,
    /// The stations that it passed, in order of time.
    pub marks: Vec<Mark>,
    /// The last event that the answer is about; `None` for an answer about none.
    pub sequence: Option<u64>,
}

/// The journeys of all requests that one call makes of the engine. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Trails {
    ended: Arc<Mutex<Vec<Journey>>>,
}

impl Trails {
    /// Runs a future whose requests are traced. What it spawns is not.
    pub fn watch<F: Future>(&self, watched: F) -> impl Future<Output = F::Output> + use<F> {
        WATCHED.scope(self.clone(), watched)
    }

    /// Runs one step of something whose requests are traced.
    pub fn watch_step<T>(&self, step: impl FnOnce() -> T) -> T {
        WATCHED.sync_scope(self.clone(), step)
    }

    /// The journeys that have ended since it was last asked, in order of their ends; the first 64 of them.
    pub fn take(&self) -> Vec<Journey> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The trail of a request that is under way.
#[derive(Debug)]
pub struct Trail {
    journey: Journey,
    trails: Trails,
}

impl Trail {
    /// A new one, if the task that asks is traced.
    pub(crate) fn begin() -> Option<Box<Self>> {
        WATCHED.try_with(|trails| Box::new(Self::begin_in(trails))).ok()
    }

    fn begin_in(trails: &Trails) -> Self {
        // Most pass five stations, those that load eight.
        let journey =
            Journey { asked: Instant::now(), marks: Vec::with_capacity(8), sequence: None };
        Self { journey, trails: trails.clone() }
    }

    /// Notes that a station was passed.
    pub(crate) fn mark(&mut self, station: Station, passed: Instant) {
        self.journey.marks.push(Mark { station, passed, frame: None });
    }

    /// Notes that its frame is on disk.
    pub(crate) fn synced(&mut self, passed: Instant, frame: FrameSize) {
        self.journey.marks.push(Mark { station: Station::Sync, passed, frame: Some(frame) });
    }

    /// Leaves the trail to whoever watches, before the answer goes out.
    pub(crate) fn end(mut self, answer: &Answer) {
        self.journey.sequence = sequence_of(answer);
        let mut ended = self.trails.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() < JOURNEYS_MAX {
            ended.push(self.journey);
        }
    }
}

/// What goes through the partition and its journal for someone who may want a trail of it.
pub trait Traced {
    /// The trail, if it is wanted.
    fn trail(&mut self) -> Option<&mut Trail>;
}

/// Marks a station on all trails that there are. The clock is read once, for the first.
pub(crate) fn mark_all<'a, P: Traced + 'a>(
    ports: impl Iterator<Item = &'a mut P>,
    station: Station,
) {
    let mut now = None;
    for trail in ports.filter_map(Traced::trail) {
        trail.mark(station, *now.get_or_insert_with(Instant::now));
    }
}

/// The last event that an answer is about.
fn sequence_of(answer: &Answer) -> Option<u64> {
    use florin_engine::Opened;
    match answer {
        Answer::Transfers(answer) => {
            let now = answer.events.last().map(|event| event.sequence);
            let before = || match &answer.explained {
                Explained::Members(first) => first.iter().rev().find_map(|first| match first {
                    First::Answer(event) => Some(event.sequence),
                    First::Reused(_) => None,
                }),
                Explained::Group(events) => events.last().map(|event| event.sequence),
                Explained::Nothing | Explained::GroupReused(_) => None,
            };
            now.or_else(before)
        }
        Answer::Opened(opened) => opened.iter().rev().find_map(|opened| match opened {
            Opened::Now(sequence) | Opened::Before(sequence) => Some(*sequence),
            Opened::Refused(_) => None,
        }),
        Answer::Updated(Ok(account)) => Some(account.last_sequence),
        Answer::Figures(figures) => Some(figures.sequence),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Port(Option<Trail>);

    impl Traced for Port {
        fn trail(&mut self) -> Option<&mut Trail> {
            self.0.as_mut()
        }
    }

    #[tokio::test]
    async fn only_what_is_watched_leaves_a_trail() {
        assert!(Trail::begin().is_none());
        let trails = Trails::default();
        let watched = trails.watch(async { Trail::begin() }).await;
        assert!(watched.is_some());
        assert!(trails.watch_step(Trail::begin).is_some());
        let spawned = trails.watch(async { tokio::spawn(async { Trail::begin() }).await });
        assert!(spawned.await.expect("it ran").is_none());
    }

    #[tokio::test]
    async fn a_journey_in_order() {
        let trails = Trails::default();
        let trail = || trails.watch_step(Trail::begin).map(|trail| *trail);
        let mut ports = [Port(None), Port(trail()), Port(trail())];
        mark_all(ports.iter_mut(), Station::Admit);
        mark_all(ports.iter_mut(), Station::Queue);
        let size = FrameSize { events: 3, bytes: 4_096 };
        for port in &mut ports {
            if let Some(trail) = port.trail() {
                trail.synced(Instant::now(), size);
            }
        }
        assert_eq!(trails.take(), [], "nothing has ended");
        for trail in ports.into_iter().filter_map(|port| port.0) {
            trail.end(&Answer::Opened(vec![florin_engine::Opened::Now(7)]));
        }
        let journeys = trails.take();
        assert_eq!(journeys.len(), 2);
        for journey in &journeys {
            let stations: Vec<_> = journey.marks.iter().map(|mark| mark.station).collect();
            assert_eq!(stations, [Station::Admit, Station::Queue, Station::Sync]);
            assert!(journey.marks.is_sorted_by_key(|mark| mark.passed));
            assert!(journey.asked <= journey.marks[0].passed);
            assert_eq!(journey.marks[2].frame, Some(size));
            assert_eq!(journey.sequence, Some(7));
        }
        // One reading of the clock for all that stand at a station together.
        assert_eq!(journeys[0].marks[0], journeys[1].marks[0]);
        assert_eq!(trails.take(), [], "taken");
    }
}
