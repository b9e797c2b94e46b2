//! Payments: decimal money to minor units, requests to steps, payments as they are sent.

use florin_actors::command::{Explained, First, FoundPayment, TransfersAnswer};
use florin_engine::{
    Action, Asset, AssetCode, Body, Event, Fault, HoldTerms, PaymentState, PaymentTerms, Reason,
    Tenant, Transfer, TransferBatch, TransferOptions, check_transfer,
};
use florin_proto::money::{self, AmountError};
use florin_proto::v1;

use super::account::{account_key, metadata, metadata_to_wire};
use super::refusal::{refusal_of_fault, refusal_to_wire};
use super::terms::{at_due, at_due_to_wire};

/// A request about a payment, ready for the engine.
pub struct Asked {
    /// A batch of one.
    pub batch: TransferBatch,
    /// The payment that it is about.
    pub payment: u128,
}

/// Why a request is malformed: the reason on the wire, and the field.
type Malformed = (v1::refusal::Reason, &'static str);

fn malformed(fault: Fault) -> Malformed {
    (super::reason_to_wire(fault.reason), fault.field)
}

/// Reads an amount. `assets` are those in use; currencies of ISO 4217 are known without.
fn minor(
    money: &v1::Money,
    assets: &[Asset],
    field: &'static str,
) -> Result<(u128, AssetCode), Malformed> {
    let code = AssetCode::new(&money.currency);
    let code = code.ok_or((v1::refusal::Reason::AssetInvalid, field))?;
    let used = assets.iter().find(|asset| asset.code == code).map(|asset| asset.scale);
    let scale = used.or_else(|| florin_engine::iso_4217_scale(code));
    let scale = scale.ok_or((v1::refusal::Reason::AssetNotFound, field))?;
    let reason =
        |error: AmountError| v1::refusal::Reason::from_str_name(error.reason()).unwrap_or_default();
    let minor = money::parse_minor(&money.amount, scale.into());
    Ok((minor.map_err(|error| (reason(error), field))?, code))
}

/// One step, checked on its own.
fn asked(
    tenant: Tenant,
    transfer: Transfer,
    asset: Option<AssetCode>,
    payment: u128,
) -> Result<Asked, Malformed> {
    check_transfer(&transfer).map_err(|fault| malformed(in_words_of_payments(fault)))?;
    let transfers = vec![transfer.seal()];
    Ok(Asked { batch: TransferBatch { tenant, group: None, asset, transfers }, payment })
}

/// The fields of a payment have other names than those of a transfer.
fn in_words_of_payments(fault: Fault) -> Fault {
    let field = match fault.field {
        "debit_account" => "source",
        "credit_account" => "destination",
        "hold" => "payment_id",
        field => field,
    };
    Fault { field, ..fault }
}

fn step(id: Option<v1::Uint128>, terms: HoldTerms, amount_minor: u128) -> Transfer {
    Transfer {
        id: id.map_or(0, u128::from),
        debit_account: 0,
        credit_account: 0,
        amount_minor,
        content_hash: 0,
        code: 0,
        value_date: 0,
        up_to_available: false,
        extra: Some(Box::new(TransferOptions { terms, ..TransferOptions::default() })),
    }
}

/// A payment to create.
///
/// # Errors
/// The reason and the field that is malformed; of several the first in the order of the contract's fields.
pub fn create_payment(
    tenant: Tenant,
    wire: &v1::CreatePaymentRequest,
    assets: &[Asset],
) -> Result<Asked, Malformed> {
    if wire.id.map_or(0, u128::from) == 0 {
        return Err(malformed(Fault::new(Reason::IdZero, "id")));
    }
    let action = match v1::CaptureMethod::try_from(wire.capture_method) {
        Ok(v1::CaptureMethod::Manual) => Action::Authorize,
        Ok(v1::CaptureMethod::Unspecified | v1::CaptureMethod::Automatic) => Action::Pay,
        Err(_) => return Err(malformed(Fault::new(Reason::EnumUnknown, "capture_method"))),
    };
    let at_due = at_due(wire.at_due).map_err(malformed)?;
    let debit_account = account_key(wire.source.as_ref(), "source").map_err(malformed)?;
    let credit_account =
        account_key(wire.destination.as_ref(), "destination").map_err(malformed)?;
    let missing = malformed(Fault::new(Reason::AmountZero, "amount"));
    let money = wire.amount.as_ref().ok_or(missing)?;
    let (amount_minor, code) = minor(money, assets, "amount")?;
    let fee_minor = match &wire.fee {
        None => 0,
        Some(fee) if fee.currency != money.currency => {
            return Err(malformed(Fault::new(Reason::AssetMismatch, "fee")));
        }
        Some(fee) => minor(fee, assets, "fee")?.0,
    };
    let score = wire.score.map(|score| u16::try_from(score).unwrap_or(u16::MAX));
    let terms = HoldTerms { action, due_at_ns: wire.due_at_ns, at_due, ..HoldTerms::default() };
    let options = TransferOptions {
        asset: None,
        reverses: None,
        metadata: metadata(&wire.metadata).map_err(malformed)?,
        terms,
        payment: Some(PaymentTerms { fee_minor, score, reference: wire.reference.as_str().into() }),
    };
    let transfer = Transfer {
        debit_account,
        credit_account,
        code: wire.code,
        value_date: wire.value_date,
        extra: Some(Box::new(options)),
        ..step(wire.id, terms, amount_minor)
    };
    let id = transfer.id;
    asked(tenant, transfer, Some(code), id)
}

/// What is left of an amount that may be unset: all there is.
fn part(
    money: Option<&v1::Money>,
    assets: &[Asset],
) -> Result<(u128, Option<AssetCode>), Malformed> {
    match money {
        None => Ok((0, None)),
        Some(money) => minor(money, assets, "amount").map(|(minor, code)| (minor, Some(code))),
    }
}

/// A payment to capture.
///
/// # Errors
/// The reason and the field that is malformed.
pub fn capture_payment(
    tenant: Tenant,
    wire: &v1::CapturePaymentRequest,
    assets: &[Asset],
) -> Result<Asked, Malformed> {
    let (amount_minor, asset) = part(wire.amount.as_ref(), assets)?;
    let payment = wire.payment_id.map_or(0, u128::from);
    let terms = HoldTerms {
        action: Action::CapturePayment,
        hold: payment,
        release_rest: wire.r#final,
        ..HoldTerms::default()
    };
    asked(tenant, step(wire.id, terms, amount_minor), asset, payment)
}

/// A payment to cancel.
///
/// # Errors
/// The reason and the field that is malformed.
pub fn cancel_payment(tenant: Tenant, wire: &v1::CancelPaymentRequest) -> Result<Asked, Malformed> {
    let payment = wire.payment_id.map_or(0, u128::from);
    let terms = HoldTerms { action: Action::CancelPayment, hold: payment, ..HoldTerms::default() };
    asked(tenant, step(wire.id, terms, 0), None, payment)
}

/// A payment to refund.
///
/// # Errors
/// The reason and the field that is malformed.
pub fn refund_payment(
    tenant: Tenant,
    wire: &v1::RefundPaymentRequest,
    assets: &[Asset],
) -> Result<Asked, Malformed> {
    let (amount_minor, asset) = part(wire.amount.as_ref(), assets)?;
    let payment = wire.payment_id.map_or(0, u128::from);
    let terms = HoldTerms { action: Action::Refund, hold: payment, ..HoldTerms::default() };
    let mut transfer = step(wire.id, terms, amount_minor);
    if let Some(options) = &mut transfer.extra {
        options.metadata = metadata(&wire.metadata).map_err(malformed)?;
    }
    asked(tenant, transfer, asset, payment)
}

/// The answer to a request about a payment; `payment` is as it is now.
pub fn payment_answer(
    answer: &TransfersAnswer,
    payment: Option<&FoundPayment>,
) -> v1::PaymentResponse {
    let (event, replayed): (Option<&Event>, bool) = match &answer.explained {
        Explained::Members(first) => match first.first() {
            Some(First::Answer(event)) => (Some(event.as_ref()), true),
            Some(First::Reused(field)) => {
                let refusal = refusal_of_fault(Reason::IdReused, in_words(field));
                return v1::PaymentResponse {
                    refusal: Some(refusal),
                    payment: payment.map(payment_to_wire),
                    ..v1::PaymentResponse::default()
                };
            }
            None => (None, false),
        },
        _ => (answer.events.first(), false),
    };
    let mut response = v1::PaymentResponse {
        payment: payment.map(payment_to_wire),
        replayed,
        sequence: event.map_or(0, |event| event.sequence),
        timestamp_ns: event.map_or(0, |event| event.timestamp_ns),
        ..v1::PaymentResponse::default()
    };
    match event.map(|event| &event.body) {
        Some(Body::Hold(hold)) => {
            response.amount = payment.map(|payment| money(&payment.asset, hold.amount_minor));
        }
        Some(Body::TransferRefused(refused)) => {
            response.refusal = Some(refusal_to_wire(&refused.refusal));
        }
        _ => {}
    }
    response
}

fn in_words(field: &'static str) -> &'static str {
    in_words_of_payments(Fault::new(Reason::IdReused, field)).field
}

fn money(asset: &Asset, minor: u128) -> v1::Money {
    v1::Money {
        amount: money::format_minor_unsigned(minor, asset.scale.into()),
        currency: asset.code.as_str().to_owned(),
    }
}

/// Where a payment is in its life, as it is sent.
pub(super) fn state_to_wire(state: PaymentState) -> v1::PaymentState {
    match state {
        PaymentState::RequiresCapture => v1::PaymentState::RequiresCapture,
        PaymentState::PartiallyCaptured => v1::PaymentState::PartiallyCaptured,
        PaymentState::Captured => v1::PaymentState::Captured,
        PaymentState::Canceled => v1::PaymentState::Canceled,
        PaymentState::Expired => v1::PaymentState::Expired,
        PaymentState::PartiallyRefunded => v1::PaymentState::PartiallyRefunded,
        PaymentState::Refunded => v1::PaymentState::Refunded,
    }
}

/// A payment as it is sent.
pub fn payment_to_wire(found: &FoundPayment) -> v1::Payment {
    let FoundPayment { hold: found_hold, asset, created } = found;
    let hold = &found_hold.hold;
    let (event, extra) = match &created.body {
        Body::Hold(event) => (Some(event), event.extra.as_deref()),
        _ => (None, None),
    };
    let terms = extra.and_then(|extra| extra.payment.as_ref());
    let fee_minor = terms.map_or(0, |terms| terms.fee_minor);
    v1::Payment {
        id: Some(hold.id.into()),
        state: state_to_wire(hold.payment_state()).into(),
        source_account_id: Some(found_hold.debit_account.into()),
        destination_account_id: Some(found_hold.credit_account.into()),
        amount: Some(money(asset, hold.amount_minor)),
        amount_capturable: Some(money(asset, hold.remaining_minor())),
        amount_captured: Some(money(asset, hold.captured_minor)),
        amount_refunded: Some(money(asset, hold.refunded_minor)),
        amount_released: Some(money(asset, hold.released_minor)),
        fee: (fee_minor != 0).then(|| money(asset, fee_minor)),
        reference: terms.map(|terms| terms.reference.to_string()).unwrap_or_default(),
        metadata: extra.map(|extra| metadata_to_wire(&extra.metadata)).unwrap_or_default(),
        score: terms.and_then(|terms| terms.score).map(u32::from),
        code: event.map_or(0, |event| event.code),
        value_date: event.map_or(0, |event| event.value_date),
        due_at_ns: hold.due_at_ns,
        at_due: if hold.due_at_ns == 0 { 0 } else { at_due_to_wire(hold.at_due).into() },
        tenant: hold.tenant,
        created_at_ns: created.timestamp_ns,
        created_sequence: hold.placed_sequence,
        last_sequence: hold.last_sequence,
    }
}
