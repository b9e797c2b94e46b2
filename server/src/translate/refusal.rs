//! Refusals on the wire, with a sentence for people.

use florin_engine::{Fault, Reason, Refusal};
use florin_proto::v1;

use super::reason_to_wire;

/// A refusal that rests on the state of the ledger.
pub fn refusal_to_wire(refusal: &Refusal) -> v1::Refusal {
    let Refusal { reason, account, asked_minor, missing_minor, would_pass_minor } = *refusal;
    let with_numbers = has_limit(reason);
    let with_missing = with_numbers || is_off(reason);
    v1::Refusal {
        reason: reason_to_wire(reason).into(),
        message: sentence(refusal),
        account_id: (account != 0).then(|| account.into()),
        asked: (asked_minor != 0).then(|| asked_minor.into()),
        missing: with_missing.then(|| missing_minor.into()),
        would_pass: with_numbers.then(|| would_pass_minor.into()),
        field: String::new(),
        member: 0,
    }
}

/// A refusal that is about a field: of a malformed request, or of an id that was used for something else.
pub fn refusal_of_fault(reason: Reason, field: &str) -> v1::Refusal {
    let what = describe(reason);
    let message = if field.is_empty() { what.to_owned() } else { format!("{field}: {what}") };
    v1::Refusal {
        reason: reason_to_wire(reason).into(),
        message,
        field: field.to_owned(),
        ..v1::Refusal::default()
    }
}

/// A refusal of a malformed request.
pub fn fault_to_wire(fault: Fault) -> v1::Refusal {
    refusal_of_fault(fault.reason, fault.field)
}

/// What a reason of a malformed request means, in half a sentence.
pub fn describe_wire(reason: v1::refusal::Reason) -> &'static str {
    use v1::refusal::Reason as Wire;
    match reason {
        Wire::AmountInvalid => "not a decimal number like 12.50",
        Wire::AmountNegative => "amounts are never negative",
        Wire::AmountTooPrecise => "more decimals than the asset has",
        Wire::AmountTooLarge => "more than an amount can be",
        reason => {
            let number = u16::try_from(i32::from(reason)).unwrap_or(0);
            Reason::from_number(number).map_or("malformed", describe)
        }
    }
}

/// Reasons that say how much would have passed.
const fn has_limit(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::InsufficientFunds
            | Reason::CeilingExceeded
            | Reason::BalanceOverflow
            | Reason::HoldExceeded
            | Reason::PaymentExceeded
    )
}

/// Reasons that say how far an account is off.
const fn is_off(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::AccountNotEmpty | Reason::BalanceBelowFloor | Reason::BalanceAboveCeiling
    )
}

fn sentence(refusal: &Refusal) -> String {
    let what = describe(refusal.reason);
    let Refusal { asked_minor, missing_minor, would_pass_minor, .. } = refusal;
    match refusal.reason {
        reason if has_limit(reason) => format!(
            "{what}: {asked_minor} asked for, {would_pass_minor} would pass, {missing_minor} too much (minor units)"
        ),
        reason if is_off(reason) => {
            format!("{what}: {missing_minor} minor units off")
        }
        _ => what.to_owned(),
    }
}

/// What a reason means, in half a sentence.
const fn describe(reason: Reason) -> &'static str {
    match reason {
        Reason::GroupIdMissing => "a group needs an id of its own",
        Reason::GroupTooLarge => "the group does not fit one commit",
        Reason::IdZero => "the id is missing or zero",
        Reason::IdTwiceInBatch => "the same id stands in this batch more than once",
        Reason::EnumUnknown => "this value is not known here",
        Reason::ReversalMalformed => {
            "a reversal names another transfer, and takes accounts and amount from it"
        }
        Reason::AccountKeyMissing => "neither a non-zero id nor a name says which account",
        Reason::NameInvalid => "a name has 1 to 128 characters of A-Z a-z 0-9 : / _ . @ + -",
        Reason::SameAccount => "debit and credit are the same account",
        Reason::AmountZero => "the amount is missing or zero",
        Reason::AmountTooLarge => "the amount is above 2^127 - 1 minor units",
        Reason::AssetInvalid => {
            "an asset has a code of 1 to 16 characters of A-Z 0-9 _ and a scale of 0 to 18, that of ISO 4217 for its currencies"
        }
        Reason::ValueDateInvalid => "not a calendar date, written YYYYMMDD",
        Reason::MetadataTooLarge => "metadata takes more than 4096 bytes",
        Reason::FloorInvalid => {
            "an overdraft goes with its kind, and is 1 to 2^127 - 1 minor units"
        }
        Reason::UpdateEmpty => "nothing is asked to change",
        Reason::HoldMalformed => "it does not go with what is to be done, or is missing",
        Reason::ReferenceInvalid => "a reference has at most 128 bytes, without control characters",
        Reason::CeilingInvalid => "a ceiling is at most 2^127 - 1 minor units",
        Reason::ScoreInvalid => "a score is 0 to 1000",
        Reason::IdReused => "the id was used before for something else",
        Reason::GroupMixed => "a member is known from outside of this group",
        Reason::OriginalNotFound => "the transfer to reverse does not exist",
        Reason::OriginalNotPosted => "the transfer to reverse moved no money, or is a payment's",
        Reason::AlreadyReversed => "the transfer was reversed before",
        Reason::HoldNotFound => "there is no such hold",
        Reason::HoldExpired => "the hold fell due",
        Reason::HoldClosed => "nothing is left of the hold",
        Reason::HoldExceeded => "more than is left of the hold",
        Reason::PaymentNotFound => "there is no such payment",
        Reason::PaymentStateInvalid => "the payment's state does not allow this",
        Reason::PaymentExceeded => "more than can be captured or refunded",
        Reason::DuePassed => "the time at which it would fall due has passed",
        Reason::AccountNotFound => "there is no such account",
        Reason::AssetMismatch => "the accounts do not hold the same asset, or not the one named",
        Reason::AccountClosed => "the account is closed",
        Reason::AccountFrozen => "the account is frozen in this direction",
        Reason::InsufficientFunds => "the account's floor stands in the way",
        Reason::CeilingExceeded => "the account's ceiling stands in the way",
        Reason::BalanceOverflow => "the balance would leave 128 bits",
        Reason::GroupMemberRefused => "another member of the group was refused",
        Reason::AssetNotFound => "there is no such asset: register it, or use a code of ISO 4217",
        Reason::AccountNotEmpty => "only an empty account with nothing reserved can be closed",
        Reason::BalanceBelowFloor => "the balance is below this floor",
        Reason::BalanceAboveCeiling => "the balance is above this ceiling",
        Reason::AssetLimit => "the ledger has as many assets as it can have",
    }
}
