//! What can be wrong with a run when it is read, before anybody has said what that means.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{IdsError, ReadError};

/// What is wrong with a run.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is not what was written.
    Damaged {
        file: PathBuf,
        /// Where in it, bytes.
        offset: u64,
        what: &'static str,
    },
    /// The disk failed.
    Io { path: PathBuf, source: io::Error },
    /// A newer release wrote it; what was found.
    Newer { file: PathBuf, found: String },
}

impl Fault {
    pub(super) fn damaged(file: &Path, offset: u64, what: &'static str) -> Self {
        Self::Damaged { file: file.to_path_buf(), offset, what }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged { file, offset, what } => {
                Self::Damaged { file, offset, what: what.to_owned() }
            }
            Fault::Io { path, source } => Self::Io { path, source },
            Fault::Newer { file, found } => Self::Damaged { file, offset: 0, what: found },
        }
    }
}

impl From<Fault> for IdsError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Damaged { file, offset, what } => {
                Self::Damaged { file, offset, what: what.to_owned() }
            }
            Fault::Io { path, source } => Self::Unreadable { path, source },
            Fault::Newer { file, found } => Self::Damaged { file, offset: 0, what: found },
        }
    }
}
