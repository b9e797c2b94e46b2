//! What is stored, as types of their own: the engine's types may change, these may not. The order of their fields is
//! the format; `docs/SNAPSHOTS.md` has it as tables.

use florin_engine::{
    AMOUNT_MAX_MINOR, ASSETS_MAX, AccountImage, Asset, AssetCode, AtDue, Counters, Floor, Freeze,
    Head, Hold, Reversal, SCALE_MAX,
};
use serde::{Deserialize, Serialize, Serializer};

use crate::limits::{METADATA_BYTES_MAX, NAME_BYTES_MAX};

/// What the engine would not take; none of it can have been written by this release.
pub(crate) type Fault = &'static str;

/// What there is beside the lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredHead {
    pub(crate) last_sequence: u64,
    pub(crate) last_timestamp_ns: u64,
    pub(crate) transfers_posted: u64,
    pub(crate) transfers_refused: u64,
    pub(crate) ids_used: u64,
    pub(crate) ids_sum: u64,
    pub(crate) accounts: u32,
    pub(crate) holds: u32,
    pub(crate) reversals: u32,
    pub(crate) assets: Vec<StoredAsset>,
}

/// An asset and its sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredAsset {
    /// Padded with zeros.
    pub(crate) code: [u8; 16],
    pub(crate) scale: u8,
    pub(crate) debits_posted_minor: u128,
    pub(crate) credits_posted_minor: u128,
    pub(crate) pending_minor: u128,
}

/// How far a balance may fall. The order of the variants is their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StoredFloor {
    Zero,
    None,
    Overdraft(u128),
}

/// What is frozen. The order of the variants is their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StoredFreeze {
    None,
    Debits,
    Credits,
    Both,
}

/// Floor and ceiling that an account was opened with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredBounds {
    pub(crate) floor: StoredFloor,
    pub(crate) ceiling_minor: Option<u128>,
}

/// An account. Name and metadata are borrowed from what it is read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredAccount<'a> {
    pub(crate) tenant: u32,
    pub(crate) id: u128,
    pub(crate) asset: u32,
    pub(crate) opened_at_ns: u64,
    pub(crate) opened_sequence: u64,
    pub(crate) last_sequence: u64,
    pub(crate) content_hash: u64,
    pub(crate) floor: StoredFloor,
    pub(crate) ceiling_minor: Option<u128>,
    pub(crate) first_bounds: Option<StoredBounds>,
    pub(crate) freeze: StoredFreeze,
    pub(crate) closed: bool,
    #[serde(borrow)]
    pub(crate) name: Option<&'a str>,
    #[serde(borrow, serialize_with = "as_bytes")]
    pub(crate) metadata: &'a [u8],
    pub(crate) debits_pending_minor: u128,
    pub(crate) debits_posted_minor: u128,
    pub(crate) credits_pending_minor: u128,
    pub(crate) credits_posted_minor: u128,
}

/// What happens when a hold is due. The order of the variants is their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StoredAtDue {
    Release,
    Capture,
}

/// A hold or payment, with its timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredHold {
    pub(crate) tenant: u32,
    pub(crate) id: u128,
    pub(crate) debit_slot: u32,
    pub(crate) credit_slot: u32,
    pub(crate) amount_minor: u128,
    pub(crate) captured_minor: u128,
    pub(crate) released_minor: u128,
    pub(crate) refunded_minor: u128,
    pub(crate) due_at_ns: u64,
    pub(crate) at_due: StoredAtDue,
    pub(crate) of_payment: bool,
    pub(crate) expired: bool,
    pub(crate) placed_sequence: u64,
    pub(crate) last_sequence: u64,
}

/// A reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredReversal {
    pub(crate) original: u64,
    pub(crate) reversal: u64,
}

/// As one piece; a slice would be written item by item.
fn as_bytes<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

impl From<&Head> for StoredHead {
    fn from(head: &Head) -> Self {
        // Named one by one, so that a new field of the engine's does not compile until it has a place here.
        let Head {
            last_sequence,
            last_timestamp_ns,
            counters,
            ids_sum,
            ref assets,
            accounts,
            holds,
            reversals,
        } = *head;
        let Counters { transfers_posted, transfers_refused, ids_used } = counters;
        Self {
            last_sequence,
            last_timestamp_ns,
            transfers_posted,
            transfers_refused,
            ids_used,
            ids_sum,
            accounts,
            holds,
            reversals,
            assets: assets.iter().map(StoredAsset::from).collect(),
        }
    }
}

impl TryFrom<StoredHead> for Head {
    type Error = Fault;

    fn try_from(stored: StoredHead) -> Result<Self, Fault> {
        if stored.assets.len() > ASSETS_MAX {
            return Err("more assets than there can be");
        }
        let assets: Result<Vec<Asset>, Fault> =
            stored.assets.into_iter().map(Asset::try_from).collect();
        Ok(Self {
            last_sequence: stored.last_sequence,
            last_timestamp_ns: stored.last_timestamp_ns,
            counters: Counters {
                transfers_posted: stored.transfers_posted,
                transfers_refused: stored.transfers_refused,
                ids_used: stored.ids_used,
            },
            ids_sum: stored.ids_sum,
            assets: assets?,
            accounts: stored.accounts,
            holds: stored.holds,
            reversals: stored.reversals,
        })
    }
}

impl From<&Asset> for StoredAsset {
    fn from(asset: &Asset) -> Self {
        let Asset { code, scale, debits_posted_minor, credits_posted_minor, pending_minor } =
            *asset;
        let code = code.to_bytes();
        Self { code, scale, debits_posted_minor, credits_posted_minor, pending_minor }
    }
}

impl TryFrom<StoredAsset> for Asset {
    type Error = Fault;

    fn try_from(stored: StoredAsset) -> Result<Self, Fault> {
        let StoredAsset { code, scale, debits_posted_minor, credits_posted_minor, pending_minor } =
            stored;
        let code = AssetCode::from_bytes(code).ok_or("an asset with a code that cannot be")?;
        if scale > SCALE_MAX {
            return Err("an asset with more decimals than there can be");
        }
        Ok(Self { code, scale, debits_posted_minor, credits_posted_minor, pending_minor })
    }
}

impl From<Floor> for StoredFloor {
    fn from(floor: Floor) -> Self {
        match floor {
            Floor::Zero => Self::Zero,
            Floor::None => Self::None,
            Floor::Overdraft(minor) => Self::Overdraft(minor),
        }
    }
}

impl TryFrom<StoredFloor> for Floor {
    type Error = Fault;

    fn try_from(stored: StoredFloor) -> Result<Self, Fault> {
        Ok(match stored {
            StoredFloor::Zero => Self::Zero,
            StoredFloor::None => Self::None,
            StoredFloor::Overdraft(minor) if (1..=AMOUNT_MAX_MINOR).contains(&minor) => {
                Self::Overdraft(minor)
            }
            StoredFloor::Overdraft(_) => return Err("an overdraft that cannot be"),
        })
    }
}

fn ceiling(ceiling: Option<u128>) -> Result<Option<u128>, Fault> {
    if ceiling.is_some_and(|minor| minor > AMOUNT_MAX_MINOR) {
        return Err("a ceiling that cannot be");
    }
    Ok(ceiling)
}

impl<'a> From<&'a AccountImage> for StoredAccount<'a> {
    fn from(image: &'a AccountImage) -> Self {
        let AccountImage {
            tenant,
            id,
            asset,
            opened_at_ns,
            opened_sequence,
            last_sequence,
            content_hash,
            floor,
            ceiling,
            first_bounds,
            freeze,
            closed,
            ref name,
            ref metadata,
            debits_pending_minor,
            debits_posted_minor,
            credits_pending_minor,
            credits_posted_minor,
        } = *image;
        Self {
            tenant,
            id,
            asset,
            opened_at_ns,
            opened_sequence,
            last_sequence,
            content_hash,
            floor: floor.into(),
            ceiling_minor: ceiling,
            first_bounds: first_bounds
                .map(|(floor, ceiling_minor)| StoredBounds { floor: floor.into(), ceiling_minor }),
            freeze: match freeze {
                Freeze::None => StoredFreeze::None,
                Freeze::Debits => StoredFreeze::Debits,
                Freeze::Credits => StoredFreeze::Credits,
                Freeze::Both => StoredFreeze::Both,
            },
            closed,
            name: name.as_deref(),
            metadata,
            debits_pending_minor,
            debits_posted_minor,
            credits_pending_minor,
            credits_posted_minor,
        }
    }
}

impl TryFrom<StoredAccount<'_>> for AccountImage {
    type Error = Fault;

    fn try_from(stored: StoredAccount<'_>) -> Result<Self, Fault> {
        if stored.name.is_some_and(|name| name.len() > NAME_BYTES_MAX)
            || stored.metadata.len() > METADATA_BYTES_MAX
        {
            return Err("a name or metadata longer than they can be");
        }
        let bounds = |bounds: StoredBounds| {
            Ok::<_, Fault>((bounds.floor.try_into()?, ceiling(bounds.ceiling_minor)?))
        };
        Ok(Self {
            tenant: stored.tenant,
            id: stored.id,
            asset: stored.asset,
            opened_at_ns: stored.opened_at_ns,
            opened_sequence: stored.opened_sequence,
            last_sequence: stored.last_sequence,
            content_hash: stored.content_hash,
            floor: stored.floor.try_into()?,
            ceiling: ceiling(stored.ceiling_minor)?,
            first_bounds: stored.first_bounds.map(bounds).transpose()?,
            freeze: match stored.freeze {
                StoredFreeze::None => Freeze::None,
                StoredFreeze::Debits => Freeze::Debits,
                StoredFreeze::Credits => Freeze::Credits,
                StoredFreeze::Both => Freeze::Both,
            },
            closed: stored.closed,
            name: stored.name.map(Into::into),
            metadata: stored.metadata.into(),
            debits_pending_minor: stored.debits_pending_minor,
            debits_posted_minor: stored.debits_posted_minor,
            credits_pending_minor: stored.credits_pending_minor,
            credits_posted_minor: stored.credits_posted_minor,
        })
    }
}

impl From<&Hold> for StoredHold {
    fn from(hold: &Hold) -> Self {
        let Hold {
            id,
            amount_minor,
            captured_minor,
            released_minor,
            refunded_minor,
            due_at_ns,
            placed_sequence,
            last_sequence,
            tenant,
            debit,
            credit,
            at_due,
            of_payment,
            expired,
        } = *hold;
        let at_due = match at_due {
            AtDue::Release => StoredAtDue::Release,
            AtDue::Capture => StoredAtDue::Capture,
        };
        Self {
            tenant,
            id,
            debit_slot: debit,
            credit_slot: credit,
            amount_minor,
            captured_minor,
            released_minor,
            refunded_minor,
            due_at_ns,
            at_due,
            of_payment,
            expired,
            placed_sequence,
            last_sequence,
        }
    }
}

impl From<StoredHold> for Hold {
    fn from(stored: StoredHold) -> Self {
        Self {
            id: stored.id,
            amount_minor: stored.amount_minor,
            captured_minor: stored.captured_minor,
            released_minor: stored.released_minor,
            refunded_minor: stored.refunded_minor,
            due_at_ns: stored.due_at_ns,
            placed_sequence: stored.placed_sequence,
            last_sequence: stored.last_sequence,
            tenant: stored.tenant,
            debit: stored.debit_slot,
            credit: stored.credit_slot,
            at_due: match stored.at_due {
                StoredAtDue::Release => AtDue::Release,
                StoredAtDue::Capture => AtDue::Capture,
            },
            of_payment: stored.of_payment,
            expired: stored.expired,
        }
    }
}

impl From<Reversal> for StoredReversal {
    fn from(Reversal { original, reversal }: Reversal) -> Self {
        Self { original, reversal }
    }
}

impl From<StoredReversal> for Reversal {
    fn from(StoredReversal { original, reversal }: StoredReversal) -> Self {
        Self { original, reversal }
    }
}

#[cfg(test)]
mod tests;
