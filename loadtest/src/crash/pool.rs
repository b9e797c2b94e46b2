//! What a client has reserved and may go on with, in this life of the server or the next.

use crate::crash::answers::Answer;
use crate::crash::calls::{Call, Kind};
use crate::crash::member::Deed;
use crate::rng::SplitMix64;

/// Most holds, and most payments, that a client goes on with.
const KEPT_MAX: usize = 32;

/// A hold or payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: u128,
    /// Index of the account whose money is reserved.
    pub debit: u32,
    /// Index of the account for which.
    pub credit: u32,
    /// What was reserved at first, minor units.
    pub amount: u64,
}

/// Holds and payments that a client goes on with. Some of them are closed, so that steps are refused too.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    holds: Vec<Open>,
    payments: Vec<Open>,
}

impl Pool {
    /// A hold.
    pub fn hold(&self, rng: &mut SplitMix64) -> Option<Open> {
        pick(&self.holds, rng)
    }

    /// A payment.
    pub fn payment(&self, rng: &mut SplitMix64) -> Option<Open> {
        pick(&self.payments, rng)
    }

    /// Keeps one; the oldest makes room for it.
    pub fn keep(&mut self, open: Open, of_payment: bool) {
        let kept = if of_payment { &mut self.payments } else { &mut self.holds };
        if kept.len() == KEPT_MAX {
            kept.remove(0);
        }
        kept.push(open);
    }

    /// Keeps what an answered call has placed.
    pub fn learn(&mut self, call: &Call, answer: &Answer) {
        for (member, told) in call.members.iter().zip(&answer.members) {
            if told.outcome.posted && matches!(member.deed, Deed::Place(_) | Deed::Pay) {
                let open = Open {
                    id: member.id,
                    debit: member.debit,
                    credit: member.credit,
                    amount: member.amount,
                };
                self.keep(open, call.kind == Kind::Payment);
            }
        }
    }
}

fn pick(from: &[Open], rng: &mut SplitMix64) -> Option<Open> {
    let count = u64::try_from(from.len()).ok().filter(|count| *count > 0)?;
    from.get(usize::try_from(rng.below(count)).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crash::answers::{Outcome, Told};
    use crate::crash::member::{Due, Member};

    #[test]
    fn what_was_placed_is_kept_and_the_oldest_makes_room() {
        let mut pool = Pool::default();
        let mut rng = SplitMix64::new(1);
        assert_eq!(pool.hold(&mut rng), None);
        let member =
            |id, deed| Member { id, deed, debit: 1, credit: 2, amount: 5, up_to_available: false };
        let told =
            |posted| Told { outcome: Outcome { posted, ..Outcome::default() }, ..Told::default() };
        let place = Deed::Place(Due::default());
        let call = Call {
            kind: Kind::Batch,
            members: vec![member(1, Deed::Move), member(2, place), member(3, place)],
        };
        let answer = Answer { members: vec![told(true), told(false), told(true)], group: None };
        pool.learn(&call, &answer);
        assert_eq!(pool.hold(&mut rng).map(|open| open.id), Some(3));
        assert_eq!(pool.payment(&mut rng), None);

        let payment = Call { kind: Kind::Payment, members: vec![member(4, Deed::Pay)] };
        pool.learn(&payment, &Answer { members: vec![told(true)], group: None });
        assert_eq!(pool.payment(&mut rng).map(|open| open.id), Some(4));

        let later =
            (10..10 + KEPT_MAX as u128).map(|id| Open { id, debit: 1, credit: 2, amount: 5 });
        later.for_each(|open| pool.keep(open, false));
        assert!((0..1_000).all(|_| pool.hold(&mut rng).is_some_and(|open| open.id >= 10)));
    }
}
