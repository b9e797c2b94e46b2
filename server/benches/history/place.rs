//! A thin archive: a folder that keeps the first GiB of segments. Of the others it has only the last one, in memory, until
//! the next one comes: long enough to be read back.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use florin_persistence::RealDisk;
use florin_persistence::backup::{DirPlace, Head, Objects, Place, PlaceError};

/// What it keeps: the first segments, with the first transfers behind the accounts.
const KEPT_BYTES: u64 = 1 << 30;

struct ThinPlace {
    kept: DirPlace<RealDisk>,
    passing: Mutex<Passing>,
}

#[derive(Default)]
struct Passing {
    /// All that have come by.
    heads: Vec<Head>,
    last: Vec<u8>,
}

/// Opens the archive in a folder.
#[expect(clippy::unnecessary_wraps, reason = "as places are opened")]
pub fn open(dir: &str) -> Result<Arc<dyn Place>, String> {
    let (kept, passing) = (DirPlace::new(RealDisk, dir), Mutex::default());
    Ok(Arc::new(ThinPlace { kept, passing }))
}

impl ThinPlace {
    fn passing<T>(&self, with: impl FnOnce(&mut Passing) -> T) -> T {
        with(&mut self.passing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn kept_bytes(&self) -> Result<u64, PlaceError> {
        Ok(self.kept.list("segments/")?.iter().map(|head| head.bytes).sum())
    }
}

impl Objects for ThinPlace {
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError> {
        let given = self.passing(|passing| {
            let is_last = passing.heads.last().is_some_and(|head| head.name == name);
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let content = passing.last.get(from..).and_then(|rest| rest.get(..buf.len()));
            content.filter(|_| is_last).map(|content| buf.copy_from_slice(content)).is_some()
        });
        if given { Ok(()) } else { self.kept.get(name, offset, buf) }
    }
}

impl Place for ThinPlace {
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &[u8; 32],
    ) -> Result<(), PlaceError> {
        if self.kept_bytes()? + bytes <= KEPT_BYTES {
            return self.kept.put(name, content, bytes, blake3);
        }
        self.passing(|passing| {
            passing.last.clear();
            let read = content.take(bytes).read_to_end(&mut passing.last);
            read.map_err(|source| PlaceError::Source { name: name.to_owned(), source })?;
            if blake3::hash(&passing.last).as_bytes() != blake3 {
                return Err(PlaceError::Mangled { name: name.to_owned() });
            }
            passing.heads.push(Head { name: name.to_owned(), bytes });
            Ok(())
        })
    }

    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError> {
        let passed =
            |passing: &mut Passing| passing.heads.iter().find(|head| head.name == name).cloned();
        match self.passing(passed) {
            Some(head) => Ok(Some(head)),
            None => self.kept.head(name),
        }
    }

    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError> {
        let mut heads = self.kept.list(prefix)?;
        self.passing(|passing| {
            let passed = passing.heads.iter().filter(|head| head.name.starts_with(prefix));
            heads.extend(passed.cloned());
        });
        heads.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(heads)
    }

    fn is_near(&self) -> bool {
        self.kept.is_near()
    }

    fn delete(&self, name: &str) -> Result<(), PlaceError> {
        self.passing(|passing| passing.heads.retain(|head| head.name != name));
        self.kept.delete(name)
    }
}
