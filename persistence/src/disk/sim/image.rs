//! A file of the simulated disk: what is on the device for good, what is on its way, what the page cache
//! shows.

use super::random::Random;

/// What a device writes whole or not at all.
const BLOCK_BYTES: usize = 512;

/// What has happened to a file since its last sync.
#[derive(Debug, Clone)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
}

/// What became of a change when the power went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Lost,
    Torn,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    /// What reads see.
    pub(super) cached: Vec<u8>,
    /// What survives.
    pub(super) durable: Vec<u8>,
    /// What may or may not.
    unsynced: Vec<Change>,
}

impl Image {
    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        put(&mut self.cached, offset, data);
        self.unsynced.push(Change::Write { offset, data: data.to_vec() });
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.cached.resize(len, 0);
        self.unsynced.push(Change::SetLen(len));
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.unsynced.is_empty()
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// A sync that fails: some of it reaches the device, the rest is dropped. The page cache goes on showing
    /// all of it, and holds it for clean: the next sync has nothing to do and succeeds.
    pub(super) fn fail_sync(&mut self, random: &mut Random, told: impl FnMut(Fate)) {
        self.settle(random, told);
    }

    /// The power goes: what was unsynced is kept, lost or torn, and the page cache is gone.
    pub(super) fn crash(&mut self, random: &mut Random, told: impl FnMut(Fate)) {
        self.settle(random, told);
        self.cached.clone_from(&self.durable);
    }

    /// What a read past the page cache sees: dirty pages are written back first, to the device's own cache.
    /// That does not make them durable, and what a failed sync dropped is not among them.
    pub(super) fn on_device(&self) -> Vec<u8> {
        let mut image = self.durable.clone();
        for change in &self.unsynced {
            apply(&mut image, change);
        }
        image
    }

    fn settle(&mut self, random: &mut Random, mut told: impl FnMut(Fate)) {
        for change in self.unsynced.drain(..) {
            let fate = match random.below(3) {
                0 => Fate::Kept,
                1 => Fate::Lost,
                _ => Fate::Torn,
            };
            match (fate, &change) {
                (Fate::Lost, _) => {}
                (Fate::Torn, Change::Write { offset, data }) => {
                    for (at, block) in blocks(*offset, data) {
                        if random.below(2) == 0 {
                            put(&mut self.durable, at, block);
                        }
                    }
                }
                _ => apply(&mut self.durable, &change),
            }
            if let Change::Write { .. } = change {
                told(fate);
            }
        }
    }
}

/// Cuts a write where the device's blocks begin.
fn blocks(mut offset: usize, mut data: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    std::iter::from_fn(move || {
        let len = (BLOCK_BYTES - offset % BLOCK_BYTES).min(data.len());
        let (block, rest) = data.split_at(len);
        let at = offset;
        (offset, data) = (offset + len, rest);
        (!block.is_empty()).then_some((at, block))
    })
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, data } => put(image, *offset, data),
        Change::SetLen(len) => image.resize(*len, 0),
    }
}

fn put(image: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(data);
}
