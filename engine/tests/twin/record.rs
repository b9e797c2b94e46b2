//! What happened, in words that the ledger's events can be put into and that the twin says by itself: accounts
//! by their ids, no slots, no hashes.

use florin_engine::{
    Action, AssetCode, AtDue, Body, Event, Floor, Freeze, GroupPlace, HoldEvent, HoldStep,
    HoldTerms, Ledger, Leg, NewAccount, Reason, Refusal, Sequence, Slot, Tenant, Transfer,
    TransferExtra, TransferOptions, TransferPosted, TransferRefused,
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
    AccountUpdated { side: Side, freeze: Freeze, closed: bool, floor: Floor, ceiling: Option<u128> },
    Posted(Box<Posted>),
    Step(Box<Step>),
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

/// What happened to a hold or payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub tenant: Tenant,
    /// What was asked, without the guard; `None` if it fell due.
    pub request: Option<Transfer>,
    pub what: HoldStep,
    pub of_payment: bool,
    pub hold: u128,
    /// Of its placing; 0 for that itself.
    pub hold_sequence: Sequence,
    pub amount_minor: u128,
    pub released_minor: u128,
    pub remaining_minor: u128,
    pub debit: Side,
    pub credit: Side,
    pub asset: AssetCode,
    pub due_at_ns: u64,
    pub at_due: AtDue,
    pub blocked_by: Option<Reason>,
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
    pub terms: HoldTerms,
    pub refusal: Refusal,
}

/// A transfer as far as it tells a repetition from another one under the same id: all but the guard.
pub fn content(transfer: &Transfer) -> Transfer {
    let extra =
        transfer.extra.as_ref().map(|extra| TransferOptions { asset: None, ..(**extra).clone() });
    let extra = extra.filter(|extra| *extra != TransferOptions::default()).map(Box::new);
    Transfer { content_hash: 0, extra, ..transfer.clone() }
}

/// The request that led to a step.
fn asked(event: &HoldEvent, extra: TransferExtra, debit: &Side, credit: &Side) -> Transfer {
    let action = match (event.step, event.of_payment) {
        (HoldStep::Place, false) => Action::Hold,
        (HoldStep::Capture, false) => Action::Capture,
        (HoldStep::Release, false) => Action::Release,
        (HoldStep::Change, false) => Action::Change,
        (HoldStep::Place, true) => Action::Authorize,
        (HoldStep::Pay, true) => Action::Pay,
        (HoldStep::Capture, true) => Action::CapturePayment,
        (HoldStep::Release, true) => Action::CancelPayment,
        (HoldStep::Refund, true) => Action::Refund,
        other => panic!("nobody can ask for this: {other:?}"),
    };
    let places = matches!(event.step, HoldStep::Place | HoldStep::Pay);
    let id = |side: &Side| side.account.filter(|_| places).map_or(0, |(_, id)| id);
    let terms = HoldTerms {
        action,
        hold: if places { 0 } else { event.hold_id },
        due_at_ns: if event.sets_due { event.due_at_ns } else { 0 },
        at_due: if places { event.at_due } else { AtDue::Release },
        release_rest: event.release_rest,
    };
    let (metadata, payment) = (extra.metadata, extra.payment);
    let options = TransferOptions { metadata, terms, payment, ..TransferOptions::default() };
    content(&Transfer {
        id: event.id,
        debit_account: id(debit),
        credit_account: id(credit),
        amount_minor: extra.requested_minor.unwrap_or(event.amount_minor),
        content_hash: 0,
        code: event.code,
        value_date: event.value_date,
        up_to_available: false,
        extra: Some(Box::new(options)),
    })
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
                ceiling: opened.ceiling,
            })),
            Body::AccountUpdated(updated) => Fact::AccountUpdated {
                side: self.side(updated.leg),
                freeze: updated.freeze,
                closed: updated.closed,
                floor: updated.floor,
                ceiling: updated.ceiling,
            },
            Body::TransferPosted(posted) => Fact::Posted(Box::new(self.posted(posted))),
            Body::Hold(step) => Fact::Step(Box::new(self.step(step))),
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
            extra: Some(Box::new(TransferOptions {
                reverses,
                metadata,
                ..TransferOptions::default()
            })),
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

    fn step(&self, event: &HoldEvent) -> Step {
        let (debit, credit) = (self.side(event.debit), self.side(event.credit));
        let extra = event.extra.as_deref().cloned().unwrap_or_default();
        let group = extra.group.map(|group| group.id);
        let request = (event.id != 0).then(|| asked(event, extra, &debit, &credit));
        Step {
            tenant: event.tenant,
            request,
            what: event.step,
            of_payment: event.of_payment,
            hold: event.hold_id,
            hold_sequence: event.hold_sequence,
            amount_minor: event.amount_minor,
            released_minor: event.released_minor,
            remaining_minor: event.remaining_minor,
            debit,
            credit,
            asset: self.asset(event.asset),
            due_at_ns: event.due_at_ns,
            at_due: event.at_due,
            blocked_by: event.blocked_by,
            place: event.group,
            group,
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
            terms: refused.terms,
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
