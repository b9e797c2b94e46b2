//! A transfer to make.

use florin_proto::v1;

use crate::id::TransferId;
use crate::key::AccountKey;

/// A transfer to make: the debit account pays, the credit account receives.
///
/// ```
/// use florin_client::{Transfer, TransferId};
/// let rent = Transfer::new(TransferId::generate())
///     .debit("tenant:7")
///     .credit("landlord")
///     .amount_minor(85_000)
///     .value_date(20_261_201)
///     .metadata("month", "2026-12");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    pub(crate) wire: v1::NewTransfer,
}

impl Transfer {
    /// An empty transfer with its id, which is its idempotency key: repeat it to repeat the question,
    /// never for another payment.
    pub fn new(id: TransferId) -> Self {
        Self { wire: v1::NewTransfer { id: Some(id.into()), ..v1::NewTransfer::default() } }
    }

    /// Its id.
    pub fn id(&self) -> TransferId {
        TransferId(self.wire.id.map_or(0, u128::from))
    }

    /// Who pays.
    #[must_use]
    pub fn debit(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.debit_account = Some(account.into().into());
        self
    }

    /// Who receives.
    #[must_use]
    pub fn credit(mut self, account: impl Into<AccountKey>) -> Self {
        self.wire.credit_account = Some(account.into().into());
        self
    }

    /// How much, in minor units of the accounts' asset.
    #[must_use]
    pub fn amount_minor(mut self, amount: u128) -> Self {
        self.wire.amount = Some(amount.into());
        self
    }

    /// Moves the amount, or as much of it as the debit account has available.
    #[must_use]
    pub fn up_to_available(mut self) -> Self {
        self.wire.set_amount_mode(v1::AmountMode::UpToAvailable);
        self
    }

    /// A guard: refused unless both accounts hold this asset.
    #[must_use]
    pub fn asset(mut self, code: impl Into<String>) -> Self {
        self.wire.asset = code.into();
        self
    }

    /// Yours: a reason or ledger code.
    #[must_use]
    pub fn code(mut self, code: u32) -> Self {
        self.wire.code = code;
        self
    }

    /// The date on which it counts, as decimal `YYYYMMDD`.
    #[must_use]
    pub fn value_date(mut self, yyyymmdd: u32) -> Self {
        self.wire.value_date = yyyymmdd;
        self
    }

    /// Attaches a key and its value.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.wire.metadata.insert(key.into(), value.into());
        self
    }

    /// Undoes a posted transfer, once and in full. Accounts, amount, mode and asset follow from the
    /// original: leave them unset.
    #[must_use]
    pub fn reverses(mut self, original: TransferId) -> Self {
        self.wire.reverses = Some(original.into());
        self
    }
}

pub(crate) fn to_wire(transfers: impl IntoIterator<Item = Transfer>) -> Vec<v1::NewTransfer> {
    transfers.into_iter().map(|transfer| transfer.wire).collect()
}
