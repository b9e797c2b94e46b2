//! An id, whose it is and of what kind, and where it was used first.

use florin_engine::{Body, Event, GroupKey, Sequence, Tenant};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// What an id names: the two never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdKind {
    /// A transfer, or a step of a hold or payment.
    Transfer,
    /// A group that is posted or refused as a whole.
    Group,
}

/// A used id. In order: by id, tenant, kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdKey {
    /// As the caller chose it.
    pub id: u128,
    /// Whose it is.
    pub tenant: Tenant,
    /// Of what.
    pub kind: IdKind,
}

impl IdKey {
    /// Where it stands in a run: XXH3-64 with the seed of the run's folder.
    #[inline]
    pub(crate) fn hash(&self, seed: u64) -> u64 {
        let mut bytes = [0; 16 + 4 + 1];
        bytes[..16].copy_from_slice(&self.id.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.tenant.to_le_bytes());
        bytes[20] = u8::from(self.kind == IdKind::Group);
        xxh3_64_with_seed(&bytes, seed)
    }
}

/// A used id, and where its first answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdEntry {
    /// The id.
    pub key: IdKey,
    /// The event that used it up; for a posted group, its member 0.
    pub sequence: Sequence,
}

/// The ids that an event uses up, at most two: its own, and that of the group it begins.
pub fn ids_of(event: &Event) -> impl Iterator<Item = IdEntry> {
    let sequence = event.sequence;
    let of = |kind, tenant, id| Some(IdEntry { key: IdKey { id, tenant, kind }, sequence });
    let group = |tenant| {
        let key: Option<GroupKey> = event.extra().and_then(|extra| extra.group);
        key.and_then(|key| of(IdKind::Group, tenant, key.id))
    };
    let ids = match &event.body {
        Body::TransferPosted(posted) => {
            [of(IdKind::Transfer, posted.tenant, posted.id), group(posted.tenant)]
        }
        // What falls due was asked for by nobody, and has no id.
        Body::Hold(hold) => {
            let own = of(IdKind::Transfer, hold.tenant, hold.id).filter(|own| own.key.id != 0);
            [own, group(hold.tenant)]
        }
        Body::TransferRefused(refused) => [of(IdKind::Transfer, refused.tenant, refused.id), None],
        Body::GroupRefused(refused) => [of(IdKind::Group, refused.tenant, refused.key.id), None],
        Body::AssetRegistered(_)
        | Body::AccountOpened(_)
        | Body::AccountUpdated(_)
        | Body::DigestTaken { .. } => [None, None],
    };
    ids.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_key_and_the_seed_move_it() {
        let key = IdKey { id: 7, tenant: 3, kind: IdKind::Transfer };
        let hashes = [
            key.hash(1),
            key.hash(2),
            IdKey { id: 8, ..key }.hash(1),
            IdKey { id: 7 | 1 << 127, ..key }.hash(1),
            IdKey { tenant: 4, ..key }.hash(1),
            IdKey { kind: IdKind::Group, ..key }.hash(1),
        ];
        let distinct: std::collections::BTreeSet<u64> = hashes.into();
        assert_eq!(distinct.len(), hashes.len());
    }
}
