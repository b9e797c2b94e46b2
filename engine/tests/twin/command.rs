//! The commands of a history, concrete and complete: a list of them can be run again, and shortened.

use std::fmt;

use florin_engine::{
    AccountChange, AssetCode, GroupKey, NewAccount, NewAsset, Tenant, Transfer, TransferBatch,
};

/// A command, and the clock when it comes.
#[derive(Debug, Clone)]
pub struct Command {
    pub now_ns: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Register(NewAsset),
    Open(NewAccount),
    Update(AccountChange),
    Transfers(Batch),
    TakeDigest,
    /// What is due falls, at most so many.
    FallDue(usize),
    /// The clock is believed up to this moment.
    Trust(u64),
}

/// A batch as its caller thinks of it: without hashes.
#[derive(Debug, Clone)]
pub struct Batch {
    pub tenant: Tenant,
    pub group: Option<u128>,
    pub asset: Option<AssetCode>,
    pub transfers: Vec<Transfer>,
}

impl Batch {
    /// As the engine wants it.
    pub fn seal(&self) -> TransferBatch {
        let transfers: Vec<_> = self.transfers.iter().cloned().map(Transfer::seal).collect();
        let group = self.group.map(|id| GroupKey::of(id, &transfers));
        TransferBatch { tenant: self.tenant, group, asset: self.asset, transfers }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} ns ", self.now_ns)?;
        match &self.what {
            What::Register(new) => write!(f, "register {} {}", new.code.as_str(), new.scale),
            What::Open(new) => {
                let NewAccount { tenant, id, asset, floor, name, metadata, ceiling } = new;
                let asset = asset.as_str();
                write!(f, "open {tenant}/{id} {asset} {floor:?} {ceiling:?} {name:?} {metadata:?}")
            }
            What::Update(AccountChange { tenant, id, freeze, close, floor, ceiling }) => {
                write!(f, "update {tenant}/{id} freeze {freeze:?} close {close}")?;
                write!(f, " floor {floor:?} ceiling {ceiling:?}")
            }
            What::Transfers(batch) => write!(f, "{batch}"),
            What::TakeDigest => write!(f, "take digest"),
            What::FallDue(most) => write!(f, "fall due, at most {most}"),
            What::Trust(until_ns) => write!(f, "trust the clock until {until_ns} ns"),
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transfers of {}, group {:?}, asset {:?}", self.tenant, self.group, self.asset)?;
        for transfer in &self.transfers {
            let Transfer { id, debit_account: debit, credit_account: credit, .. } = transfer;
            let mode = if transfer.up_to_available { "up to " } else { "" };
            write!(f, "\n    {id}: {debit} -> {credit} {mode}{}", transfer.amount_minor)?;
            write!(f, " code {} date {}", transfer.code, transfer.value_date)?;
            if let Some(extra) = &transfer.extra {
                write!(f, " {extra:?}")?;
            }
        }
        Ok(())
    }
}
