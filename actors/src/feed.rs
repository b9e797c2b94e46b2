//! The publish stage: what is durable goes on to the directory, and to those who follow.
//!
//! A subscriber reads at its own pace, and nobody waits for one: the last frames stand in a ring, as the `Arc`s that
//! the answers share, and whoever is further behind than that reads the journal. There is one wake-up a sync for all
//! of them. While nobody follows live, a frame costs a load.

mod recent;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError};

use florin_engine::{Event, Sequence};
use florin_persistence::Appended;
use tokio::sync::watch;

use recent::Recent;
pub use recent::RecentFrame;

use crate::directory::Directory;
use crate::partition::Entry;

/// What is published, and to whom.
#[derive(Debug)]
pub struct Feed {
    directory: Directory,
    /// The last event that may be seen: it is durable, and the directory knows what it rests on.
    published: AtomicU64,
    subscribers: AtomicUsize,
    /// Those of them who wait for what comes next.
    live: AtomicUsize,
    recent: Mutex<Recent>,
    tip: watch::Sender<Tip>,
}

/// How far the feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// The last event of a frame that was published while somebody was live.
    pub published: Sequence,
    /// Whether more will come.
    pub end: End,
}

/// How a feed ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It goes on.
    Open,
    /// Nothing more will come: what is published is the last.
    AtTheLast,
    /// As that, and for good: another server goes on with it.
    Fenced,
    /// It is over, also for those who have not seen all.
    Now,
}

/// A place among the subscribers; given back when it is dropped.
#[derive(Debug)]
pub struct Seat {
    feed: Arc<Feed>,
    is_live: bool,
}

impl Feed {
    /// A feed through an event that is durable, over a directory that has taken up everything before.
    pub fn new(directory: Directory, durable_through: Sequence) -> Arc<Self> {
        Arc::new(Self {
            directory,
            published: AtomicU64::new(durable_through),
            subscribers: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            recent: Mutex::default(),
            tip: watch::Sender::new(Tip { published: durable_through, end: End::Open }),
        })
    }

    /// What is known of accounts and payments.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The last event that may be seen.
    pub fn published(&self) -> Sequence {
        self.published.load(Ordering::Acquire)
    }

    /// Subscribers.
    pub fn subscribers(&self) -> usize {
        self.subscribers.load(Ordering::Acquire)
    }

    /// A place among at most so many subscribers.
    pub fn seat(self: &Arc<Self>, most: usize) -> Option<Seat> {
        let one_more = |taken| (taken < most).then_some(taken + 1);
        let (set, read) = (Ordering::AcqRel, Ordering::Acquire);
        self.subscribers.fetch_update(set, read, one_more).ok()?;
        Some(Seat { feed: Arc::clone(self), is_live: false })
    }

    /// Says that nothing more will come.
    pub fn close(&self, end: End) {
        self.tip.send_modify(|tip| tip.end = end);
    }

    /// Tells of frames while somebody is [live](Seat::go_live), and of the end.
    pub fn tip(&self) -> watch::Receiver<Tip> {
        self.tip.subscribe()
    }

    /// The frame with this event, if it is one of the last.
    pub fn recent(&self, sequence: Sequence) -> Option<Arc<RecentFrame>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).find(sequence)
    }

    /// Takes up a frame that has just become durable. `news` are those of its events that the directory
    /// [wants](Directory::wants).
    pub(crate) fn publish<P>(&self, appended: Appended, frame: &[Entry<P>], news: &[&Event]) {
        let published = appended.last_sequence;
        if !news.is_empty() {
            self.directory.note(news.iter().copied());
        }
        if self.live.load(Ordering::Relaxed) > 0 {
            let recent = RecentFrame::new(frame, appended.frame_bytes);
            let gone = self.recent.lock().unwrap_or_else(PoisonError::into_inner).push(recent);
            drop(gone); // not under the lock
        }
        self.published.store(published, Ordering::Release);
        // Either this sees who has just become live, or they see this frame: see `Seat::go_live`.
        fence(Ordering::SeqCst);
        if self.live.load(Ordering::Relaxed) > 0 {
            self.tip.send_modify(|tip| tip.published = published);
        }
    }
}

impl Seat {
    /// The feed.
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// From now on the [tip](Feed::tip) tells of each frame that is published after [`Feed::published`] is read next.
    /// Whether that was not so before.
    pub fn go_live(&mut self) -> bool {
        if self.is_live {
            return false;
        }
        self.is_live = true;
        self.feed.live.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.is_live && self.feed.live.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Nobody reads it. If somebody comes meanwhile, the journal has it too.
            let mut recent = self.feed.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = std::mem::take(&mut *recent);
            drop(recent);
            drop(gone);
        }
        self.feed.subscribers.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
