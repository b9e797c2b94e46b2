//! Format version 1 of an id run, as `docs/JOURNAL_FORMAT.md` has it: one thing a file.

pub(super) mod directory;
pub(super) mod header;
pub(super) mod page;

use florin_engine::Sequence;

/// The version that this release writes, and the newest that it reads.
pub(super) const VERSION: u16 = 1;

/// Sequences are below this: the highest bit of a place says what the id is of.
pub(super) const SEQUENCE_MAX: Sequence = (1 << 63) - 1;

const PREFIX: &str = "ids-";
const SUFFIX: &str = ".run";
/// A run that is being written.
const SUFFIX_UNFINISHED: &str = ".run.tmp";
/// Enough for every `u64`.
const DIGITS: usize = 20;

/// The name of the file of the run of these sequences.
pub(super) fn file_name(first: Sequence, last: Sequence) -> String {
    format!("{PREFIX}{first:0DIGITS$}-{last:0DIGITS$}{SUFFIX}")
}

/// The name of the same file while it is written.
pub(super) fn unfinished_name(first: Sequence, last: Sequence) -> String {
    format!("{PREFIX}{first:0DIGITS$}-{last:0DIGITS$}{SUFFIX_UNFINISHED}")
}

/// The sequences in a file's name, if it is the name of a run.
pub(super) fn range_in(name: &str) -> Option<(Sequence, Sequence)> {
    let (first, last) = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (file_name(first, last) == name).then_some((first, last))
}

/// Whether it is the name of a run that was being written.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(".tmp").is_some_and(|name| range_in(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let name = file_name(1, 1_500_000);
        assert_eq!(name, "ids-00000000000000000001-00000000000001500000.run");
        for (name, range) in [
            (name.as_str(), Some((1, 1_500_000))),
            (&file_name(u64::MAX, u64::MAX), Some((u64::MAX, u64::MAX))),
            ("ids-1-2.run", None),
            ("ids-+0000000000000000001-00000000000001500000.run", None),
            ("ids-00000000000000000001-00000000000001500000.run.bak", None),
            (&unfinished_name(1, 1_500_000), None),
            ("spare", None),
        ] {
            assert_eq!(range_in(name), range, "{name}");
        }
        assert!(is_unfinished(&unfinished_name(1, 2)));
        assert!(!is_unfinished(&file_name(1, 2)) && !is_unfinished("spare.tmp"));
    }
}
