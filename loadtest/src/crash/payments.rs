//! Calls of the payment service, which is about one payment each, in decimal text.

use anyhow::{Context, Result, ensure};
use florin_proto::money;
use florin_proto::v1::payment_service_client::PaymentServiceClient;
use florin_proto::v1::{
    AccountKey, CancelPaymentRequest, CaptureMethod, CapturePaymentRequest, CreatePaymentRequest,
    Money, PaymentResponse, RefundPaymentRequest,
};
use tonic::Status;
use tonic::transport::Channel;

use crate::crash::accounts::{ASSET, ASSET_SCALE, Accounts};
use crate::crash::answers::{Answer, Outcome, Told, narrow};
use crate::crash::calls::Call;
use crate::crash::member::{Deed, Member};
use crate::names::wide;

/// Makes the call.
pub async fn send(
    mut client: PaymentServiceClient<Channel>,
    accounts: &Accounts,
    call: &Call,
) -> Result<PaymentResponse, Status> {
    let [member] = call.members.as_slice() else {
        return Err(Status::internal("a call of the payment service is about one payment"));
    };
    let id = Some(member.id.into());
    let payment_id = Some(member.deed.of().into());
    let amount = (member.amount != 0).then(|| text(member.amount));
    let response = match member.deed {
        Deed::Capture { release_rest, .. } => {
            let request = CapturePaymentRequest { id, payment_id, amount, r#final: release_rest };
            client.capture_payment(request).await?
        }
        Deed::Release { .. } => {
            client.cancel_payment(CancelPaymentRequest { id, payment_id }).await?
        }
        Deed::Refund { .. } => {
            let metadata = std::collections::BTreeMap::default();
            client.refund_payment(RefundPaymentRequest { id, payment_id, amount, metadata }).await?
        }
        Deed::Place(_) | Deed::Pay | Deed::Move | Deed::Change { .. } => {
            client.create_payment(creation(member, accounts)).await?
        }
    };
    Ok(response.into_inner())
}

fn creation(member: &Member, accounts: &Accounts) -> CreatePaymentRequest {
    let manual = matches!(member.deed, Deed::Place(_));
    let due = member.deed.due();
    CreatePaymentRequest {
        id: Some(member.id.into()),
        source: Some(AccountKey::from(accounts.id(member.debit))),
        destination: Some(AccountKey::from(accounts.id(member.credit))),
        amount: Some(text(member.amount)),
        capture_method: if manual { CaptureMethod::Manual } else { CaptureMethod::Automatic }
            .into(),
        due_at_ns: due.at_ns,
        at_due: due.at_due().into(),
        ..CreatePaymentRequest::default()
    }
}

/// Reads the answer.
pub fn answer(call: &Call, response: &PaymentResponse) -> Result<Answer> {
    let member = call.members.first().context("a call about nothing")?;
    let about = if member.deed.of() == 0 { member.id } else { member.deed.of() };
    if let Some(payment) = &response.payment {
        ensure!(wide(payment.id) == about, "the answer is about another payment");
    }
    let posted = response.refusal.is_none();
    ensure!(!posted || response.payment.is_some(), "something was done with no payment");
    let told = Told {
        outcome: Outcome {
            posted,
            reason: response.refusal.as_ref().map_or(0, |refusal| refusal.reason),
            sequence: response.sequence,
            timestamp_ns: response.timestamp_ns,
            amount: minor(response.amount.as_ref())?,
        },
        replayed: response.replayed,
        // The payment is told as it is now, not as it was right after.
        remaining: None,
    };
    Ok(Answer { members: vec![told], group: None })
}

fn text(amount: u64) -> Money {
    Money {
        amount: money::format_minor_unsigned(amount.into(), ASSET_SCALE),
        currency: ASSET.to_owned(),
    }
}

/// Minor units of an amount; zero if it is unset.
pub fn minor(money: Option<&Money>) -> Result<u64> {
    let Some(money) = money else { return Ok(0) };
    ensure!(money.currency == ASSET, "an amount of {} in a payment of {ASSET}", money.currency);
    let minor = money::parse_minor_or_zero(&money.amount, ASSET_SCALE);
    Ok(narrow(minor.with_context(|| format!("no amount: {}", money.amount))?))
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::{AtDue, Payment, Refusal};

    use super::*;
    use crate::crash::calls::Kind;
    use crate::crash::member::Due;

    fn member(deed: Deed) -> Member {
        Member { id: 5, deed, debit: 0, credit: 9, amount: 1_250, up_to_available: false }
    }

    #[test]
    fn a_payment_is_created_in_decimal_text() {
        let accounts = Accounts::new();
        let due = Due { at_ns: 77, captures: true };
        let manual = creation(&member(Deed::Place(due)), &accounts);
        assert_eq!(manual.amount, Some(Money { amount: "12.50".into(), currency: "EUR".into() }));
        assert_eq!(manual.capture_method(), CaptureMethod::Manual);
        assert_eq!((manual.due_at_ns, manual.at_due()), (77, AtDue::Capture));
        let at_once = creation(&member(Deed::Pay), &accounts);
        assert_eq!(at_once.capture_method(), CaptureMethod::Automatic);
        assert_eq!((at_once.due_at_ns, at_once.at_due()), (0, AtDue::Unspecified));
    }

    #[test]
    fn an_answer_is_about_the_payment_that_was_asked_about() {
        let step = Deed::Capture { of: 3, release_rest: false };
        let response = |id: Option<u128>, amount: &str, refused: bool| PaymentResponse {
            payment: id.map(|id| Payment { id: Some(id.into()), ..Payment::default() }),
            amount: Some(Money { amount: amount.into(), currency: "EUR".into() }),
            refusal: refused.then(|| Refusal { reason: 82, ..Refusal::default() }),
            sequence: 9,
            ..PaymentResponse::default()
        };
        for (deed, response, expected) in [
            (step, response(Some(3), "12.50", false), Some((true, 0, 1_250))),
            (Deed::Pay, response(Some(5), "0.07", false), Some((true, 0, 7))),
            (step, response(Some(3), "0.00", true), Some((false, 82, 0))),
            (step, response(None, "0.00", true), Some((false, 82, 0))),
            (step, response(None, "12.50", false), None),
            (step, response(Some(5), "12.50", false), None),
            (step, response(Some(3), "12,50", false), None),
        ] {
            let call = Call { kind: Kind::Payment, members: vec![member(deed)] };
            let told = answer(&call, &response).ok().map(|answer| answer.members[0].outcome);
            let told = told.map(|outcome| (outcome.posted, outcome.reason, outcome.amount));
            assert_eq!(told, expected, "{response:?}");
        }
    }
}
