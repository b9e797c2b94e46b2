//! Stateless checks: what can be refused without looking at the ledger. In order of precedence.

use crate::{
    AMOUNT_MAX_MINOR, AccountChange, Action, Floor, HoldTerms, NewAccount, NewAsset, PaymentTerms,
    REFERENCE_BYTES_MAX, Reason, SCALE_MAX, SCORE_MAX, Transfer, TransferOptions,
};

/// A malformed request: the reason and the field, by its name in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Why.
    pub reason: Reason,
    /// Which field.
    pub field: &'static str,
}

impl Fault {
    /// A fault of a field.
    pub const fn new(reason: Reason, field: &'static str) -> Self {
        Self { reason, field }
    }
}

/// Checks a transfer on its own.
pub fn check_transfer(transfer: &Transfer) -> Result<(), Fault> {
    if transfer.id == 0 {
        return Err(Fault::new(Reason::IdZero, "id"));
    }
    if let Some(original) = transfer.reverses() {
        check_reversal(transfer, original)?;
    } else if transfer.action().refers() {
        // Accounts follow from what is there, and an amount that is zero means all of it.
        if transfer.amount_minor > AMOUNT_MAX_MINOR {
            return Err(Fault::new(Reason::AmountTooLarge, "amount"));
        }
    } else {
        check_move(transfer)?;
    }
    let payment = transfer.extra.as_ref().and_then(|extra| extra.payment.as_ref());
    if payment.is_some_and(|payment| payment.fee_minor > AMOUNT_MAX_MINOR) {
        return Err(Fault::new(Reason::AmountTooLarge, "fee"));
    }
    if !is_date(transfer.value_date) {
        return Err(Fault::new(Reason::ValueDateInvalid, "value_date"));
    }
    match &transfer.extra {
        Some(options) => check_terms(transfer, options),
        None => Ok(()),
    }
}

/// Whether the terms of holds and payments go with what is to be done.
fn check_terms(transfer: &Transfer, options: &TransferOptions) -> Result<(), Fault> {
    let HoldTerms { action, hold, due_at_ns, at_due, release_rest } = options.terms;
    let waits = matches!(action, Action::Hold | Action::Authorize);
    let captures = matches!(action, Action::Capture | Action::CapturePayment);
    let changes_nothing = action == Action::Change && transfer.amount_minor == 0 && due_at_ns == 0;
    let payment = options.payment.as_ref();
    let malformed = |field| Err(Fault::new(Reason::HoldMalformed, field));
    match () {
        () if options.reverses.is_some() && action != Action::Move => malformed("reverses"),
        () if action.refers() && (hold == 0 || hold == transfer.id) => malformed("hold"),
        () if !action.refers() && hold != 0 => malformed("hold"),
        () if action.refers() && transfer.debit_account != 0 => malformed("debit_account"),
        () if action.refers() && transfer.credit_account != 0 => malformed("credit_account"),
        () if action != Action::Move && transfer.up_to_available => malformed("amount_mode"),
        () if changes_nothing => malformed("amount"),
        () if action == Action::CancelPayment && transfer.amount_minor != 0 => malformed("amount"),
        () if !waits && action != Action::Change && due_at_ns != 0 => malformed("due_at_ns"),
        () if at_due != crate::AtDue::Release && !(waits && due_at_ns != 0) => malformed("at_due"),
        () if release_rest && !captures => malformed("release_rest"),
        () if payment.is_some() && !matches!(action, Action::Authorize | Action::Pay) => {
            malformed("payment")
        }
        () => payment.map_or(Ok(()), check_payment),
    }
}

fn check_payment(payment: &PaymentTerms) -> Result<(), Fault> {
    let reference = &payment.reference;
    match () {
        () if reference.len() > REFERENCE_BYTES_MAX || reference.chars().any(char::is_control) => {
            Err(Fault::new(Reason::ReferenceInvalid, "reference"))
        }
        () if payment.score.is_some_and(|score| score > SCORE_MAX) => {
            Err(Fault::new(Reason::ScoreInvalid, "score"))
        }
        () => Ok(()),
    }
}

fn check_reversal(transfer: &Transfer, original: u128) -> Result<(), Fault> {
    let guarded = transfer.extra.as_ref().is_some_and(|extra| extra.asset.is_some());
    let malformed = |field| Err(Fault::new(Reason::ReversalMalformed, field));
    match () {
        () if original == 0 || original == transfer.id => malformed("reverses"),
        () if transfer.debit_account != 0 => malformed("debit_account"),
        () if transfer.credit_account != 0 => malformed("credit_account"),
        () if transfer.amount_minor != 0 => malformed("amount"),
        () if transfer.up_to_available => malformed("amount_mode"),
        () if guarded => malformed("asset"),
        () => Ok(()),
    }
}

#[inline]
fn check_move(transfer: &Transfer) -> Result<(), Fault> {
    let (reason, field) = if transfer.debit_account == 0 {
        (Reason::AccountKeyMissing, "debit_account")
    } else if transfer.credit_account == 0 {
        (Reason::AccountKeyMissing, "credit_account")
    } else if transfer.debit_account == transfer.credit_account {
        (Reason::SameAccount, "credit_account")
    } else if transfer.amount_minor == 0 {
        (Reason::AmountZero, "amount")
    } else if transfer.amount_minor > AMOUNT_MAX_MINOR {
        (Reason::AmountTooLarge, "amount")
    } else {
        return Ok(());
    };
    Err(Fault::new(reason, field))
}

/// Checks an account to open on its own.
pub fn check_new_account(account: &NewAccount) -> Result<(), Fault> {
    if account.id == 0 {
        return Err(Fault::new(Reason::AccountKeyMissing, "key"));
    }
    check_floor(account.floor)?;
    check_ceiling(account.ceiling)
}

/// Checks a change of an account on its own.
pub fn check_account_change(change: &AccountChange) -> Result<(), Fault> {
    if change.id == 0 {
        return Err(Fault::new(Reason::AccountKeyMissing, "account"));
    }
    if let Some(floor) = change.floor {
        check_floor(floor)?;
    }
    check_ceiling(change.ceiling.flatten())?;
    let AccountChange { freeze, close, floor, ceiling, .. } = change;
    if freeze.is_none() && !close && floor.is_none() && ceiling.is_none() {
        return Err(Fault::new(Reason::UpdateEmpty, ""));
    }
    Ok(())
}

fn check_floor(floor: Floor) -> Result<(), Fault> {
    match floor {
        Floor::Overdraft(minor) if minor == 0 || minor > AMOUNT_MAX_MINOR => {
            Err(Fault::new(Reason::FloorInvalid, "floor.overdraft"))
        }
        Floor::Zero | Floor::None | Floor::Overdraft(_) => Ok(()),
    }
}

fn check_ceiling(ceiling: Option<u128>) -> Result<(), Fault> {
    match ceiling {
        Some(minor) if minor > AMOUNT_MAX_MINOR => {
            Err(Fault::new(Reason::CeilingInvalid, "ceiling.limit"))
        }
        _ => Ok(()),
    }
}

/// Checks an asset to register on its own.
pub fn check_new_asset(asset: &NewAsset) -> Result<(), Fault> {
    let contradicts_iso =
        crate::iso_4217_scale(asset.code).is_some_and(|scale| scale != asset.scale);
    if asset.scale > SCALE_MAX || contradicts_iso {
        return Err(Fault::new(Reason::AssetInvalid, "scale"));
    }
    Ok(())
}

/// Whether it is 0 (none) or a day of the Gregorian calendar from 19000101 to 99991231.
#[inline]
fn is_date(yyyymmdd: u32) -> bool {
    if yyyymmdd == 0 {
        return true;
    }
    let (year, month, day) = (yyyymmdd / 10_000, yyyymmdd / 100 % 100, yyyymmdd % 100);
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1900..=9999).contains(&year) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;
    use crate::{AssetCode, TransferOptions};

    fn plain() -> Transfer {
        Transfer {
            id: 1,
            debit_account: 2,
            credit_account: 3,
            amount_minor: 4,
            content_hash: 0,
            code: 0,
            value_date: 0,
            up_to_available: false,
            extra: None,
        }
    }

    fn reversal() -> Transfer {
        let extra = TransferOptions { reverses: Some(9), ..Default::default() };
        let extra = Some(Box::new(extra));
        Transfer { debit_account: 0, credit_account: 0, amount_minor: 0, extra, ..plain() }
    }

    #[test]
    fn transfers_in_order_of_precedence() {
        type Change = fn(&mut Transfer);
        type Expected = Option<(Reason, &'static str)>;
        let everything: Change = |t| (t.id, t.debit_account, t.amount_minor) = (0, 0, 0);
        let rows: [(Transfer, Change, Expected); 17] = [
            (plain(), |_| (), None),
            (reversal(), |_| (), None),
            (plain(), everything, Some((Reason::IdZero, "id"))),
            (plain(), |t| t.debit_account = 0, Some((Reason::AccountKeyMissing, "debit_account"))),
            (
                plain(),
                |t| t.credit_account = 0,
                Some((Reason::AccountKeyMissing, "credit_account")),
            ),
            (plain(), |t| t.credit_account = 2, Some((Reason::SameAccount, "credit_account"))),
            (plain(), |t| t.amount_minor = 0, Some((Reason::AmountZero, "amount"))),
            (plain(), |t| t.amount_minor = AMOUNT_MAX_MINOR, None),
            (plain(), |t| t.amount_minor = 1 << 127, Some((Reason::AmountTooLarge, "amount"))),
            (
                plain(),
                |t| t.value_date = 20_250_229,
                Some((Reason::ValueDateInvalid, "value_date")),
            ),
            (reversal(), |t| t.id = 9, Some((Reason::ReversalMalformed, "reverses"))),
            (
                reversal(),
                |t| t.debit_account = 2,
                Some((Reason::ReversalMalformed, "debit_account")),
            ),
            (
                reversal(),
                |t| t.credit_account = 2,
                Some((Reason::ReversalMalformed, "credit_account")),
            ),
            (reversal(), |t| t.amount_minor = 2, Some((Reason::ReversalMalformed, "amount"))),
            (
                reversal(),
                |t| t.up_to_available = true,
                Some((Reason::ReversalMalformed, "amount_mode")),
            ),
            (
                reversal(),
                |t| t.extra.as_mut().unwrap().asset = AssetCode::new("EUR"),
                Some((Reason::ReversalMalformed, "asset")),
            ),
            (reversal(), |t| t.value_date = 1, Some((Reason::ValueDateInvalid, "value_date"))),
        ];
        for (index, (mut transfer, change, expected)) in rows.into_iter().enumerate() {
            change(&mut transfer);
            let fault = check_transfer(&transfer).err().map(|fault| (fault.reason, fault.field));
            assert_eq!(fault, expected, "row {index}");
        }
    }

    #[test]
    fn dates() {
        for (date, valid) in [
            (0, true),
            (19_930_101, true),
            (20_240_229, true),
            (20_000_229, true),
            (19_000_229, false),
            (20_251_301, false),
            (20_250_431, false),
            (20_250_400, false),
            (18_991_231, false),
            (99_991_231, true),
            (100_000_101, false),
            (1, false),
        ] {
            assert_eq!(is_date(date), valid, "{date}");
        }
    }

    #[test]
    fn assets_cannot_contradict_iso_4217() {
        for (code, scale, valid) in [
            ("EUR", 2, true),
            ("EUR", 3, false),
            ("POINTS", 18, true),
            ("POINTS", 19, false),
            ("XAU", 6, true),
        ] {
            let asset = NewAsset { code: AssetCode::new(code).unwrap(), scale };
            assert_eq!(check_new_asset(&asset).is_ok(), valid, "{code} {scale}");
        }
    }
}
