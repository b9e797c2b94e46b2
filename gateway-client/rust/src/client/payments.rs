use florin_proto::v1;

use super::Client;
use crate::account::PageToken;
use crate::error::Error;
use crate::id::TransferId;
use crate::listing::Listing;
use crate::payment::{
    self, NewPayment, Payment, PaymentCapture, PaymentOutcome, PaymentPage, PaymentRefund,
    PaymentState,
};
use crate::retry::Kind;
use crate::wire::non_empty;

/// Payments a page when all are listed: the most a server gives.
const PAGE_SIZE: u32 = 1_000;

impl Client {
    /// Creates a payment: captured at once, or reserved to be captured later. Safe to repeat.
    pub async fn create_payment(&self, new: NewPayment) -> Result<PaymentOutcome, Error> {
        let response = self
            .call(Kind::Idempotent, &new.wire, |request| {
                let mut payments = self.payments.clone();
                async move { payments.create_payment(request).await }
            })
            .await?;
        payment::from_wire(id(new.wire.id), response)
    }

    /// Captures what a payment has reserved, all of it or a part. Safe to repeat under the same id.
    pub async fn capture_payment(&self, capture: PaymentCapture) -> Result<PaymentOutcome, Error> {
        let response = self
            .call(Kind::Idempotent, &capture.wire, |request| {
                let mut payments = self.payments.clone();
                async move { payments.capture_payment(request).await }
            })
            .await?;
        payment::from_wire(id(capture.wire.id), response)
    }

    /// Gives back, under an id of its own, what a payment has reserved and was not captured. Safe to repeat under the
    /// same id.
    pub async fn cancel_payment(
        &self,
        id: TransferId,
        payment: TransferId,
    ) -> Result<PaymentOutcome, Error> {
        let request =
            v1::CancelPaymentRequest { id: Some(id.into()), payment_id: Some(payment.into()) };
        let response = self
            .call(Kind::Idempotent, &request, |request| {
                let mut payments = self.payments.clone();
                async move { payments.cancel_payment(request).await }
            })
            .await?;
        payment::from_wire(id, response)
    }

    /// Moves captured money back, all of it or a part. Safe to repeat under the same id.
    pub async fn refund_payment(&self, refund: PaymentRefund) -> Result<PaymentOutcome, Error> {
        let response = self
            .call(Kind::Idempotent, &refund.wire, |request| {
                let mut payments = self.payments.clone();
                async move { payments.refund_payment(request).await }
            })
            .await?;
        payment::from_wire(id(refund.wire.id), response)
    }

    /// A payment as it is; `None` if there is none under this id.
    pub async fn get_payment(&self, id: TransferId) -> Result<Option<Payment>, Error> {
        let request = v1::GetPaymentRequest { id: Some(id.into()) };
        let answer = self
            .call(Kind::Read, &request, |request| {
                let mut payments = self.payments.clone();
                async move { payments.get_payment(request).await }
            })
            .await;
        match answer {
            Ok(payment) => payment.try_into().map(Some),
            Err(Error::Fault(fault)) if fault.reason == "PAYMENT_NOT_FOUND" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A page of payments, newest first: 1 to 1,000 of them, from `token` on or from the newest. Only those in one of
    /// these states; all if there are none.
    pub async fn list_payments(
        &self,
        states: &[PaymentState],
        page_size: u32,
        token: Option<PageToken>,
    ) -> Result<PaymentPage, Error> {
        let request = v1::ListPaymentsRequest {
            page_size,
            page_token: token.map(|token| token.0).unwrap_or_default(),
            states: states.iter().map(|&state| state.into()).collect(),
        };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut payments = self.payments.clone();
                async move { payments.list_payments(request).await }
            })
            .await?;
        let payments: Result<Vec<_>, Error> =
            response.payments.into_iter().map(Payment::try_from).collect();
        Ok(PaymentPage {
            payments: payments?,
            next: non_empty(response.next_page_token).map(PageToken),
        })
    }

    /// Every payment in one of these states, or every payment if there are none, newest first, page after page.
    #[must_use]
    pub fn all_payments(&self, states: impl IntoIterator<Item = PaymentState>) -> AllPayments {
        AllPayments {
            client: self.clone(),
            states: states.into_iter().collect(),
            listing: Listing::default(),
        }
    }
}

/// Payments, fetched as they are asked for. See [`Client::all_payments`].
#[derive(Debug)]
pub struct AllPayments {
    client: Client,
    states: Vec<PaymentState>,
    listing: Listing<Payment>,
}

impl AllPayments {
    /// The next payment, which is an older one; `None` after the last. After an error it may be asked again.
    pub async fn next(&mut self) -> Result<Option<Payment>, Error> {
        let Self { client, states, listing } = self;
        let (client, states) = (&*client, &*states);
        let fetch = |token| async move {
            let page = client.list_payments(states, PAGE_SIZE, token).await?;
            Ok((page.payments, page.next))
        };
        listing.next(fetch).await
    }
}

fn id(id: Option<v1::Uint128>) -> TransferId {
    TransferId(crate::wire::minor(id))
}
