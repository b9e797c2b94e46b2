//! Where backups lie: objects by flat names, written as a whole or not at all.

use std::io::Read;

use super::PIECE_BYTES;
use super::error::PlaceError;
use crate::format::Hash;

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// Its length, bytes.
    pub bytes: u64,
}

/// Objects that can be read. Names are flat: letters, digits, `.`, `-`, and `/` between parts.
pub trait Objects: Send + Sync {
    /// Reads exactly `buf.len()` bytes at an offset. All of them lie within the object.
    ///
    /// # Errors
    /// [`PlaceError::Missing`] if there is no such object or it ends before that.
    fn get(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<(), PlaceError>;
}

/// A place for backups.
///
/// An object is there as a whole, durable and checked, or not at all: an interrupted [`put`](Self::put) leaves
/// nothing that [`head`](Self::head), [`list`](Self::list) or [`get`](Objects::get) would show; or all of it, durable once
/// [`settle`](Self::settle) has returned.
pub trait Place: Objects {
    /// Writes an object of so many bytes, in place of any other of that name. It is durable when this returns, and
    /// what arrived has been compared with the BLAKE3 hash.
    fn put(
        &self,
        name: &str,
        content: &mut dyn Read,
        bytes: u64,
        blake3: &Hash,
    ) -> Result<(), PlaceError>;

    /// Looks for an object.
    fn head(&self, name: &str) -> Result<Option<Head>, PlaceError>;

    /// Makes durable an object that is there, whoever wrote it. That it can be read does not say that it is. Places
    /// that show nothing else have nothing to do.
    ///
    /// # Errors
    /// [`PlaceError::Missing`] if there is no such object.
    fn settle(&self, _name: &str) -> Result<(), PlaceError> {
        Ok(())
    }

    /// Makes sure that an object is there, [durable](Self::settle), and has this length and this BLAKE3 hash: all of it is read, from
    /// the device where the place can tell that from what is cached.
    ///
    /// # Errors
    /// [`PlaceError::Missing`] if it is not there or shorter, [`PlaceError::Mangled`] if it is something else.
    fn confirm(&self, name: &str, bytes: u64, blake3: &Hash) -> Result<(), PlaceError> {
        self.settle(name)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut done = 0;
        while done < bytes {
            let left = usize::try_from(bytes - done).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(PIECE_BYTES)];
            self.get(name, done, piece)?;
            hasher.update(piece);
            done += piece.len() as u64;
        }
        if hasher.finalize().as_bytes() == blake3 {
            Ok(())
        } else {
            Err(PlaceError::Mangled { name: name.to_owned() })
        }
    }

    /// Objects whose name begins with this, by name.
    fn list(&self, prefix: &str) -> Result<Vec<Head>, PlaceError>;

    /// Whether reading a piece costs about as much as reading a file: what is far is better fetched as a whole.
    fn is_near(&self) -> bool {
        false
    }

    /// Removes an object. That it is not there is no error.
    fn delete(&self, name: &str) -> Result<(), PlaceError>;
}

/// Whether this can be the name of an object in any place.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    };
    name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names() {
        for (name, expected) in [
            ("manifest-1.json", true),
            ("segments/0000000001.00ff", true),
            ("", false),
            ("segments/", false),
            ("/etc/passwd", false),
            ("segments/../x", false),
            ("segments/.x", false),
            ("a b", false),
            ("a\0b", false),
        ] {
            assert_eq!(is_name(name), expected, "{name:?}");
        }
    }
}
