//! Which runs to merge: four of a size, neighbours.

use std::ops::Range;

use florin_engine::Sequence;

/// So many runs of a tier are merged, and so many times larger is the next tier.
const FAN_IN: usize = 4;

/// What counts about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) first: Sequence,
    pub(super) last: Sequence,
    pub(super) entries: u64,
}

/// The tier of a run: the logarithm of its entries to base 4. Four of one tier make one of a higher tier, so
/// an id is rewritten once a tier and there are few runs: 15 tiers hold a billion ids.
fn tier(entries: u64) -> u32 {
    entries.max(1).ilog(FAN_IN as u64)
}

/// The runs to merge next, if any, by their places in `runs`, which are in order of their ranges.
///
/// Those of the lowest tier come first: from the first to the fourth of a tier, in a stretch of neighbours
/// without larger ones between, and with any smaller ones between.
pub(super) fn choose(runs: &[Size]) -> Option<Range<usize>> {
    let mut tiers: Vec<u32> = runs.iter().map(|run| tier(run.entries)).collect();
    tiers.sort_unstable();
    tiers.dedup();
    tiers.into_iter().find_map(|tier| choose_in(runs, tier))
}

fn choose_in(runs: &[Size], wanted: u32) -> Option<Range<usize>> {
    let mut of_tier: Vec<usize> = Vec::with_capacity(FAN_IN);
    for (place, run) in runs.iter().enumerate() {
        let follows = place.checked_sub(1).is_none_or(|before| runs[before].last + 1 == run.first);
        if !follows || tier(run.entries) > wanted {
            of_tier.clear();
        }
        if tier(run.entries) == wanted {
            of_tier.push(place);
        }
        if of_tier.len() == FAN_IN {
            return Some(of_tier[0]..place + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of ten sequences each; a run after a gap has a `true`.
    fn runs(sizes: &[(u64, bool)]) -> Vec<Size> {
        let mut next = 1;
        let run = |&(entries, gap): &(u64, bool)| {
            let first = next + Sequence::from(gap);
            next = first + 10;
            Size { first, last: first + 9, entries }
        };
        sizes.iter().map(run).collect()
    }

    #[test]
    fn table() {
        let tiers = [(0, 0), (1, 0), (3, 0), (4, 1), (15, 1), (16, 2), (1_500_000, 10)];
        for (entries, expected) in tiers {
            assert_eq!(tier(entries), expected, "{entries}");
        }
        let (no, gap) = (false, true);
        for (what, sizes, expected) in [
            ("nothing", &[][..], None),
            ("three", &[(1, no); 3], None),
            ("four", &[(1, no); 4], Some(0..4)),
            ("empty ones too", &[(0, no); 4], Some(0..4)),
            ("no more than four at once", &[(1, no); 5], Some(0..4)),
            ("not across a gap", &[(1, no), (1, no), (1, gap), (1, no), (1, no)], None),
            ("behind a gap", &[(1, no), (1, gap), (1, no), (1, no), (1, no)], Some(1..5)),
            ("not across a larger one", &[(1, no), (1, no), (5, no), (1, no), (1, no)], None),
            ("not a large one for small ones", &[(99, no), (1, no), (1, no), (1, no)], None),
            (
                "with smaller ones between, not around",
                &[(1, no), (5, no), (1, no), (5, no), (5, no), (6, no), (1, no)],
                Some(1..6),
            ),
            (
                "the lowest tier first",
                &[(9, no), (9, no), (9, no), (9, no), (1, no), (1, no), (1, no), (1, no)],
                Some(4..8),
            ),
        ] {
            assert_eq!(choose(&runs(sizes)), expected, "{what}");
        }
    }

    #[test]
    fn a_billion_ids_are_a_handful_of_runs() {
        let (mut now, mut rewritten, mut most) = (Vec::new(), 0, 0);
        for i in 0..700_u64 {
            let entries = 1_450_000;
            now.push(Size { first: 1 + i * 10, last: 10 + i * 10, entries });
            while let Some(chosen) = choose(&now) {
                let entries = now[chosen.clone()].iter().map(|run| run.entries).sum();
                rewritten += entries;
                let (first, last) = (now[chosen.start].first, now[chosen.end - 1].last);
                now.splice(chosen, [Size { first, last, entries }]);
            }
            most = most.max(now.len());
        }
        assert!(most <= 15, "{most} runs");
        let all: u64 = now.iter().map(|run| run.entries).sum();
        assert_eq!(all, 700 * 1_450_000);
        assert!(rewritten <= 4 * all, "each id was rewritten {} times", rewritten / all);
    }
}
