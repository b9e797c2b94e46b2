//! The account list: which events of the segment changed an account, each look-up one page.

use std::ops::RangeInclusive;

use florin_engine::{NO_SLOT, Sequence, Slot};

use super::{Pages, SealedIndex};
use crate::disk::Disk;
use crate::error::ReadError;
use crate::format::sealed::{LIST_ENTRY_BYTES, ListKey, PAGE_BYTES};

/// An account's events on both sides of a place in the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Around {
    /// Its last event at or before the place.
    pub(crate) before: Option<Sequence>,
    /// Its first event after the place.
    pub(crate) after: Option<Sequence>,
}

impl<D: Disk> SealedIndex<D> {
    /// The last event of the segment at or before this one that changed the account.
    pub fn last_at_or_before(
        &self,
        slot: Slot,
        sequence: Sequence,
    ) -> Result<Option<Sequence>, ReadError> {
        Ok(self.around(slot, sequence)?.before)
    }

    /// The first event of the segment after this one that changed the account.
    pub fn first_after(
        &self,
        slot: Slot,
        sequence: Sequence,
    ) -> Result<Option<Sequence>, ReadError> {
        Ok(self.around(slot, sequence)?.after)
    }

    /// Events of the segment in this range that changed the account, newest first: at most `limit`, and fewer
    /// only where there are no more.
    pub fn entries_between(
        &self,
        slot: Slot,
        range: RangeInclusive<Sequence>,
        limit: usize,
    ) -> Result<Vec<Sequence>, ReadError> {
        let mut found = Vec::new();
        let (Some(from), Some(to)) =
            (self.bound(slot, range.start().saturating_sub(1)), self.bound(slot, *range.end()))
        else {
            return Ok(found);
        };
        let mut pages = self.pages_before(to);
        if from >= to || pages == 0 {
            return Ok(found);
        }
        let opened = self.pages()?;
        while let Some(number) = pages.checked_sub(1) {
            let mut page = [0; PAGE_BYTES];
            let keys = opened.list_page(number, &mut page)?;
            for key in keys.iter().rev().copied().map(ListKey::decode).skip_while(|key| *key >= to)
            {
                if key < from || found.len() == limit {
                    return Ok(found);
                }
                found.push(self.sequence_of(key));
            }
            pages = number;
        }
        Ok(found)
    }

    /// The account's events on both sides of this place; one page is read for both.
    pub(crate) fn around(&self, slot: Slot, sequence: Sequence) -> Result<Around, ReadError> {
        let Some(bound) = self.bound(slot, sequence) else { return Ok(Around::default()) };
        let pages = self.pages_before(bound);
        let behind = usize::try_from(pages).ok().and_then(|at| self.tables.list_pages.get(at));
        let (mut before, mut after) = (None, behind.copied());
        if let Some(number) = pages.checked_sub(1) {
            let mut page = [0; PAGE_BYTES];
            let opened = self.pages()?;
            let keys = opened.list_page(number, &mut page)?;
            let at = keys.partition_point(|key| ListKey::decode(*key) < bound);
            before = at.checked_sub(1).map(|at| ListKey::decode(keys[at]));
            after = keys.get(at).copied().map(ListKey::decode).or(after);
        }
        let own = |key: Option<ListKey>| {
            key.filter(|key| key.slot() == slot).map(|key| self.sequence_of(key))
        };
        Ok(Around { before: own(before), after: own(after) })
    }

    /// The least key behind those of the account's events up to this one; `None` where there can be no events.
    fn bound(&self, slot: Slot, through: Sequence) -> Option<ListKey> {
        if slot == NO_SLOT {
            return None;
        }
        let behind = self.place_of(through).map_or(Some(0), |place| place.checked_add(1));
        Some(behind.map_or(ListKey::new(slot + 1, 0), |place| ListKey::new(slot, place)))
    }

    /// How many pages begin before this key.
    fn pages_before(&self, bound: ListKey) -> u64 {
        self.tables.list_pages.partition_point(|first| *first < bound) as u64
    }
}

impl<D: Disk> Pages<'_, D> {
    fn list_page<'p>(
        &self,
        number: u64,
        page: &'p mut [u8; PAGE_BYTES],
    ) -> Result<&'p [[u8; LIST_ENTRY_BYTES]], ReadError> {
        Ok(self.read(self.index.header.list(), number, page)?.as_chunks().0)
    }
}
