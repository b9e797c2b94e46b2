//! Ids that stand in a batch more than once.

use hashbrown::HashMap;

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

#[cfg(test)]
mod tests {
    use super::repeated;

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
