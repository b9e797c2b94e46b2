//! A store on another machine: objects that are there as a whole or not at all, whatever happens here. The line to it is
//! sometimes bad, and sometimes dead.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use florin_persistence::backup::{Head, Objects, Place, PlaceError};

use crate::rng::Rng;

/// What the store says of itself when nobody gets through.
const OUT_OF_REACH: &str = "the line to the store is dead";
/// On a bad line, so many of a hundred calls fail.
const BAD_LINE_PERCENT: u64 = 20;

/// The line to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Good,
    /// Some calls fail, and of some only the answer is lost.
    Bad,
    Dead,
}

/// A store, as the node sees it. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Remote {
    shared: Arc<Mutex<Shared>>,
    /// Whether a piece costs about as much as a file, see [`Place::is_near`].
    is_near: bool,
    /// Whoever looks on sees it without the line, and is not counted.
    looks_on: bool,
}

#[derive(Debug, Clone)]
struct Shared {
    objects: BTreeMap<String, Vec<u8>>,
    line: Line,
    rng: Rng,
    /// Pieces that were read.
    reads: u64,
    /// Calls that failed.
    failures: u64,
}

impl Remote {
    pub const NAME: &str = "sim://store";

    pub fn new(rng: Rng, is_near: bool) -> Self {
        let (objects, line) = (BTreeMap::new(), Line::Good);
        let shared = Shared { objects, line, rng, reads: 0, failures: 0 };
        Self { shared: Arc::new(Mutex::new(shared)), is_near, looks_on: false }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another store with the same objects, and a good line to it.
    pub fn copy(&self) -> Self {
        let shared = Shared { line: Line::Good, ..self.shared().clone() };
        Self { shared: Arc::new(Mutex::new(shared)), ..*self }
    }

    /// The same store for whoever looks on from outside.
    pub fn eye(&self) -> Arc<dyn Place> {
        Arc::new(Self { is_near: true, looks_on: true, ..self.clone() })
    }

    pub fn place(&self) -> Arc<dyn Place> {
        Arc::new(self.clone())
    }

    pub fn set_line(&self, line: Line) {
        self.shared().line = line;
    }

    pub fn line(&self) -> Line {
        self.shared().line
    }

    pub fn reads(&self) -> u64 {
        self.shared().reads
    }

    /// Whether an error says that nobody gets through to a store.
    pub fn is_of_line(error: &str) -> bool {
        error.contains(OUT_OF_REACH)
    }

    /// How many calls have failed.
    pub fn failures(&self) -> u64 {
        self.shared().failures
    }

    /// Gets through, or does not.
    fn reach(&self, name: &str) -> Result<MutexGuard<'_, Shared>, PlaceError> {
        let mut shared = self.shared();
        if !self.looks_on && shared.fails() {
            return Err(failed(name));
        }
        Ok(shared)
    }
}

fn failed(name: &str) -> PlaceError {
    PlaceError::failed("reached", name, &OUT_OF_REACH)
}

impl Shared {
    fn fails(&mut self) -> bool {
        let fails = match self.line {
            Line::Good => false,
            Line::Bad => self.rng.percent(BAD_LINE_PERCENT),
            Line::Dead => true,
        };
        self.failures += u64::from(fails);
        fails
    }
}

impl Objects for Remote {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        let mut shared = self.reach(name)?;
        shared.reads += u64::from(!self.looks_on);
        let missing = || PlaceError::Missing { name: name.to_owned() };
        let object = shared.objects.get(name).ok_or_else(missing)?;
        let from = usize::try_from(offset).map_err(|_| missing())?;
        let piece = object.get(from..).and_then(|rest| rest.get(..buf.len()));
        buf.copy_from_slice(piece.ok_or_else(missing)?);
        Ok(())
    }
}

impl Place for Remote {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &[u8; 32],
    ) -> Result<(), PlaceError> {
        drop(self.reach(name)?);
        let mut object = Vec::new();
        let read = content.take(bytes).read_to_end(&mut object);
        read.map_err(|source| PlaceError::Source { name: name.to_owned(), source })?;
        if blake3::hash(&object).as_bytes() != blake3 {
            return Err(PlaceError::Mangled { name: name.to_owned() });
        }
        // The line may have died meanwhile; and on a bad one, what arrived may not be known to have arrived.
        let mut shared = self.reach(name)?;
        shared.objects.insert(name.to_owned(), object);
        if shared.fails() { Err(failed(name)) } else { Ok(()) }
    }

    fn settle(&self, prefix: &str) -> Result<(), PlaceError> {
        self.reach(prefix).map(drop)
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        let shared = self.reach(name)?;
        let object = shared.objects.get(name);
        Ok(object.map(|object| Head { name: name.to_owned(), bytes: object.len() as u64 }))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        let shared = self.reach(prefix)?;
        let named = shared.objects.iter().filter(|(name, _)| name.starts_with(prefix));
        let head = |(name, object): (&String, &Vec<u8>)| Head {
            name: name.clone(),
            bytes: object.len() as u64,
        };
        Ok(named.map(head).collect())
    }

    fn is_near(&self) -> bool {
        self.is_near
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        drop(self.reach(name)?.objects.remove(name));
        Ok(())
    }
}
