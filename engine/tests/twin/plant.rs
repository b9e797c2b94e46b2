//! Rules to break on purpose.

macro_rules! plants {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// A bug planted in the twin. Each must make it disagree with the ledger.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plant {
            /// No bug.
            None,
            $($(#[$doc])* $name,)+
        }

        impl Plant {
            pub const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

plants! {
    /// An agreed overdraft counts for nothing.
    IgnoresOverdraft,
    /// Where several reasons apply, the last is the answer.
    AnswersTheLastReason,
    /// Each member of a group sees the accounts as they were before the group.
    HidesMembersFromEachOther,
    /// A refused group leaves what its members did before the refusal.
    KeepsHalfAGroup,
    /// A refused group uses up the ids of its members.
    UsesUpMembersOfRefusedGroups,
    /// A known id is applied once more.
    AppliesDuplicates,
    /// A refusal does not use up the id.
    ForgetsRefusals,
    /// A reversal may come again.
    ReversesTwice,
    /// A reversal moves the money the same way once more.
    ReversesForwards,
    /// A freeze stops the other direction.
    FreezesTheOtherSide,
    /// A closed account still receives.
    LetsClosedAccountsReceive,
    /// "Up to what is available" is taken for exact.
    IgnoresUpToAvailable,
    /// The tenants share one set of transfer ids.
    SharesIdsAmongTenants,
    /// Groups and transfers share one set of ids.
    SharesIdsOfGroupsAndTransfers,
    /// The asset that guards a transfer counts as its content.
    TakesTheGuardForContent,
    /// Metadata does not count as content.
    IgnoresMetadata,
    /// A time is the clock's, even if that went back.
    FollowsTheClockBack,
    /// An account with money on it can be closed.
    ClosesFullAccounts,
    /// A floor may be set above the balance.
    LiftsFloorsAboveBalances,
    /// A balance of -2^127 is one too many.
    OverflowsOneTooEarly,
    /// Totals have no limit of their own.
    IgnoresTotals,
    /// An opening is compared with what the account is today.
    ComparesOpeningsWithToday,
    /// Ceilings count for nothing.
    IgnoresCeilings,
    /// What is reserved can be spent.
    ForgetsWhatIsReserved,
    /// More can be captured than is left.
    CapturesMoreThanIsLeft,
    /// What falls due does so a nanosecond early.
    FallsDueTooEarly,
    /// What falls due does so a nanosecond late.
    FallsDueTooLate,
    /// More can be refunded than was captured.
    RefundsMoreThanCaptured,
    /// What a last capture should give back stays reserved.
    LosesTheRest,
    /// What is captured when it is due is so whatever is frozen.
    CapturesFrozenAccountsWhenDue,
    /// Payments are captured as holds are, and holds as payments.
    TakesHoldsForPayments,
    /// A reversal of whatever was done to a hold is possible.
    ReversesWhatOnlyReserved,
}
