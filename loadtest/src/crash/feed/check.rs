//! The stories of all subscribers against what clients were told, and against each other.

use std::collections::{HashMap, HashSet};

use florin_proto::v1::EventKind;

use crate::crash::check::Found;
use crate::crash::clients::Sent;
use crate::crash::feed::story::{Heard, Story};

/// What was found. All but the last two must stay zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Findings {
    /// Sequences that were left out, and acknowledged transfers, refused groups and due times that never came.
    pub gaps: u64,
    /// Events that were told twice.
    pub duplicates: u64,
    /// Events that came after a later one.
    pub out_of_order: u64,
    /// Events that are otherwise than they are kept, or that were not asked for.
    pub differs: u64,
    /// Events told, all subscribers together.
    pub events: u64,
    /// How often subscribers went on from their cursors.
    pub resumptions: u64,
}

/// Compares. `found` is how the transfers of `sent` are kept, `due` what fell due of which hold; events through `before`
/// are those of an earlier test on the same data.
pub fn check(
    stories: &[Story],
    sent: &[Sent],
    found: &Found,
    due: &HashMap<u128, u64>,
    before: u64,
) -> Findings {
    let mut findings = Findings::default();
    for story in stories {
        findings.gaps += story.gaps;
        findings.duplicates += story.duplicates;
        findings.out_of_order += story.out_of_order;
        findings.events += story.events.len() as u64;
        findings.resumptions += story.resumptions;
        let news = story.events.iter().filter(|event| event.sequence > before);
        findings.differs += news.filter(|event| !is_kept(event, found, due)).count() as u64;
        if story.filter.is_everything() {
            findings.gaps += missed(&story.events, sent, due);
        }
    }
    if let Some((whole, others)) = stories.split_first() {
        for story in others {
            compare(whole, story, &mut findings);
        }
    }
    findings
}

/// Whether an event says what is kept. What fell due has no id: it is all that was left of its hold.
fn is_kept(event: &Heard, found: &Found, due: &HashMap<u128, u64>) -> bool {
    match &event.transfer {
        None => true,
        Some((0, kept)) => due.get(&kept.hold) == Some(&kept.outcome.amount),
        Some((id, kept)) => event.sequence == kept.outcome.sequence && found.get(id) == Some(kept),
    }
}

/// What clients were told and a subscriber to everything was not.
fn missed(events: &[Heard], sent: &[Sent], due: &HashMap<u128, u64>) -> u64 {
    let mut transfers = HashSet::new();
    let mut fallen = HashSet::new();
    let mut groups = HashSet::new();
    for event in events {
        match &event.transfer {
            Some((0, kept)) => {
                fallen.insert(kept.hold);
            }
            Some((id, _)) => {
                transfers.insert(*id);
            }
            None if event.kind == EventKind::GroupRefused => {
                groups.insert(event.sequence);
            }
            None => {}
        }
    }
    let mut missed = due.keys().filter(|hold| !fallen.contains(*hold)).count();
    for Sent { call, answer } in sent {
        let Some(answer) = answer else { continue };
        if let Some(group) = answer.group.filter(|group| !group.outcome.posted) {
            let sequence = group.outcome.sequence;
            missed += usize::from(sequence != 0 && !groups.contains(&sequence));
            continue;
        }
        let told = call.members.iter().zip(&answer.members);
        let kept = told.filter(|(_, told)| told.outcome.sequence != 0);
        missed += kept.filter(|(member, _)| !transfers.contains(&member.id)).count();
    }
    missed as u64
}

/// A subscriber with a filter is told exactly what passes it of what one without is told.
fn compare(whole: &Story, story: &Story, findings: &mut Findings) {
    let expected = whole.events.iter().filter(|event| story.filter.passes(event));
    let expected: HashMap<u64, &Heard> = expected.map(|event| (event.sequence, event)).collect();
    let told: HashMap<u64, &Heard> = story.events.iter().map(|e| (e.sequence, e)).collect();
    findings.gaps += expected.keys().filter(|sequence| !told.contains_key(sequence)).count() as u64;
    let other = told.iter().filter(|(sequence, event)| expected.get(sequence) != Some(event));
    findings.differs += other.count() as u64;
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::TransferKind;

    use super::*;
    use crate::crash::accounts::Accounts;
    use crate::crash::answers::{Answer, Kept, Outcome, Told};
    use crate::crash::calls::{Call, Kind};
    use crate::crash::feed::filter::Filter;
    use crate::crash::member::{Deed, Member};

    const HOLD: u128 = 70;

    fn kept(sequence: u64, amount: u64, hold: u128) -> Kept {
        Kept {
            outcome: Outcome { posted: true, sequence, amount, ..Outcome::default() },
            debit: Accounts::new().id(0),
            credit: Accounts::new().id(10),
            requested: amount,
            group: 0,
            kind: TransferKind::Move.into(),
            hold,
            remaining: None,
        }
    }

    fn heard(sequence: u64, kind: EventKind, transfer: Option<(u128, Kept)>) -> Heard {
        let accounts = transfer.map_or([0, 0], |(_, kept)| [kept.debit, kept.credit]);
        Heard { sequence, kind, accounts, failed_on: 0, transfer }
    }

    fn posted(sequence: u64, id: u128) -> Heard {
        heard(sequence, EventKind::TransferPosted, Some((id, kept(sequence, 7, 0))))
    }

    fn due(sequence: u64, amount: u64) -> Heard {
        heard(sequence, EventKind::Hold, Some((0, kept(sequence, amount, HOLD))))
    }

    fn group(sequence: u64) -> Heard {
        heard(sequence, EventKind::GroupRefused, None)
    }

    /// Two transfers and a refused group, as clients were told.
    fn sent() -> Vec<Sent> {
        let member = |id| Member {
            id,
            deed: Deed::Move,
            debit: 0,
            credit: 9,
            amount: 7,
            up_to_available: false,
        };
        let told = |sequence, posted| Told {
            outcome: Outcome { posted, sequence, ..Outcome::default() },
            ..Told::default()
        };
        let batch = Call { kind: Kind::Batch, members: vec![member(1), member(2), member(3)] };
        // The third was malformed: it uses up no id.
        let members = vec![told(11, true), told(12, true), told(0, false)];
        let answer = Answer { members, group: None };
        let refused = Call { kind: Kind::Group(5), members: vec![member(4)] };
        let group = Answer { members: vec![told(0, false)], group: Some(told(13, false)) };
        vec![
            Sent { call: batch, answer: Some(answer) },
            Sent { call: refused, answer: Some(group) },
        ]
    }

    fn story(number: usize, events: &[Heard]) -> Story {
        let mut story = Story::new(Filter::of(number, &Accounts::new()));
        story.events = events.to_vec();
        story
    }

    #[test]
    fn a_subscriber_to_everything_is_told_all_that_clients_were_and_nothing_else() {
        let found: Found = [(1, kept(11, 7, 0)), (2, kept(12, 7, 0))].into();
        let fallen = HashMap::from([(HOLD, 30)]);
        let whole = [posted(11, 1), posted(12, 2), group(13), due(14, 30)];
        // Before the test there was something else.
        let [one, two, three, four] = whole;
        let earlier = posted(10, 99);
        for (name, events, gaps, differs) in [
            ("all of it", vec![earlier, one, two, three, four], 0, 0),
            ("an acknowledged transfer never came", vec![one, three, four], 1, 0),
            ("a refused group never came", vec![one, two, four], 1, 0),
            ("a due time never came", vec![one, two, three], 1, 0),
            ("another amount fell due", vec![one, two, three, due(14, 29)], 0, 1),
            ("something that is not kept", vec![one, two, three, four, posted(15, 6)], 0, 1),
            ("told with another sequence", vec![one, posted(15, 2), three, four], 0, 1),
        ] {
            let findings = check(&[story(0, &events)], &sent(), &found, &fallen, 10);
            assert_eq!((findings.gaps, findings.differs), (gaps, differs), "{name}");
            assert_eq!(findings.events, events.len() as u64, "{name}");
        }
    }

    #[test]
    fn a_subscriber_with_a_filter_is_told_what_passes_it() {
        let found: Found = [(1, kept(11, 7, 0)), (2, kept(12, 7, 0))].into();
        let fallen = HashMap::from([(HOLD, 30)]);
        let whole = [posted(11, 1), posted(12, 2), group(13), due(14, 30)];
        let [one, two, three, four] = whole;
        for (name, number, events, gaps, differs) in [
            ("holds and payments", 2, vec![four], 0, 0),
            ("one is missing", 2, vec![], 1, 0),
            ("one was not asked for", 2, vec![one, four], 0, 1),
            ("accounts", 3, vec![one, two, four], 0, 0),
            ("another one is missing", 3, vec![one, four], 1, 0),
            ("a group that failed on another account", 3, vec![one, two, three, four], 0, 1),
            ("nothing of these names happened", 1, vec![], 0, 0),
        ] {
            let stories = [story(0, &whole), story(number, &events)];
            let findings = check(&stories, &sent(), &found, &fallen, 10);
            assert_eq!((findings.gaps, findings.differs), (gaps, differs), "{name}");
        }
    }

    #[test]
    fn what_subscribers_noted_themselves_is_added_up() {
        let mut one = story(0, &[]);
        (one.gaps, one.duplicates, one.out_of_order, one.resumptions) = (1, 2, 3, 4);
        let mut other = story(1, &[]);
        (other.duplicates, other.resumptions) = (10, 20);
        let findings = check(&[one, other], &[], &Found::new(), &HashMap::new(), 0);
        let expected = Findings {
            gaps: 1,
            duplicates: 12,
            out_of_order: 3,
            resumptions: 24,
            ..Findings::default()
        };
        assert_eq!(findings, expected);
    }
}
