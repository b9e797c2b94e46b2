//! Content hashes: they tell a repeated request from one that uses an old id for something else. They are
//! journaled, so their definition never changes: XXH3-64 over the fields below, in this order, little-endian.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::{AssetCode, Floor, HoldTerms, NewAccount, PaymentTerms, Transfer, TransferOptions};

/// Bytes of the fixed part of a transfer's content.
const FIXED: usize = 16 * 4 + 4 + 4 + 1;

pub(crate) fn transfer_hash(transfer: &Transfer) -> u64 {
    let mut fixed = [0; FIXED];
    fixed[0..16].copy_from_slice(&transfer.debit_account.to_le_bytes());
    fixed[16..32].copy_from_slice(&transfer.credit_account.to_le_bytes());
    fixed[32..48].copy_from_slice(&transfer.amount_minor.to_le_bytes());
    fixed[48..64].copy_from_slice(&transfer.reverses().unwrap_or(0).to_le_bytes());
    fixed[64..68].copy_from_slice(&transfer.code.to_le_bytes());
    fixed[68..72].copy_from_slice(&transfer.value_date.to_le_bytes());
    fixed[72] = u8::from(transfer.up_to_available);
    let Some(extra) = transfer.extra.as_deref() else { return xxh3_64(&fixed) };
    let TransferOptions { metadata, terms, payment, .. } = extra;
    let mut hasher = Xxh3::new();
    hasher.update(&fixed);
    hasher.update(metadata);
    if *terms != HoldTerms::default() {
        // No metadata ends like this: it is made of lengths and texts.
        hasher.update(b"\0\0terms");
        hasher.update(&[terms.action as u8, terms.at_due as u8, u8::from(terms.release_rest)]);
        hasher.update(&terms.hold.to_le_bytes());
        hasher.update(&terms.due_at_ns.to_le_bytes());
    }
    if let Some(PaymentTerms { fee_minor, score, reference }) = payment {
        hasher.update(&fee_minor.to_le_bytes());
        hasher.update(&score.map_or(u16::MAX, u16::from).to_le_bytes());
        hasher.update(reference.as_bytes());
    }
    hasher.digest()
}

pub(crate) fn group_hash(transfers: &[Transfer]) -> u64 {
    let mut hasher = Xxh3::new();
    for transfer in transfers {
        hasher.update(&transfer.id.to_le_bytes());
        hasher.update(&transfer.content_hash.to_le_bytes());
    }
    hasher.digest()
}

pub(crate) fn account_hash(account: &NewAccount) -> u64 {
    let (kind, overdraft) = match account.floor {
        Floor::Zero => (1u8, 0),
        Floor::None => (2, 0),
        Floor::Overdraft(minor) => (3, minor),
    };
    let mut hasher = Xxh3::new();
    hasher.update(&AssetCode::to_bytes(account.asset));
    hasher.update(&[kind]);
    hasher.update(&overdraft.to_le_bytes());
    let name = account.name.as_deref().unwrap_or_default();
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(&account.metadata);
    if let Some(ceiling) = account.ceiling {
        hasher.update(b"\0\0ceiling");
        hasher.update(&ceiling.to_le_bytes());
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;
    use crate::{Action, AtDue, TransferOptions};

    fn transfer() -> Transfer {
        Transfer {
            id: 1,
            debit_account: 2,
            credit_account: 3,
            amount_minor: 4,
            content_hash: 0,
            code: 5,
            value_date: 20_260_102,
            up_to_available: false,
            extra: None,
        }
    }

    /// These values are in journals. If this test fails, the change breaks idempotency for every id in use.
    #[test]
    fn pinned_for_good() {
        assert_eq!(transfer_hash(&transfer()), 0xc34e_7208_ee3a_8c3e);
        let account = NewAccount {
            tenant: 0,
            id: 1,
            asset: AssetCode::new("EUR").unwrap(),
            floor: Floor::Overdraft(100),
            name: Some("a".into()),
            metadata: Box::new([]),
            ceiling: None,
        };
        assert_eq!(account_hash(&account), 0xf5e1_915b_f752_a253);
        let with_ceiling = NewAccount { ceiling: Some(100), ..account };
        assert_eq!(account_hash(&with_ceiling), 0xe0ef_8f6d_1774_890f);
        let terms = HoldTerms {
            action: Action::Authorize,
            hold: 0,
            due_at_ns: 9,
            at_due: AtDue::Capture,
            release_rest: false,
        };
        let reference = "order 7".into();
        let payment = Some(PaymentTerms { fee_minor: 3, score: Some(500), reference });
        let mut authorize = transfer();
        authorize.extra = Some(Box::new(TransferOptions { terms, payment, ..Default::default() }));
        assert_eq!(transfer_hash(&authorize), 0x2bad_297a_0020_58c1);
    }

    #[test]
    fn every_field_counts_but_the_guard() {
        let base = transfer_hash(&transfer());
        let changes: [fn(&mut Transfer); 8] = [
            |t| t.debit_account = 9,
            |t| t.credit_account = 9,
            |t| t.amount_minor = 9,
            |t| t.code = 9,
            |t| t.value_date = 9,
            |t| t.up_to_available = true,
            |t| {
                let options = TransferOptions { reverses: Some(9), ..Default::default() };
                t.extra = Some(Box::new(options));
            },
            |t| {
                let metadata = Box::new([1, 0, b'k', 0, 0]);
                t.extra = Some(Box::new(TransferOptions { metadata, ..Default::default() }));
            },
        ];
        for (index, change) in changes.iter().enumerate() {
            let mut other = transfer();
            change(&mut other);
            assert_ne!(transfer_hash(&other), base, "change {index}");
        }
        let mut guarded = transfer();
        let asset = AssetCode::new("EUR");
        guarded.extra = Some(Box::new(TransferOptions { asset, ..Default::default() }));
        assert_eq!(transfer_hash(&guarded), base);
    }

    /// Of holds and payments too: no two of these are the same request.
    #[test]
    fn every_term_counts() {
        type Change = fn(&mut HoldTerms, &mut Option<PaymentTerms>);
        let changes: [Change; 11] = [
            |_, _| (),
            |t, _| t.action = Action::Release,
            |t, _| t.hold = 1,
            |t, _| t.hold = 1 << 64,
            |t, _| t.due_at_ns = 1,
            |t, _| t.at_due = AtDue::Capture,
            |t, _| t.release_rest = true,
            |_, p| *p = Some(PaymentTerms::default()),
            |_, p| *p = Some(PaymentTerms { fee_minor: 1, ..Default::default() }),
            |_, p| *p = Some(PaymentTerms { score: Some(0), ..Default::default() }),
            |_, p| *p = Some(PaymentTerms { reference: "r".into(), ..Default::default() }),
        ];
        let mut hashes = changes.map(|change| {
            let mut terms = HoldTerms { action: Action::Hold, ..Default::default() };
            let mut payment = None;
            change(&mut terms, &mut payment);
            let mut other = transfer();
            let options = TransferOptions { terms, payment, ..Default::default() };
            other.extra = Some(Box::new(options));
            transfer_hash(&other)
        });
        hashes.sort_unstable();
        assert!(hashes.is_sorted_by(|a, b| a < b), "two of them are the same");
    }
}
