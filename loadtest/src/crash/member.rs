//! One transfer of a call: a move of money, a hold or payment, or a step of one.

use std::time::{SystemTime, UNIX_EPOCH};

use florin_proto::v1::{AtDue, TransferKind};

use crate::crash::accounts::{CUSTOMERS, TREASURIES};
use crate::crash::calls::Kind;
use crate::crash::pool::{Open, Pool};
use crate::rng::SplitMix64;

/// What is reserved falls due after this time, milliseconds: some before the kill, some while nobody is there, some
/// after the restart.
const DUE_AFTER_MS: (u64, u64) = (20, 1_200);
/// The account that nobody opens.
pub const UNKNOWN: u64 = TREASURIES + CUSTOMERS;

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Moves money.
    Move,
    /// Reserves it under the transfer's id: a hold, or a payment to be captured later.
    Place(Due),
    /// Creates a payment that is captured at once.
    Pay,
    /// Moves what is reserved.
    Capture {
        /// The hold or payment.
        of: u128,
        /// What is left afterwards is given back.
        release_rest: bool,
    },
    /// Gives back what is reserved.
    Release {
        /// The hold or payment.
        of: u128,
    },
    /// Reserves more, or for another time.
    Change {
        /// The hold.
        of: u128,
        /// When it falls due from now on; 0 = as it was.
        at_ns: u64,
    },
    /// Moves captured money back.
    Refund {
        /// The payment.
        of: u128,
    },
}

/// When something falls due, and what happens then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Due {
    /// Ns since 1970; 0 = never.
    pub at_ns: u64,
    /// What is left is captured then, not given back.
    pub captures: bool,
}

/// One transfer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: u128,
    /// What it does.
    pub deed: Deed,
    /// Index of the account that pays. Of a step it follows from the hold or payment and is not sent.
    pub debit: u32,
    /// Index of the account that receives.
    pub credit: u32,
    /// Minor units; 0 in a step means all there is.
    pub amount: u64,
    /// Or as much as there is.
    pub up_to_available: bool,
}

impl Due {
    /// As the contract has it.
    pub fn at_due(self) -> AtDue {
        match (self.at_ns, self.captures) {
            (0, _) => AtDue::Unspecified,
            (_, true) => AtDue::Capture,
            (_, false) => AtDue::Release,
        }
    }

    fn draw(percent: u64, rng: &mut SplitMix64) -> Self {
        if !rng.chance(percent) {
            return Self::default();
        }
        Self { at_ns: soon_ns(rng), captures: rng.chance(50) }
    }
}

fn soon_ns(rng: &mut SplitMix64) -> u64 {
    let now_ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let (low, high) = DUE_AFTER_MS;
    u64::try_from(now_ns).unwrap_or_default() + rng.between(low * 1_000_000, high * 1_000_000)
}

impl Deed {
    /// The hold or payment that it is a step of; 0 if it is none.
    pub fn of(self) -> u128 {
        match self {
            Self::Move | Self::Place(_) | Self::Pay => 0,
            Self::Capture { of, .. }
            | Self::Release { of }
            | Self::Change { of, .. }
            | Self::Refund { of } => of,
        }
    }

    /// When the request says that something falls due; 0 if it does not.
    pub fn due(self) -> Due {
        match self {
            Self::Place(due) => due,
            Self::Change { at_ns, .. } => Due { at_ns, captures: false },
            _ => Due::default(),
        }
    }

    /// As the contract has it.
    pub fn kind(self, of_payment: bool) -> TransferKind {
        match (self, of_payment) {
            (Self::Move, _) => TransferKind::Move,
            (Self::Place(_), false) => TransferKind::Hold,
            (Self::Place(_), true) => TransferKind::PaymentAuthorize,
            (Self::Pay, _) => TransferKind::PaymentPay,
            (Self::Capture { .. }, false) => TransferKind::Capture,
            (Self::Capture { .. }, true) => TransferKind::PaymentCapture,
            (Self::Release { .. }, false) => TransferKind::Release,
            (Self::Release { .. }, true) => TransferKind::PaymentCancel,
            (Self::Change { .. }, _) => TransferKind::Change,
            (Self::Refund { .. }, _) => TransferKind::PaymentRefund,
        }
    }
}

impl Member {
    /// Draws one that goes with this kind of call. Steps are of what is in the pool.
    pub fn draw(kind: Kind, pool: &Pool, rng: &mut SplitMix64) -> Self {
        if kind == Kind::Payment {
            return match pool.payment(rng) {
                Some(open) if rng.chance(60) => Self::payment_step(open, rng),
                _ => Self::payment(rng),
            };
        }
        match (rng.below(100), pool.hold(rng)) {
            (0..8, _) => Self::hold(rng),
            (8..20, Some(open)) => Self::hold_step(kind, open, rng),
            _ => Self::plain(kind, rng),
        }
    }

    fn plain(kind: Kind, rng: &mut SplitMix64) -> Self {
        let (debit, credit) = accounts(rng);
        let up_to_available = kind != Kind::Bulk && debit >= TREASURIES && rng.chance(5);
        Self { up_to_available, ..Self::between(debit, credit, Deed::Move, rng) }
    }

    fn hold(rng: &mut SplitMix64) -> Self {
        let (debit, credit) = accounts(rng);
        Self::between(debit, credit, Deed::Place(Due::draw(40, rng)), rng)
    }

    fn payment(rng: &mut SplitMix64) -> Self {
        let (debit, credit) = accounts(rng);
        let manual = rng.chance(70);
        let deed = if manual { Deed::Place(Due::draw(30, rng)) } else { Deed::Pay };
        Self::between(debit, credit, deed, rng)
    }

    fn between(debit: u64, credit: u64, deed: Deed, rng: &mut SplitMix64) -> Self {
        let narrow = |index: u64| u32::try_from(index).unwrap_or_default();
        Self {
            id: draw_id(rng),
            deed,
            debit: narrow(debit),
            credit: narrow(credit),
            amount: rng.between(1, 500),
            up_to_available: false,
        }
    }

    fn step(open: Open, deed: Deed, amount: u64, rng: &mut SplitMix64) -> Self {
        let Open { debit, credit, .. } = open;
        Self { id: draw_id(rng), deed, debit, credit, amount, up_to_available: false }
    }

    fn hold_step(kind: Kind, open: Open, rng: &mut SplitMix64) -> Self {
        let of = open.id;
        // Answers in columns do not tell how much all was.
        let all = kind != Kind::Bulk && rng.chance(30);
        let part = if all { 0 } else { rng.between(1, open.amount) };
        match rng.below(100) {
            0..55 => {
                let release_rest = rng.chance(30);
                Self::step(open, Deed::Capture { of, release_rest }, part, rng)
            }
            55..80 => Self::step(open, Deed::Release { of }, part, rng),
            _ => {
                let at_ns = if rng.chance(40) { soon_ns(rng) } else { 0 };
                let more = if at_ns != 0 && rng.chance(50) { 0 } else { rng.between(1, 100) };
                Self::step(open, Deed::Change { of, at_ns }, more, rng)
            }
        }
    }

    fn payment_step(open: Open, rng: &mut SplitMix64) -> Self {
        let of = open.id;
        let part = if rng.chance(40) { 0 } else { rng.between(1, open.amount) };
        match rng.below(100) {
            0..45 => {
                let release_rest = rng.chance(30);
                Self::step(open, Deed::Capture { of, release_rest }, part, rng)
            }
            45..60 => Self::step(open, Deed::Release { of }, 0, rng),
            _ => {
                let back = Open { debit: open.credit, credit: open.debit, ..open };
                Self::step(back, Deed::Refund { of }, part, rng)
            }
        }
    }
}

/// Who pays and who receives, by index.
fn accounts(rng: &mut SplitMix64) -> (u64, u64) {
    let treasury = |rng: &mut SplitMix64| rng.below(TREASURIES);
    let customer = |rng: &mut SplitMix64| TREASURIES + rng.below(CUSTOMERS);
    let (debit, credit) = match rng.below(100) {
        0..50 => (treasury(rng), customer(rng)),
        50..90 => (customer(rng), customer(rng)),
        90..99 => (customer(rng), treasury(rng)),
        // Nobody opened this one: refused, and the refusal is kept like any other answer.
        _ => (customer(rng), UNKNOWN),
    };
    // The same account twice would be malformed, which uses up no id.
    (if debit == credit { 0 } else { debit }, credit)
}

/// A random id, never zero.
pub fn draw_id(rng: &mut SplitMix64) -> u128 {
    u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64() | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Pool {
        let mut pool = Pool::default();
        let open = |id| Open { id, debit: 1, credit: 20, amount: 300 };
        pool.keep(open(7), false);
        pool.keep(open(8), true);
        pool
    }

    fn draw(kind: Kind) -> Vec<Member> {
        let mut rng = SplitMix64::new(1);
        (0..20_000).map(|_| Member::draw(kind, &pool(), &mut rng)).collect()
    }

    #[test]
    fn every_deed_is_drawn_where_it_belongs() {
        for (kind, deeds) in [
            (Kind::Unary, &["Move", "Place", "Capture", "Release", "Change"][..]),
            (Kind::Bulk, &["Move", "Place", "Capture", "Release", "Change"]),
            (Kind::Payment, &["Place", "Pay", "Capture", "Release", "Refund"]),
        ] {
            let mut drawn: Vec<String> = Vec::new();
            for member in draw(kind) {
                let name = format!("{:?}", member.deed);
                let name = name.split([' ', '(']).next().expect("a name").to_owned();
                if !drawn.contains(&name) {
                    drawn.push(name);
                }
            }
            drawn.sort();
            let mut deeds = deeds.to_vec();
            deeds.sort_unstable();
            assert_eq!(drawn, deeds, "{kind:?}");
        }
    }

    #[test]
    fn members_are_well_formed_and_a_few_name_an_unknown_account() {
        for kind in [Kind::Batch, Kind::Bulk, Kind::Payment] {
            let members = draw(kind);
            let placing = |m: &&Member| m.deed.of() == 0;
            assert!(members.iter().all(|m| m.debit != m.credit), "{kind:?}");
            assert!(members.iter().filter(placing).all(|m| m.amount > 0), "{kind:?}");
            let strays = members.iter().filter(|m| u64::from(m.credit) == UNKNOWN).count();
            assert!((50..400).contains(&strays), "{kind:?} {strays}");
            let all = members.iter().filter(|m| m.amount == 0);
            let all = all.filter(|m| !matches!(m.deed, Deed::Change { .. })).count();
            assert_eq!(all == 0, kind == Kind::Bulk, "{kind:?} {all}");
            for member in members {
                let expected = match member.deed {
                    Deed::Refund { of } => Some((of, 20, 1)),
                    deed if deed.of() != 0 => Some((deed.of(), 1, 20)),
                    _ => None,
                };
                let id = if kind == Kind::Payment { 8 } else { 7 };
                if let Some(expected) = expected {
                    let found = (member.deed.of(), member.debit, member.credit);
                    assert_eq!((found, expected.0), (expected, id), "{member:?}");
                }
                if let Deed::Change { at_ns, .. } = member.deed {
                    assert!(at_ns != 0 || member.amount != 0, "{member:?}");
                }
            }
        }
    }
}
