//! Every reason for which a transfer, group or account is refused, in order of precedence: where
//! several apply, the first is the answer. Checks and tests stand in the same order. Numbers are names and
//! say nothing about precedence: those that came later have higher ones.

use core::cmp::Ordering;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $number:literal $text:literal,)+) => {
        /// Why something was refused. The numbers and names are those of `florin.v1.Refusal.Reason`
        /// and of the journal, for good.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Reason {
            $($(#[$doc])* $name = $number,)+
        }

        impl Reason {
            /// All of them, in order of precedence.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$name => $text),+ }
            }
        }
    };
}

reasons! {
    // Malformed: decided without looking at the ledger, not journaled, uses up no id.
    /// A group without an id.
    GroupIdMissing = 30 "GROUP_ID_MISSING",
    /// A group that does not fit one commit.
    GroupTooLarge = 31 "GROUP_TOO_LARGE",
    /// The id is zero.
    IdZero = 32 "ID_ZERO",
    /// The same id more than once in a batch.
    IdTwiceInBatch = 33 "ID_TWICE_IN_BATCH",
    /// An enum value that is not known.
    EnumUnknown = 34 "ENUM_UNKNOWN",
    /// A reversal that also names accounts, an amount or a mode.
    ReversalMalformed = 35 "REVERSAL_MALFORMED",
    /// Neither id nor name.
    AccountKeyMissing = 36 "ACCOUNT_KEY_MISSING",
    /// A name outside the rules.
    NameInvalid = 37 "NAME_INVALID",
    /// Debit and credit are the same account.
    SameAccount = 38 "SAME_ACCOUNT",
    /// The amount is zero.
    AmountZero = 39 "AMOUNT_ZERO",
    /// The amount is above 2^127 - 1.
    AmountTooLarge = 43 "AMOUNT_TOO_LARGE",
    /// An asset code or scale outside the rules.
    AssetInvalid = 44 "ASSET_INVALID",
    /// Not a calendar date.
    ValueDateInvalid = 45 "VALUE_DATE_INVALID",
    /// Too much metadata.
    MetadataTooLarge = 46 "METADATA_TOO_LARGE",
    /// An overdraft that makes no sense.
    FloorInvalid = 47 "FLOOR_INVALID",
    /// An update without anything to update.
    UpdateEmpty = 48 "UPDATE_EMPTY",
    /// A field that does not go with the kind, or one that is missing.
    HoldMalformed = 49 "HOLD_MALFORMED",
    /// A reference that is too long, or not for people to read.
    ReferenceInvalid = 50 "REFERENCE_INVALID",
    /// A ceiling above 2^127 - 1.
    CeilingInvalid = 51 "CEILING_INVALID",
    /// A score above 1,000.
    ScoreInvalid = 52 "SCORE_INVALID",

    // Decided by the state of the ledger: journaled, uses up the id.
    /// The id was used for something else.
    IdReused = 60 "ID_REUSED",
    /// Some members are known from elsewhere, the group is not.
    GroupMixed = 61 "GROUP_MIXED",
    /// The transfer to reverse does not exist.
    OriginalNotFound = 62 "ORIGINAL_NOT_FOUND",
    /// The transfer to reverse was refused.
    OriginalNotPosted = 63 "ORIGINAL_NOT_POSTED",
    /// The transfer to reverse was reversed before.
    AlreadyReversed = 64 "ALREADY_REVERSED",
    /// No such hold.
    HoldNotFound = 76 "HOLD_NOT_FOUND",
    /// The hold fell due.
    HoldExpired = 77 "HOLD_EXPIRED",
    /// Nothing is left of the hold.
    HoldClosed = 78 "HOLD_CLOSED",
    /// More than is left of the hold.
    HoldExceeded = 79 "HOLD_EXCEEDED",
    /// No such payment.
    PaymentNotFound = 80 "PAYMENT_NOT_FOUND",
    /// The payment's state does not allow it.
    PaymentStateInvalid = 81 "PAYMENT_STATE_INVALID",
    /// More than can be captured or refunded.
    PaymentExceeded = 82 "PAYMENT_EXCEEDED",
    /// Due at a time that is not in the future.
    DuePassed = 83 "DUE_PASSED",
    /// No such account.
    AccountNotFound = 65 "ACCOUNT_NOT_FOUND",
    /// The accounts hold different assets.
    AssetMismatch = 66 "ASSET_MISMATCH",
    /// The account is closed.
    AccountClosed = 67 "ACCOUNT_CLOSED",
    /// The account is frozen in this direction.
    AccountFrozen = 68 "ACCOUNT_FROZEN",
    /// The floor would be passed.
    InsufficientFunds = 69 "INSUFFICIENT_FUNDS",
    /// The ceiling would be passed.
    CeilingExceeded = 84 "CEILING_EXCEEDED",
    /// A balance would leave what 128 bits can hold.
    BalanceOverflow = 70 "BALANCE_OVERFLOW",
    /// Another member decided against the group.
    GroupMemberRefused = 71 "GROUP_MEMBER_REFUSED",
    /// No such asset.
    AssetNotFound = 72 "ASSET_NOT_FOUND",
    /// Only an empty account can be closed.
    AccountNotEmpty = 73 "ACCOUNT_NOT_EMPTY",
    /// The balance is below the floor that was asked for.
    BalanceBelowFloor = 74 "BALANCE_BELOW_FLOOR",
    /// The balance is above the ceiling that was asked for.
    BalanceAboveCeiling = 85 "BALANCE_ABOVE_CEILING",
    /// The ledger has as many assets as it can.
    AssetLimit = 75 "ASSET_LIMIT",
}

impl Reason {
    /// Whether it was decided without looking at the ledger: such a refusal is not journaled and
    /// uses up no id.
    pub const fn is_malformed(self) -> bool {
        (self as u16) < Self::IdReused as u16
    }

    /// Place in the order of precedence.
    fn rank(self) -> usize {
        Self::ALL.iter().position(|reason| *reason == self).unwrap_or(usize::MAX)
    }

    /// The reason with this number, if there is one.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| *reason as u16 == number)
    }
}

/// In order of precedence: the least is the answer.
impl Ord for Reason {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Reason {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn numbers_and_precedence() {
        assert!(Reason::ALL.is_sorted());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_number(*reason as u16), Some(*reason));
        }
        assert_eq!(Reason::from_number(0), None);
        // Precedence is the order of the list, not of the numbers.
        assert!(Reason::HoldClosed < Reason::AccountFrozen);
        assert!(Reason::HoldClosed as u16 > Reason::AccountFrozen as u16);
        let malformed = Reason::ALL.iter().take_while(|reason| reason.is_malformed()).count();
        assert!(Reason::ALL[malformed..].iter().all(|reason| !reason.is_malformed()));
    }
}
