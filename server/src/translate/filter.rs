//! Which events a subscriber wants.

use std::collections::HashSet;

use florin_engine::{AssetCode, Body, Event, Tenant};
use florin_proto::{name, v1};

use super::account::account_key;
use super::event::{Side, event_kind, own_asset};

/// Most entries of a list.
const ENTRIES_MAX: usize = 1_000;

/// A filter that makes sense. Empty lists let everything through.
#[derive(Debug)]
pub struct Filter {
    tenant: Tenant,
    accounts: HashSet<u128>,
    name_prefixes: Vec<String>,
    assets: HashSet<AssetCode>,
    /// A bit a kind; all of them if none was named.
    kinds: u32,
}

impl Filter {
    /// # Errors
    /// The field that makes no sense.
    pub fn new(tenant: Tenant, wire: &v1::EventFilter) -> Result<Self, &'static str> {
        let v1::EventFilter { accounts, name_prefixes, assets, kinds } = wire;
        for (len, field) in [
            (accounts.len(), "filter.accounts"),
            (name_prefixes.len(), "filter.name_prefixes"),
            (assets.len(), "filter.assets"),
            (kinds.len(), "filter.kinds"),
        ] {
            if len > ENTRIES_MAX {
                return Err(field);
            }
        }
        let account = |key| account_key(Some(key), "").map_err(|_| "filter.accounts");
        let prefix = |prefix: &String| {
            is_name_prefix(prefix).then(|| prefix.clone()).ok_or("filter.name_prefixes")
        };
        let asset = |code: &String| AssetCode::new(code).ok_or("filter.assets");
        let kind = |kind: &i32| match v1::EventKind::try_from(*kind) {
            Ok(v1::EventKind::Unspecified) | Err(_) => Err("filter.kinds"),
            Ok(kind) => Ok(bit(kind)),
        };
        let bits: Result<Vec<u32>, _> = kinds.iter().map(kind).collect();
        Ok(Self {
            tenant,
            accounts: accounts.iter().map(account).collect::<Result<_, _>>()?,
            name_prefixes: name_prefixes.iter().map(prefix).collect::<Result<_, _>>()?,
            assets: assets.iter().map(asset).collect::<Result<_, _>>()?,
            kinds: if kinds.is_empty() {
                u32::MAX
            } else {
                bits?.into_iter().fold(0, |bits, bit| bits | bit)
            },
        })
    }

    /// Whether it lets everything through that the tenant may see.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
            && self.name_prefixes.is_empty()
            && self.assets.is_empty()
            && self.kinds == u32::MAX
    }

    /// Whether an event may pass, as far as can be said without its accounts.
    pub fn may_pass(&self, event: &Event) -> bool {
        let tenant = tenant_of(&event.body);
        self.kinds & bit(event_kind(&event.body)) != 0 && tenant.is_none_or(|of| of == self.tenant)
    }

    /// Whether an event that [may pass](Self::may_pass) does, with these accounts.
    pub fn passes(&self, event: &Event, sides: &[Option<Side<'_>>; 2]) -> bool {
        let any = |is_so: &dyn Fn(&Side<'_>) -> bool| sides.iter().flatten().any(is_so);
        let accounts = self.accounts.is_empty()
            || any(&|side| self.accounts.contains(&side.id))
            || failed_on(&event.body).is_some_and(|id| self.accounts.contains(&id));
        let begins =
            |name: &str| self.name_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let names = self.name_prefixes.is_empty() || any(&|side| begins(side.name));
        let wanted = |code: AssetCode| self.assets.contains(&code);
        let assets = self.assets.is_empty()
            || any(&|side| side.asset.is_some_and(|asset| wanted(asset.code)))
            || own_asset(event).is_some_and(wanted);
        accounts && names && assets
    }
}

/// Whether it can be the beginning of a name.
pub fn is_name_prefix(prefix: &str) -> bool {
    name::is_valid(prefix)
}

const fn bit(kind: v1::EventKind) -> u32 {
    1 << kind as u32
}

/// Whose event it is; `None` if it is everybody's.
const fn tenant_of(body: &Body) -> Option<Tenant> {
    match body {
        Body::AccountOpened(opened) => Some(opened.tenant),
        Body::AccountUpdated(updated) => Some(updated.tenant),
        Body::TransferPosted(posted) => Some(posted.tenant),
        Body::Hold(hold) => Some(hold.tenant),
        Body::TransferRefused(refused) => Some(refused.tenant),
        Body::GroupRefused(refused) => Some(refused.tenant),
        Body::AssetRegistered(_) | Body::DigestTaken { .. } => None,
    }
}

/// The account on which a group failed: all that is known of its accounts.
fn failed_on(body: &Body) -> Option<u128> {
    match body {
        Body::GroupRefused(refused) => Some(refused.refusal.account).filter(|id| *id != 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut v1::EventFilter);

    #[test]
    fn what_makes_no_sense() {
        let rows: [(Change, Result<(), &str>); 18] = [
            (|_| (), Ok(())),
            (|f| f.accounts = vec!["a".into(), 7.into()], Ok(())),
            (|f| f.accounts = vec![v1::AccountKey { key: None }], Err("filter.accounts")),
            (|f| f.accounts = vec![0.into()], Err("filter.accounts")),
            (|f| f.accounts = vec!["two words".into()], Err("filter.accounts")),
            (|f| f.accounts = vec![7.into(); 1_000], Ok(())),
            (|f| f.accounts = vec![7.into(); 1_001], Err("filter.accounts")),
            (|f| f.name_prefixes = vec!["customer:".into()], Ok(())),
            (|f| f.name_prefixes = vec![String::new()], Err("filter.name_prefixes")),
            (|f| f.name_prefixes = vec!["a b".into()], Err("filter.name_prefixes")),
            (|f| f.name_prefixes = vec!["x".repeat(129)], Err("filter.name_prefixes")),
            (|f| f.name_prefixes = vec!["a".into(); 1_001], Err("filter.name_prefixes")),
            (|f| f.assets = vec!["EUR".into(), "NOT_YET".into()], Ok(())),
            (|f| f.assets = vec!["euro".into()], Err("filter.assets")),
            (|f| f.assets = vec!["EUR".into(); 1_001], Err("filter.assets")),
            (|f| f.kinds = vec![1, 9, 9], Ok(())),
            (|f| f.kinds = vec![0], Err("filter.kinds")),
            (|f| f.kinds = vec![1, 10], Err("filter.kinds")),
        ];
        for (row, (change, expected)) in rows.into_iter().enumerate() {
            let mut wire = v1::EventFilter::default();
            change(&mut wire);
            let filter = Filter::new(0, &wire);
            assert_eq!(filter.as_ref().map(|_| ()).map_err(|field| *field), expected, "row {row}");
            let is_empty = filter.is_ok_and(|filter| filter.is_empty());
            assert_eq!(is_empty, row == 0, "row {row}");
        }
    }
}
