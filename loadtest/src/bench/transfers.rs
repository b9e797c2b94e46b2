//! The transfers that load is made of, and what counts as an answer to one.

use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use florin_proto::v1::{
    AccountKey, NewTransfer, TransferResult, TransferStatus, Uint128, account_key,
};

use crate::bench::workload::{Pairs, account_id};
use crate::ledger::reason_name;
use crate::rng::SplitMix64;

/// An endless supply of transfers between random accounts, with random 128-bit ids.
#[derive(Debug, Clone)]
pub struct Transfers {
    rng: SplitMix64,
    pairs: Arc<Pairs>,
}

impl Transfers {
    /// Between these accounts. Ids and accounts follow from the random numbers.
    pub fn new(rng: SplitMix64, pairs: Arc<Pairs>) -> Self {
        Self { rng, pairs }
    }

    /// Debit and credit account, by number.
    pub fn pair(&mut self) -> (u64, u64) {
        self.pairs.draw(&mut self.rng)
    }

    /// A new id, as low and high half.
    pub fn id(&mut self) -> (u64, u64) {
        (self.rng.next_u64(), self.rng.next_u64() | 1)
    }

    /// Amounts from 1 to 4096.
    pub fn amount(&mut self) -> u64 {
        (self.rng.next_u64() & 0xfff) + 1
    }

    /// The next one.
    pub fn next(&mut self) -> NewTransfer {
        let (debit, credit) = self.pair();
        let (lo, hi) = self.id();
        NewTransfer {
            id: Some(Uint128 { lo, hi }),
            debit_account: Some(key(debit)),
            credit_account: Some(key(credit)),
            amount: Some(Uint128 { lo: self.amount(), hi: 0 }),
            ..NewTransfer::default()
        }
    }

    /// Another supply, with random numbers of its own.
    pub fn fork(&mut self) -> Self {
        Self { rng: SplitMix64::new(self.rng.next_u64()), pairs: Arc::clone(&self.pairs) }
    }
}

fn key(account: u64) -> AccountKey {
    let (lo, hi) = account_id(account);
    AccountKey { key: Some(account_key::Key::Id(Uint128 { lo, hi })) }
}

/// A first answer, and a yes: nothing else counts.
pub fn check_posted(result: &TransferResult) -> Result<()> {
    if let Some(refusal) = &result.refusal {
        bail!("a transfer was refused: {} {}", reason_name(refusal), refusal.message);
    }
    ensure!(
        result.status == i32::from(TransferStatus::Posted) && result.sequence > 0,
        "a transfer was neither posted nor refused"
    );
    ensure!(
        !result.replayed,
        "a random id was known already: was this seed used on this ledger before?"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use florin_proto::v1::Refusal;
    use florin_proto::v1::refusal::Reason;

    use super::*;
    use crate::bench::workload::Workload;

    #[test]
    fn only_a_first_and_posted_answer_counts() {
        let posted = TransferResult {
            status: TransferStatus::Posted.into(),
            sequence: 1,
            ..TransferResult::default()
        };
        let refusal = Refusal { reason: Reason::AccountNotFound.into(), ..Refusal::default() };
        let cases = [
            (posted.clone(), None),
            (TransferResult { replayed: true, ..posted.clone() }, Some("known already")),
            (TransferResult { sequence: 0, ..posted.clone() }, Some("neither")),
            (TransferResult { status: 0, ..posted.clone() }, Some("neither")),
            (TransferResult { refusal: Some(refusal), ..posted }, Some("ACCOUNT_NOT_FOUND")),
        ];
        for (result, complaint) in cases {
            let text = check_posted(&result).err().map(|error| error.to_string());
            match (text, complaint) {
                (None, None) => {}
                (Some(text), Some(complaint)) => assert!(text.contains(complaint), "{text}"),
                (text, complaint) => panic!("{text:?} and {complaint:?}"),
            }
        }
    }

    #[test]
    fn forks_never_use_the_same_id() {
        let pairs = Arc::new(Pairs::new(Workload::Uniform, 10));
        let mut origin = Transfers::new(SplitMix64::new(1), pairs);
        let mut fork = origin.fork();
        let ids = |transfers: &mut Transfers| -> Vec<_> {
            (0..100).map(|_| transfers.next().id.map(u128::from)).collect()
        };
        let (mine, theirs) = (ids(&mut origin), ids(&mut fork));
        assert!(mine.iter().all(|id| id.is_some() && !theirs.contains(id)));
    }
}
