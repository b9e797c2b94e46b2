//! `florin.v1.PaymentService`.

use std::sync::{PoisonError, RwLock};

use florin_actors::Engine;
use florin_actors::command::{Answer, Command, FoundHold, FoundPayment, TransfersAnswer};
use florin_engine::{Asset, AssetCode, Body, Hold, HoldStep, Transfer};
use florin_proto::v1;
use florin_proto::v1::payment_service_server::PaymentService;
use florin_proto::v1::refusal::Reason;
use tonic::{Request, Response, Status};

use super::fault;
use super::ledger::{TENANT, other_answer};
use super::page::{self, Page};
use super::token::{Kind, seal};
use crate::translate::{self, Asked};

/// Payments from creation to refund.
#[derive(Debug)]
pub struct Payments {
    engine: Engine,
    lineage: [u8; 16],
    message_bytes: usize,
    /// Assets that were seen in use. They never change, so it is asked for only when one is missing.
    assets: RwLock<Vec<Asset>>,
}

/// Payments that one page may look at.
const LIST_SCAN: usize = 2_000;
/// Payments of whoever they are that are passed over at once.
const SCAN_PAYMENTS: u32 = 8_192;

type Answered<T> = Result<Response<T>, Status>;

impl Payments {
    /// Payments of this engine. `message_bytes`: the largest message.
    pub fn new(engine: Engine, lineage: [u8; 16], message_bytes: usize) -> Self {
        Self { engine, lineage, message_bytes, assets: RwLock::new(Vec::new()) }
    }

    async fn call(&self, command: Command) -> Result<Answer, Status> {
        match self.engine.call(command).await {
            Answer::Unavailable(why) => Err(fault::unavailable(why)),
            answer => Ok(answer),
        }
    }

    /// The assets that are known, with those of these amounts if they exist.
    async fn assets(&self, amounts: [Option<&v1::Money>; 2]) -> Result<Vec<Asset>, Status> {
        let known = self.assets.read().unwrap_or_else(PoisonError::into_inner).clone();
        let codes =
            amounts.into_iter().flatten().filter_map(|money| AssetCode::new(&money.currency));
        let is_known = |code| {
            florin_engine::iso_4217_scale(code).is_some()
                || known.iter().any(|asset| asset.code == code)
        };
        if codes.into_iter().all(is_known) {
            return Ok(known);
        }
        let Answer::Assets(assets) = self.call(Command::ListAssets).await? else {
            return Err(other_answer());
        };
        self.assets.write().unwrap_or_else(PoisonError::into_inner).clone_from(&assets);
        Ok(assets)
    }

    async fn execute(&self, asked: Asked) -> Answered<v1::PaymentResponse> {
        let Asked { batch, payment } = asked;
        let transfer = batch.transfers.first().cloned();
        let Answer::Transfers(answer) = self.call(Command::Transfers(batch)).await? else {
            return Err(other_answer());
        };
        let created = transfer.and_then(|transfer| created(&answer, &transfer));
        let payment = match created {
            Some(payment) => Some(payment),
            None => self.find(payment).await?,
        };
        Ok(Response::new(translate::payment_answer(&answer, payment.as_ref())))
    }

    async fn find(&self, id: u128) -> Result<Option<FoundPayment>, Status> {
        let command = Command::GetPayments { tenant: TENANT, ids: vec![id] };
        let Answer::Payments(mut found) = self.call(command).await? else {
            return Err(other_answer());
        };
        Ok(found.pop().flatten())
    }
}

/// A payment that was created just now: its event tells all there is to know.
fn created(answer: &TransfersAnswer, transfer: &Transfer) -> Option<FoundPayment> {
    let event = answer.events.first()?;
    let Body::Hold(step) = &event.body else { return None };
    if !matches!(step.step, HoldStep::Place | HoldStep::Pay) {
        return None;
    }
    let hold = FoundHold {
        hold: Hold::created(step, event.sequence),
        debit_account: transfer.debit_account,
        credit_account: transfer.credit_account,
    };
    let asset = answer.asset?;
    Some(FoundPayment { hold, asset, created: event.clone() })
}

/// A request that is malformed: a status, and no id is used up.
fn malformed((reason, field): (Reason, &'static str)) -> Status {
    let message = format!("{field}: {}", translate::describe_wire(reason));
    fault::status(reason, message, [("field", field.to_owned())])
}

/// The states that are wanted; `None` if one of them is none.
fn states_wanted(wire: &[i32]) -> Option<Vec<v1::PaymentState>> {
    let known = |state: &i32| {
        let state = v1::PaymentState::try_from(*state).ok();
        state.filter(|state| *state != v1::PaymentState::Unspecified)
    };
    wire.iter().map(known).collect()
}

#[tonic::async_trait]
impl PaymentService for Payments {
    async fn create_payment(
        &self,
        request: Request<v1::CreatePaymentRequest>,
    ) -> Answered<v1::PaymentResponse> {
        let wire = request.into_inner();
        let assets = self.assets([wire.amount.as_ref(), wire.fee.as_ref()]).await?;
        let asked = translate::create_payment(TENANT, &wire, &assets).map_err(malformed)?;
        self.execute(asked).await
    }

    async fn capture_payment(
        &self,
        request: Request<v1::CapturePaymentRequest>,
    ) -> Answered<v1::PaymentResponse> {
        let wire = request.into_inner();
        let assets = self.assets([wire.amount.as_ref(), None]).await?;
        let asked = translate::capture_payment(TENANT, &wire, &assets).map_err(malformed)?;
        self.execute(asked).await
    }

    async fn cancel_payment(
        &self,
        request: Request<v1::CancelPaymentRequest>,
    ) -> Answered<v1::PaymentResponse> {
        let asked = translate::cancel_payment(TENANT, &request.into_inner()).map_err(malformed)?;
        self.execute(asked).await
    }

    async fn refund_payment(
        &self,
        request: Request<v1::RefundPaymentRequest>,
    ) -> Answered<v1::PaymentResponse> {
        let wire = request.into_inner();
        let assets = self.assets([wire.amount.as_ref(), None]).await?;
        let asked = translate::refund_payment(TENANT, &wire, &assets).map_err(malformed)?;
        self.execute(asked).await
    }

    async fn get_payment(&self, request: Request<v1::GetPaymentRequest>) -> Answered<v1::Payment> {
        let id = request.into_inner().id.map_or(0, u128::from);
        match self.find(id).await? {
            Some(payment) => Ok(Response::new(translate::payment_to_wire(&payment))),
            None => Err(fault::status(Reason::PaymentNotFound, "there is no such payment", [])),
        }
    }

    async fn list_payments(
        &self,
        request: Request<v1::ListPaymentsRequest>,
    ) -> Answered<v1::ListPaymentsResponse> {
        let v1::ListPaymentsRequest { page_size, page_token, states } = request.into_inner();
        let size = page::size(page_size)?;
        let states = states_wanted(&states).ok_or_else(|| page::filter_invalid("states"))?;
        let context: [&[u8]; 1] = [&self.lineage];
        let before = page::from_number(Kind::Payments, &context, &page_token)?;
        let mut next = Some(before.unwrap_or(u64::MAX));
        let mut page = Page::new(size, self.message_bytes);
        let mut looked_at = 0;
        while let Some(before) = next
            && page.room() > 0
            && looked_at < LIST_SCAN
        {
            let directory = self.engine.feed().directory();
            let (known, rest) = directory.payments_before(TENANT, before, size, SCAN_PAYMENTS);
            next = rest;
            let ids: Vec<u128> = known.iter().map(|payment| payment.id).collect();
            if ids.is_empty() {
                looked_at += SCAN_PAYMENTS as usize;
                continue;
            }
            looked_at += ids.len();
            let command = Command::GetPayments { tenant: TENANT, ids };
            let Answer::Payments(found) = self.call(command).await? else {
                return Err(other_answer());
            };
            for (payment, known) in found.iter().zip(&known) {
                let Some(payment) = payment else { continue };
                let payment = translate::payment_to_wire(payment);
                let is_wanted = states.is_empty() || states.contains(&payment.state());
                if is_wanted && !page.add(payment) {
                    next = Some(known.placed_sequence + 1); // the next page begins with it
                    break;
                }
            }
        }
        let token = |next: u64| seal(Kind::Payments, &context, &next.to_le_bytes());
        let next_page_token = next.map(token).unwrap_or_default();
        Ok(Response::new(v1::ListPaymentsResponse { payments: page.entries(), next_page_token }))
    }
}
