//! Ids that stand in a batch more than once.

use hashbrown::{HashMap, HashSet};

/// Indexes of all places whose id stands elsewhere in the batch too, ascending. Zero is no id.
pub(crate) fn repeated(ids: &[u128]) -> Vec<usize> {
    if ids.len() < 2 {
        return Vec::new();
    }
    let mut first: HashMap<u128, usize> = HashMap::with_capacity(ids.len());
    let mut places = Vec::new();
    for (index, id) in ids.iter().enumerate().filter(|(_, id)| **id != 0) {
        if let Some(first) = first.insert(*id, index) {
            places.extend([first, index]);
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// How many from the front are all different. Zero is no id.
pub(crate) fn distinct(ids: &[u128]) -> usize {
    if ids.len() < 2 {
        return ids.len();
    }
    let mut seen = HashSet::with_capacity(ids.len());
    ids.iter().position(|id| *id != 0 && !seen.insert(*id)).unwrap_or(ids.len())
}

#[cfg(test)]
mod tests {
    use super::{distinct, repeated};

    #[test]
    fn distinct_from_the_front() {
        for (ids, len) in
            [(&[][..], 0), (&[1], 1), (&[1, 2, 3], 3), (&[1, 2, 1, 4], 2), (&[0, 0, 1, 0, 1], 4)]
        {
            assert_eq!(distinct(ids), len, "{ids:?}");
        }
    }

    #[test]
    fn every_place_is_named_once() {
        for (ids, places) in [
            (&[][..], &[][..]),
            (&[1], &[]),
            (&[1, 2, 3], &[]),
            (&[1, 2, 1], &[0, 2]),
            (&[5, 5, 5, 6], &[0, 1, 2]),
            (&[0, 0], &[]),
        ] {
            assert_eq!(repeated(ids), places, "{ids:?}");
        }
    }
}
