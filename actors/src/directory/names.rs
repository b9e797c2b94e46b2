//! Names, one behind the other: no allocation and no pointer a name.

use std::sync::Arc;

/// Bytes in a chunk.
const CHUNK_BYTES: usize = 1 << 16;

/// Where a name stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name {
    chunk: u32,
    at: u16,
    bytes: u16,
}

/// All names. As with [`Slab`](super::slab::Slab), clones share what is full.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Vec<Arc<String>>);

impl Names {
    /// Keeps a name. Empty: none, which takes nothing.
    ///
    /// # Panics
    /// If it does not fit a chunk: names have at most 128 bytes.
    pub(super) fn push(&mut self, name: &str) -> Name {
        if name.is_empty() {
            return Name::default();
        }
        let has_room = |chunk: &Arc<String>| chunk.len() + name.len() <= CHUNK_BYTES;
        if !self.0.last().is_some_and(has_room) {
            self.0.push(Arc::new(String::with_capacity(CHUNK_BYTES)));
        }
        let index = self.0.len() - 1;
        let chunk = Arc::make_mut(&mut self.0[index]);
        let place = Name {
            chunk: u32::try_from(index).expect("less than 2^48 bytes of names"),
            at: u16::try_from(chunk.len()).expect("a name begins within its chunk"),
            bytes: u16::try_from(name.len()).expect("a name has at most 128 bytes"),
        };
        chunk.push_str(name);
        place
    }

    pub(super) fn get(&self, Name { chunk, at, bytes }: Name) -> &str {
        let from = usize::from(at);
        let chunk = self.0.get(chunk as usize);
        chunk.and_then(|chunk| chunk.get(from..from + usize::from(bytes))).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_many_chunks_and_under_clones() {
        let mut names = Names::default();
        let mut places = Vec::new();
        let text = |number: usize| "x".repeat(number % 129);
        let mut early = None;
        for number in 0..3_000 {
            places.push(names.push(&text(number)));
            if number == 500 {
                early = Some(names.clone());
            }
        }
        assert!(names.0.len() > 2, "over several chunks");
        for (number, place) in places.iter().enumerate() {
            assert_eq!(names.get(*place), text(number));
        }
        let early = early.expect("a clone");
        assert_eq!(early.get(places[500]), text(500));
        assert_eq!(early.get(places[2_999]), "", "what came later is not in it");
    }
}
