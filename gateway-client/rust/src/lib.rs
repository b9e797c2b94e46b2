//! The Rust client of Florin, the in-memory payment engine.
//!
//! One [`Client`] holds one HTTP/2 connection and is cheap to clone. It does three things for you:
//!
//! * **Deadlines.** Every call ends within [`Builder::deadline`], 10 seconds unless you say otherwise.
//! * **Retries under the same id.** What may be tried again is tried again, with exponential backoff
//!   and jitter, within the deadline. The id of a transfer is its idempotency key for good, so a
//!   repetition is never a second payment. If the deadline ends while an attempt may have been
//!   applied, the error is [`Error::Unknown`]: make the same call again, with the same id.
//! * **One stream.** [`Client::transfer`] is one call for one transfer: a payment, or a hold and what is
//!   done with it. All of them travel over one long-lived stream, without a timer: a lone call goes out at
//!   once, and each has its own answer.
//!
//! [Payments](NewPayment) have a life from creation to refund, and the [feed](Client::subscribe) says
//! everything that happens, exactly once and in order, across broken connections.
//!
//! A refused payment is data, not an error: the inner [`Result`] of [`Client::transfer`] is either
//! [`Posted`] or [`Refused`], and the compiler warns if you look at neither.
//!
//! ```no_run
//! use florin_client::{Client, Floor, NewAccount, Transfer, TransferId, money};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect("http://127.0.0.1:7411").await?;
//!
//! let accounts = [
//!     NewAccount::new("cash", "EUR").floor(Floor::None),
//!     NewAccount::new("customer:2375/wallet", "EUR"),
//! ];
//! for opened in client.create_accounts(accounts).await? {
//!     opened?;
//! }
//!
//! // Store the id before the call: with it you can always ask what became of the payment.
//! let id = TransferId::generate();
//! let payment = Transfer::new(id)
//!     .debit("cash")
//!     .credit("customer:2375/wallet")
//!     .amount_minor(money::parse_minor("12.50", 2)?);
//! match client.transfer(payment).await? {
//!     Ok(posted) => println!("{} cents moved as {}", posted.amount_minor, posted.id),
//!     Err(refused) => println!("nothing moved: {}", refused.refusal),
//! }
//! # Ok(())
//! # }
//! ```

mod account;
mod asset;
mod backup;
mod balance;
mod bulk;
mod client;
mod coalesce;
mod connect;
mod error;
mod feed;
mod group;
mod hold;
mod id;
mod key;
mod listing;
mod options;
mod outcome;
mod payment;
mod record;
mod refusal;
mod retry;
mod snapshot;
mod statement;
mod status;
mod transfer;
mod wire;

pub use account::{
    Account, AccountOutcome, AccountPage, AccountUpdate, Floor, Freeze, NewAccount, Opened,
    PageToken,
};
pub use asset::{Asset, AssetOutcome, AssetRegistered};
pub use backup::{Backup, BackupStep, BackupUnderWay, NewBackup};
pub use balance::{BalanceAt, EventAt, Moment};
pub use bulk::{BulkMember, BulkOutcome, BulkTransfers};
pub use client::{AllAccounts, AllPayments, Client};
pub use connect::Builder;
pub use error::{Error, Fault};
pub use feed::{
    AccountChanged, Cursor, Event, EventBatch, EventBody, EventFilter, EventKind, FeedFrom,
    Subscription,
};
pub use florin_proto::money;
pub use group::{GroupOutcome, GroupPosted, GroupRefused};
pub use hold::{AtDue, Hold, HoldState, TransferKind};
pub use id::{AccountId, GroupId, IdError, TransferId};
pub use key::{AccountKey, KeyError};
pub use options::{Batching, Retry};
pub use outcome::{Outcome, Posted, Refused};
pub use payment::{
    Money, NewPayment, Payment, PaymentCapture, PaymentDone, PaymentOutcome, PaymentPage,
    PaymentRefund, PaymentRefused, PaymentState,
};
pub use record::{Lookup, TransferRecord};
pub use refusal::{Reason, Refusal};
pub use snapshot::{Snapshot, SnapshotProgress, SnapshotTaking};
pub use statement::{Side, Statement, StatementPage};
pub use status::{AssetTotals, NewestSnapshot, PartitionStatus, Status};
pub use transfer::Transfer;
