//! Transfers: single ones, independent batches and groups, with everything that can be in them.

use std::collections::BTreeSet;

use florin_actors::command::Command;
use florin_engine::{
    AMOUNT_MAX_MINOR, Action, BATCH_MEMBERS_MAX, GroupKey, Transfer, TransferBatch,
    TransferOptions, check_transfer,
};

use super::accounts::metadata;
use super::{Clients, asset, without_repetition};

/// Bytes that a plain transfer is weighed with, at least; more of them than fit a frame are cut off later.
const WEIGHT_BYTES: u64 = 176;
/// Members of most bulk batches.
const BULK_MEMBERS: usize = 400;

impl Clients {
    pub(super) fn transfers(&mut self, client: usize) -> Command {
        let tenant = self.all[client].tenant;
        let (transfers, group) = match self.rng.below(100) {
            0..45 => (vec![self.member(client, &[])], None),
            45..65 => (self.batch(client, 20), None),
            65..90 => self.group(client),
            90..95 => (self.again(client), None),
            95..98 => self.group_again(client),
            98 => (self.bulk(client), None),
            _ => self.bulk_group(client),
        };
        let transfers = without_repetition(transfers);
        debug_assert!(transfers.iter().all(|transfer| check_transfer(transfer).is_ok()));
        let asset = self.rng.percent(10).then(|| asset("EUR"));
        let group = group.map(|id| GroupKey::of(id, &transfers));
        Command::Transfers(TransferBatch { tenant, group, asset, transfers })
    }

    fn batch(&mut self, client: usize, most: u64) -> Vec<Transfer> {
        let mut members = Vec::new();
        for _ in 0..self.rng.between(2, most) {
            let member = self.member(client, &members);
            members.push(member);
        }
        if self.rng.percent(20) {
            members.extend(self.again(client));
        }
        members
    }

    /// A group of new members; some have a member that cannot pass, or one that is known from elsewhere.
    fn group(&mut self, client: usize) -> (Vec<Transfer>, Option<u128>) {
        let mut members = Vec::new();
        for _ in 0..self.rng.between(1, 12) {
            let member = match self.rng.below(100) {
                0..2 => {
                    let debit_account = self.all[client].accounts[0].id;
                    Transfer { debit_account, credit_account: 97, ..self.plain(client) }.seal()
                }
                2..4 => {
                    let beyond = AMOUNT_MAX_MINOR - u128::from(self.rng.below(10));
                    Transfer { amount_minor: beyond, ..self.plain(client) }.seal()
                }
                4..80 => self.rich(client),
                _ => self.member(client, &members),
            };
            members.push(member);
        }
        if self.rng.percent(5) {
            let at = self.rng.index(members.len());
            members.splice(at..at, self.again(client));
        }
        (members, Some(self.new_id()))
    }

    /// As many as fit a frame; of large ones not always, for the time it takes.
    fn bulk(&mut self, client: usize) -> Vec<Transfer> {
        let fit = usize::try_from(self.frame_bytes_max / WEIGHT_BYTES).unwrap_or(usize::MAX);
        let most = if self.rng.percent(20) { BATCH_MEMBERS_MAX } else { BULK_MEMBERS };
        (0..most.min(fit)).map(|_| self.rich(client)).collect()
    }

    /// The same as a group: between two accounts, or one of so many members would surely refuse.
    fn bulk_group(&mut self, client: usize) -> (Vec<Transfer>, Option<u128>) {
        let debit = self.all[client].accounts[0].clone();
        let mut others = self.all[client].accounts.iter().skip(1);
        let Some(credit) = others.rfind(|account| account.asset == debit.asset) else {
            return self.group(client);
        };
        let (debit_account, credit_account) = (debit.id, credit.id);
        let members = self.bulk(client).into_iter();
        let members = members.map(|transfer| {
            let extra = transfer.extra.filter(|extra| !extra.terms.action.refers());
            Transfer { debit_account, credit_account, amount_minor: 1, extra, ..transfer }.seal()
        });
        (members.collect(), Some(self.new_id()))
    }

    /// Something that was sent before, as it was or with other content.
    fn again(&mut self, client: usize) -> Vec<Transfer> {
        let tenant = self.all[client].tenant;
        let before = self.rng.pick_recent(&self.sent).filter(|(of, _)| *of == tenant);
        let Some((_, transfer)) = before.cloned() else { return vec![self.plain(client).seal()] };
        let transfer = match self.rng.below(4) {
            0..2 => transfer,
            2 => Transfer { code: transfer.code + 1, ..transfer },
            _ if transfer.reverses().is_none() && transfer.action() != Action::CancelPayment => {
                Transfer { amount_minor: self.rng.between(1, 1_000).into(), ..transfer }
            }
            _ => Transfer { value_date: 20_240_229, ..transfer },
        };
        vec![transfer.seal()]
    }

    /// A group id that was used before, with other content.
    fn group_again(&mut self, client: usize) -> (Vec<Transfer>, Option<u128>) {
        let tenant = self.all[client].tenant;
        let before = self.rng.pick_recent(&self.groups).filter(|group| group.tenant == tenant);
        let Some(before) = before else { return self.group(client) };
        let id = before.id;
        let ids: BTreeSet<u128> = before.members.iter().map(|(id, _)| *id).collect();
        let sent = self.sent.iter().rev();
        let members = sent.filter(|(of, transfer)| *of == tenant && ids.contains(&transfer.id));
        let mut members =
            without_repetition(members.map(|(_, transfer)| transfer.clone()).collect());
        let at = self.rng.index(members.len());
        members[at].code += 1;
        members[at] = members[at].clone().seal();
        (members, Some(id))
    }

    /// One transfer of any kind. `earlier` are the members before it.
    fn member(&mut self, client: usize, earlier: &[Transfer]) -> Transfer {
        match self.rng.below(100) {
            0..10 => self.reversal(client, earlier),
            10..34 => self.step(client, earlier),
            34..40 => Transfer { up_to_available: true, ..self.plain(client) }.seal(),
            40..43 => Transfer { credit_account: 97, ..self.plain(client) }.seal(),
            43..62 => self.rich(client),
            _ => self.plain(client).seal(),
        }
    }

    /// Of an account that pays without limit.
    pub(super) fn rich(&mut self, client: usize) -> Transfer {
        let plain = self.plain(client);
        let payer = self.all[client].accounts[0].id;
        if plain.credit_account == payer {
            return plain.seal();
        }
        Transfer { debit_account: payer, ..plain }.seal()
    }

    pub(super) fn plain(&mut self, client: usize) -> Transfer {
        let accounts = &self.all[client].accounts;
        let debit = self.rng.index(accounts.len());
        let credit = (debit + 1 + self.rng.index(accounts.len() - 1)) % accounts.len();
        let debit_account = accounts[debit].id;
        let mut credit_account = accounts[credit].id;
        if self.rng.percent(15) {
            let other = self.rng.index(self.all.len());
            let others = &self.all[other].accounts;
            let someone = self.rng.pick(others).id;
            credit_account = if someone == debit_account { credit_account } else { someone };
        }
        let amount_minor = match self.rng.below(1_000) {
            0..900 => self.rng.between(1, 100).into(),
            900..998 => self.rng.between(1, 1_000_000).into(),
            _ => AMOUNT_MAX_MINOR,
        };
        let extra = self.rng.percent(8).then(|| {
            let asset = self.rng.percent(50).then(|| asset("EUR"));
            let metadata =
                if self.rng.percent(80) { metadata(&mut self.rng) } else { Box::default() };
            Box::new(TransferOptions { asset, metadata, ..TransferOptions::default() })
        });
        Transfer {
            id: self.new_id(),
            debit_account,
            credit_account,
            amount_minor,
            content_hash: 0,
            code: u32::try_from(self.rng.below(5)).expect("small"),
            value_date: if self.rng.percent(10) { 20_260_102 } else { 0 },
            up_to_available: false,
            extra,
        }
    }

    /// Undoes something: an earlier member, something that was sent, or nothing that exists.
    fn reversal(&mut self, client: usize, earlier: &[Transfer]) -> Transfer {
        let tenant = self.all[client].tenant;
        let sent = self.rng.pick_recent(&self.sent).filter(|(of, _)| *of == tenant);
        let sent = sent.map(|(_, transfer)| transfer.id);
        let original = match self.rng.below(10) {
            0..4 => self.rng.pick_recent(earlier).map(|transfer| transfer.id).or(sent),
            4..9 => sent,
            _ => None,
        };
        let options =
            TransferOptions { reverses: Some(original.unwrap_or(96)), ..Default::default() };
        let extra = Some(Box::new(options));
        let (debit_account, credit_account, amount_minor) = (0, 0, 0);
        Transfer { debit_account, credit_account, amount_minor, extra, ..self.plain(client) }.seal()
    }
}
