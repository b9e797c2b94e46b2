//! A real server in a process of its own, on a free port and a data directory of its own.

#![allow(dead_code, reason = "every test file uses its own part of this")]

pub mod cli;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use florin_proto::v1;
use florin_proto::v1::admin_service_client::AdminServiceClient;
use florin_proto::v1::ledger_service_client::LedgerServiceClient;
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

pub type Ledger = LedgerServiceClient<Channel>;

/// A server that is killed when it is dropped.
pub struct Server {
    pub address: String,
    /// Where its metrics are, if it was told to serve them: `127.0.0.1:7412`.
    pub metrics: Option<String>,
    /// What it said when it was ready.
    pub ready: serde_json::Value,
    pub child: Child,
    pub data: std::path::PathBuf,
    /// Removed with the server, where it was made for it.
    dir: Option<TempDir>,
}

impl Server {
    /// Starts on a fresh data directory.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`Self::start`], with settings of the environment.
    pub fn start_with(environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self::start_on(&dir.path().join("data"), environment);
        server.dir = Some(dir);
        server
    }

    /// Starts on a data directory that stays.
    pub fn start_on(data: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = serve(data);
        command.envs(environment.iter().copied());
        Self::started(command, data)
    }

    /// Starts with a command that was put together elsewhere.
    pub fn started(mut command: Command, data: &Path) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its standard output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let ready = line.strip_prefix("ready ").unwrap_or_else(|| panic!("not ready: {line:?}"));
        let ready: serde_json::Value = serde_json::from_str(ready).expect("JSON");
        let address = format!("http://{}", ready["listen"].as_str().expect("an address"));
        let metrics = ready["metrics"].as_str().map(str::to_owned);
        Self { address, metrics, ready, child, data: data.to_owned(), dir: None }
    }

    pub async fn ledger(&self) -> Ledger {
        LedgerServiceClient::connect(self.address.clone())
            .await
            .expect("a connection")
            .max_decoding_message_size(64 << 20)
    }

    pub async fn status(&self) -> v1::GetStatusResponse {
        let mut admin = AdminServiceClient::connect(self.address.clone()).await.expect("connects");
        admin.get_status(v1::GetStatusRequest {}).await.expect("a status").into_inner()
    }

    /// Status, head and body of the answer to one request where metrics are served.
    pub fn http(&self, method: &str, path: &str) -> (u16, String, String) {
        let address = self.metrics.as_ref().expect("it serves metrics");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("written");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("a status"), head.to_ascii_lowercase(), body.to_owned())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// SIGTERM; whether it ended with 0.
    pub fn terminate(&mut self) -> bool {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(told.success());
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `florin`.
pub fn florin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
    command.env_remove("FLORIN_CONFIG").env("FLORIN_LOG__LEVEL", "error");
    command
}

/// `florin serve`, on a free port.
pub fn serve(data: &Path) -> Command {
    let mut command = florin();
    command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
    // Small segments, so that tests seal and open many.
    command.env("FLORIN_JOURNAL__SEGMENT_BYTES", (16 << 20).to_string());
    command
}

/// An account by name.
pub fn new_account(name: &str, asset: &str, kind: v1::floor::Kind) -> v1::NewAccount {
    v1::NewAccount {
        key: Some(name.into()),
        asset: asset.to_owned(),
        floor: Some(v1::Floor { kind: kind.into(), overdraft: None }),
        ..v1::NewAccount::default()
    }
}

/// A transfer between accounts by name.
pub fn new_transfer(id: u128, debit: &str, credit: &str, amount: u128) -> v1::NewTransfer {
    v1::NewTransfer {
        id: Some(id.into()),
        debit_account: Some(debit.into()),
        credit_account: Some(credit.into()),
        amount: Some(amount.into()),
        ..v1::NewTransfer::default()
    }
}

/// Accounts that most tests need: `bank` without a floor, `a` and `b` with floor zero, `yen` in JPY.
pub async fn open_accounts(ledger: &mut Ledger) {
    use v1::floor::Kind::{None, Zero};
    let accounts = vec![
        new_account("bank", "EUR", None),
        new_account("a", "EUR", Zero),
        new_account("b", "EUR", Zero),
        new_account("yen", "JPY", None),
    ];
    let request = v1::CreateAccountsRequest { accounts };
    let results = ledger.create_accounts(request).await.expect("answered").into_inner().results;
    assert!(results.iter().all(|result| result.refusal.is_none()), "{results:?}");
}

/// One independent transfer.
pub async fn pay(ledger: &mut Ledger, transfer: v1::NewTransfer) -> v1::TransferResult {
    independent(ledger, vec![transfer]).await.remove(0)
}

/// An independent batch.
pub async fn independent(
    ledger: &mut Ledger,
    transfers: Vec<v1::NewTransfer>,
) -> Vec<v1::TransferResult> {
    let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
    ledger.create_transfers(request).await.expect("answered").into_inner().results
}

/// A group.
pub async fn group(
    ledger: &mut Ledger,
    id: u128,
    transfers: Vec<v1::NewTransfer>,
) -> v1::CreateTransfersResponse {
    let mode = v1::TransferMode::Group.into();
    let request = v1::CreateTransfersRequest { mode, group_id: Some(id.into()), transfers };
    ledger.create_transfers(request).await.expect("answered").into_inner()
}

/// Balance of an account by name.
pub async fn balance(ledger: &mut Ledger, name: &str) -> i128 {
    let request = v1::GetAccountsRequest { accounts: vec![name.into()] };
    let found = ledger.get_accounts(request).await.expect("answered").into_inner();
    found.accounts[0].balance.expect("a balance").into()
}

/// Reason and field of a refusal; empty if there is none.
pub fn why(refusal: Option<&v1::Refusal>) -> (&'static str, &str) {
    refusal.map_or(("", ""), |refusal| (refusal.reason().as_str_name(), refusal.field.as_str()))
}

/// Reason of a call's fault.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "florin.dev");
    info.reason
}
