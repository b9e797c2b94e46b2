//! What people call the accounts that answers name by id.

use std::collections::HashMap;

use florin_client::{AccountId, AccountKey, Asset, Client};

/// Most accounts to remember. Above, all are forgotten and asked for again.
const KNOWN_MAX: usize = 100_000;
/// Accounts in one question: the most a server takes.
const ASKED_MAX: usize = 8_190;

/// Names and assets of accounts, asked for once. Only for showing them: where there is no answer, an id is shown.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashMap<AccountId, (AccountKey, Asset)>,
}

impl Names {
    /// Asks for those that are not known yet.
    pub async fn learn(&mut self, client: &Client, ids: impl IntoIterator<Item = AccountId>) {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        let mut unknown: Vec<_> =
            ids.into_iter().filter(|id| id.0 != 0 && !self.known.contains_key(id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        for asked in unknown.chunks(ASKED_MAX) {
            let Ok(lookup) = client.get_accounts(asked.iter().copied()).await else {
                return;
            };
            for account in &lookup.found {
                self.note(account.id, account.key(), account.asset.clone());
            }
        }
    }

    /// Takes note of an account that was seen.
    pub fn note(&mut self, id: AccountId, key: AccountKey, asset: Asset) {
        self.known.insert(id, (key, asset));
    }

    /// Name or id, whichever people know it by.
    pub fn of(&self, id: AccountId) -> AccountKey {
        self.known.get(&id).map_or(AccountKey::Id(id), |(key, _)| key.clone())
    }

    /// What it holds, if that is known.
    pub fn asset_of(&self, id: AccountId) -> Option<&Asset> {
        self.known.get(&id).map(|(_, asset)| asset)
    }
}
