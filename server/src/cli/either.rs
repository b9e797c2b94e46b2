//! One verb for two things: a hold or a payment, by its id.

use florin_client::{Client, Hold, Payment, TransferId};

use super::failure::Failure;

/// What an id is the id of.
pub(super) enum Either {
    Hold(Box<Hold>),
    Payment(Box<Payment>),
}

/// Finds out what an id is the id of.
pub(super) async fn find(client: &Client, id: TransferId) -> Result<Either, Failure> {
    if let Some(hold) = client.get_holds([id]).await?.found.pop() {
        return Ok(Either::Hold(Box::new(hold)));
    }
    if let Some(payment) = client.get_payment(id).await? {
        return Ok(Either::Payment(Box::new(payment)));
    }
    let message = format!("there is neither a hold nor a payment {id}");
    Err(Failure::refused("HOLD_NOT_FOUND", message))
}
