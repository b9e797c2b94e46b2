//! The runs at one moment: what may be in them, from memory, and where it stands, from disk.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use florin_engine::Sequence;

use super::filter::{BLOCK_IDS, Filters};
use super::key::IdKey;
use super::run::Run;
use crate::disk::Disk;
use crate::error::ReadError;

/// A run, and what of it is in memory.
#[derive(Clone)]
pub(super) struct Held<D: Disk> {
    pub(super) run: Arc<Run<D>>,
    pub(super) filters: Option<Arc<Filters>>,
    // Copies of what the header has, for those who look at every run for every id.
    min_id: u128,
    max_id: u128,
    shard_bits: u32,
}

impl<D: Disk> Held<D> {
    pub(super) fn new(run: Run<D>, filters: Option<Filters>) -> Self {
        Self {
            min_id: run.header.min_id,
            max_id: run.header.max_id,
            shard_bits: run.header.shard_bits,
            run: Arc::new(run),
            filters: filters.map(Arc::new),
        }
    }

    /// Whether an id lies between the smallest and the largest.
    #[inline]
    fn spans(&self, id: u128) -> bool {
        (self.min_id..=self.max_id).contains(&id)
    }

    #[inline]
    fn may_hold(&self, id: u128, hash: u64) -> bool {
        let filters = self.filters.as_ref();
        self.spans(id) && filters.is_none_or(|filters| filters.may_hold(hash, self.shard_bits))
    }

    /// Bytes of its filters that are in memory.
    fn filter_bytes(&self) -> u64 {
        if self.filters.is_some() { self.run.header.filters_bytes } else { 0 }
    }
}

/// What has been asked, since the runs were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IdFigures {
    /// Ids that memory was asked for.
    pub asked: u64,
    /// Filters of runs that were looked into for them.
    pub probed: u64,
    /// Those that may be held.
    pub maybe: u64,
    /// Ids that were looked up on disk.
    pub looked_up: u64,
    /// Those that were there.
    pub found: u64,
    /// Pages that were read for that.
    pub page_reads: u64,
}

/// Counts, without order: for figures.
#[derive(Debug, Default)]
pub(super) struct Counts {
    asked: AtomicU64,
    probed: AtomicU64,
    maybe: AtomicU64,
    looked_up: AtomicU64,
    found: AtomicU64,
    page_reads: AtomicU64,
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

impl Counts {
    pub(super) fn figures(&self) -> IdFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        IdFigures {
            asked: of(&self.asked),
            probed: of(&self.probed),
            maybe: of(&self.maybe),
            looked_up: of(&self.looked_up),
            found: of(&self.found),
            page_reads: of(&self.page_reads),
        }
    }
}

/// The runs at one moment. It never changes, and can be asked by any thread for as long as it is held; the
/// files of runs that have been merged since stay open until then.
pub struct IdSet<D: Disk> {
    /// The newest first.
    runs: Vec<Held<D>>,
    seed: u64,
    through: Sequence,
    counts: Arc<Counts>,
}

impl<D: Disk> IdSet<D> {
    /// Of runs in any order. Filters that are more than `filter_bytes_max` in all, counted from the newest run,
    /// are let go.
    pub(super) fn new(
        mut runs: Vec<Held<D>>,
        seed: u64,
        filter_bytes_max: u64,
        counts: Arc<Counts>,
    ) -> Self {
        runs.sort_unstable_by_key(|held| std::cmp::Reverse(held.run.header.first));
        let mut left = filter_bytes_max;
        for held in &mut runs {
            match left.checked_sub(held.filter_bytes()) {
                Some(rest) => left = rest,
                None => held.filters = None,
            }
        }
        let mut set = Self { runs, seed, through: 0, counts };
        let first_missing = set.missing(Sequence::MAX).into_iter().next();
        set.through = first_missing.map_or(Sequence::MAX, |missing| missing.start() - 1);
        set
    }

    pub(super) fn held(&self) -> &[Held<D>] {
        &self.runs
    }

    /// Every id of the events 1 to this one is in it.
    pub const fn through(&self) -> Sequence {
        self.through
    }

    /// The sequences from 1 to `through` whose ids are in no run.
    pub fn missing(&self, through: Sequence) -> Vec<RangeInclusive<Sequence>> {
        let mut missing = Vec::new();
        let mut next = 1;
        for held in self.runs.iter().rev() {
            let header = &held.run.header;
            if header.first > through {
                break;
            }
            if header.first > next {
                missing.push(next..=header.first - 1);
            }
            next = header.last + 1;
        }
        if next <= through {
            missing.push(next..=through);
        }
        missing
    }

    /// The hash that runs are sorted by. The same in all sets of a folder.
    #[inline]
    pub fn hash(&self, key: &IdKey) -> u64 {
        key.hash(self.seed)
    }

    /// Whether an id may be in a run. Looks at memory only, and is never wrong when it says no.
    #[inline]
    pub fn may_hold(&self, key: &IdKey) -> bool {
        let hash = self.hash(key);
        let mut probed = 0;
        let maybe = self.runs.iter().any(|held| {
            probed += u64::from(held.filters.is_some() && held.spans(key.id));
            held.may_hold(key.id, hash)
        });
        count(&self.counts.asked, 1);
        count(&self.counts.probed, probed);
        if maybe {
            count(&self.counts.maybe, 1);
        }
        maybe
    }

    /// Appends to `maybe` the indexes, ascending, of those keys that may be in a run.
    ///
    /// Quicker than one by one: it goes through the runs for many keys at a time, and as none of these look-ups
    /// waits for another, their cache misses overlap.
    pub fn may_hold_any(&self, keys: &[IdKey], maybe: &mut Vec<usize>) {
        let (before, mut probed) = (maybe.len(), 0);
        let mut hashes = [0; BLOCK_IDS];
        for (block, keys) in keys.chunks(BLOCK_IDS).enumerate() {
            for (hash, key) in hashes.iter_mut().zip(keys) {
                *hash = self.hash(key);
            }
            let mut found = 0_u64;
            // Sorting a batch by hash, to go through a filter in order, was measured: no gain, even for 8,190.
            for held in &self.runs {
                let mut spanned = 0_u64;
                for (bit, key) in keys.iter().enumerate() {
                    spanned |= u64::from(held.spans(key.id)) << bit;
                }
                if spanned == 0 {
                    continue;
                }
                let Some(filters) = &held.filters else {
                    found |= spanned;
                    continue;
                };
                probed += u64::from(spanned.count_ones());
                found |= spanned & filters.may_hold_any(&hashes[..keys.len()], held.shard_bits);
            }
            while found != 0 {
                maybe.push(block * BLOCK_IDS + found.trailing_zeros() as usize);
                found &= found - 1;
            }
        }
        count(&self.counts.asked, keys.len() as u64);
        count(&self.counts.probed, probed);
        count(&self.counts.maybe, (maybe.len() - before) as u64);
    }

    /// Where the event stands that used an id, if it is in a run that reaches beyond `after`: whoever has
    /// looked at everything up to there needs not look again.
    ///
    /// Reads one or two pages in each run that may hold it.
    pub fn find(&self, key: &IdKey, after: Sequence) -> Result<Option<Sequence>, ReadError> {
        let hash = self.hash(key);
        count(&self.counts.looked_up, 1);
        for held in self.runs.iter().take_while(|held| held.run.header.last > after) {
            if !held.may_hold(key.id, hash) {
                continue;
            }
            let found = held.run.find(hash, key, || count(&self.counts.page_reads, 1))?;
            if found.is_some() {
                count(&self.counts.found, 1);
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Bytes of filters in memory.
    pub fn filter_bytes(&self) -> u64 {
        self.runs.iter().map(Held::filter_bytes).sum()
    }

    /// Bytes of the filters of all runs, in memory or not.
    pub fn filter_bytes_on_disk(&self) -> u64 {
        self.runs.iter().map(|held| held.run.header.filters_bytes).sum()
    }

    /// Runs.
    pub const fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Ids in them.
    pub fn entries(&self) -> u64 {
        self.runs.iter().map(|held| held.run.header.entries).sum()
    }

    /// What all sets of these runs have been asked so far.
    pub fn figures(&self) -> IdFigures {
        self.counts.figures()
    }
}

impl<D: Disk> fmt::Debug for IdSet<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdSet")
            .field("through", &self.through)
            .field("runs", &self.runs())
            .field("entries", &self.entries())
            .finish_non_exhaustive()
    }
}
