//! What happened. Events are decided once, journaled, and never refused again: live running and replay
//! apply them with the same [`Ledger::evolve`](crate::Ledger::evolve).

use alloc::boxed::Box;

use crate::effect::Moved;
use crate::{AssetCode, AtDue, Floor, Freeze, HoldTerms, PaymentTerms, Reason};

/// Position of an event in its partition; the first is 1.
pub type Sequence = u64;

/// Position of an account in the slab; assigned in order of opening, from 0.
pub type Slot = u32;

/// Stands in a journal record where there is no account.
pub const NO_SLOT: Slot = Slot::MAX;

/// Whose ids they are: ids of different tenants never meet.
pub type Tenant = u32;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its position.
    pub sequence: Sequence,
    /// When it was decided, ns since 1970. Strictly increasing.
    pub timestamp_ns: u64,
    /// What happened.
    pub body: Body,
}

impl Event {
    /// Its place in a posted group; `len` 0 outside of groups.
    #[inline]
    pub fn group(&self) -> GroupPlace {
        match &self.body {
            Body::TransferPosted(posted) => posted.group,
            Body::Hold(hold) => hold.group,
            _ => GroupPlace::default(),
        }
    }

    /// What only some transfers have.
    pub fn extra(&self) -> Option<&TransferExtra> {
        match &self.body {
            Body::TransferPosted(posted) => posted.extra.as_deref(),
            Body::Hold(hold) => hold.extra.as_deref(),
            _ => None,
        }
    }

    /// Its two sides, where money moved or was reserved: debit, credit. Of an account's opening and update the
    /// first is the account.
    pub fn legs(&self) -> [Option<Leg>; 2] {
        match &self.body {
            Body::TransferPosted(posted) => [Some(posted.debit), Some(posted.credit)],
            Body::Hold(hold) => [Some(hold.debit), Some(hold.credit)],
            Body::AccountUpdated(updated) => [Some(updated.leg), None],
            Body::AccountOpened(opened) => [Some(Leg { slot: opened.slot, ..Leg::NONE }), None],
            _ => [None, None],
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An asset is in use from now on.
    AssetRegistered(AssetRegistered),
    /// An account was opened.
    AccountOpened(Box<AccountOpened>),
    /// An account was frozen, unfrozen, closed, or given another floor.
    AccountUpdated(Box<AccountUpdated>),
    /// Money moved.
    TransferPosted(TransferPosted),
    /// Something happened to a hold or payment.
    Hold(Box<HoldEvent>),
    /// A transfer was refused by the state of the ledger; its id is used up.
    TransferRefused(Box<TransferRefused>),
    /// A group was refused by the state of the ledger; its id is used up, its members' ids are not.
    GroupRefused(Box<GroupRefused>),
    /// The digest of the whole state before this event, taken when the engine was drained. Replay must
    /// arrive at the same.
    DigestTaken {
        /// BLAKE3, see [`Ledger::digest`](crate::Ledger::digest).
        digest: [u8; 32],
        /// It covers every id that was ever used as well, as it did in earlier releases: see
        /// [`Ledger::digest_with_ids`](crate::Ledger::digest_with_ids).
        with_ids: bool,
    },
}

/// An asset is in use from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetRegistered {
    /// Its index; assigned in order, from 0.
    pub asset: u32,
    /// Its code.
    pub code: AssetCode,
    /// Decimals of its minor unit.
    pub scale: u8,
}

/// An account was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOpened {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: u128,
    /// Where it lives.
    pub slot: Slot,
    /// What it holds.
    pub asset: u32,
    /// How far its balance may fall.
    pub floor: Floor,
    /// How far its balance may rise.
    pub ceiling: Option<u128>,
    /// Tells a repetition from another account under the same id.
    pub content_hash: u64,
    /// Name, if it was opened by name. Personal.
    pub name: Option<Box<str>>,
    /// Encoded metadata, empty if none. Personal.
    pub metadata: Box<[u8]>,
}

/// The new state of everything that an update can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdated {
    /// Which account, and where its history goes on.
    pub leg: Leg,
    /// Whose it is.
    pub tenant: Tenant,
    /// What is frozen from now on.
    pub freeze: Freeze,
    /// Closed from now on.
    pub closed: bool,
    /// How far the balance may fall from now on.
    pub floor: Floor,
    /// How far the balance may rise from now on.
    pub ceiling: Option<u128>,
}

/// One account's side of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// The account.
    pub slot: Slot,
    /// Sequence of the event before this one that changed the account.
    pub previous_sequence: Sequence,
    /// Its balance after: posted credits - posted debits, minor units.
    pub posted_net_after_minor: i128,
    /// Its pending debits after, minor units.
    pub pending_debits_after_minor: u128,
}

/// A member's place in its group; `len` 0 outside of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupPlace {
    /// Index of the member, from 0.
    pub index: u16,
    /// Members in the group.
    pub len: u16,
}

/// Money moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPosted {
    /// The id that the caller chose.
    pub id: u128,
    /// What moved, minor units.
    pub amount_minor: u128,
    /// Who paid.
    pub debit: Leg,
    /// Who received.
    pub credit: Leg,
    /// Hash of the request's content: tells a repetition from a reuse of the id.
    pub content_hash: u64,
    /// The transfer that this one undoes; 0 if none.
    pub original_sequence: Sequence,
    /// Whose transfer it is.
    pub tenant: Tenant,
    /// What moved.
    pub asset: u32,
    /// The caller's own code.
    pub code: u32,
    /// YYYYMMDD, 0 if none.
    pub value_date: u32,
    /// Place in its group.
    pub group: GroupPlace,
    /// What only some transfers have.
    pub extra: Option<Box<TransferExtra>>,
}

/// What only some transfers have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransferExtra {
    /// With member 0 of a group: the group's id and the hash of its content.
    pub group: Option<GroupKey>,
    /// For a transfer of "up to what is available": what was asked for, minor units. Of a hold or payment: 0 if
    /// all that was left was asked for.
    pub requested_minor: Option<u128>,
    /// For a reversal: the id of the original.
    pub reverses: Option<u128>,
    /// Encoded metadata, empty if none. Personal.
    pub metadata: Box<[u8]>,
    /// For a new payment: what it has beside a hold.
    pub payment: Option<PaymentTerms>,
}

/// What happened to a hold or payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldStep {
    /// It was placed: the amount is reserved.
    Place,
    /// A payment was created and captured at once.
    Pay,
    /// The amount was captured.
    Capture,
    /// The amount was given back.
    Release,
    /// It was increased by the amount, is due at another time, or both.
    Change,
    /// The amount of a payment was moved back.
    Refund,
    /// It was due, and the amount, all that was left, was given back.
    DueRelease,
    /// It was due, and the amount, all that was left, was captured.
    DueCapture,
}

/// One step in the life of a hold or payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldEvent {
    /// What happened.
    pub step: HoldStep,
    /// It is a payment.
    pub of_payment: bool,
    /// The id that the caller chose for this step; 0 if it fell due.
    pub id: u128,
    /// The id of the hold or payment: of the step that placed it.
    pub hold_id: u128,
    /// Sequence of the event that placed it; 0 for that event itself.
    pub hold_sequence: Sequence,
    /// What this step reserved, moved or gave back, minor units.
    pub amount_minor: u128,
    /// What a capture gave back beside what it moved, minor units.
    pub released_minor: u128,
    /// What is reserved after, minor units.
    pub remaining_minor: u128,
    /// Whose money is reserved, or moved: of a refund the payee.
    pub debit: Leg,
    /// For whom.
    pub credit: Leg,
    /// Hash of the request's content; 0 if it fell due.
    pub content_hash: u64,
    /// Whose it is.
    pub tenant: Tenant,
    /// What is reserved.
    pub asset: u32,
    /// The caller's own code.
    pub code: u32,
    /// YYYYMMDD, 0 if none.
    pub value_date: u32,
    /// Place in its group.
    pub group: GroupPlace,
    /// When it falls due after this, ns since 1970; 0 = never.
    pub due_at_ns: u64,
    /// This step has set that time.
    pub sets_due: bool,
    /// What happens then.
    pub at_due: AtDue,
    /// A capture that was asked to give the rest back.
    pub release_rest: bool,
    /// It was to be captured when it was due, and could not be.
    pub blocked_by: Option<Reason>,
    /// What only some have.
    pub extra: Option<Box<TransferExtra>>,
}

impl HoldEvent {
    /// What becomes pending on both sides, minor units.
    pub const fn reserved_minor(&self) -> u128 {
        Moved::of_event(self).reserved_minor
    }

    /// What is no longer pending on both sides, minor units.
    pub const fn freed_minor(&self) -> u128 {
        Moved::of_event(self).freed_minor
    }

    /// What moves, minor units.
    pub const fn posted_minor(&self) -> u128 {
        Moved::of_event(self).posted_minor
    }
}

/// A group's id and the hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupKey {
    /// The id that the caller chose.
    pub id: u128,
    /// Hash over the members' ids and content hashes, in order.
    pub content_hash: u64,
}

/// A transfer was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRefused {
    /// The id that the caller chose.
    pub id: u128,
    /// Whose transfer it is.
    pub tenant: Tenant,
    /// Hash of the request's content.
    pub content_hash: u64,
    /// What was asked for, minor units. 0 for a reversal whose original is unknown.
    pub requested_minor: u128,
    /// Asked for "up to what is available".
    pub up_to_available: bool,
    /// Account id of the payer; 0 if unknown (reversal without original).
    pub debit_account: u128,
    /// Account id of the receiver; 0 if unknown.
    pub credit_account: u128,
    /// Slot of the payer, or [`NO_SLOT`].
    pub debit_slot: Slot,
    /// Slot of the receiver, or [`NO_SLOT`].
    pub credit_slot: Slot,
    /// The caller's own code.
    pub code: u32,
    /// YYYYMMDD, 0 if none.
    pub value_date: u32,
    /// For a reversal: the id of the original.
    pub reverses: Option<u128>,
    /// What it was to do.
    pub terms: HoldTerms,
    /// Why.
    pub refusal: Refusal,
}

/// A group was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRefused {
    /// The group's id and content.
    pub key: GroupKey,
    /// Whose group it is.
    pub tenant: Tenant,
    /// Members in the group.
    pub len: u16,
    /// Index of the member that decided.
    pub member: u16,
    /// Why.
    pub refusal: Refusal,
}

/// Why, and what would have passed. As journaled: only what the state of the ledger decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// The account on which it failed; 0 if none.
    pub account: u128,
    /// What was asked for, minor units.
    pub asked_minor: u128,
    /// How much was missing, minor units.
    pub missing_minor: u128,
    /// The largest amount that would have passed this rule, minor units.
    pub would_pass_minor: u128,
}
