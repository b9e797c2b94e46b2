//! The account actor: private state, one message at a time, and the right to refuse.
//!
//! It is a plain struct, stepped by the partition that hosts it. 128 bytes, two cache lines: what
//! most payments touch. What is rare an account lives in the side table.

use crate::{Leg, NO_SLOT, Reason, Refusal, Sequence, Slot, Tenant};

/// How far an account's balance may fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Floor {
    /// Not below zero.
    #[default]
    Zero,
    /// Without limit.
    None,
    /// To minus this many minor units, 1 to 2^127 - 1.
    Overdraft(u128),
}

/// Which directions are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Freeze {
    /// None.
    #[default]
    None = 0,
    /// Money may come in, not go out.
    Debits = 1,
    /// Money may go out, not come in.
    Credits = 2,
    /// Neither.
    Both = 3,
}

impl Freeze {
    const fn stops(self, side: Side) -> bool {
        match side {
            Side::Debit => self as u8 & 1 != 0,
            Side::Credit => self as u8 & 2 != 0,
        }
    }
}

/// The two sides of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Pays.
    Debit,
    /// Receives.
    Credit,
}

/// What an account is asked to take part in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub side: Side,
    pub amount_minor: u128,
    /// Less will do, if the floor stands in the way.
    pub up_to_available: bool,
}

/// How far a balance may go, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub floor: Floor,
    pub ceiling: Option<u128>,
}

/// What an event does to one of its accounts, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect {
    pub side: Side,
    /// Becomes pending.
    pub reserved_minor: u128,
    /// Is no longer pending.
    pub freed_minor: u128,
    /// Moves.
    pub posted_minor: u128,
}

impl Effect {
    /// Money that moves at once.
    pub const fn posted(side: Side, posted_minor: u128) -> Self {
        Self { side, reserved_minor: 0, freed_minor: 0, posted_minor }
    }
}

/// Which kind of floor; the amount of an overdraft lives in the side table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FloorKind {
    Zero = 1,
    None = 2,
    Overdraft = 3,
}

/// No entry in the side table.
pub(crate) const NO_SIDE: u32 = u32::MAX;

/// An account's state.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub struct Account {
    // Who it is: the first cache line.
    pub(crate) id: u128,
    pub(crate) opened_at_ns: u64,
    pub(crate) last_sequence: Sequence,
    pub(crate) content_hash: u64,
    pub(crate) tenant: Tenant,
    pub(crate) asset: u32,
    pub(crate) side: u32,
    pub(crate) floor: FloorKind,
    pub(crate) freeze: Freeze,
    pub(crate) closed: bool,
    /// There is a ceiling; it lives in the side table.
    pub(crate) has_ceiling: bool,
    pub(crate) opened_sequence: Sequence,
    // What it holds: the second.
    pub(crate) debits_pending: u128,
    pub(crate) debits_posted: u128,
    pub(crate) credits_pending: u128,
    pub(crate) credits_posted: u128,
}

const _: () = assert!(size_of::<Account>() == 128, "an account is two cache lines");

/// What could be debited of a balance, less what is pending, above a floor, all in minor units; `None` if there is no
/// floor.
pub fn available_minor(net_minor: i128, pending_minor: u128, floor: Floor) -> Option<u128> {
    let overdraft = match floor {
        Floor::None => return None,
        Floor::Zero => 0,
        Floor::Overdraft(minor) => minor,
    };
    let above_floor = if net_minor < 0 {
        overdraft.saturating_sub(net_minor.unsigned_abs())
    } else {
        overdraft + net_minor.unsigned_abs()
    };
    Some(above_floor.saturating_sub(pending_minor))
}

impl Account {
    /// Its id.
    pub const fn id(&self) -> u128 {
        self.id
    }

    /// Posted credits - posted debits, minor units. `decide` keeps it within 128 bits.
    pub fn net_minor(&self) -> i128 {
        self.credits_posted.wrapping_sub(self.debits_posted).cast_signed()
    }

    /// What could be debited, minor units; `None` if there is no floor.
    pub(crate) fn available_minor(&self, floor: Floor) -> Option<u128> {
        available_minor(self.net_minor(), self.debits_pending, floor)
    }

    /// Answers how much it would move, or why it would not. Changes nothing. The checks stand in the
    /// order of precedence of [`Reason`].
    pub(crate) fn answer(&self, ask: Ask, bounds: Bounds) -> Result<u128, Refusal> {
        let Ask { side, amount_minor, up_to_available } = ask;
        let refuse = |reason, would_pass: u128| Refusal {
            reason,
            account: self.id,
            asked_minor: amount_minor,
            missing_minor: amount_minor - would_pass,
            would_pass_minor: would_pass,
        };
        if self.closed {
            return Err(refuse(Reason::AccountClosed, 0));
        }
        if self.freeze.stops(side) {
            return Err(refuse(Reason::AccountFrozen, 0));
        }
        let mut moved = amount_minor;
        if side == Side::Debit
            && let Some(available) = self.available_minor(bounds.floor)
            && available < amount_minor
        {
            if !up_to_available || available == 0 {
                return Err(refuse(Reason::InsufficientFunds, available));
            }
            moved = available;
        }
        if side == Side::Credit
            && let Some(room) = self.room_below_minor(bounds.ceiling)
            && room < moved
        {
            return Err(refuse(Reason::CeilingExceeded, room));
        }
        let room = self.room_minor(side);
        if room < moved {
            return Err(refuse(Reason::BalanceOverflow, room));
        }
        Ok(moved)
    }

    /// Answers whether it would take part in moving what is reserved already: only a freeze can be in the way.
    pub(crate) fn answer_capture(&self, side: Side, amount_minor: u128) -> Result<(), Refusal> {
        if self.freeze.stops(side) {
            return Err(Refusal {
                reason: Reason::AccountFrozen,
                account: self.id,
                asked_minor: amount_minor,
                missing_minor: amount_minor,
                would_pass_minor: 0,
            });
        }
        Ok(())
    }

    /// The balance once everything that is reserved for this account has come.
    pub(crate) fn net_with_credits_minor(&self) -> i128 {
        self.net_minor().saturating_add_unsigned(self.credits_pending)
    }

    /// What could be credited below a ceiling, minor units; `None` if there is none.
    fn room_below_minor(&self, ceiling: Option<u128>) -> Option<u128> {
        let ceiling = i128::try_from(ceiling?).unwrap_or(i128::MAX);
        let level = self.net_with_credits_minor();
        Some(if level < ceiling { ceiling.abs_diff(level) } else { 0 })
    }

    /// The largest amount after which balance and totals still fit their 128 bits, whatever becomes of what is
    /// reserved.
    fn room_minor(&self, side: Side) -> u128 {
        match side {
            Side::Debit => {
                let lowest = self.net_minor().saturating_sub_unsigned(self.debits_pending);
                let total = self.debits_posted.saturating_add(self.debits_pending);
                lowest.abs_diff(i128::MIN).min(u128::MAX - total)
            }
            Side::Credit => {
                let total = self.credits_posted.saturating_add(self.credits_pending);
                self.net_with_credits_minor().abs_diff(i128::MAX).min(u128::MAX - total)
            }
        }
    }

    /// Posts one side of a transfer.
    #[inline]
    pub(crate) fn post(&mut self, side: Side, amount_minor: u128, sequence: Sequence) {
        match side {
            Side::Debit => self.debits_posted += amount_minor,
            Side::Credit => self.credits_posted += amount_minor,
        }
        self.last_sequence = sequence;
    }

    /// Applies one side of whatever happens to a hold or payment.
    pub(crate) fn apply(&mut self, effect: Effect, sequence: Sequence) {
        let Effect { side, reserved_minor, freed_minor, posted_minor } = effect;
        let pending = match side {
            Side::Debit => &mut self.debits_pending,
            Side::Credit => &mut self.credits_pending,
        };
        *pending = *pending + reserved_minor - freed_minor;
        self.post(side, posted_minor, sequence);
    }

    /// The same where nothing is sure yet; `None` if it does not add up.
    pub(crate) fn checked_apply(&self, effect: Effect, sequence: Sequence) -> Option<Self> {
        let Effect { side, reserved_minor, freed_minor, posted_minor } = effect;
        let mut after = self.clone();
        let (pending, posted) = match side {
            Side::Debit => (&mut after.debits_pending, &mut after.debits_posted),
            Side::Credit => (&mut after.credits_pending, &mut after.credits_posted),
        };
        *pending = pending.checked_add(reserved_minor)?.checked_sub(freed_minor)?;
        *posted = posted.checked_add(posted_minor)?;
        match side {
            Side::Debit => self.net_minor().checked_sub_unsigned(posted_minor)?,
            Side::Credit => self.net_minor().checked_add_unsigned(posted_minor)?,
        };
        after.last_sequence = sequence;
        Some(after)
    }

    /// This account's side of an event that adds `net_change_minor` to its balance.
    #[inline]
    pub(crate) fn leg(&self, slot: Slot, net_change_minor: i128) -> Leg {
        Leg {
            slot,
            previous_sequence: self.last_sequence,
            posted_net_after_minor: self.net_minor() + net_change_minor,
            pending_debits_after_minor: self.debits_pending,
        }
    }

    /// This account's side of an event with this effect.
    pub(crate) fn leg_with(&self, slot: Slot, effect: Effect) -> Leg {
        let mut after = self.clone();
        after.apply(effect, self.last_sequence);
        after.leg(slot, 0)
    }
}

impl Leg {
    /// No account on this side.
    pub const NONE: Self = Self {
        slot: NO_SLOT,
        previous_sequence: 0,
        posted_net_after_minor: 0,
        pending_debits_after_minor: 0,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u128 = i128::MAX as u128;

    fn account(credits: u128, debits: u128) -> Account {
        Account {
            id: 7,
            opened_at_ns: 0,
            last_sequence: 0,
            content_hash: 0,
            tenant: 0,
            asset: 0,
            side: NO_SIDE,
            floor: FloorKind::Zero,
            freeze: Freeze::None,
            closed: false,
            has_ceiling: false,
            opened_sequence: 0,
            debits_pending: 0,
            debits_posted: debits,
            credits_pending: 0,
            credits_posted: credits,
        }
    }

    #[test]
    fn available() {
        for (credits, debits, floor, expected) in [
            (10, 4, Floor::Zero, Some(6)),
            (10, 4, Floor::None, None),
            (10, 4, Floor::Overdraft(5), Some(11)),
            (4, 10, Floor::Overdraft(8), Some(2)),
            (4, 10, Floor::Overdraft(5), Some(0)),
            (4, 10, Floor::Zero, Some(0)),
            (MOST, 0, Floor::Overdraft(MOST), Some(MOST * 2)),
            (0, 1 << 127, Floor::Overdraft(MOST), Some(0)),
        ] {
            assert_eq!(account(credits, debits).available_minor(floor), expected);
        }
    }

    #[test]
    fn answers() {
        use Reason::{BalanceOverflow, InsufficientFunds};
        use Side::{Credit, Debit};
        for (credits, debits, side, amount, less, floor, expected) in [
            (10, 0, Debit, 10, false, Floor::Zero, Ok(10)),
            (10, 0, Debit, 11, false, Floor::Zero, Err((InsufficientFunds, 1, 10))),
            (10, 0, Debit, 11, true, Floor::Zero, Ok(10)),
            (0, 0, Debit, 11, true, Floor::Zero, Err((InsufficientFunds, 11, 0))),
            (0, 0, Debit, MOST, false, Floor::None, Ok(MOST)),
            (0, MOST, Debit, 1, false, Floor::None, Ok(1)),
            (0, MOST, Debit, 2, false, Floor::None, Err((BalanceOverflow, 1, 1))),
            (MOST, 0, Credit, 1, false, Floor::Zero, Err((BalanceOverflow, 1, 0))),
            (0, 0, Credit, MOST, false, Floor::Zero, Ok(MOST)),
            (u128::MAX, u128::MAX, Credit, 1, false, Floor::None, Err((BalanceOverflow, 1, 0))),
        ] {
            let ask = Ask { side, amount_minor: amount, up_to_available: less };
            let answer = account(credits, debits).answer(ask, Bounds { floor, ceiling: None });
            let short = answer.map_err(|r| (r.reason, r.missing_minor, r.would_pass_minor));
            assert_eq!(short, expected, "{credits} {debits} {ask:?} {floor:?}");
        }
    }

    #[test]
    fn what_is_reserved_counts() {
        use Reason::{BalanceOverflow, CeilingExceeded, InsufficientFunds};
        use Side::{Credit, Debit};
        for (net, pending, side, amount, ceiling, expected) in [
            ((10, 0), (4, 0), Debit, 6, None, Ok(6)),
            ((10, 0), (4, 0), Debit, 7, None, Err((InsufficientFunds, 6))),
            ((10, 0), (0, 4), Credit, 6, Some(20), Ok(6)),
            ((10, 0), (0, 4), Credit, 7, Some(20), Err((CeilingExceeded, 6))),
            ((10, 0), (0, 4), Credit, 1, Some(9), Err((CeilingExceeded, 0))),
            ((0, 10), (0, 0), Credit, 10, Some(0), Ok(10)),
            ((0, 10), (0, 0), Credit, 11, Some(0), Err((CeilingExceeded, 10))),
            ((0, 0), (0, MOST), Credit, 1, None, Err((BalanceOverflow, 0))),
            ((0, 0), (0, MOST - 1), Credit, 1, None, Ok(1)),
            ((10, 0), (0, 4), Debit, 10, Some(0), Ok(10)),
        ] {
            let mut account = account(net.0, net.1);
            (account.debits_pending, account.credits_pending) = pending;
            let ask = Ask { side, amount_minor: amount, up_to_available: false };
            let answer = account.answer(ask, Bounds { floor: Floor::Zero, ceiling });
            let short = answer.map_err(|r| (r.reason, r.would_pass_minor));
            assert_eq!(short, expected, "{net:?} {pending:?} {ask:?} {ceiling:?}");
        }
    }

    #[test]
    fn effects_add_up_or_are_none() {
        let mut account = account(10, 0);
        account.debits_pending = 4;
        for (reserved_minor, freed_minor, posted_minor, expected) in [
            (3, 0, 0, Some((7, 0))),
            (0, 4, 3, Some((0, 3))),
            (0, 5, 0, None),
            (u128::MAX, 0, 0, None),
            (0, 0, u128::MAX, None),
        ] {
            let effect = Effect { side: Side::Debit, reserved_minor, freed_minor, posted_minor };
            let after = account.checked_apply(effect, 9);
            let totals = |a: &Account| (a.debits_pending, a.debits_posted);
            assert_eq!(after.as_ref().map(totals), expected, "{effect:?}");
            if let Some(after) = after {
                assert_eq!(
                    (account.leg_with(1, effect), 9),
                    (Leg { previous_sequence: 0, ..after.leg(1, 0) }, after.last_sequence)
                );
            }
        }
    }

    #[test]
    fn frozen_and_closed() {
        for (freeze, closed, debit, credit) in [
            (Freeze::None, false, None, None),
            (Freeze::Debits, false, Some(Reason::AccountFrozen), None),
            (Freeze::Credits, false, None, Some(Reason::AccountFrozen)),
            (Freeze::Both, false, Some(Reason::AccountFrozen), Some(Reason::AccountFrozen)),
            (Freeze::Both, true, Some(Reason::AccountClosed), Some(Reason::AccountClosed)),
        ] {
            let mut account = account(10, 0);
            account.freeze = freeze;
            account.closed = closed;
            let refused = |side| {
                let ask = Ask { side, amount_minor: 1, up_to_available: false };
                let bounds = Bounds { floor: Floor::Zero, ceiling: None };
                account.answer(ask, bounds).err().map(|refusal| refusal.reason)
            };
            assert_eq!((refused(Side::Debit), refused(Side::Credit)), (debit, credit));
        }
    }
}
