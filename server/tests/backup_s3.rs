//! Backups in S3. `scripts/test-s3.sh` starts a server that speaks it and runs these.

mod support;

use std::process::Command;
use std::time::Duration;

use florin_proto::v1;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use serde_json::Value;
use support::{Server, balance, florin, open_accounts, serve};

const KEY: &str = "florin";
const SECRET: &str = "a secret of no consequence";

/// A bucket of its own on the server that the environment names.
struct S3 {
    endpoint: String,
    bucket: Bucket,
    credentials: Credentials,
}

impl S3 {
    fn new(name: &str) -> Self {
        let endpoint = std::env::var("S3_TEST_SERVER").expect("run scripts/test-s3.sh");
        let url = endpoint.parse().expect("a URL");
        let bucket = Bucket::new(url, UrlStyle::Path, name.to_owned(), "us-east-1").unwrap();
        let s3 = Self { endpoint, bucket, credentials: Credentials::new(KEY, SECRET) };
        let url = s3.bucket.create_bucket(&s3.credentials).sign(Duration::from_secs(60));
        ureq::put(url.as_str()).send_empty().expect("a bucket");
        s3
    }

    fn url(&self, prefix: &str) -> String {
        format!("s3://{}/{prefix}?endpoint={}&region=us-east-1", self.bucket.name(), self.endpoint)
    }

    /// Keys and lengths.
    fn objects(&self) -> Vec<(String, u64)> {
        let list = self.bucket.list_objects_v2(Some(&self.credentials));
        let url = list.sign(Duration::from_secs(60));
        let text = ureq::get(url.as_str()).call().unwrap().body_mut().read_to_string().unwrap();
        let page = rusty_s3::actions::ListObjectsV2::parse_response(&text).unwrap();
        page.contents.into_iter().map(|object| (object.key, object.size.unwrap())).collect()
    }

    fn get(&self, key: &str) -> Vec<u8> {
        let url =
            self.bucket.get_object(Some(&self.credentials), key).sign(Duration::from_secs(60));
        let mut answer = ureq::get(url.as_str()).call().unwrap();
        answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap()
    }

    fn put(&self, key: &str, content: &[u8]) {
        let url =
            self.bucket.put_object(Some(&self.credentials), key).sign(Duration::from_secs(60));
        ureq::put(url.as_str()).send(content).unwrap();
    }
}

fn with_credentials(mut command: Command) -> Command {
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET);
    command
}

/// Runs `florin` with these arguments and `--json`; gives its exit status and what it said last.
fn run(arguments: &[&str]) -> (i32, Value) {
    let mut command = with_credentials(florin());
    let output = command.args(arguments).arg("--json").output().expect("it runs");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().unwrap_or_else(|| panic!("{arguments:?}: {output:?}"));
    (output.status.code().unwrap_or(-1), serde_json::from_str(last).expect("JSON"))
}

fn fine(arguments: &[&str]) -> Value {
    let (status, said) = run(arguments);
    assert_eq!(status, 0, "{arguments:?}: {said}");
    said
}

fn fails(arguments: &[&str]) -> String {
    let (status, said) = run(arguments);
    assert_ne!(status, 0, "{arguments:?}: {said}");
    said["error"]["reason"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// Many payments, whose content no compression would make small.
async fn fill(ledger: &mut support::Ledger, first: u64, count: u64) {
    for batch in (first..first + count).step_by(8_000) {
        let transfers = (batch..(batch + 8_000).min(first + count))
            .map(|id| support::new_transfer(id.into(), "bank", "a", 1))
            .collect();
        let request = v1::CreateTransfersRequest { transfers, ..Default::default() };
        ledger.create_transfers(request).await.expect("answered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a server that speaks S3: scripts/test-s3.sh"]
async fn there_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let s3 = S3::new("there-and-back");
    let url = s3.url("ledgers/one");
    let data = dir.path().join("data");
    let mut command = with_credentials(serve(&data));
    // Segments of more than one part.
    command.env("FLORIN_JOURNAL__SEGMENT_BYTES", (40 << 20).to_string());
    let server = Server::started(command, &data);
    let mut ledger = server.ledger().await;
    open_accounts(&mut ledger).await;
    fill(&mut ledger, 1, 120_000).await;
    let made = fine(&["backup", "--to", &url, "--server", &server.address]);
    let objects = s3.objects();
    let segment = |key: &str| key.starts_with("ledgers/one/segments/");
    assert!(objects.iter().any(|(key, bytes)| segment(key) && *bytes > 16 << 20), "{objects:?}");
    fill(&mut ledger, 200_001, 150_000).await;
    let more = fine(&["backup", "--to", &url, "--server", &server.address]);
    assert_eq!(more["objects"].as_u64(), Some(2));
    let again = fine(&["backup", "--to", &url, "--server", &server.address]);
    assert_eq!(again["objects_sent"].as_u64(), Some(0));
    let listed = with_credentials(florin()).args(["backup", "list", "--from", &url]).output();
    assert_eq!(String::from_utf8_lossy(&listed.unwrap().stdout).lines().count(), 3);

    let whole = fine(&["backup", "verify", "--from", &url]);
    let first = made["manifest"].as_str().unwrap();
    for (name, arguments, digest, sum) in [
        ("all", &[][..], whole["digest"].as_str(), 270_000),
        ("first", &["--manifest", first], None, 120_000),
    ] {
        let to = dir.path().join(name);
        let common = ["restore", "--from", &url, "--data", to.to_str().unwrap()];
        let restored = fine(&[&common, arguments].concat());
        assert!(digest.is_none_or(|digest| restored["digest"] == digest), "{restored}");
        let server = Server::start_on(&to, &[]);
        assert_eq!(balance(&mut server.ledger().await, "a").await, sum);
    }

    // A byte that has changed, behind the first part.
    let (key, bytes) = objects.into_iter().max_by_key(|(_, bytes)| *bytes).unwrap();
    let mut content = s3.get(&key);
    assert_eq!(content.len() as u64, bytes);
    content[20 << 20] ^= 1;
    s3.put(&key, &content);
    assert_eq!(fails(&["backup", "verify", "--from", &url, first]), "BACKUP_DAMAGED");
    let to = dir.path().join("damaged");
    let to = to.to_str().unwrap();
    let arguments = ["restore", "--from", &url, "--data", to, "--manifest", first];
    assert_eq!(fails(&arguments), "BACKUP_DAMAGED");
}

#[test]
#[ignore = "needs a server that speaks S3: scripts/test-s3.sh"]
fn what_is_not_there() {
    let s3 = S3::new("nothing-in-it");
    assert_eq!(fails(&["backup", "verify", "--from", &s3.url("")]), "BACKUP_NOT_FOUND");
    let nowhere = s3.url("").replace("nothing-in-it", "no-such-bucket");
    assert_eq!(fails(&["backup", "verify", "--from", &nowhere]), "BACKUP_PLACE_FAILED");
    let without = florin()
        .args(["backup", "list", "--json", "--from", &s3.url("")])
        .env_remove("AWS_ACCESS_KEY_ID")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&without.stdout).contains("BACKUP_URL_INVALID"));
}
