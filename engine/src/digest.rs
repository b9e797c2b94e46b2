//! One hash over the whole state: equal digests, equal ledgers.

use alloc::vec::Vec;

use crate::ids::IdIndex;
use crate::image::Reversal;
use crate::{Floor, Ledger};

/// What there is to digest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Whole,
    /// As in the first release: neither holds nor ceilings.
    BeforeHolds,
}

impl Ledger {
    /// BLAKE3 over everything that events have made, in an order that does not depend on the process. Names and
    /// metadata are personal and can be erased: only their content hash is in it. Of the ids that were used, most of
    /// which are not in memory, their number is in it and a sum of their hashes.
    pub fn digest(&self) -> [u8; 32] {
        let mut out = Out::new(b"florin.v2.state\0");
        self.digest_state(&mut out, Scope::Whole);
        out.int(self.counters.ids_used).int(self.ids_sum);
        self.digest_reversals(&mut out);
        out.finish()
    }

    /// The digest as earlier releases took it: over every id too. `None` if some ids are not in memory.
    pub fn digest_with_ids(&self) -> Option<[u8; 32]> {
        self.with_ids(Scope::Whole)
    }

    /// Whether this is the digest of the state as any earlier release took it, see
    /// [`digest_with_ids`](Self::digest_with_ids). `None` if some ids are not in memory.
    pub fn is_digest_with_ids(&self, digest: [u8; 32]) -> Option<bool> {
        let whole = self.with_ids(Scope::Whole)? == digest;
        let before_holds =
            || self.holds.len() == 0 && self.with_ids(Scope::BeforeHolds) == Some(digest);
        Some(whole || before_holds())
    }

    fn with_ids(&self, scope: Scope) -> Option<[u8; 32]> {
        if self.ids_forgotten_through > 0 || self.ids_behind.is_some() {
            return None;
        }
        let mut out = Out::new(b"florin.v1.state\0");
        self.digest_state(&mut out, scope);
        digest_ids(&mut out, &self.transfer_ids);
        digest_ids(&mut out, &self.group_ids);
        self.digest_reversals(&mut out);
        Some(out.finish())
    }

    fn digest_state(&self, out: &mut Out, scope: Scope) {
        out.int(self.last_sequence).int(self.last_timestamp_ns);
        out.int(self.counters.transfers_posted).int(self.counters.transfers_refused);
        out.int(self.assets.len() as u64);
        for asset in &self.assets {
            out.bytes(&asset.code.to_bytes()).int(u64::from(asset.scale));
            out.wide(asset.debits_posted_minor).wide(asset.credits_posted_minor);
            if scope == Scope::Whole {
                out.wide(asset.pending_minor);
            }
        }
        self.digest_accounts(out, scope);
        if scope == Scope::Whole {
            self.digest_holds(out);
        }
    }

    fn digest_reversals(&self, out: &mut Out) {
        let mut reversed: Vec<_> = self.reversals.iter().collect();
        reversed.sort_unstable_by_key(|reversal| reversal.original);
        out.int(reversed.len() as u64);
        for Reversal { original, reversal } in reversed {
            out.int(*original).int(*reversal);
        }
    }

    fn digest_accounts(&self, out: &mut Out, scope: Scope) {
        out.int(self.accounts.len() as u64);
        for account in self.accounts.iter() {
            out.wide(account.id).int(account.opened_at_ns).int(account.opened_sequence);
            out.int(account.last_sequence).int(account.content_hash);
            out.int(u64::from(account.tenant) << 32 | u64::from(account.asset));
            out.int(u64::from(account.freeze as u8) << 8 | u64::from(account.closed));
            let (kind, overdraft_minor) = match self.accounts.floor(account) {
                Floor::Zero => (1, 0),
                Floor::None => (2, 0),
                Floor::Overdraft(minor) => (3, minor),
            };
            out.int(kind).wide(overdraft_minor);
            if scope == Scope::Whole {
                let ceiling = self.accounts.ceiling(account);
                out.int(u64::from(ceiling.is_some())).wide(ceiling.unwrap_or(0));
            }
            out.wide(account.debits_pending).wide(account.debits_posted);
            out.wide(account.credits_pending).wide(account.credits_posted);
        }
    }

    fn digest_holds(&self, out: &mut Out) {
        for hold in self.holds.iter() {
            out.wide(hold.id).wide(hold.amount_minor).wide(hold.captured_minor);
            out.wide(hold.released_minor).wide(hold.refunded_minor);
            out.int(hold.due_at_ns).int(hold.placed_sequence).int(hold.last_sequence);
            out.int(u64::from(hold.debit) << 32 | u64::from(hold.credit));
            let flags =
                hold.at_due as u64 | u64::from(hold.of_payment) << 1 | u64::from(hold.expired) << 2;
            out.int(u64::from(hold.tenant) << 32 | flags);
        }
        out.int(self.holds.open_len() as u64).int(self.holds.due_len() as u64);
    }
}

fn digest_ids(out: &mut Out, ids: &IdIndex) {
    out.int(ids.len() as u64);
    for entry in ids.iter() {
        out.wide(entry.id).int(entry.sequence).int(entry.content_hash);
        out.int(u64::from(entry.tenant) << 1 | u64::from(entry.posted));
    }
}

/// Gathers small writes: the hash is several times faster over large ones.
struct Out {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

const FLUSH_BYTES: usize = 64 * 1024;

impl Out {
    fn new(domain: &[u8]) -> Self {
        let buffer = Vec::with_capacity(FLUSH_BYTES * 2);
        let mut out = Self { hasher: blake3::Hasher::new(), buffer };
        out.bytes(domain);
        out
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= FLUSH_BYTES {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
        }
        self
    }

    fn int(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn wide(&mut self, value: u128) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn finish(mut self) -> [u8; 32] {
        self.hasher.update(&self.buffer);
        *self.hasher.finalize().as_bytes()
    }
}
