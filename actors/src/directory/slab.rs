//! A growing list that never moves what it holds, and of which a copy can be had for almost nothing.

use std::sync::Arc;

/// Items in a chunk.
const CHUNK: usize = 4_096;

/// Items by position, in order of insertion. Clones share their chunks: only the last one is ever written to, and is
/// copied then if a clone still looks at it.
#[derive(Debug, Clone)]
pub(super) struct Slab<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: u32,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Slab<T> {
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// Appends, and says where.
    ///
    /// # Panics
    /// At 2^32 items: no ledger has as many.
    pub(super) fn push(&mut self, item: T) -> u32 {
        let position = self.len;
        if (position as usize).is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).push(item);
        }
        self.len = position.checked_add(1).expect("a list holds less than 2^32 items");
        position
    }

    pub(super) fn get(&self, position: u32) -> Option<&T> {
        let position = position as usize;
        self.chunks.get(position / CHUNK)?.get(position % CHUNK)
    }

    /// How many at the beginning are so, where those that are so come first.
    pub(super) fn partition_point(&self, is_so: impl Fn(&T) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(&is_so) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_stay_as_they_are() {
        let mut slab = Slab::default();
        let mut clones = Vec::new();
        let chunk = u32::try_from(CHUNK).expect("small");
        for number in 0..3 * chunk + 5 {
            if number % 1_000 == 0 || number % chunk <= 1 {
                clones.push((number, slab.clone()));
            }
            assert_eq!(slab.push(number), number);
        }
        clones.push((slab.len(), slab));
        for (len, clone) in clones {
            assert_eq!(clone.len(), len);
            assert!((0..len).all(|number| clone.get(number) == Some(&number)), "{len}");
            assert_eq!(clone.get(len), None);
            for below in [0, 1, len / 2, len] {
                assert_eq!(clone.partition_point(|number| *number < below), below.min(len));
            }
        }
    }
}
