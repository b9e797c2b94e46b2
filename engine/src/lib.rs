//! The rules of Florin: pure, deterministic, and without a clock, a file or a thread; `no_std` is the
//! witness. Time, ids and randomness come in as arguments.
//!
//! A request is [checked](check_transfer) on its own, then [executed](Ledger::execute): known ids are found,
//! the [account actors](Account) asked, and what they agree to becomes [events](Event), which are applied at once.
//! The same events, read back from the journal, [rebuild](Ledger::replay) the same state.
//!
//! ```
//! use florin_engine::{AssetCode, Floor, Ledger, NewAccount, Past, Transfer, TransferBatch};
//!
//! let mut ledger = Ledger::new(0);
//! let mut events = Vec::new();
//! let asset = AssetCode::new("EUR").unwrap();
//! for (id, floor) in [(1, Floor::None), (2, Floor::Zero)] {
//!     let (name, metadata, ceiling) = (None, Box::default(), None);
//!     let account = NewAccount { tenant: 0, id, asset, floor, name, metadata, ceiling };
//!     ledger.open_account(&account, 1_000, &mut events);
//! }
//! let payment = Transfer {
//!     id: 7, debit_account: 1, credit_account: 2, amount_minor: 1250,
//!     content_hash: 0, code: 0, value_date: 0, up_to_available: false, extra: None,
//! };
//! let batch = TransferBatch { tenant: 0, group: None, asset: None, transfers: vec![payment.seal()] };
//! let outcome = ledger.execute(&batch, &Past::new(), 2_000, &mut Vec::new());
//! assert_eq!(outcome.posted, 1);
//! assert_eq!(ledger.account(0, 2).unwrap().net_minor, 1250);
//! ```
#![no_std]
#![cfg_attr(test, allow(clippy::too_many_lines, reason = "tests are tables"))]

extern crate alloc;

mod accept;
mod account;
mod accounts;
mod asset;
mod command;
mod content;
mod decide;
mod decide_step;
mod digest;
mod due;
mod effect;
mod event;
mod evolve;
mod execute;
mod explain;
mod hash;
mod holds;
mod ids;
mod image;
mod ledger;
mod metadata;
mod open;
mod overlay;
mod past;
mod reason;
mod replay;
mod reversals;
mod slab;
mod sys;
mod table;
mod terms;

pub use accept::{Fault, check_account_change, check_new_account, check_new_asset, check_transfer};
pub use account::{Account, Floor, Freeze, available_minor};
pub use asset::{ASSETS_MAX, AssetCode, SCALE_MAX, iso_4217_scale};
pub use command::{
    AMOUNT_MAX_MINOR, AccountChange, BATCH_MEMBERS_MAX, NewAccount, NewAsset, Transfer,
    TransferBatch, TransferOptions,
};
pub use event::{
    AccountOpened, AccountUpdated, AssetRegistered, Body, Event, GroupKey, GroupPlace,
    GroupRefused, HoldEvent, HoldStep, Leg, NO_SLOT, Refusal, Sequence, Slot, Tenant,
    TransferExtra, TransferPosted, TransferRefused,
};
pub use execute::{BatchOutcome, GroupOutcome, Known};
pub use holds::{Hold, HoldState, PaymentState};
pub use ids::Forgotten;
pub use image::{AccountImage, Head, Restoring, Reversal};
pub use ledger::{AccountKey, AccountState, Asset, Counters, Ledger};
pub use metadata::{METADATA_BYTES_MAX, decode_metadata, encode_metadata};
pub use open::{Opened, Registered};
pub use past::Past;
pub use reason::Reason;
pub use terms::{Action, AtDue, HoldTerms, PaymentTerms, REFERENCE_BYTES_MAX, SCORE_MAX};
