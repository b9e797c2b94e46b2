//! Calls other than single payments: which are tried again after what.

mod fake;

use std::time::Duration;

use fake::{Fake, Ledger, Step};
use florin_client::{AccountUpdate, Client, Error, NewAccount, Retry, Transfer, TransferId};
use tonic::Status;

const RETRY: Retry = Retry {
    attempts: 3,
    attempt_timeout: Duration::from_millis(200),
    base_backoff: Duration::from_millis(1),
    max_backoff: Duration::from_millis(5),
};

#[derive(Debug, Clone, Copy)]
enum Call {
    Open,
    Pay,
    Update,
    Read,
}

async fn make(call: Call, client: &Client) -> Result<(), Error> {
    match call {
        Call::Open => client.create_accounts([NewAccount::new("b", "EUR")]).await.map(drop),
        Call::Pay => {
            let transfer = Transfer::new(TransferId(1)).debit("a").credit("a");
            client.create_transfers([transfer]).await.map(drop)
        }
        Call::Update => client.update_account(AccountUpdate::new("a").close()).await.map(drop),
        Call::Read => client.get_accounts(["a"]).await.map(drop),
    }
}

#[tokio::test]
async fn what_is_tried_again() {
    let lose = || Step::ApplyThenLose;
    let late = || Step::ApplyThenDelay(Duration::from_secs(5));
    let deny = || Step::Fail(Status::permission_denied("no"));
    for (call, steps, calls, reason) in [
        (Call::Open, vec![lose()], 2, None),
        (Call::Open, vec![lose(), late()], 3, None),
        (Call::Open, vec![lose(), lose(), lose()], 3, Some("OUTCOME_UNKNOWN")),
        (Call::Open, vec![deny()], 1, Some("UNEXPECTED_STATUS")),
        (Call::Pay, vec![late()], 2, None),
        (Call::Pay, vec![lose(), deny()], 2, Some("OUTCOME_UNKNOWN")),
        (Call::Read, vec![lose(), late()], 3, None),
        (Call::Read, vec![lose(), lose(), lose()], 3, Some("UNEXPECTED_STATUS")),
        (Call::Read, vec![late(), late(), late()], 3, Some("DEADLINE_EXCEEDED")),
        (Call::Update, vec![], 1, None),
        (Call::Update, vec![lose()], 1, Some("OUTCOME_UNKNOWN")),
        (Call::Update, vec![late()], 1, Some("OUTCOME_UNKNOWN")),
    ] {
        let ledger = Ledger::default();
        let fake = Fake::start(&ledger);
        let client =
            Client::builder(fake.endpoint()).retry(RETRY).connect().await.expect("connects");
        let opened = client.create_accounts([NewAccount::new("a", "EUR")]).await;
        assert!(opened.is_ok());
        ledger.lock().steps.extend(steps.clone());

        let answer = make(call, &client).await;
        let found = answer.as_ref().err().map(Error::reason);
        assert_eq!(found, reason, "{call:?} {steps:?}: {answer:?}");
        assert_eq!(ledger.lock().calls, 1 + calls, "{call:?} {steps:?}");
    }
}
