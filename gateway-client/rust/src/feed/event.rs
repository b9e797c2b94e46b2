//! What happened.

use std::collections::BTreeMap;

use florin_proto::v1;
/// What kind of thing happened. A kind that is newer than this client reads as `Unspecified`.
pub use florin_proto::v1::EventKind;

use super::Cursor;
use crate::account::{Floor, Freeze, ceiling_from_wire};
use crate::asset::Asset;
use crate::error::Error;
use crate::group::{self, GroupRefused};
use crate::id::AccountId;
use crate::key::AccountKey;
use crate::record::TransferRecord;
use crate::wire::{non_empty, required, signed_minor};

/// Some events, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBatch {
    /// In order. Empty in a batch that only moves the cursor on.
    pub events: Vec<Event>,
    /// Right after the last event that was looked at. Keep it when you are done with the events.
    pub cursor: Cursor,
    /// There was nothing more on disk when this was sent.
    pub live: bool,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its position; strictly ascending. With a filter there are gaps.
    pub sequence: u64,
    /// When it was decided, nanoseconds since 1970.
    pub timestamp_ns: u64,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// The details.
    pub body: EventBody,
    /// Its place in its group and how many members that has; `None` outside of groups.
    pub group: Option<(u32, u32)>,
    /// The asset, where the event is about accounts. `None` for a refusal without accounts.
    pub asset: Option<Asset>,
}

/// The details of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventBody {
    /// An asset is in use from now on.
    Asset(Asset),
    /// An account was opened or updated.
    Account(Box<AccountChanged>),
    /// A transfer was posted or refused, or something happened to a hold or payment: its `kind` says what.
    Transfer(Box<TransferRecord>),
    /// A group was refused.
    Group(Box<GroupRefused>),
    /// Nothing more is to be said, or nothing that this client knows.
    Nothing,
}

/// An account after it was opened or updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChanged {
    /// Its id.
    pub id: AccountId,
    /// Its name, if it was opened by name.
    pub name: Option<String>,
    /// How far the balance may fall.
    pub floor: Floor,
    /// How far the balance may rise; `None` if there is no limit.
    pub ceiling_minor: Option<u128>,
    /// What is frozen.
    pub freeze: Freeze,
    /// Closed for good.
    pub closed: bool,
    /// What the opener attached. Only with the opening.
    pub metadata: BTreeMap<String, String>,
    /// Its balance right after.
    pub balance_minor: i128,
}

impl AccountChanged {
    /// Name or id, whichever people know it by.
    #[must_use]
    pub fn key(&self) -> AccountKey {
        match &self.name {
            Some(name) => AccountKey::Name(name.clone()),
            None => AccountKey::Id(self.id),
        }
    }
}

impl TryFrom<v1::EventBatch> for EventBatch {
    type Error = Error;

    fn try_from(batch: v1::EventBatch) -> Result<Self, Error> {
        let events: Result<Vec<_>, Error> = batch.events.into_iter().map(Event::try_from).collect();
        let cursor = required(non_empty(batch.cursor), "a batch of events without a cursor")?;
        Ok(Self { events: events?, cursor: Cursor::new(cursor), live: batch.live })
    }
}

impl TryFrom<v1::Event> for Event {
    type Error = Error;

    fn try_from(event: v1::Event) -> Result<Self, Error> {
        let kind = event.kind();
        let asset = non_empty(event.asset_code).map(|code| Asset::new(code, event.asset_scale));
        Ok(Self {
            sequence: event.sequence,
            timestamp_ns: event.timestamp_ns,
            kind,
            body: event.body.map_or(Ok(EventBody::Nothing), EventBody::try_from)?,
            group: (event.group_len > 0).then_some((event.group_index, event.group_len)),
            asset,
        })
    }
}

impl TryFrom<v1::event::Body> for EventBody {
    type Error = Error;

    fn try_from(body: v1::event::Body) -> Result<Self, Error> {
        use v1::event::Body;
        match body {
            Body::Asset(asset) => Ok(Self::Asset(asset.into())),
            Body::Account(account) => Ok(Self::Account(Box::new(account.try_into()?))),
            Body::Transfer(transfer) => Ok(Self::Transfer(Box::new(transfer.try_into()?))),
            Body::Group(refused) => match group::from_wire(Some(refused), Vec::new())? {
                Err(refused) => Ok(Self::Group(Box::new(refused))),
                Ok(_) => Err(Error::malformed("a group among the refused that was posted")),
            },
        }
    }
}

impl TryFrom<v1::AccountChanged> for AccountChanged {
    type Error = Error;

    fn try_from(account: v1::AccountChanged) -> Result<Self, Error> {
        Ok(Self {
            id: required(account.id, "an account without an id")?.into(),
            name: non_empty(account.name),
            floor: account.floor.try_into()?,
            ceiling_minor: ceiling_from_wire(account.ceiling),
            freeze: Freeze::from_wire(account.freeze)?,
            closed: account.closed,
            metadata: account.metadata,
            balance_minor: signed_minor(account.balance),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use v1::event::Body;

    fn account() -> v1::AccountChanged {
        v1::AccountChanged {
            id: Some(7.into()),
            name: "alice".to_owned(),
            ceiling: Some(v1::Ceiling { limit: Some(9.into()) }),
            balance: Some((-3).into()),
            ..v1::AccountChanged::default()
        }
    }

    fn transfer(status: v1::TransferStatus) -> v1::Transfer {
        v1::Transfer { id: Some(1.into()), status: status.into(), ..v1::Transfer::default() }
    }

    #[test]
    fn bodies() {
        let refused_group = v1::GroupResult {
            id: Some(5.into()),
            status: v1::TransferStatus::Refused.into(),
            refusal: Some(v1::Refusal::default()),
            ..v1::GroupResult::default()
        };
        let posted_group = v1::GroupResult {
            status: v1::TransferStatus::Posted.into(),
            ..v1::GroupResult::default()
        };
        let nameless = v1::AccountChanged { id: None, ..account() };
        for (body, expected) in [
            (None, Ok("nothing")),
            (Some(Body::Asset(v1::Asset::default())), Ok("asset")),
            (Some(Body::Account(account())), Ok("account")),
            (Some(Body::Account(nameless)), Err("ANSWER_MALFORMED")),
            (Some(Body::Transfer(transfer(v1::TransferStatus::Posted))), Ok("transfer")),
            (
                Some(Body::Transfer(transfer(v1::TransferStatus::Unspecified))),
                Err("ANSWER_MALFORMED"),
            ),
            (Some(Body::Group(refused_group)), Ok("group")),
            (Some(Body::Group(posted_group)), Err("ANSWER_MALFORMED")),
        ] {
            let event = v1::Event { body: body.clone(), ..v1::Event::default() };
            let found = match Event::try_from(event) {
                Ok(Event { body: EventBody::Nothing, .. }) => Ok("nothing"),
                Ok(Event { body: EventBody::Asset(_), .. }) => Ok("asset"),
                Ok(Event { body: EventBody::Account(_), .. }) => Ok("account"),
                Ok(Event { body: EventBody::Transfer(_), .. }) => Ok("transfer"),
                Ok(Event { body: EventBody::Group(_), .. }) => Ok("group"),
                Err(error) => Err(error.reason().to_owned()),
            };
            assert_eq!(found, expected.map_err(str::to_owned), "{body:?}");
        }
    }

    #[test]
    fn what_stands_beside_the_body() {
        let event = v1::Event {
            sequence: 4,
            kind: 99,
            group_index: 0,
            group_len: 2,
            asset_code: "EUR".to_owned(),
            asset_scale: 2,
            body: Some(Body::Account(account())),
            ..v1::Event::default()
        };
        let read = Event::try_from(event).expect("an event");
        assert_eq!((read.sequence, read.kind), (4, EventKind::Unspecified));
        assert_eq!((read.group, read.asset), (Some((0, 2)), Some(Asset::new("EUR", 2))));
        let EventBody::Account(account) = read.body else { panic!("an account") };
        assert_eq!((account.balance_minor, account.ceiling_minor), (-3, Some(9)));
        assert_eq!(account.key(), AccountKey::from("alice"));

        let alone = Event::try_from(v1::Event::default()).expect("an event");
        assert_eq!((alone.group, alone.asset), (None, None));
    }

    #[test]
    fn a_batch_has_a_cursor() {
        let batch = |cursor: &str| v1::EventBatch {
            cursor: cursor.to_owned(),
            ..v1::EventBatch::default()
        };
        assert!(EventBatch::try_from(batch("c")).is_ok());
        assert!(EventBatch::try_from(batch("")).is_err());
    }
}
