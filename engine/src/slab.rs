//! A growing list that never moves what it holds: pushing costs the same at ten as at ten million,
//! and a chunk can be copied out whole.

use alloc::vec::Vec;

/// Items in a chunk.
const CHUNK: usize = 16 * 1024;

/// Items by position, in order of insertion.
#[derive(Debug, Clone)]
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Slab<T> {
    pub const fn new() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends, and says where.
    ///
    /// # Panics
    /// At 2^32 - 1 items, which is more memory than the machines of this decade have.
    pub fn push(&mut self, item: T) -> u32 {
        let position = u32::try_from(self.len).expect("a slab holds less than 2^32 items");
        assert!(position < u32::MAX, "the last position means `none`");
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        self.chunks[self.len / CHUNK].push(item);
        self.len += 1;
        position
    }

    #[inline]
    pub fn get(&self, position: u32) -> Option<&T> {
        let position = position as usize;
        self.chunks.get(position / CHUNK)?.get(position % CHUNK)
    }

    /// The item at a position that [`Self::push`] gave out.
    #[inline]
    pub fn at(&self, position: u32) -> &T {
        &self.chunks[position as usize / CHUNK][position as usize % CHUNK]
    }

    /// As [`Self::at`], to change it.
    #[inline]
    pub fn at_mut(&mut self, position: u32) -> &mut T {
        &mut self.chunks[position as usize / CHUNK][position as usize % CHUNK]
    }

    /// Every item, in order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Bytes that the chunks take.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<T>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stay_where_they_were_put() {
        let mut slab = Slab::new();
        for value in 0..=2 * CHUNK {
            assert_eq!(slab.push(value) as usize, value);
        }
        assert_eq!(slab.len(), 2 * CHUNK + 1);
        assert!(slab.iter().copied().eq(0..=2 * CHUNK));
        *slab.at_mut(5) = 0;
        assert_eq!((slab.at(5), slab.get(3 * 16384)), (&0, None));
    }
}
