//! Segments as the first release writes them, byte by byte. If this fails, journals that people have can no
//! longer be read: that takes a new format version, not new golden files.
//!
//! `FLORIN_BLESS=1 cargo test -p florin-persistence --test golden` writes them. They end with the last
//! sector that is not all zeros.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use common::bytes::{SECTOR, content, entries, pieces};
use common::{Journal, SEGMENT_BYTES, dir, options, segment, verify};
use florin_engine::{
    AccountOpened, AccountUpdated, Action, AssetCode, AssetRegistered, AtDue, Body, Event, Floor,
    Freeze, GroupKey, GroupPlace, GroupRefused, HoldEvent, HoldStep, HoldTerms, Leg, NO_SLOT,
    PaymentTerms, Reason, Refusal, TransferExtra, TransferPosted, TransferRefused,
};
use florin_persistence::SimDisk;

const SEGMENTS: u64 = 3;

fn golden(number: u64) -> PathBuf {
    let name = format!("tests/golden/v1/{number:010}.segment");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn event(sequence: u64, body: Body) -> Event {
    Event { sequence, timestamp_ns: 1_767_225_600_000_000_000 + sequence, body }
}

fn leg(slot: u32, previous_sequence: u64, net: i128) -> Leg {
    Leg {
        slot,
        previous_sequence,
        posted_net_after_minor: net,
        pending_debits_after_minor: u128::from(previous_sequence) << 70,
    }
}

fn transfer(sequence: u64, group: GroupPlace, extra: Option<TransferExtra>) -> Event {
    let amount_minor = 1_250 + u128::from(sequence);
    let is_reversal = extra.as_ref().is_some_and(|extra| extra.reverses.is_some());
    event(
        sequence,
        Body::TransferPosted(TransferPosted {
            id: 0x0123_4567_89ab_cdef_0000_0000_0000_0000 | u128::from(sequence),
            amount_minor,
            debit: leg(0, sequence - 1, -amount_minor.cast_signed()),
            credit: leg(1, sequence - 2, amount_minor.cast_signed()),
            content_hash: 0xfeed_face_cafe_beef ^ sequence,
            original_sequence: if is_reversal { 8 } else { 0 },
            tenant: 3,
            asset: 1,
            code: 4_711,
            value_date: 20_260_131,
            group,
            extra: extra.map(Box::new),
        }),
    )
}

fn refusal(reason: Reason) -> Refusal {
    Refusal {
        reason,
        account: 100,
        asked_minor: 5_000,
        missing_minor: 1_200,
        would_pass_minor: 3_800,
    }
}

fn opened(sequence: u64, slot: u32, floor: Floor, name: Option<&str>, metadata: &[u8]) -> Event {
    event(
        sequence,
        Body::AccountOpened(Box::new(AccountOpened {
            tenant: 3,
            id: 100 + u128::from(slot),
            slot,
            asset: 1,
            floor,
            ceiling: (slot == 1).then_some(1_000_000),
            content_hash: 77 + u64::from(slot),
            name: name.map(Into::into),
            metadata: metadata.into(),
        })),
    )
}

/// Every kind of record, with every kind of payload.
fn one_of_each() -> Vec<Event> {
    let outside = GroupPlace::default();
    let of_three = |index| GroupPlace { index, len: 3 };
    let key = GroupKey { id: 0xabcd << 100, content_hash: 0x1122_3344_5566_7788 };
    let registered = |sequence, asset, code, scale| {
        let code = AssetCode::new(code).unwrap();
        event(sequence, Body::AssetRegistered(AssetRegistered { asset, code, scale }))
    };
    let updated = AccountUpdated {
        leg: leg(2, 5, -700),
        tenant: 3,
        freeze: Freeze::Both,
        closed: true,
        floor: Floor::Overdraft(1),
        ceiling: Some(i128::MAX.unsigned_abs()),
    };
    let refused = TransferRefused {
        id: 900,
        tenant: 3,
        content_hash: 901,
        requested_minor: 5_000,
        up_to_available: true,
        debit_account: 100,
        credit_account: 999,
        debit_slot: 0,
        credit_slot: NO_SLOT,
        code: 12,
        value_date: 20_260_228,
        reverses: Some(333),
        terms: HoldTerms::default(),
        refusal: refusal(Reason::AccountNotFound),
    };
    let group_refused = GroupRefused {
        key,
        tenant: 3,
        len: 4,
        member: 2,
        refusal: refusal(Reason::InsufficientFunds),
    };
    let extra = |requested_minor, reverses, metadata: &[u8]| {
        let metadata = metadata.into();
        Some(TransferExtra { requested_minor, reverses, metadata, ..TransferExtra::default() })
    };
    let of_group = TransferExtra { group: Some(key), ..TransferExtra::default() };
    vec![
        registered(1, 0, "EUR", 2),
        registered(2, 1, "STOCK_UNIT_00001", 18),
        opened(3, 0, Floor::None, Some("customer:2375/wallet"), b"\x04\0tier\x04\0gold"),
        opened(4, 1, Floor::Zero, None, b""),
        opened(5, 2, Floor::Overdraft(50_000), Some("Kavárna U Anděla"), b""),
        event(6, Body::AccountUpdated(Box::new(updated))),
        transfer(7, outside, None),
        transfer(8, outside, extra(Some(9_000), None, b"")),
        transfer(9, outside, extra(None, Some(0xdead), b"\x03\0ref\x05\0A-42!")),
        transfer(10, of_three(0), Some(of_group)),
        transfer(11, of_three(1), None),
        transfer(12, of_three(2), None),
        event(13, Body::TransferRefused(Box::new(refused))),
        event(14, Body::GroupRefused(Box::new(group_refused))),
        event(15, Body::DigestTaken { digest: [0x5a; 32], with_ids: true }),
    ]
}

/// Every step of holds and payments, and a refused one.
fn steps() -> Vec<Event> {
    use HoldStep::{Capture, Change, DueCapture, DueRelease, Pay, Place, Refund, Release};
    let steps = [
        (Place, false),
        (Capture, false),
        (Release, false),
        (Change, false),
        (DueRelease, false),
        (DueCapture, false),
        (Place, true),
        (Pay, true),
        (Capture, true),
        (Release, true),
        (Refund, true),
        (DueRelease, true),
        (DueCapture, true),
    ];
    let mut events: Vec<Event> = (16..)
        .zip(steps)
        .map(|(sequence, (step, of_payment))| hold(sequence, step, of_payment))
        .collect();
    let refused = TransferRefused {
        id: 950,
        tenant: 3,
        content_hash: 951,
        requested_minor: 70,
        up_to_available: false,
        debit_account: 100,
        credit_account: 101,
        debit_slot: 0,
        credit_slot: 1,
        code: 0,
        value_date: 0,
        reverses: None,
        terms: HoldTerms {
            action: Action::Capture,
            hold: 0xb01d,
            due_at_ns: 0,
            at_due: AtDue::Release,
            release_rest: true,
        },
        refusal: refusal(Reason::HoldExceeded),
    };
    events.push(event(29, Body::TransferRefused(Box::new(refused))));
    let placed = HoldTerms {
        action: Action::Hold,
        hold: 0,
        due_at_ns: 1_800_000_000_000_000_000,
        at_due: AtDue::Capture,
        release_rest: false,
    };
    let Body::TransferRefused(refused) = &events[13].body else { unreachable!("just pushed") };
    let refused = TransferRefused { id: 952, terms: placed, ..(**refused).clone() };
    events.push(event(30, Body::TransferRefused(Box::new(refused))));
    events
}

fn hold(sequence: u64, step: HoldStep, of_payment: bool) -> Event {
    let falls_due = matches!(step, HoldStep::DueRelease | HoldStep::DueCapture);
    let creates = matches!(step, HoldStep::Place | HoldStep::Pay);
    let payment = PaymentTerms { fee_minor: 35, score: Some(250), reference: "A-42".into() };
    let extra = TransferExtra {
        requested_minor: (step == HoldStep::Capture).then_some(0),
        metadata: if creates { b"\x03\0ref\x05\0A-42!"[..].into() } else { Box::default() },
        payment: (of_payment && creates).then_some(payment),
        ..TransferExtra::default()
    };
    let own = |value: u128| if falls_due { 0 } else { value };
    let number = |value: u128| u32::try_from(own(value)).unwrap();
    let amount_minor = 12_345 + u128::from(sequence);
    event(
        sequence,
        Body::Hold(Box::new(HoldEvent {
            step,
            of_payment,
            id: own((0xa1d << 80) + u128::from(sequence)),
            hold_id: 0xb01d << 64,
            hold_sequence: if creates { 0 } else { 16 },
            amount_minor,
            released_minor: if step == HoldStep::Capture { 55 } else { 0 },
            remaining_minor: 678,
            debit: leg(0, sequence - 1, -4_000),
            credit: leg(1, sequence - 2, 4_000),
            content_hash: u64::try_from(own(0xdead_beef)).unwrap()
                ^ if falls_due { 0 } else { sequence },
            tenant: 3,
            asset: 1,
            code: number(4_712),
            value_date: number(20_260_131),
            group: GroupPlace::default(),
            due_at_ns: 1_790_000_000_000_000_000,
            sets_due: matches!(step, HoldStep::Place | HoldStep::Change),
            at_due: if sequence.is_multiple_of(2) { AtDue::Release } else { AtDue::Capture },
            release_rest: step == HoldStep::Capture,
            blocked_by: (step == HoldStep::DueRelease).then_some(Reason::AccountFrozen),
            extra: (extra != TransferExtra::default()).then(|| Box::new(extra)),
        })),
    )
}

fn plain(sequences: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    sequences.map(|sequence| transfer(sequence, GroupPlace::default(), None)).collect()
}

/// All frames: the third does not fit the first segment; the fourth is taken over by the second opening.
fn frames() -> [Vec<Event>; 5] {
    let first = [one_of_each(), steps()].concat();
    [first, plain(31..=31), plain(32..=305), plain(306..=331), plain(332..=332)]
}

/// Writes the journal of the golden files.
fn write() -> SimDisk {
    let disk = SimDisk::new(0);
    let [first, second, third, fourth, fifth] = frames();
    let mut journal = Journal::open(&disk, &dir(), &options(1)).unwrap();
    for frame in [first, second, third, fourth] {
        journal.append(&frame).unwrap();
    }
    drop(journal);
    disk.kill();
    let mut journal = Journal::open(&disk, &dir(), &options(2)).unwrap();
    journal.append(&fifth).unwrap();
    disk
}

fn without_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    while bytes.len() >= SECTOR && bytes[bytes.len() - SECTOR..].iter().all(|byte| *byte == 0) {
        bytes.truncate(bytes.len() - SECTOR);
    }
    bytes
}

#[test]
fn what_is_written_is_what_was_written() {
    let disk = write();
    for number in 1..=SEGMENTS {
        let written = without_zeros(disk.contents(&segment(number)).unwrap());
        let path = golden(number);
        if std::env::var_os("FLORIN_BLESS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &written).unwrap();
        }
        let expected = fs::read(&path).unwrap();
        let differs = written.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!(differs, None, "segment {number} differs from the golden file at this byte");
        assert_eq!(written.len(), expected.len(), "segment {number}");
    }
}

#[test]
fn what_was_written_is_read() {
    let disk = SimDisk::new(0);
    for number in 1..=SEGMENTS {
        let mut bytes = fs::read(golden(number)).unwrap();
        // The second was cut for the third.
        if number != 2 {
            bytes.resize(usize::try_from(SEGMENT_BYTES).unwrap(), 0);
        }
        disk.put(&segment(number), &bytes).unwrap();
    }
    let expected = frames().concat();
    let (report, events) = verify(&disk).unwrap();
    assert!(events == expected, "the events of the golden files are others");
    assert_eq!(report.format, 1);
    assert_eq!((report.segments, report.footers, report.frames, report.epoch), (3, 1, 6, 2));
    let journal = Journal::open(&disk, &dir(), &options(3)).unwrap();
    assert!(journal.replayed == expected);
    for event in &expected {
        assert_eq!(journal.reader.read(event.sequence).unwrap(), *event);
    }
}

#[test]
fn everything_that_the_format_has_is_in_them() {
    let (mut records, mut payloads) = (BTreeSet::new(), BTreeSet::new());
    let (mut footers, mut takeovers) = (0, 0);
    for number in 1..=SEGMENTS {
        let bytes = fs::read(golden(number)).unwrap();
        for piece in pieces(&bytes) {
            footers += u32::from(piece.is_footer);
            takeovers += u32::from(piece.is_takeover);
            if piece.is_footer {
                continue;
            }
            let content = content(&bytes, &piece);
            records.extend((0..piece.records).map(|i| content[176 + 176 * i + 144]));
            payloads
                .extend(entries(&bytes, &piece).into_iter().map(|entry| (entry.kind, entry.class)));
        }
    }
    assert_eq!(records, (1..=7).chain(16..=21).chain(64..=70).collect());
    let personal = [3, 4, 14];
    assert_eq!(
        payloads,
        (1..=14).map(|kind| (kind, if personal.contains(&kind) { 2 } else { 1 })).collect()
    );
    assert_eq!((footers, takeovers), (1, 1));
}
