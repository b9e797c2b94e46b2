//! A connection to a ledger: the contract's calls, tried again where the server asks for it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use florin_proto::BATCH_MEMBERS_MAX;
use florin_proto::v1::admin_service_client::AdminServiceClient;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use florin_proto::v1::refusal::Reason;
use florin_proto::v1::{
    Account, AccountKey, CreateAccountsRequest, CreateTransfersRequest, CreateTransfersResponse,
    GetAccountsRequest, GetHoldsRequest, GetHoldsResponse, GetStatusRequest, GetStatusResponse,
    GetTransfersRequest, GetTransfersResponse, NewAccount, PartitionStatus, Refusal, Uint128,
};
use indicatif::ProgressBar;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// HTTP/2 window of a stream, bytes; the server's is the same.
pub const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// HTTP/2 window of a connection, bytes.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Answers may be larger than requests: a transfer comes back with all that is known about it.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// How long a call is tried again under the same ids.
const TRY_FOR: Duration = Duration::from_secs(30);

/// Opens one HTTP/2 connection.
pub async fn connect(url: &str) -> Result<Channel> {
    Endpoint::from_shared(url.to_owned())
        .with_context(|| format!("{url} is no URL like http://127.0.0.1:7411"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .connect_timeout(Duration::from_secs(5))
        .connect()
        .await
        .with_context(|| format!("no server answers at {url}"))
}

/// A ledger client on a connection.
pub fn client(channel: Channel) -> LedgerServiceClient<Channel> {
    LedgerServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// A connected ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: LedgerServiceClient<Channel>,
    admin: AdminServiceClient<Channel>,
}

impl Ledger {
    /// Connects.
    pub async fn connect(url: &str) -> Result<Self> {
        Ok(Self::on(connect(url).await?))
    }

    /// Uses a connection.
    pub fn on(channel: Channel) -> Self {
        Self { client: client(channel.clone()), admin: AdminServiceClient::new(channel) }
    }

    /// Opens accounts of any number. One that is refused is an error; one that was there before with
    /// the same content is not. Returns how many were there before.
    pub async fn open_accounts(&self, accounts: &[NewAccount], bar: &ProgressBar) -> Result<u64> {
        let mut replayed = 0;
        for batch in accounts.chunks(BATCH_MEMBERS_MAX) {
            let request = CreateAccountsRequest { accounts: batch.to_vec() };
            let response = with_retries(|| {
                let (mut client, request) = (self.client.clone(), request.clone());
                async move { client.create_accounts(request).await }
            });
            let results = response.await?.into_inner().results;
            ensure!(
                results.len() == batch.len(),
                "{} accounts were asked for and {} answered",
                batch.len(),
                results.len()
            );
            for (account, result) in batch.iter().zip(results) {
                if let Some(refusal) = &result.refusal {
                    bail!(
                        "cannot open {:?}: {} {}",
                        account.key,
                        reason_name(refusal),
                        refusal.message
                    );
                }
                replayed += u64::from(result.replayed);
            }
            bar.inc(batch.len() as u64);
        }
        Ok(replayed)
    }

    /// Moves money. The answers are as many as the transfers.
    pub async fn create_transfers(
        &self,
        request: &CreateTransfersRequest,
    ) -> Result<CreateTransfersResponse> {
        let response = with_retries(|| {
            let (mut client, request) = (self.client.clone(), request.clone());
            async move { client.create_transfers(request).await }
        });
        let response = response.await?.into_inner();
        ensure!(
            response.results.len() == request.transfers.len(),
            "{} transfers were sent and {} answered",
            request.transfers.len(),
            response.results.len()
        );
        Ok(response)
    }

    /// Looks up accounts of any number; all must exist. In the order of the ids.
    pub async fn accounts(&self, ids: impl IntoIterator<Item = u128>) -> Result<Vec<Account>> {
        let keys: Vec<AccountKey> = ids.into_iter().map(AccountKey::from).collect();
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(BATCH_MEMBERS_MAX) {
            let request = GetAccountsRequest { accounts: batch.to_vec() };
            let response = with_retries(|| {
                let (mut client, request) = (self.client.clone(), request.clone());
                async move { client.get_accounts(request).await }
            });
            let response = response.await?.into_inner();
            ensure!(
                response.missing.is_empty() && response.accounts.len() == batch.len(),
                "{} of {} accounts are missing",
                batch.len() - response.accounts.len().min(batch.len()),
                batch.len()
            );
            found.extend(response.accounts);
        }
        Ok(found)
    }

    /// Looks up to 8,190 transfers up.
    pub async fn transfers(&self, ids: Vec<Uint128>) -> Result<GetTransfersResponse> {
        let request = GetTransfersRequest { ids };
        let response = with_retries(|| {
            let (mut client, request) = (self.client.clone(), request.clone());
            async move { client.get_transfers(request).await }
        });
        Ok(response.await?.into_inner())
    }

    /// Looks up to 8,190 holds up.
    pub async fn holds(&self, ids: Vec<Uint128>) -> Result<GetHoldsResponse> {
        let request = GetHoldsRequest { ids };
        let response = with_retries(|| {
            let (mut client, request) = (self.client.clone(), request.clone());
            async move { client.get_holds(request).await }
        });
        Ok(response.await?.into_inner())
    }

    /// How the engine is.
    pub async fn status(&self) -> Result<GetStatusResponse> {
        let response = with_retries(|| {
            let mut admin = self.admin.clone();
            async move { admin.get_status(GetStatusRequest {}).await }
        });
        Ok(response.await?.into_inner())
    }
}

/// Sums over all partitions, and whether all of them are conserved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sequence numbers used.
    pub sequence: u64,
    /// Accounts opened.
    pub accounts: u64,
    /// Transfer and group ids remembered.
    pub ids: u64,
    /// Transfers posted.
    pub transfers_posted: u64,
    /// Bytes of journal.
    pub journal_bytes: u64,
    /// Group commits written.
    pub frames: u64,
    /// Bytes of memory for accounts.
    pub account_bytes: u64,
    /// Open holds and payments that will fall due.
    pub timers: u64,
    /// Debits equal credits in every asset of every partition, by flag and by the sums themselves.
    pub conserved: bool,
}

impl Totals {
    /// Adds the partitions up.
    pub fn of(status: &GetStatusResponse) -> Self {
        let sum = |field: fn(&PartitionStatus) -> u64| status.partitions.iter().map(field).sum();
        let balanced = |p: &PartitionStatus| {
            p.assets.iter().all(|asset| {
                (asset.debits_lo, asset.debits_hi) == (asset.credits_lo, asset.credits_hi)
            })
        };
        Self {
            sequence: sum(|p| p.sequence),
            accounts: sum(|p| p.accounts),
            ids: sum(|p| p.ids),
            transfers_posted: sum(|p| p.transfers_posted),
            journal_bytes: sum(|p| p.journal_bytes),
            frames: sum(|p| p.frames),
            account_bytes: sum(|p| p.account_bytes),
            timers: sum(|p| p.timers),
            conserved: !status.partitions.is_empty()
                && status.partitions.iter().all(|p| p.conserved && balanced(p)),
        }
    }
}

/// The stable name of a refusal's reason.
pub fn reason_name(refusal: &Refusal) -> &'static str {
    Reason::try_from(refusal.reason).map_or("UNKNOWN_REASON", |reason| reason.as_str_name())
}

/// Makes a call until it is answered. Safe because every id is chosen by the caller.
async fn with_retries<T, F>(call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Status>>,
{
    let deadline = Instant::now() + TRY_FOR;
    let mut pause = Duration::from_millis(10);
    loop {
        let status = match call().await {
            Ok(answer) => return Ok(answer),
            Err(status) => status,
        };
        let Some(delay) = retry_delay(&status) else {
            return Err(describe(&status));
        };
        if Instant::now() + delay.max(pause) > deadline {
            return Err(describe(&status).context(format!("tried for {} s", TRY_FOR.as_secs())));
        }
        tokio::time::sleep(delay.max(pause)).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// How long to wait before the same call is made again; nothing if that would not help.
pub fn retry_delay(status: &Status) -> Option<Duration> {
    if let Some(retry) = status.get_details_retry_info() {
        return Some(retry.retry_delay.unwrap_or_default());
    }
    (status.code() == Code::Unavailable).then_some(Duration::ZERO)
}

/// A failed call in words, with its stable reason where the server gave one.
pub fn describe(status: &Status) -> anyhow::Error {
    match status.get_details_error_info() {
        Some(info) => anyhow::anyhow!("{}: {}", info.reason, status.message()),
        None => anyhow::anyhow!("{:?}: {}", status.code(), status.message()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use florin_proto::v1::AssetTotals;
    use tonic_types::ErrorDetails;

    use super::*;

    fn overloaded() -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "OVERLOADED",
            florin_proto::ERROR_DOMAIN,
            [(String::new(), String::new())],
        );
        details.set_retry_info(Some(Duration::from_millis(3)));
        Status::with_error_details(Code::ResourceExhausted, "later", details)
    }

    #[test]
    fn what_can_be_tried_again() {
        for (status, delay) in [
            (overloaded(), Some(Duration::from_millis(3))),
            (Status::unavailable("draining"), Some(Duration::ZERO)),
            (Status::resource_exhausted("message too large"), None),
            (Status::invalid_argument("empty"), None),
        ] {
            assert_eq!(retry_delay(&status), delay, "{status:?}");
        }
        assert_eq!(describe(&overloaded()).to_string(), "OVERLOADED: later");
    }

    #[test]
    fn a_call_is_made_until_it_is_answered() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let calls = Cell::new(0);
            let answer = with_retries(|| async {
                calls.set(calls.get() + 1);
                if calls.get() < 3 { Err(overloaded()) } else { Ok(7) }
            });
            assert_eq!(answer.await.expect("answered"), 7);
            assert_eq!(calls.get(), 3);

            let fault = with_retries(|| async { Err::<(), _>(Status::invalid_argument("no")) });
            assert!(fault.await.is_err());
        });
    }

    #[test]
    fn totals_add_up_and_doubt_the_flag() {
        let partition = |debits_lo| PartitionStatus {
            accounts: 2,
            conserved: true,
            assets: vec![AssetTotals { debits_lo, credits_lo: 5, ..AssetTotals::default() }],
            ..PartitionStatus::default()
        };
        let status = |partitions| GetStatusResponse { partitions, ..GetStatusResponse::default() };
        let whole = Totals::of(&status(vec![partition(5), partition(5)]));
        assert_eq!((whole.accounts, whole.conserved), (4, true));
        assert!(!Totals::of(&status(vec![partition(5), partition(4)])).conserved);
        assert!(!Totals::of(&status(vec![])).conserved);
    }
}
