//! Balances of the past.

use florin_proto::v1;
use florin_proto::v1::get_balance_at_request::At;

use crate::account::Floor;
use crate::asset::Asset;
use crate::client::Client;
use crate::error::Error;
use crate::id::AccountId;
use crate::key::AccountKey;
use crate::retry::Kind;
use crate::wire::{minor, non_zero, required, signed_minor};

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// Right after the event with this sequence, whatever it was about.
    Sequence(u64),
    /// Right after the last event at or before this time, nanoseconds since 1970.
    TimeNs(u64),
}

impl From<Moment> for At {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Sequence(sequence) => Self::Sequence(sequence),
            Moment::TimeNs(ns) => Self::TimeNs(ns),
        }
    }
}

/// An account's balance as it was. The same moment always has the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceAt {
    /// The account's id, also where it was asked for by name.
    pub account: AccountId,
    /// What it holds.
    pub asset: Asset,
    /// Posted credits less posted debits; zero if it was not open yet.
    pub balance_minor: i128,
    /// What open holds and payments reserved of it.
    pub debits_pending_minor: u128,
    /// How far the balance could fall. `None` where the record that the balance rests on does not say: see
    /// `GetBalanceAtResponse.floor`.
    pub floor: Option<Floor>,
    /// What could be debited. `None` without a floor, or where it is not known.
    pub available_minor: Option<u128>,
    /// The event that the balance rests on: the account's last at or before the moment. `None` if it was not open yet.
    pub event: Option<EventAt>,
    /// The last event of the ledger at or before the moment, of whatever account; `None` if there was none. Its
    /// sequence is the same moment, and asked with that the answer never changes.
    pub resolved: Option<EventAt>,
}

impl BalanceAt {
    /// Whether the account was open.
    #[must_use]
    pub const fn is_opened(&self) -> bool {
        self.event.is_some()
    }
}

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventAt {
    /// Its sequence.
    pub sequence: u64,
    /// When it happened, nanoseconds since 1970.
    pub time_ns: u64,
}

impl EventAt {
    fn from_wire(sequence: u64, time_ns: u64) -> Option<Self> {
        non_zero(sequence).map(|sequence| Self { sequence, time_ns })
    }
}

impl Client {
    /// An account's balance as it was at a moment.
    ///
    /// A moment that has not been yet is an [`Error::Fault`], `MOMENT_AHEAD`; for one before the account was opened
    /// the balance is zero, and [not opened](BalanceAt::is_opened).
    ///
    /// ```no_run
    /// # async fn example(client: florin_client::Client) -> Result<(), florin_client::Error> {
    /// use florin_client::Moment;
    /// let then = client.balance_at("alice", Moment::TimeNs(1_795_996_800_000_000_000)).await?;
    /// println!("{} {}", then.asset.format_minor(then.balance_minor), then.asset.code);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn balance_at(
        &self,
        account: impl Into<AccountKey>,
        moment: Moment,
    ) -> Result<BalanceAt, Error> {
        let request = v1::GetBalanceAtRequest {
            account: Some(account.into().into()),
            at: Some(moment.into()),
        };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.get_balance_at(request).await }
            })
            .await?;
        response.try_into()
    }
}

impl TryFrom<v1::GetBalanceAtResponse> for BalanceAt {
    type Error = Error;

    fn try_from(wire: v1::GetBalanceAtResponse) -> Result<Self, Error> {
        let event = EventAt::from_wire(wire.event_sequence, wire.event_time_ns);
        if wire.opened != event.is_some() {
            return Err(Error::malformed("a balance that rests on no event, or on one too early"));
        }
        Ok(Self {
            account: required(wire.account_id, "a balance without its account")?.into(),
            asset: Asset::from_wire(wire.asset)?,
            balance_minor: signed_minor(wire.balance),
            debits_pending_minor: minor(wire.debits_pending),
            floor: wire.floor.map(|floor| Some(floor).try_into()).transpose()?,
            available_minor: wire.available.map(u128::from),
            event,
            resolved: EventAt::from_wire(wire.resolved_sequence, wire.resolved_time_ns),
        })
    }
}
