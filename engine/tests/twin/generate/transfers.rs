//! Random batches of transfers.

use std::collections::BTreeSet;

use florin_engine::{
    AMOUNT_MAX_MINOR, AssetCode, Tenant, Transfer, TransferOptions, check_transfer,
};

use super::{Generator, metadata};
use crate::command::Batch;
use crate::model::Twin;

/// How a batch is made up.
#[derive(Clone, Copy)]
struct Style {
    tenant: Tenant,
    /// Likely to be posted, all of it.
    calm: bool,
}

impl Generator {
    pub(super) fn batch(&mut self, twin: &Twin) -> Batch {
        let tenant = self.tenant();
        let (len, calm) = match self.rng.below(20) {
            0..7 => (1, self.rng.percent(30)),
            7..16 => (2 + self.rng.below(5), self.rng.percent(50)),
            16..19 => (7 + self.rng.below(14), self.rng.percent(70)),
            _ => (33 + self.rng.below(40), true),
        };
        let style = Style { tenant, calm };
        let group = self.rng.percent(40).then(|| self.group_id(tenant));
        let mut transfers: Vec<Transfer> = Vec::new();
        for _ in 0..len {
            let transfer = self.member(twin, style, &transfers);
            transfers.push(self.well_formed(transfer));
        }
        let asset = (!calm && self.rng.percent(5)).then(|| self.asset());
        let batch = self.distinct(Batch { tenant, group, asset, transfers });
        self.sent.push(batch.clone());
        batch
    }

    /// No id stands twice in a batch: that is refused before it comes to the ledger.
    fn distinct(&mut self, mut batch: Batch) -> Batch {
        let mut ids = BTreeSet::new();
        for transfer in &mut batch.transfers {
            while !ids.insert(transfer.id) {
                transfer.id = self.fresh_id(batch.tenant);
            }
        }
        batch
    }

    /// A batch that was sent before, the same or nearly.
    pub(super) fn again(&mut self) -> Batch {
        let Some(mut batch) = self.rng.pick_recent(&self.sent).cloned() else {
            let transfers = vec![self.fresh_transfer(0, 1, 2, 1)];
            return Batch { tenant: 0, group: None, asset: None, transfers };
        };
        match self.rng.below(10) {
            0 => {
                let index = self.index(batch.transfers.len());
                let transfer = batch.transfers[index].clone();
                let altered = self.altered(transfer);
                batch.transfers[index] = self.well_formed(altered);
            }
            1 if batch.transfers.len() > 1 => {
                batch.transfers.pop();
            }
            2 => batch.transfers.push(self.fresh_transfer(batch.tenant, 1, 2, 1)),
            3 => batch.group = None,
            4 => batch.group = Some(self.group_id(batch.tenant)),
            5 => {
                let index = self.index(batch.transfers.len());
                batch.transfers[index].id = self.fresh_id(batch.tenant);
            }
            6 => batch.tenant = 1 - batch.tenant,
            _ => {}
        }
        self.distinct(batch)
    }

    fn fresh_id(&mut self, tenant: Tenant) -> u128 {
        let used = &mut self.ids_used[tenant as usize];
        *used += 1;
        // Some differ only in their high half.
        u128::from(*used % 4) << 64 | u128::from(1 + *used / 4)
    }

    /// Groups have ids of their own: the numbers of transfers serve as well, and mean something else.
    fn group_id(&mut self, tenant: Tenant) -> u128 {
        match self.rng.below(20) {
            0..2 => self.earlier_id(tenant).unwrap_or(1),
            2 => {
                let groups = self.sent.iter().filter(|batch| batch.tenant == tenant);
                groups.filter_map(|batch| batch.group).next_back().unwrap_or(1)
            }
            _ => self.fresh_id(tenant),
        }
    }

    /// The id of a transfer that was sent, whatever became of it.
    fn earlier_id(&mut self, tenant: Tenant) -> Option<u128> {
        let batch = self.rng.pick_recent(&self.sent)?;
        Some(self.rng.pick(&batch.transfers).id).filter(|_| batch.tenant == tenant)
    }

    pub(super) fn fresh_transfer(
        &mut self,
        tenant: Tenant,
        debit: u64,
        credit: u64,
        minor: u128,
    ) -> Transfer {
        Transfer {
            id: self.fresh_id(tenant),
            debit_account: Self::account_id(debit - 1),
            credit_account: Self::account_id(credit - 1),
            amount_minor: minor,
            content_hash: 0,
            code: 0,
            value_date: 0,
            up_to_available: false,
            extra: None,
        }
    }

    fn member(&mut self, twin: &Twin, style: Style, before: &[Transfer]) -> Transfer {
        let Style { tenant, calm } = style;
        match self.rng.below(100) {
            0..12 if !calm => self.reversal(twin, tenant, before),
            0..4 => self.reversal(twin, tenant, before),
            12..28 if !calm => self.repetition(),
            28..64 if !calm => self.step(twin, tenant, before),
            4..24 if calm => self.calm_step(twin, tenant, before),
            _ if calm => {
                let number = 2 + self.rng.below(self.accounts - 1);
                let minor = 1 + u128::from(self.rng.below(50));
                let back = number == 2 && self.rng.percent(20);
                let (debit, credit) = if back { (number, 1) } else { (1, number) };
                let mut transfer = self.fresh_transfer(tenant, debit, credit, minor);
                transfer.up_to_available = self.rng.percent(10);
                transfer
            }
            _ => self.payment(twin, tenant),
        }
    }

    pub(super) fn payment(&mut self, twin: &Twin, tenant: Tenant) -> Transfer {
        let (debit_account, credit_account) = (self.account(), self.account());
        let amount_minor = self.amount(twin, tenant, debit_account, credit_account);
        let id = match self.rng.below(30) {
            0 => self.earlier_id(tenant).unwrap_or(1),
            _ => self.fresh_id(tenant),
        };
        let guard = self.rng.percent(5).then(|| self.asset());
        let note = if self.rng.percent(10) { metadata("for", "tea") } else { Box::default() };
        Transfer {
            id,
            debit_account,
            credit_account,
            amount_minor,
            content_hash: 0,
            code: if self.rng.percent(20) { 7 } else { 0 },
            value_date: if self.rng.percent(20) { 20_240_229 } else { 0 },
            up_to_available: self.rng.percent(15),
            extra: extra(guard, None, note),
        }
    }

    /// Of a posted transfer, of any that was sent, of a member of this batch, or of none.
    fn reversal(&mut self, twin: &Twin, tenant: Tenant, before: &[Transfer]) -> Transfer {
        let tries: Vec<_> = (0..6).filter_map(|_| self.earlier_id(tenant)).collect();
        let of_member = !before.is_empty() && self.rng.percent(40);
        let original = match self.rng.below(10) {
            _ if of_member => Some(self.rng.pick(before).id),
            0 => None,
            1 => tries.first().copied(),
            2 => tries.iter().find(|id| !twin.is_posted(tenant, **id)).copied(),
            _ => tries.iter().find(|id| twin.is_posted(tenant, **id)).copied(),
        };
        let original = original.unwrap_or(u128::MAX);
        let mut transfer = self.fresh_transfer(tenant, 1, 1, 0);
        (transfer.debit_account, transfer.credit_account) = (0, 0);
        transfer.code = u32::from(self.rng.percent(10));
        transfer.extra = extra(None, Some(original), Box::default());
        transfer
    }

    /// A transfer that was sent, by whichever tenant: the same, or with a field changed.
    fn repetition(&mut self) -> Transfer {
        let Some(batch) = self.rng.pick_recent(&self.sent) else {
            return self.fresh_transfer(0, 1, 2, 1);
        };
        let transfer = self.rng.pick(&batch.transfers).clone();
        if self.rng.percent(50) { transfer } else { self.altered(transfer) }
    }

    /// Changes one field.
    fn altered(&mut self, mut transfer: Transfer) -> Transfer {
        let mut options = transfer.extra.as_deref().cloned().unwrap_or_default();
        match self.rng.below(14) {
            9.. => self.alter_terms(&mut options),
            0 => transfer.debit_account = self.account(),
            1 => transfer.credit_account = self.account(),
            2 => transfer.amount_minor = (transfer.amount_minor + 1).min(AMOUNT_MAX_MINOR),
            3 => transfer.up_to_available = !transfer.up_to_available,
            4 => transfer.code += 1,
            5 => transfer.value_date = 20_250_101,
            6 => options.metadata = metadata("for", "coffee"),
            7 => options.asset = Some(self.asset()),
            _ => {
                (transfer.debit_account, transfer.credit_account) = (0, 0);
                (transfer.amount_minor, transfer.up_to_available) = (0, false);
                (options.reverses, options.asset) = (Some(3), None);
            }
        }
        transfer.extra = Some(Box::new(options)).filter(|it| **it != TransferOptions::default());
        transfer
    }

    /// What is malformed never comes to the ledger: such a transfer is replaced by a plain one.
    fn well_formed(&mut self, transfer: Transfer) -> Transfer {
        if check_transfer(&transfer).is_ok() {
            return transfer;
        }
        let number = 2 + self.rng.below(self.accounts - 1);
        let plain = self.fresh_transfer(0, 1, number, 1);
        Transfer { id: transfer.id, ..plain }
    }
}

fn extra(
    asset: Option<AssetCode>,
    reverses: Option<u128>,
    metadata: Box<[u8]>,
) -> Option<Box<TransferOptions>> {
    let options = TransferOptions { asset, reverses, metadata, ..TransferOptions::default() };
    (options != TransferOptions::default()).then(|| Box::new(options))
}
