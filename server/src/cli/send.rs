//! Sending what changes something, once, and printing what became of it.

use florin_client::{AccountId, Client, Error, Outcome, PaymentOutcome, Transfer, TransferId};

use super::args;
use super::failure::{Exit, Failure};
use super::names::Names;
use super::output::Output;
use super::view::{Parties, PaymentDoneView, PostedView, RefusedView};

/// The id of what is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Id {
    pub id: TransferId,
    is_new: bool,
}

impl Id {
    /// As given, or a new one.
    pub fn new(given: Option<TransferId>) -> Self {
        Self { id: given.unwrap_or_else(TransferId::generate), is_new: given.is_none() }
    }

    /// Prints a new one, before anything is sent: with it one can always ask what became of it.
    fn announce(self, output: &mut Output<'_>) -> Result<(), Failure> {
        if self.is_new {
            output.note(&format!("transfer id: {}", self.id))?;
        }
        Ok(())
    }
}

/// Sends a transfer of any kind.
pub(super) async fn transfer(
    client: &Client,
    id: Id,
    transfer: Transfer,
    parties: Option<Parties>,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    id.announce(output)?;
    let outcome = client.transfer(transfer).await.map_err(|error| hinted(error, id.id))?;
    let parties = match parties {
        Some(parties) => Some(parties),
        None => recorded_parties(client, &outcome).await,
    };
    match outcome {
        Ok(posted) => {
            output.result(&PostedView::new(&posted, parties.as_ref()))?;
            Ok(Exit::Done)
        }
        Err(refused) => {
            output.result(&RefusedView::transfer(&refused, parties.as_ref()))?;
            Ok(Exit::Refused)
        }
    }
}

/// Asks something of a payment: `answer` is the call, which is made here.
pub(super) async fn payment(
    client: &Client,
    id: Id,
    currency: &str,
    answer: impl Future<Output = Result<PaymentOutcome, Error>>,
    output: &mut Output<'_>,
) -> Result<Exit, Failure> {
    id.announce(output)?;
    match answer.await.map_err(|error| hinted(error, id.id))? {
        Ok(done) => {
            let mut names = Names::default();
            names.learn(client, [done.payment.source, done.payment.destination]).await;
            output.result(&PaymentDoneView::new(&done, &names))?;
            Ok(Exit::Done)
        }
        Err(refused) => {
            // Only for showing amounts: the refusal stands without.
            let asset = args::asset(client, currency).await.ok();
            output.result(&RefusedView::payment(&refused, asset.as_ref()))?;
            Ok(Exit::Refused)
        }
    }
}

/// Between whom a hold is.
pub(super) async fn parties_of(
    client: &Client,
    debit: AccountId,
    credit: AccountId,
) -> Result<Parties, Failure> {
    let mut names = Names::default();
    names.learn(client, [debit, credit]).await;
    let asset = names.asset_of(debit).cloned().ok_or_else(|| {
        Failure::refused("ACCOUNT_NOT_FOUND", format!("there is no account id:{debit}"))
    })?;
    Ok(Parties { debit: names.of(debit), credit: names.of(credit), asset })
}

fn hinted(error: Error, id: TransferId) -> Failure {
    let is_retryable = error.is_retryable();
    let failure = Failure::from(error);
    if is_retryable {
        return failure
            .with_hint(format!("repeat the command with --id {id}: it never pays twice"));
    }
    failure
}

/// Between whom a reversal moved money. Only for showing it: the outcome stands without.
async fn recorded_parties(client: &Client, outcome: &Outcome) -> Option<Parties> {
    let id = match outcome {
        Ok(posted) => posted.id,
        Err(refused) => refused.id,
    };
    let record = client.get_transfers([id]).await.ok()?.found.pop()?;
    parties_of(client, record.debit_account?, record.credit_account?).await.ok()
}
