use florin_engine::{
    AccountOpened, AccountUpdated, Action, AssetCode, AssetRegistered, AtDue, Body, Event, Floor,
    Freeze, GroupKey, GroupPlace, GroupRefused, HoldEvent, HoldTerms, Leg, PaymentTerms, Reason,
    Refusal, TransferExtra, TransferPosted, TransferRefused,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::format::payload::{PayloadSink, Salts, entries};

fn any_leg() -> impl Strategy<Value = Leg> {
    any::<(u32, u64, i128, u128)>().prop_map(|(slot, previous_sequence, net, pending)| Leg {
        slot,
        previous_sequence,
        posted_net_after_minor: net,
        pending_debits_after_minor: pending,
    })
}

fn any_floor() -> impl Strategy<Value = Floor> {
    prop_oneof![
        Just(Floor::Zero),
        Just(Floor::None),
        (1..=i128::MAX.unsigned_abs()).prop_map(Floor::Overdraft),
    ]
}

fn any_ceiling() -> impl Strategy<Value = Option<u128>> {
    option::of(0..=i128::MAX.unsigned_abs())
}

fn any_metadata() -> impl Strategy<Value = Box<[u8]>> {
    proptest::collection::vec(any::<u8>(), 0..100).prop_map(Into::into)
}

fn any_key() -> impl Strategy<Value = GroupKey> {
    any::<(u128, u64)>().prop_map(|(id, content_hash)| GroupKey { id, content_hash })
}

fn any_refusal() -> impl Strategy<Value = Refusal> {
    (select(Reason::ALL), any::<[u128; 4]>()).prop_map(|(reason, n)| Refusal {
        reason,
        account: n[0],
        asked_minor: n[1],
        missing_minor: n[2],
        would_pass_minor: n[3],
    })
}

fn any_asset() -> impl Strategy<Value = Body> {
    (any::<u32>(), "[A-Z][A-Z0-9_]{0,15}", 0..=18u8).prop_map(|(asset, code, scale)| {
        let code = AssetCode::new(&code).expect("made to the rules");
        Body::AssetRegistered(AssetRegistered { asset, code, scale })
    })
}

fn any_opened() -> impl Strategy<Value = Body> {
    let name = option::of("\\PC{1,30}");
    let limits = (any_floor(), any_ceiling());
    (any::<(u32, u128, u32, u32, u64)>(), limits, name, any_metadata()).prop_map(
        |((tenant, id, slot, asset, content_hash), (floor, ceiling), name, metadata)| {
            let name = name.map(Into::into);
            Body::AccountOpened(Box::new(AccountOpened {
                tenant,
                id,
                slot,
                asset,
                floor,
                ceiling,
                content_hash,
                name,
                metadata,
            }))
        },
    )
}

fn any_updated() -> impl Strategy<Value = Body> {
    let freeze = select(&[Freeze::None, Freeze::Debits, Freeze::Credits, Freeze::Both][..]);
    (any_leg(), any::<u32>(), freeze, any::<bool>(), any_floor(), any_ceiling()).prop_map(
        |(leg, tenant, freeze, closed, floor, ceiling)| {
            let updated = AccountUpdated { leg, tenant, freeze, closed, floor, ceiling };
            Body::AccountUpdated(Box::new(updated))
        },
    )
}

fn any_extra() -> impl Strategy<Value = Option<Box<TransferExtra>>> {
    let parts =
        (option::of(any_key()), any::<Option<u128>>(), any::<Option<u128>>(), any_metadata());
    option::of(parts.prop_map(|(group, requested_minor, reverses, metadata)| {
        Box::new(TransferExtra { group, requested_minor, reverses, metadata, payment: None })
    }))
    // An extra without anything in it reads back as none.
    .prop_map(|extra| extra.filter(|extra| **extra != TransferExtra::default()))
}

fn any_posted() -> impl Strategy<Value = Body> {
    let numbers = any::<((u128, u128, u64, u64), (u32, u32, u32, u32), (u16, u16))>();
    (numbers, any_leg(), any_leg(), any_extra()).prop_map(|(n, debit, credit, extra)| {
        let ((id, amount_minor, content_hash, original_sequence), m, (index, len)) = n;
        Body::TransferPosted(TransferPosted {
            id,
            amount_minor,
            debit,
            credit,
            content_hash,
            original_sequence,
            tenant: m.0,
            asset: m.1,
            code: m.2,
            value_date: m.3,
            group: GroupPlace { index, len },
            extra,
        })
    })
}

fn any_refused() -> impl Strategy<Value = Body> {
    let numbers = any::<((u128, u128, u128, u128), u64, [u32; 5], bool, Option<u128>)>();
    (numbers, any_terms(), any_refusal()).prop_map(|(n, terms, refusal)| {
        let ((id, requested_minor, debit_account, credit_account), content_hash, m, flag, reverses) =
            n;
        Body::TransferRefused(Box::new(TransferRefused {
            id,
            tenant: m[0],
            content_hash,
            requested_minor,
            up_to_available: flag,
            debit_account,
            credit_account,
            debit_slot: m[1],
            credit_slot: m[2],
            code: m[3],
            value_date: m[4],
            reverses,
            terms,
            refusal,
        }))
    })
}

fn any_at_due() -> impl Strategy<Value = AtDue> {
    select(&[AtDue::Release, AtDue::Capture][..])
}

fn any_terms() -> impl Strategy<Value = HoldTerms> {
    let action = select(&Action::ALL[..]);
    (action, any::<(u128, u64, bool)>(), any_at_due()).prop_map(
        |(action, (hold, due_at_ns, release_rest), at_due)| HoldTerms {
            action,
            hold,
            due_at_ns,
            at_due,
            release_rest,
        },
    )
}

fn any_payment() -> impl Strategy<Value = PaymentTerms> {
    (any::<u128>(), option::of(0..=1_000u16), "\\PC{0,30}").prop_map(
        |(fee_minor, score, reference)| PaymentTerms {
            fee_minor,
            score,
            reference: reference.into(),
        },
    )
}

fn any_step() -> impl Strategy<Value = Body> {
    let step = select(&hold::STEPS[..]);
    let numbers = any::<([u128; 5], [u64; 3], [u32; 4], (u16, u16), (bool, bool))>();
    let blocked_by = option::of(select(Reason::ALL));
    let extra = (any_extra(), option::of(any_payment()));
    ((step, any_at_due()), numbers, (any_leg(), any_leg()), blocked_by, extra).prop_map(
        |(((_, step, of_payment), at_due), n, (debit, credit), blocked_by, (extra, payment))| {
            let (wide, long, short, (index, len), (sets_due, release_rest)) = n;
            let mut extra = extra.unwrap_or_default();
            // A step is no reversal, and its flag is not read back.
            extra.reverses = None;
            extra.payment = payment;
            Body::Hold(Box::new(HoldEvent {
                step,
                of_payment,
                id: wide[0],
                hold_id: wide[1],
                amount_minor: wide[2],
                released_minor: wide[3],
                remaining_minor: wide[4],
                hold_sequence: long[0],
                content_hash: long[1],
                due_at_ns: long[2],
                tenant: short[0],
                asset: short[1],
                code: short[2],
                value_date: short[3],
                debit,
                credit,
                group: GroupPlace { index, len },
                sets_due,
                at_due,
                release_rest,
                blocked_by,
                extra: Some(extra).filter(|extra| **extra != TransferExtra::default()),
            }))
        },
    )
}

fn any_group_refused() -> impl Strategy<Value = Body> {
    (any_key(), any::<(u32, u16, u16)>(), any_refusal()).prop_map(
        |(key, (tenant, len, member), refusal)| {
            Body::GroupRefused(Box::new(GroupRefused { key, tenant, len, member, refusal }))
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    let digest = any::<([u8; 32], bool)>()
        .prop_map(|(digest, with_ids)| Body::DigestTaken { digest, with_ids });
    let body = prop_oneof![
        any_asset(),
        any_opened(),
        any_updated(),
        any_posted(),
        any_step(),
        any_refused(),
        any_group_refused(),
        digest
    ];
    (any::<u64>(), any::<u64>(), body).prop_map(|(sequence, timestamp_ns, body)| Event {
        sequence,
        timestamp_ns,
        body,
    })
}

/// An event as it stands in a frame: record, payload table, payload.
struct Encoded {
    record: [u8; RECORD_BYTES],
    table: Vec<u8>,
    payload: Vec<u8>,
}

const INDEX: u32 = 5;

fn encoded(event: &Event) -> Encoded {
    let weight = weigh(event);
    let len = |n: u64| usize::try_from(n).expect("an event is small");
    let mut table = vec![0xaa; len(weight.entries) * super::super::payload::ENTRY_BYTES];
    let mut payload = vec![0xaa; len(weight.payload_bytes)];
    let mut salts = Salts::new(&[3; 32]);
    let mut sink = PayloadSink::new(&mut table, &mut payload, &mut salts);
    let mut record = [0xaa; RECORD_BYTES];
    encode(event, INDEX, &mut record, &mut sink);
    assert!(sink.is_full(), "it was weighed wrongly: {event:?}");
    Encoded { record, table, payload }
}

fn decoded(sequence: u64, encoded: &Encoded) -> Result<Event, RecordFault> {
    let mut payloads = Payloads::NONE;
    for (entry, salted) in entries(encoded.table.as_chunks().0, &encoded.payload) {
        assert_eq!(entry.record(), INDEX);
        payloads.add(entry, salted)?;
    }
    decode(sequence, &encoded.record, &payloads)
}

proptest! {
    #[test]
    fn round_trip(event in any_event()) {
        prop_assert_eq!(fault(&event), None);
        prop_assert_eq!(decoded(event.sequence, &encoded(&event)), Ok(event));
    }

    #[test]
    fn any_bytes_are_read_without_panic(
        event in any_event(),
        changes in proptest::collection::vec((0..RECORD_BYTES, any::<u8>()), 1..4),
        cut in any::<bool>(),
    ) {
        let mut encoded = encoded(&event);
        for (at, byte) in changes {
            encoded.record[at] = byte;
        }
        if cut {
            encoded.payload.pop();
        }
        let _ = decoded(event.sequence, &encoded);
    }
}

#[test]
fn what_makes_no_sense_is_said() {
    let opened = |name: &str, metadata_bytes| Event {
        sequence: 1,
        timestamp_ns: 2,
        body: Body::AccountOpened(Box::new(AccountOpened {
            tenant: 0,
            id: 1,
            slot: 0,
            asset: 0,
            floor: Floor::Zero,
            ceiling: None,
            content_hash: 0,
            name: Some(name.into()),
            metadata: vec![1; metadata_bytes].into(),
        })),
    };
    for (event, expected) in [
        (opened("a", 4_096), None),
        (opened(&"a".repeat(128), 0), None),
        (opened(&"a".repeat(129), 0), Some("a name has 1 to 128 bytes")),
        (opened("", 0), Some("a name has 1 to 128 bytes")),
        (opened("a", 4_097), Some("metadata has at most 4096 bytes")),
    ] {
        assert_eq!(fault(&event), expected);
    }

    let whole = encoded(&opened("a", 3));
    let changed = |change: fn(&mut Encoded)| {
        let Encoded { record, ref table, ref payload } = whole;
        let mut encoded = Encoded { record, table: table.clone(), payload: payload.clone() };
        change(&mut encoded);
        decoded(1, &encoded).map_err(|fault| fault.0)
    };
    let expect = |what: &str| Err(what.to_owned());
    for (found, expected) in [
        (changed(|e| e.record[at::KIND] = 99), expect("its kind 99 is not known")),
        (changed(|e| e.record[at::KIND] = 16), expect("Hold is missing")),
        (changed(|e| e.payload[16 + account_at::HAS_CEILING] = 2), expect("has a ceiling is 2")),
        (changed(|e| e.payload[16 + account_at::FLOOR] = 9), expect("the floor 9 is not known")),
        (changed(|e| e.payload[16 + account_at::FREEZE] = 4), expect("the freeze 4 is not known")),
        (changed(|e| e.payload[16 + account_at::CLOSED] = 2), expect("closed is 2")),
        (changed(|e| e.payload[56 + 16] = 0xff), expect("a name is not text")),
        (changed(|e| e.table.truncate(0)), expect("Account is missing")),
        (
            changed(|e| e.table[48 + 44..48 + 46].copy_from_slice(&[1, 2])),
            expect("two payloads of one kind"),
        ),
        (
            changed(|e| {
                e.table[32] -= 1;
                e.payload.remove(55);
            }),
            expect("Account of another length"),
        ),
        (changed(|e| e.table[45] = 99), expect("a payload of unknown kind")),
        (changed(|e| e.table[44] = 2), expect("a payload of unknown kind")),
        (
            changed(|e| e.table[36] = 1),
            expect("a payload is encrypted, which this release cannot read"),
        ),
    ] {
        assert_eq!(found.map(|_| ()), expected);
    }
    // The first release ended before the ceiling.
    let first = |at_ceiling: u8| {
        let Encoded { record, mut table, mut payload } = encoded(&opened("a", 3));
        table[32..36].copy_from_slice(&24u32.to_le_bytes());
        payload.drain(16 + account_at::CEILING..16 + account_at::END);
        payload[16 + account_at::HAS_CEILING] = at_ceiling;
        decoded(1, &Encoded { record, table, payload }).map_err(|fault| fault.0)
    };
    assert_eq!(first(0), Ok(opened("a", 3)));
    assert_eq!(first(1), Err("an account has a ceiling and ends before it".to_owned()));
    // What was erased is empty.
    let Ok(Event { body: Body::AccountOpened(account), .. }) = changed(|e| e.payload[56..].fill(0))
    else {
        panic!("an erased name was not accepted");
    };
    assert_eq!((account.name, account.metadata.len()), (None, 0));
}
