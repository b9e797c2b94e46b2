//! Which transfers were undone, by which.

use hashbrown::HashMap;

use crate::Sequence;
use crate::image::Reversal;
use crate::slab::Slab;

/// All reversals, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Reversals {
    list: Slab<Reversal>,
    /// Original -> reversal.
    by_original: HashMap<Sequence, Sequence>,
}

impl Reversals {
    pub fn new() -> Self {
        Self { list: Slab::new(), by_original: HashMap::new() }
    }

    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// The reversal of a transfer.
    pub fn get(&self, original: Sequence) -> Option<Sequence> {
        self.by_original.get(&original).copied()
    }

    pub fn at(&self, position: u32) -> Option<Reversal> {
        self.list.get(position).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Reversal> {
        self.list.iter()
    }

    pub fn insert(&mut self, reversal: Reversal) {
        self.by_original.insert(reversal.original, reversal.reversal);
        self.list.push(reversal);
    }
}
