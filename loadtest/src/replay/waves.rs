//! Cutting an ordered history into waves of calls that may overtake each other.
//!
//! Rows of one account must stay in order, rows of different accounts need not. A wave is one
//! independent batch of plain rows, in which order is kept, and any number of groups, each a call of
//! its own; no account is in two calls of the same wave.

use std::collections::HashSet;

use florin_proto::BATCH_MEMBERS_MAX;

/// Groups on their way at once.
const GROUPS_MAX: usize = 256;

/// Indices of rows that can be sent together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wave {
    /// Plain rows, in order, for one batch.
    pub plain: Vec<usize>,
    /// Rows that are groups, a call each.
    pub groups: Vec<usize>,
}

/// What matters about a row here: its account, and whether it is a group.
pub type RowKind = (u128, bool);

/// Cuts rows into waves, in order.
pub fn cut(rows: impl IntoIterator<Item = RowKind>) -> Vec<Wave> {
    let mut waves = Vec::new();
    let mut wave = Wave::default();
    let (mut in_batch, mut in_groups) = (HashSet::new(), HashSet::new());
    for (index, (account, is_group)) in rows.into_iter().enumerate() {
        let conflict = in_groups.contains(&account) || is_group && in_batch.contains(&account);
        let full = wave.plain.len() == BATCH_MEMBERS_MAX || wave.groups.len() == GROUPS_MAX;
        if conflict || full {
            waves.push(std::mem::take(&mut wave));
            in_batch.clear();
            in_groups.clear();
        }
        if is_group {
            wave.groups.push(index);
            in_groups.insert(account);
        } else {
            wave.plain.push(index);
            in_batch.insert(account);
        }
    }
    waves.push(wave);
    waves.retain(|wave| *wave != Wave::default());
    waves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SplitMix64;

    fn wave(plain: &[usize], groups: &[usize]) -> Wave {
        Wave { plain: plain.to_vec(), groups: groups.to_vec() }
    }

    #[test]
    fn waves() {
        let (row, group) = (false, true);
        for (rows, expected) in [
            (vec![], vec![]),
            (vec![(1, row), (1, row), (2, row)], vec![wave(&[0, 1, 2], &[])]),
            (vec![(1, group), (2, group)], vec![wave(&[], &[0, 1])]),
            (vec![(1, row), (2, group)], vec![wave(&[0], &[1])]),
            (vec![(1, row), (1, group)], vec![wave(&[0], &[]), wave(&[], &[1])]),
            (vec![(1, group), (1, row)], vec![wave(&[], &[0]), wave(&[1], &[])]),
            (vec![(1, group), (1, group)], vec![wave(&[], &[0]), wave(&[], &[1])]),
        ] {
            assert_eq!(cut(rows.clone()), expected, "{rows:?}");
        }
    }

    #[test]
    fn an_account_is_in_one_call_of_a_wave_and_its_rows_stay_in_order() {
        let mut rng = SplitMix64::new(3);
        let rows: Vec<RowKind> =
            (0..30_000).map(|_| (rng.below(500).into(), rng.chance(5))).collect();
        let waves = cut(rows.iter().copied());
        let mut done = Vec::new();
        for wave in &waves {
            assert!(wave.plain.len() <= BATCH_MEMBERS_MAX && wave.groups.len() <= GROUPS_MAX);
            assert!(wave.plain.is_sorted());
            let in_batch: HashSet<u128> = wave.plain.iter().map(|i| rows[*i].0).collect();
            let in_groups: HashSet<u128> = wave.groups.iter().map(|i| rows[*i].0).collect();
            assert_eq!(in_groups.len(), wave.groups.len());
            assert!(in_batch.is_disjoint(&in_groups));
            let mut members = [wave.plain.clone(), wave.groups.clone()].concat();
            members.sort_unstable();
            done.extend(members);
        }
        assert!(done.is_sorted());
        assert_eq!(done.len(), rows.len());
    }
}
