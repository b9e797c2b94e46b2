//! What callers ask for.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Action, AssetCode, Floor, Freeze, GroupKey, HoldTerms, PaymentTerms, Tenant, content};

/// Largest amount: 2^127 - 1 minor units.
pub const AMOUNT_MAX_MINOR: u128 = i128::MAX as u128;

/// Most members of a batch.
pub const BATCH_MEMBERS_MAX: usize = 8_190;

/// A batch of transfers. Every member has passed [`check_transfer`](crate::check_transfer), no id
/// stands in it twice, and there are 1 to [`BATCH_MEMBERS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferBatch {
    /// Whose accounts and ids.
    pub tenant: Tenant,
    /// The members' own answers, or all or nothing under this id.
    pub group: Option<GroupKey>,
    /// If set, all accounts must hold it.
    pub asset: Option<AssetCode>,
    /// The members.
    pub transfers: Vec<Transfer>,
}

/// A transfer to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The id that the caller chose.
    pub id: u128,
    /// Account id of the payer; 0 with a reversal, and where it follows from a hold or payment.
    pub debit_account: u128,
    /// Account id of the receiver; 0 likewise.
    pub credit_account: u128,
    /// Minor units; 0 with a reversal, and where all that is left is meant.
    pub amount_minor: u128,
    /// Hash of the content, see [`Transfer::seal`].
    pub content_hash: u64,
    /// The caller's own code.
    pub code: u32,
    /// YYYYMMDD, 0 if none.
    pub value_date: u32,
    /// If the floor stands in the way, move what is available.
    pub up_to_available: bool,
    /// What only some have.
    pub extra: Option<Box<TransferOptions>>,
}

/// What only some transfers have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransferOptions {
    /// If set, both accounts must hold it. Not part of the content.
    pub asset: Option<AssetCode>,
    /// The transfer to undo.
    pub reverses: Option<u128>,
    /// Encoded metadata, empty if none.
    pub metadata: Box<[u8]>,
    /// What it does with a hold or payment.
    pub terms: HoldTerms,
    /// What a new payment has beside a hold.
    pub payment: Option<PaymentTerms>,
}

impl Transfer {
    /// Computes the content hash. To be called once, after all fields are set.
    #[must_use]
    pub fn seal(mut self) -> Self {
        self.content_hash = content::transfer_hash(&self);
        self
    }

    /// The transfer to undo.
    pub fn reverses(&self) -> Option<u128> {
        self.extra.as_ref()?.reverses
    }

    /// What it does.
    pub fn action(&self) -> Action {
        self.terms().action
    }

    /// What it says about a hold or payment.
    pub fn terms(&self) -> HoldTerms {
        self.extra.as_ref().map_or_else(HoldTerms::default, |extra| extra.terms)
    }

    /// Encoded metadata.
    pub fn metadata(&self) -> &[u8] {
        self.extra.as_ref().map_or(&[], |extra| &extra.metadata)
    }
}

impl GroupKey {
    /// The key of a group of sealed transfers.
    pub fn of(id: u128, transfers: &[Transfer]) -> Self {
        Self { id, content_hash: content::group_hash(transfers) }
    }
}

/// An account to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Whose it will be.
    pub tenant: Tenant,
    /// The id that the caller chose, or that belongs to the name.
    pub id: u128,
    /// What it will hold.
    pub asset: AssetCode,
    /// How far its balance may fall.
    pub floor: Floor,
    /// Its name, if it is opened by name.
    pub name: Option<Box<str>>,
    /// Encoded metadata, empty if none.
    pub metadata: Box<[u8]>,
    /// How far its balance may rise, minor units, 0 to 2^127 - 1; `None` = without limit.
    pub ceiling: Option<u128>,
}

/// A change to an account. What is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// Whose account.
    pub tenant: Tenant,
    /// Which account.
    pub id: u128,
    /// What shall be frozen.
    pub freeze: Option<Freeze>,
    /// Close it for good.
    pub close: bool,
    /// How far the balance may fall from now on.
    pub floor: Option<Floor>,
    /// How far the balance may rise from now on; `Some(None)` = without limit.
    pub ceiling: Option<Option<u128>>,
}

/// An asset to register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewAsset {
    /// Its code.
    pub code: AssetCode,
    /// Decimals of its minor unit.
    pub scale: u8,
}
