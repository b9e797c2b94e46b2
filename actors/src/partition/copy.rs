//! Giving the state out in pieces, for a snapshot: each takes the partition a few microseconds between two batches.

use std::ops::Range;

use florin_engine::{AccountImage, Head, Hold, Reversal, Sequence, Slot};

use super::Core;

/// A piece of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// All that is not in a list.
    Head,
    /// Accounts at these slots.
    Accounts(Range<Slot>),
    /// Holds and payments, by order of placing.
    Holds(Range<u32>),
    /// Reversals, in their order.
    Reversals(Range<u32>),
}

/// A copy of a piece, with all that was decided before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The last event that was decided before it was copied. It may not be durable yet.
    pub sequence: Sequence,
    /// The copy.
    pub copy: Copy,
}

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copy {
    /// Of [`Piece::Head`].
    Head(Head),
    /// Of [`Piece::Accounts`]: those that exist.
    Accounts(Vec<AccountImage>),
    /// Of [`Piece::Holds`]: those that exist.
    Holds(Vec<Hold>),
    /// Of [`Piece::Reversals`]: those that exist.
    Reversals(Vec<Reversal>),
}

impl<P> Core<P> {
    /// Copies a piece.
    pub fn copy(&self, piece: Piece) -> Copied {
        let ledger = self.ledger();
        let copy = match piece {
            Piece::Head => Copy::Head(ledger.head()),
            Piece::Accounts(slots) => Copy::Accounts(ledger.account_images(slots)),
            Piece::Holds(range) => Copy::Holds(ledger.hold_images(range)),
            Piece::Reversals(range) => Copy::Reversals(ledger.reversal_images(range)),
        };
        Copied { sequence: ledger.last_sequence(), copy }
    }
}
