use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::snapshot::codec::{Bincode, Codec, CodecFault};

fn any_amount() -> impl Strategy<Value = u128> {
    prop_oneof![0..300u128, any::<u128>(), Just(u128::MAX)]
}

fn any_floor() -> impl Strategy<Value = Floor> {
    prop_oneof![
        Just(Floor::Zero),
        Just(Floor::None),
        (1..=AMOUNT_MAX_MINOR).prop_map(Floor::Overdraft),
    ]
}

fn any_ceiling() -> impl Strategy<Value = Option<u128>> {
    option::of(0..=AMOUNT_MAX_MINOR)
}

fn any_asset() -> impl Strategy<Value = Asset> {
    let amounts = (any_amount(), any_amount(), any_amount());
    ("[A-Z][A-Z0-9_]{0,15}", 0..=SCALE_MAX, amounts).prop_map(|(code, scale, amounts)| Asset {
        code: AssetCode::new(&code).expect("made to the rules"),
        scale,
        debits_posted_minor: amounts.0,
        credits_posted_minor: amounts.1,
        pending_minor: amounts.2,
    })
}

fn any_head() -> impl Strategy<Value = Head> {
    let assets = proptest::collection::vec(any_asset(), 0..20);
    (any::<[u64; 6]>(), any::<[u32; 3]>(), assets).prop_map(|(n, lengths, assets)| Head {
        last_sequence: n[0],
        last_timestamp_ns: n[1],
        counters: Counters { transfers_posted: n[2], transfers_refused: n[3], ids_used: n[4] },
        ids_sum: n[5],
        assets,
        accounts: lengths[0],
        holds: lengths[1],
        reversals: lengths[2],
    })
}

fn any_account() -> impl Strategy<Value = AccountImage> {
    let freeze = select(&[Freeze::None, Freeze::Debits, Freeze::Credits, Freeze::Both][..]);
    let bounds = (any_floor(), any_ceiling(), option::of((any_floor(), any_ceiling())));
    let personal = (option::of("\\PC{1,30}"), proptest::collection::vec(any::<u8>(), 0..400));
    let amounts = (any_amount(), any_amount(), any_amount(), any_amount());
    let ids = (any::<(u32, u128, u32)>(), any::<[u64; 4]>(), any::<bool>(), freeze);
    (ids, bounds, personal, amounts).prop_map(|(ids, bounds, (name, metadata), amounts)| {
        let ((tenant, id, asset), n, closed, freeze) = ids;
        AccountImage {
            tenant,
            id,
            asset,
            opened_at_ns: n[0],
            opened_sequence: n[1],
            last_sequence: n[2],
            content_hash: n[3],
            floor: bounds.0,
            ceiling: bounds.1,
            first_bounds: bounds.2,
            freeze,
            closed,
            name: name.map(Into::into),
            metadata: metadata.into(),
            debits_pending_minor: amounts.0,
            debits_posted_minor: amounts.1,
            credits_pending_minor: amounts.2,
            credits_posted_minor: amounts.3,
        }
    })
}

fn any_hold() -> impl Strategy<Value = Hold> {
    let amounts = (any_amount(), any_amount(), any_amount(), any_amount());
    let at_due = select(&[AtDue::Release, AtDue::Capture][..]);
    let ids = any::<(u32, u128, u32, u32)>();
    (ids, amounts, any::<[u64; 3]>(), at_due, any::<(bool, bool)>()).prop_map(
        |((tenant, id, debit, credit), amounts, n, at_due, (of_payment, expired))| Hold {
            id,
            amount_minor: amounts.0,
            captured_minor: amounts.1,
            released_minor: amounts.2,
            refunded_minor: amounts.3,
            due_at_ns: n[0],
            placed_sequence: n[1],
            last_sequence: n[2],
            tenant,
            debit,
            credit,
            at_due,
            of_payment,
            expired,
        },
    )
}

fn encode(item: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    Bincode::encode(item, &mut bytes).unwrap();
    bytes
}

/// Encodes, puts something behind it, decodes, and cuts the bytes short everywhere.
macro_rules! round_trip {
    ($stored:ty, $item:expr) => {{
        let item: $stored = $item;
        let mut bytes = encode(&item);
        let len = bytes.len();
        bytes.extend_from_slice(b"next");
        let mut rest = bytes.as_slice();
        prop_assert_eq!(&Bincode::decode::<$stored>(&mut rest).unwrap(), &item);
        prop_assert_eq!(rest, b"next", "it took what is not its own");
        for cut in 0..len {
            let mut rest = &bytes[..cut];
            prop_assert_eq!(Bincode::decode::<$stored>(&mut rest), Err(CodecFault::Decode));
            prop_assert_eq!(rest.len(), cut);
        }
    }};
}

proptest! {
    #[test]
    fn heads(head in any_head()) {
        let stored = StoredHead::from(&head);
        prop_assert_eq!(Head::try_from(stored.clone()), Ok(head));
        round_trip!(StoredHead, stored);
    }

    #[test]
    fn accounts(image in any_account()) {
        let stored = StoredAccount::from(&image);
        prop_assert_eq!(AccountImage::try_from(stored.clone()), Ok(image.clone()));
        round_trip!(StoredAccount<'_>, stored);
    }

    #[test]
    fn holds(hold in any_hold()) {
        let stored = StoredHold::from(&hold);
        prop_assert_eq!(Hold::from(stored.clone()), hold);
        round_trip!(StoredHold, stored);
    }

    #[test]
    fn reversals((original, reversal) in any::<(u64, u64)>()) {
        let item = Reversal { original, reversal };
        let stored = StoredReversal::from(item);
        prop_assert_eq!(Reversal::from(stored), item);
        round_trip!(StoredReversal, stored);
    }

    #[test]
    fn any_bytes_are_an_item_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Bincode::decode::<StoredHead>(&mut bytes.as_slice());
        let _ = Bincode::decode::<StoredAccount<'_>>(&mut bytes.as_slice());
        let _ = Bincode::decode::<StoredHold>(&mut bytes.as_slice());
        let _ = Bincode::decode::<StoredReversal>(&mut bytes.as_slice());
    }
}

/// An account with everything.
fn account() -> AccountImage {
    AccountImage {
        tenant: 3,
        id: 0xabcd << 100,
        asset: 1,
        opened_at_ns: 1_767_225_600_000_000_000,
        opened_sequence: 7,
        last_sequence: 70_000,
        content_hash: 0xfeed_face_cafe_beef,
        floor: Floor::Overdraft(5_000_000_000),
        ceiling: Some(1 << 64),
        first_bounds: Some((Floor::None, Some(250))),
        freeze: Freeze::Both,
        closed: true,
        name: Some("Kavárna".into()),
        metadata: b"\x01\0k\x01\0v"[..].into(),
        debits_pending_minor: 0,
        debits_posted_minor: 251,
        credits_pending_minor: 65_536,
        credits_posted_minor: u128::MAX,
    }
}

fn hold() -> Hold {
    Hold {
        id: 258,
        amount_minor: 900,
        captured_minor: 400,
        released_minor: 500,
        refunded_minor: 1,
        due_at_ns: 1_800_000_000_000_000_000,
        placed_sequence: 12,
        last_sequence: 300,
        tenant: 3,
        debit: 4,
        credit: 70_000,
        at_due: AtDue::Capture,
        of_payment: true,
        expired: true,
    }
}

fn head() -> Head {
    let code = AssetCode::new("EUR").unwrap();
    Head {
        last_sequence: 300,
        last_timestamp_ns: 1_767_225_600_000_000_000,
        counters: Counters { transfers_posted: 250, transfers_refused: 251, ids_used: 501 },
        ids_sum: u64::MAX,
        assets: vec![Asset {
            code,
            scale: 2,
            debits_posted_minor: 1,
            credits_posted_minor: 2,
            pending_minor: 3,
        }],
        accounts: 1_025,
        holds: 2,
        reversals: 0,
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[test]
fn golden_bytes() {
    let image = account();
    let plain = AccountImage {
        floor: Floor::Zero,
        ceiling: None,
        first_bounds: None,
        freeze: Freeze::None,
        closed: false,
        name: None,
        metadata: Box::default(),
        ..account()
    };
    for (what, bytes, expected) in [
        (
            "head",
            encode(&StoredHead::from(&head())),
            "fb2c01fd0000faed51728618fafbfb00fbf501fdfffffffffffffffffb01040200014555520000000000000000000000000002010203",
        ),
        (
            "account",
            encode(&StoredAccount::from(&image)),
            "03fe000000000000000000000000d0bc0a0001fd0000faed5172861807fc70110100fdefbefecacefaedfe02fd00f2052a0100000001fe00000000000000000100000000000000010101fa030101084b6176c3a1726e610601006b01007600fbfb00fc00000100feffffffffffffffffffffffffffffffff",
        ),
        (
            "plain account",
            encode(&StoredAccount::from(&plain)),
            "03fe000000000000000000000000d0bc0a0001fd0000faed5172861807fc70110100fdefbefecacefaedfe0000000000000000fbfb00fc00000100feffffffffffffffffffffffffffffffff",
        ),
        (
            "hold",
            encode(&StoredHold::from(&hold())),
            "03fb020104fc70110100fb8403fb9001fbf40101fd0000b49376e2fa180101010cfb2c01",
        ),
        ("reversal", encode(&StoredReversal { original: 12, reversal: 70_000 }), "0cfc70110100"),
    ] {
        assert_eq!(hex(&bytes), expected, "{what}");
    }
}

#[test]
fn what_the_engine_would_not_take() {
    let image = account();
    let stored = || StoredAccount::from(&image);
    let (name, metadata) = ("n".repeat(129), vec![0; 4_097]);
    let beyond = StoredFloor::Overdraft(AMOUNT_MAX_MINOR + 1);
    let bounds = |floor, ceiling_minor| Some(StoredBounds { floor, ceiling_minor });
    for (account, expected) in [
        (stored(), None),
        (StoredAccount { name: Some(&name[1..]), ..stored() }, None),
        (StoredAccount { metadata: &metadata[1..], ..stored() }, None),
        (StoredAccount { name: Some(&name), ..stored() }, Some("longer")),
        (StoredAccount { metadata: &metadata, ..stored() }, Some("longer")),
        (StoredAccount { floor: StoredFloor::Overdraft(0), ..stored() }, Some("overdraft")),
        (StoredAccount { floor: beyond, ..stored() }, Some("overdraft")),
        (StoredAccount { ceiling_minor: Some(u128::MAX), ..stored() }, Some("ceiling")),
        (StoredAccount { first_bounds: bounds(beyond, None), ..stored() }, Some("overdraft")),
        (
            StoredAccount { first_bounds: bounds(StoredFloor::Zero, Some(u128::MAX)), ..stored() },
            Some("ceiling"),
        ),
    ] {
        match (AccountImage::try_from(account), expected) {
            (Ok(_), None) => {}
            (Err(what), Some(expected)) => assert!(what.contains(expected), "{what}"),
            (result, expected) => panic!("{result:?}, and not {expected:?}"),
        }
    }
    let stored = || StoredHead::from(&head());
    let asset = |change: fn(&mut StoredAsset)| {
        let mut stored = stored();
        change(&mut stored.assets[0]);
        stored
    };
    let mut many = stored();
    many.assets = vec![many.assets[0].clone(); ASSETS_MAX + 1];
    for head in [asset(|asset| asset.scale = 19), asset(|asset| asset.code[0] = b'e'), many] {
        assert!(Head::try_from(head).is_err());
    }
}
