//! Makes a directory to keep, with the `florin` of an earlier release: see `tests/kept/README.md`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use florin_proto::v1::{self, AmountMode, CaptureMethod, TransferKind as Kind};
use serde_json::Value;
use tonic::Code;

use crate::calls::{Answer, Call, Clients, Exchange};
use crate::kept;
use crate::state::State;
use crate::support::{Server, new_account, new_transfer};

/// As small as a segment can be, so that many are sealed.
const SEGMENT_BYTES: u64 = 64 << 10;
/// Larger ones, where things fall due: 508d174 waits for room for a thousand of them.
const LARGER_SEGMENT_BYTES: u64 = 512 << 10;
/// 2100.
const FAR_NS: u64 = 4_102_444_800_000_000_000;
/// Members of the batch whose frame is torn: it has several sectors.
const TORN_MEMBERS: u32 = 120;
const SECTOR: usize = 4_096;
const CAFE: &str = "cafe:7/till";
const GIFT_CARD: &str = "gift-card";

/// The directory that comes to be, and what was answered meanwhile.
struct Story {
    florin: PathBuf,
    data: tempfile::TempDir,
    exchanges: Vec<Exchange>,
    /// Ids go up.
    last_id: u128,
    has_holds: bool,
}

#[tokio::test]
#[ignore = "makes a directory to keep; needs the `florin` of an earlier release"]
async fn keep_a_directory() {
    let florin = std::env::var_os("KEEP_WITH").expect("KEEP_WITH: which `florin`");
    let name = std::env::var("KEEP_AS").expect("KEEP_AS: a name in tests/kept");
    let folder = kept::folder().join(name);
    assert!(!folder.exists(), "what is kept is never made again: {}", folder.display());
    let data = tempfile::tempdir().expect("a temporary directory");
    let exchanges = Vec::new();
    let mut story = Story { florin: florin.into(), data, exchanges, last_id: 0, has_holds: false };
    story.opened_and_drained().await;
    story.sealed_and_killed().await;
    story.killed_under_load().await;
    story.drained_again().await;
    story.torn().await;

    let verify = story.verify(story.data.path());
    assert_eq!(verify["ok"], true, "{verify}");
    assert_ne!(verify["unacknowledged_tail_bytes"], 0, "{verify}");
    // A copy, since opening changes it.
    let copy = kept::copied(story.data.path());
    let server = story.serve(copy.path(), SEGMENT_BYTES);
    let state = State::of(&server, &story.exchanges).await;
    kept::keep(&folder, story.data.path(), &verify, &state, &story.exchanges);
}

impl Story {
    fn serve(&self, data: &Path, segment_bytes: u64) -> Server {
        let mut command = Command::new(&self.florin);
        command.arg("serve").arg("--data").arg(data).args(["--listen", "127.0.0.1:0"]);
        command.env("FLORIN_JOURNAL__SEGMENT_BYTES", segment_bytes.to_string());
        command.env_remove("FLORIN_CONFIG").env("FLORIN_LOG__LEVEL", "error");
        Server::started(command, data)
    }

    fn verify(&self, data: &Path) -> Value {
        let mut command = Command::new(&self.florin);
        let output = command.arg("verify").arg("--data").arg(data).arg("--json").output();
        serde_json::from_slice(&output.expect("it runs").stdout).expect("JSON")
    }

    fn id(&mut self) -> u128 {
        self.last_id += 1;
        // High bits too.
        self.last_id << 64 | self.last_id
    }

    async fn make(&mut self, clients: &mut Clients, call: Call) -> Answer {
        let answer = call.make(clients).await.unwrap_or_else(|fault| panic!("{call:?}: {fault}"));
        self.exchanges.push(Exchange { call, answer: answer.clone() });
        answer
    }

    /// An independent batch.
    async fn batch(&mut self, clients: &mut Clients, transfers: Vec<v1::NewTransfer>) {
        let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
        self.make(clients, Call::CreateTransfers(request)).await;
    }

    /// A group.
    async fn group(&mut self, clients: &mut Clients, transfers: Vec<v1::NewTransfer>) {
        let (mode, group_id) = (v1::TransferMode::Group.into(), Some(self.id().into()));
        let request = v1::CreateTransfersRequest { mode, group_id, transfers };
        self.make(clients, Call::CreateTransfers(request)).await;
    }

    fn transfer(&mut self, debit: &str, credit: &str, amount: u128) -> v1::NewTransfer {
        new_transfer(self.id(), debit, credit, amount)
    }

    /// Assets, accounts, moves, refusals, groups, reversals; then the journal gets the digest of the state.
    async fn opened_and_drained(&mut self) {
        let mut server = self.serve(self.data.path(), SEGMENT_BYTES);
        let mut clients = Clients::connect(&server).await;
        let asked = clients.payments.list_payments(v1::ListPaymentsRequest::default()).await;
        self.has_holds = !asked.is_err_and(|status| status.code() == Code::Unimplemented);
        self.accounts(&mut clients).await;
        self.moves(&mut clients).await;
        let freeze = v1::UpdateAccountRequest {
            account: Some("frozen".into()),
            freeze: v1::Freeze::Both.into(),
            ..Default::default()
        };
        clients.ledger.update_account(freeze).await.expect("answered");
        let to_frozen = self.transfer("bank", "frozen", 1);
        self.batch(&mut clients, vec![to_frozen]).await;
        assert!(server.terminate());
    }

    async fn accounts(&mut self, clients: &mut Clients) {
        use v1::floor::Kind::{None, Overdraft, Zero};
        let points = v1::Asset { code: "POINTS".to_owned(), scale: 0 };
        let assets = Call::CreateAssets(v1::CreateAssetsRequest { assets: vec![points] });
        self.make(clients, assets).await;
        let overdraft = v1::Floor { kind: Overdraft.into(), overdraft: Some(5_000.into()) };
        let metadata = [("tier", "gold"), ("město", "Brno")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let mut accounts = vec![
            new_account("bank", "EUR", None),
            v1::NewAccount { metadata, ..new_account("alice", "EUR", Zero) },
            v1::NewAccount { floor: Some(overdraft), ..new_account(CAFE, "EUR", Zero) },
            new_account("frozen", "EUR", Zero),
            new_account("yen", "JPY", None),
            new_account("points/issued", "POINTS", None),
            v1::NewAccount { key: Some((4_711 << 70).into()), ..new_account("", "POINTS", Zero) },
        ];
        if self.has_holds {
            let ceiling = Some(v1::Ceiling { limit: Some(25_000.into()) });
            let gift_card = new_account(GIFT_CARD, "EUR", Zero);
            accounts.push(v1::NewAccount { ceiling, ..gift_card });
        }
        let accounts = Call::CreateAccounts(v1::CreateAccountsRequest { accounts });
        let opened = self.make(clients, accounts).await;
        let Answer::CreateAccounts(opened) = opened else { unreachable!("{opened:?}") };
        assert!(opened.results.iter().all(|result| result.refusal.is_none()), "{opened:?}");
    }

    async fn moves(&mut self, clients: &mut Clients) {
        let metadata = [("order".to_owned(), "A-42".to_owned())].into();
        let funded =
            v1::NewTransfer { metadata, code: 7, ..self.transfer("bank", "alice", 90_000) };
        let dated = v1::NewTransfer { value_date: 20_261_130, ..self.transfer("alice", CAFE, 450) };
        let too_much = self.transfer("alice", "bank", 1_000_000);
        let up_to = v1::NewTransfer {
            amount_mode: AmountMode::UpToAvailable.into(),
            ..self.transfer(CAFE, "bank", 1_000_000)
        };
        let unknown = self.transfer("bank", "nobody", 1);
        let points = v1::NewTransfer {
            credit_account: Some((4_711 << 70).into()),
            ..self.transfer("points/issued", "", 12)
        };
        let original = points.id;
        let transfers = vec![funded, dated, too_much, up_to, unknown, points];
        self.batch(clients, transfers).await;
        let members = vec![self.transfer("alice", CAFE, 100), self.transfer(CAFE, "bank", 60)];
        self.group(clients, members).await;
        let members = vec![self.transfer("alice", CAFE, 100), self.transfer("frozen", CAFE, 5)];
        self.group(clients, members).await;
        let id = self.id();
        let reversal =
            v1::NewTransfer { id: Some(id.into()), reverses: original, ..Default::default() };
        let twice = v1::NewTransfer { id: Some(self.id().into()), ..reversal.clone() };
        self.batch(clients, vec![reversal]).await;
        self.batch(clients, vec![twice]).await;
        // A frame of many sectors.
        let many = (0..100).map(|cents| self.transfer("bank", "alice", cents + 1)).collect();
        self.batch(clients, many).await;
    }

    /// Single payments, a frame each, until several segments are sealed.
    async fn sealed_and_killed(&mut self) {
        let mut server = self.serve(self.data.path(), SEGMENT_BYTES);
        let mut clients = Clients::connect(&server).await;
        for cents in 1..=40 {
            let single = self.transfer("alice", "bank", cents);
            self.batch(&mut clients, vec![single]).await;
        }
        server.kill();
    }

    /// Holds and payments where there are any, and a kill while eight callers wait.
    async fn killed_under_load(&mut self) {
        let mut server = self.serve(self.data.path(), LARGER_SEGMENT_BYTES);
        let mut clients = Clients::connect(&server).await;
        if self.has_holds {
            self.holds(&mut clients).await;
            self.payments(&mut clients).await;
            self.ceilings(&mut clients).await;
        }
        let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
        for _ in 0..8 {
            let transfers: Vec<_> = (0..50).map(|_| self.transfer("bank", "alice", 1)).collect();
            let (mut clients, answered) = (clients.clone(), answered.clone());
            tokio::spawn(async move {
                for transfer in transfers {
                    let transfers = vec![transfer];
                    let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
                    let call = Call::CreateTransfers(request);
                    let Ok(answer) = call.make(&mut clients).await else { return };
                    let _ = answered.send(Exchange { call, answer }); // nobody listens after the kill
                }
            });
        }
        drop(answered);
        for _ in 0..40 {
            self.exchanges.push(answers.recv().await.expect("an answer"));
        }
        server.kill();
        // Answers that were on their way.
        while let Some(exchange) = answers.recv().await {
            self.exchanges.push(exchange);
        }
    }

    fn hold(&mut self, amount: u128, due_at_ns: u64, at_due: v1::AtDue) -> v1::NewTransfer {
        let kind = Kind::Hold.into();
        let (from, to) = ("alice", CAFE);
        let (due_at_ns, at_due) = (due_at_ns, at_due.into());
        v1::NewTransfer { kind, due_at_ns, at_due, ..self.transfer(from, to, amount) }
    }

    fn of_hold(&mut self, kind: Kind, hold: &v1::NewTransfer, amount: u128) -> v1::NewTransfer {
        v1::NewTransfer {
            id: Some(self.id().into()),
            kind: kind.into(),
            hold: hold.id,
            amount: Some(amount.into()),
            ..v1::NewTransfer::default()
        }
    }

    async fn holds(&mut self, clients: &mut Clients) {
        use v1::AtDue::{Capture, Release};
        let soon = now_ns() + 700_000_000;
        let [open, captured, released, changed] =
            [600, 500, 400, 300].map(|amount| self.hold(amount, FAR_NS, Release));
        let due = [self.hold(210, soon, Release), self.hold(220, soon + 1, Capture)];
        let placed = [&open, &captured, &released, &changed, &due[0], &due[1]];
        self.batch(clients, placed.map(Clone::clone).into()).await;
        let rest =
            v1::NewTransfer { release_rest: true, ..self.of_hold(Kind::Capture, &captured, 320) };
        let steps = vec![
            rest,
            self.of_hold(Kind::Release, &released, 0),
            self.of_hold(Kind::Change, &changed, 40),
            self.of_hold(Kind::Capture, &changed, 10),
            self.of_hold(Kind::Capture, &open, 1_000_000),
        ];
        self.batch(clients, steps).await;
        let in_group = self.hold(50, 0, Release);
        let captured_at_once = self.of_hold(Kind::Capture, &in_group, 0);
        self.group(clients, vec![in_group, captured_at_once]).await;
        let ids: Vec<_> = due.iter().filter_map(|hold| hold.id).collect();
        loop {
            let asked = v1::GetHoldsRequest { ids: ids.clone() };
            let holds = clients.ledger.get_holds(asked).await.expect("answered").into_inner().holds;
            if holds.iter().all(|hold| hold.state() != v1::HoldState::Open) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn payments(&mut self, clients: &mut Clients) {
        let money = |amount: &str| {
            Some(v1::Money { amount: amount.to_owned(), currency: "EUR".to_owned() })
        };
        let create =
            |id: u128, amount, method: CaptureMethod, due_at_ns| v1::CreatePaymentRequest {
                id: Some(id.into()),
                source: Some("alice".into()),
                destination: Some(CAFE.into()),
                amount: money(amount),
                capture_method: method.into(),
                due_at_ns,
                fee: money("0.35"),
                reference: "objednávka 7".to_owned(),
                score: Some(250),
                ..Default::default()
            };
        let soon = now_ns() + 300_000_000;
        let ids = [(); 5].map(|()| self.id());
        let [paid, captured, canceled, open, due] = ids;
        for request in [
            create(paid, "12.50", CaptureMethod::Automatic, 0),
            create(captured, "7.50", CaptureMethod::Manual, 0),
            create(canceled, "5.00", CaptureMethod::Manual, 0),
            create(open, "3.00", CaptureMethod::Manual, FAR_NS),
            create(due, "2.00", CaptureMethod::Manual, soon),
        ] {
            self.make(clients, Call::CreatePayment(request)).await;
        }
        let (id, payment_id) = (Some(self.id().into()), Some(captured.into()));
        let amount = money("4.00");
        let capture = v1::CapturePaymentRequest { id, payment_id, amount, r#final: true };
        self.make(clients, Call::CapturePayment(capture)).await;
        let (id, payment_id) = (Some(self.id().into()), Some(canceled.into()));
        let cancel = v1::CancelPaymentRequest { id, payment_id };
        self.make(clients, Call::CancelPayment(cancel)).await;
        for amount in ["2.25", "100.00"] {
            let refund = v1::RefundPaymentRequest {
                id: Some(self.id().into()),
                payment_id: Some(paid.into()),
                amount: money(amount),
                ..Default::default()
            };
            self.make(clients, Call::RefundPayment(refund)).await;
        }
        loop {
            let asked = v1::GetPaymentRequest { id: Some(due.into()) };
            let payment = clients.payments.get_payment(asked).await.expect("there").into_inner();
            if payment.state() != v1::PaymentState::RequiresCapture {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ceilings(&mut self, clients: &mut Clients) {
        let within = self.transfer("bank", GIFT_CARD, 24_000);
        let above = self.transfer("bank", GIFT_CARD, 2_000);
        self.batch(clients, vec![within, above]).await;
        let account = Some(GIFT_CARD.into());
        let ceiling = Some(v1::Ceiling { limit: Some(30_000.into()) });
        let raised = v1::UpdateAccountRequest { account, ceiling, ..Default::default() };
        clients.ledger.update_account(raised).await.expect("answered");
    }

    /// What was killed is taken over; then a second digest.
    async fn drained_again(&mut self) {
        let mut server = self.serve(self.data.path(), SEGMENT_BYTES);
        let mut clients = Clients::connect(&server).await;
        for cents in 1..=3 {
            let single = self.transfer("bank", "alice", cents);
            self.batch(&mut clients, vec![single]).await;
        }
        assert!(server.terminate());
    }

    /// A kill before a batch is answered, as a power failure leaves it: the last sectors of its frame never came to the
    /// disk. (A kill alone cannot tear a write that the kernel has taken.)
    async fn torn(&mut self) {
        for attempt in 0..50 {
            let data = kept::copied(self.data.path());
            let mut server = self.serve(data.path(), SEGMENT_BYTES);
            let mut clients = Clients::connect(&server).await;
            let before = self.exchanges.len();
            let single = self.transfer("bank", "alice", 9);
            self.batch(&mut clients, vec![single]).await;
            let mut transfers = Vec::new();
            transfers.resize_with(TORN_MEMBERS as usize, || self.transfer("bank", "alice", 1));
            let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
            let call = Call::CreateTransfers(request);
            let asked = tokio::spawn(async move { call.make(&mut clients).await.is_ok() });
            tokio::time::sleep(Duration::from_micros(100 * attempt)).await;
            server.kill();
            let answered = asked.await.expect("it ends");
            if !answered && tear(data.path()) {
                self.data = data;
                return;
            }
            self.exchanges.truncate(before);
        }
        panic!("never killed between write and answer");
    }
}

/// Sets the last sectors of the last frame to zeros, if it is the one that nobody got an answer to.
fn tear(data: &Path) -> bool {
    let segments = kept::segments(data);
    let segment = segments.last().expect("a segment");
    let mut bytes = fs::read(segment).expect("read");
    let mut starts = (0..bytes.len()).step_by(SECTOR);
    let Some(frame) = starts.rfind(|at| bytes[*at..].starts_with(b"FLORNFRM")) else {
        return false;
    };
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
    let (records, sectors) = (u32_at(frame + 56), u32_at(frame + 88));
    if records != TORN_MEMBERS {
        return false;
    }
    let end = frame + usize::try_from(sectors).expect("few") * SECTOR;
    bytes[end - 2 * SECTOR..end].fill(0);
    fs::write(segment, bytes).expect("written");
    true
}

fn now_ns() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since_1970.as_nanos()).expect("before 2554")
}
