//! What happened, in words that the ledger's events can be put into and that the twin says by itself: accounts
//! by their ids, no slots, no hashes.

use florin_engine::{
    AssetCode, Body, Event, Floor, Freeze, GroupPlace, Ledger, Leg, NewAccount, Refusal, Sequence,
    Slot, Tenant, Transfer, TransferOptions, TransferPosted, TransferRefused,
};

/// Whose, and which.
pub type Key = (Tenant, u128);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub sequence: Sequence,
    pub timestamp_ns: u64,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    AssetRegistered { code: AssetCode, scale: u8 },
    AccountOpened(Box<NewAccount>),
    AccountUpdated { side: Side, freeze: Freeze, closed: bool, floor: Floor },
    Posted(Box<Posted>),
    Refused(Box<Refused>),
    GroupRefused { group: Key, len: u16, member: u16, refusal: Refusal },
    DigestTaken,
}

/// An account's part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub account: Option<Key>,
    pub previous_sequence: Sequence,
    pub balance_after_minor: i128,
    pub pending_debits_after_minor: u128,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub tenant: Tenant,
    /// What was asked, without the guard.
    pub request: Transfer,
    pub debit: Side,
    pub credit: Side,
    pub amount_minor: u128,
    pub asset: AssetCode,
    pub original_sequence: Sequence,
    pub place: GroupPlace,
    /// With the first member.
    pub group: Option<u128>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub tenant: Tenant,
    pub id: u128,
    pub debit_account: u128,
    pub credit_account: u128,
    /// Those of the two that exist.
    pub found: [Option<Key>; 2],
    pub requested_minor: u128,
    pub up_to_available: bool,
    pub code: u32,
    pub value_date: u32,
    pub reverses: Option<u128>,
    pub refusal: Refusal,
}

/// A transfer as far as it tells a repetition from another one under the same id: all but the guard.
pub fn content(transfer: &Transfer) -> Transfer {
    let extra =
        transfer.extra.as_ref().map(|extra| TransferOptions { asset: None, ..(**extra).clone() });
    let extra = extra.filter(|extra| *extra != TransferOptions::default()).map(Box::new);
    Transfer { content_hash: 0, extra, ..transfer.clone() }
}

/// What the slots of a ledger's events stand for.
pub struct Reader<'a> {
    pub ledger: &'a Ledger,
    /// Accounts by slot.
    pub slots: &'a [Key],
}

impl Reader<'_> {
    pub fn read(&self, event: &Event) -> Record {
        let Event { sequence, timestamp_ns, ref body } = *event;
        Record { sequence, timestamp_ns, fact: self.fact(body) }
    }

    fn fact(&self, body: &Body) -> Fact {
        match body {
            Body::AssetRegistered(registered) => {
                Fact::AssetRegistered { code: registered.code, scale: registered.scale }
            }
            Body::AccountOpened(opened) => Fact::AccountOpened(Box::new(NewAccount {
                tenant: opened.tenant,
                id: opened.id,
                asset: self.asset(opened.asset),
                floor: opened.floor,
                name: opened.name.clone(),
                metadata: opened.metadata.clone(),
            })),
            Body::AccountUpdated(updated) => Fact::AccountUpdated {
                side: self.side(updated.leg),
                freeze: updated.freeze,
                closed: updated.closed,
                floor: updated.floor,
            },
            Body::TransferPosted(posted) => Fact::Posted(Box::new(self.posted(posted))),
            Body::TransferRefused(refused) => Fact::Refused(Box::new(self.refused(refused))),
            Body::GroupRefused(refused) => Fact::GroupRefused {
                group: (refused.tenant, refused.key.id),
                len: refused.len,
                member: refused.member,
                refusal: refused.refusal,
            },
            Body::DigestTaken { .. } => Fact::DigestTaken,
        }
    }

    fn posted(&self, posted: &TransferPosted) -> Posted {
        let extra = posted.extra.as_deref().cloned().unwrap_or_default();
        let (debit, credit) = (self.side(posted.debit), self.side(posted.credit));
        let id = |side: &Side| side.account.map_or(0, |(_, id)| id);
        let plain = extra.reverses.is_none();
        let requested_minor = extra.requested_minor.unwrap_or(posted.amount_minor);
        let (reverses, metadata) = (extra.reverses, extra.metadata);
        let request = Transfer {
            id: posted.id,
            debit_account: if plain { id(&debit) } else { 0 },
            credit_account: if plain { id(&credit) } else { 0 },
            amount_minor: if plain { requested_minor } else { 0 },
            content_hash: 0,
            code: posted.code,
            value_date: posted.value_date,
            up_to_available: extra.requested_minor.is_some(),
            extra: Some(Box::new(TransferOptions { asset: None, reverses, metadata })),
        };
        Posted {
            tenant: posted.tenant,
            request: content(&request),
            debit,
            credit,
            amount_minor: posted.amount_minor,
            asset: self.asset(posted.asset),
            original_sequence: posted.original_sequence,
            place: posted.group,
            group: extra.group.map(|group| group.id),
        }
    }

    fn refused(&self, refused: &TransferRefused) -> Refused {
        Refused {
            tenant: refused.tenant,
            id: refused.id,
            debit_account: refused.debit_account,
            credit_account: refused.credit_account,
            found: [self.account(refused.debit_slot), self.account(refused.credit_slot)],
            requested_minor: refused.requested_minor,
            up_to_available: refused.up_to_available,
            code: refused.code,
            value_date: refused.value_date,
            reverses: refused.reverses,
            refusal: refused.refusal,
        }
    }

    fn side(&self, leg: Leg) -> Side {
        Side {
            account: self.account(leg.slot),
            previous_sequence: leg.previous_sequence,
            balance_after_minor: leg.posted_net_after_minor,
            pending_debits_after_minor: leg.pending_debits_after_minor,
        }
    }

    fn account(&self, slot: Slot) -> Option<Key> {
        self.slots.get(usize::try_from(slot).ok()?).copied()
    }

    fn asset(&self, index: u32) -> AssetCode {
        self.ledger.assets()[index as usize].code
    }
}
