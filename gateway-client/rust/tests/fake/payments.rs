//! Payments of whole cents, just enough of them.

use florin_proto::v1::payment_service_server::PaymentService;
use florin_proto::v1::refusal::Reason;
use florin_proto::v1::{self, PaymentState};
use tonic::{Code, Request};

use super::rules::{State, id_of, refusal};
use super::service::Answer;
use super::{Ledger, fault};

fn cents(money: Option<&v1::Money>) -> u128 {
    let text = money.map_or("0", |money| &money.amount);
    florin_proto::money::parse_minor_or_zero(text, 2).expect("tests write amounts")
}

fn money(cents: u128) -> v1::Money {
    let amount = florin_proto::money::format_minor_unsigned(cents, 2);
    v1::Money { amount, currency: "EUR".to_owned() }
}

/// What is asked of a payment that exists.
enum Step {
    Capture { last: bool },
    Cancel,
    Refund,
}

impl State {
    fn create_payment(&mut self, new: v1::CreatePaymentRequest) -> v1::PaymentResponse {
        let id = new.id.map_or(0, u128::from);
        let replayed = self.payments.contains_key(&id);
        let amount = cents(new.amount.as_ref());
        let manual = new.capture_method() == v1::CaptureMethod::Manual;
        let (state, capturable) = if manual {
            (PaymentState::RequiresCapture, amount)
        } else {
            (PaymentState::Captured, 0)
        };
        let sequence = self.payments.len() as u64 + 1;
        let payment = self.payments.entry(id).or_insert(v1::Payment {
            id: new.id,
            state: state.into(),
            source_account_id: Some(id_of(new.source.as_ref()).into()),
            destination_account_id: Some(id_of(new.destination.as_ref()).into()),
            amount_capturable: Some(money(capturable)),
            amount_captured: Some(money(amount - capturable)),
            amount: new.amount,
            reference: new.reference,
            created_sequence: sequence,
            ..v1::Payment::default()
        });
        v1::PaymentResponse {
            payment: Some(payment.clone()),
            replayed,
            sequence,
            timestamp_ns: 1,
            amount: Some(money(amount)),
            refusal: None,
        }
    }

    fn advance(
        &mut self,
        payment: Option<v1::Uint128>,
        step: &Step,
        asked: Option<&v1::Money>,
    ) -> v1::PaymentResponse {
        let Some(payment) = self.payments.get_mut(&payment.map_or(0, u128::from)) else {
            return v1::PaymentResponse {
                refusal: Some(refusal(Reason::PaymentNotFound, "no such payment")),
                ..v1::PaymentResponse::default()
            };
        };
        let capturable = cents(payment.amount_capturable.as_ref());
        let captured = cents(payment.amount_captured.as_ref());
        let refunded = cents(payment.amount_refunded.as_ref());
        let most = if matches!(step, Step::Refund) { captured - refunded } else { capturable };
        let amount = asked.map_or(most, |asked| cents(Some(asked)));
        if amount > most {
            let refusal = v1::Refusal {
                would_pass: Some(most.into()),
                ..refusal(Reason::PaymentExceeded, "too much")
            };
            return v1::PaymentResponse {
                payment: Some(payment.clone()),
                refusal: Some(refusal),
                ..v1::PaymentResponse::default()
            };
        }
        match step {
            Step::Capture { last } => {
                let rest = if *last { 0 } else { capturable - amount };
                payment.amount_captured = Some(money(captured + amount));
                payment.amount_capturable = Some(money(rest));
                payment.amount_released = Some(money(capturable - amount - rest));
            }
            Step::Cancel => {
                payment.amount_capturable = Some(money(0));
                payment.amount_released = Some(money(amount));
                payment.set_state(PaymentState::Canceled);
            }
            Step::Refund => payment.amount_refunded = Some(money(refunded + amount)),
        }
        v1::PaymentResponse {
            payment: Some(payment.clone()),
            sequence: 9,
            timestamp_ns: 1,
            amount: Some(money(amount)),
            ..v1::PaymentResponse::default()
        }
    }
}

#[tonic::async_trait]
impl PaymentService for Ledger {
    async fn create_payment(
        &self,
        request: Request<v1::CreatePaymentRequest>,
    ) -> Answer<v1::PaymentResponse> {
        self.answer(|state| Ok(state.create_payment(request.into_inner()))).await
    }

    async fn capture_payment(
        &self,
        request: Request<v1::CapturePaymentRequest>,
    ) -> Answer<v1::PaymentResponse> {
        let request = request.into_inner();
        let step = Step::Capture { last: request.r#final };
        self.answer(|state| Ok(state.advance(request.payment_id, &step, request.amount.as_ref())))
            .await
    }

    async fn cancel_payment(
        &self,
        request: Request<v1::CancelPaymentRequest>,
    ) -> Answer<v1::PaymentResponse> {
        let request = request.into_inner();
        self.answer(|state| Ok(state.advance(request.payment_id, &Step::Cancel, None))).await
    }

    async fn refund_payment(
        &self,
        request: Request<v1::RefundPaymentRequest>,
    ) -> Answer<v1::PaymentResponse> {
        let request = request.into_inner();
        let asked = request.amount.as_ref();
        self.answer(|state| Ok(state.advance(request.payment_id, &Step::Refund, asked))).await
    }

    async fn get_payment(&self, request: Request<v1::GetPaymentRequest>) -> Answer<v1::Payment> {
        let id = request.into_inner().id.map_or(0, u128::from);
        self.answer(|state| {
            state.payments.get(&id).cloned().ok_or(fault(Code::NotFound, "PAYMENT_NOT_FOUND"))
        })
        .await
    }

    /// Pages of two, whatever is asked for.
    async fn list_payments(
        &self,
        request: Request<v1::ListPaymentsRequest>,
    ) -> Answer<v1::ListPaymentsResponse> {
        let request = request.into_inner();
        self.answer(|state| {
            let from: usize = request.page_token.parse().unwrap_or(0);
            let fits = |payment: &&v1::Payment| {
                request.states.is_empty() || request.states.contains(&payment.state)
            };
            let payments: Vec<_> = state.payments.values().rev().filter(fits).cloned().collect();
            let more = from + 2 < payments.len();
            Ok(v1::ListPaymentsResponse {
                payments: payments.into_iter().skip(from).take(2).collect(),
                next_page_token: if more { (from + 2).to_string() } else { String::new() },
            })
        })
        .await
    }
}
