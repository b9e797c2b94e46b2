use florin_proto::v1;

use super::Client;
use crate::account::{
    self, Account, AccountOutcome, AccountPage, AccountUpdate, NewAccount, PageToken,
};
use crate::error::Error;
use crate::key::AccountKey;
use crate::listing::Listing;
use crate::record::Lookup;
use crate::retry::Kind;
use crate::wire::{non_empty, required};

/// Accounts a page when all are listed: the most a server gives.
const PAGE_SIZE: u32 = 1_000;

impl Client {
    /// Opens accounts, each on its own. Safe to repeat. One answer an account, in order.
    pub async fn create_accounts(
        &self,
        accounts: impl IntoIterator<Item = NewAccount>,
    ) -> Result<Vec<AccountOutcome>, Error> {
        let request = v1::CreateAccountsRequest {
            accounts: accounts.into_iter().map(|account| account.wire).collect(),
        };
        let response = self
            .call(Kind::Idempotent, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.create_accounts(request).await }
            })
            .await?;
        if response.results.len() != request.accounts.len() {
            return Err(Error::malformed("not one result for each account"));
        }
        response.results.into_iter().map(account::outcome).collect()
    }

    /// Freezes, unfreezes, closes, or sets the floor or ceiling of an account. Gives the account after it.
    ///
    /// A refusal is an [`Error::Fault`] here. Since an update has no id, an attempt whose answer is
    /// lost is not made again but ends in [`Error::Unknown`]: look at the account, then decide.
    pub async fn update_account(&self, update: AccountUpdate) -> Result<Account, Error> {
        let response = self
            .call(Kind::Once, &update.wire, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.update_account(request).await }
            })
            .await?;
        required(response.account, "an update without its account")?.try_into()
    }

    /// Looks accounts up by id or name.
    pub async fn get_accounts<K: Into<AccountKey>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Lookup<Account, AccountKey>, Error> {
        let request = v1::GetAccountsRequest {
            accounts: keys.into_iter().map(|key| key.into().into()).collect(),
        };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.get_accounts(request).await }
            })
            .await?;
        let missing: Result<Vec<_>, Error> =
            response.missing.into_iter().map(AccountKey::from_wire).collect();
        Ok(Lookup { found: accounts(response.accounts)?, missing: missing? })
    }

    /// A page of accounts, 1 to 1,000 of them, from `token` on or from the beginning: in the order of opening, or,
    /// with a prefix that is not empty, those whose name begins with it, in the order of names.
    pub async fn list_accounts(
        &self,
        name_prefix: &str,
        page_size: u32,
        token: Option<PageToken>,
    ) -> Result<AccountPage, Error> {
        let request = v1::ListAccountsRequest {
            page_size,
            page_token: token.map(|token| token.0).unwrap_or_default(),
            name_prefix: name_prefix.to_owned(),
        };
        let response = self
            .call(Kind::Read, &request, |request| {
                let mut ledger = self.ledger.clone();
                async move { ledger.list_accounts(request).await }
            })
            .await?;
        Ok(AccountPage {
            accounts: accounts(response.accounts)?,
            next: non_empty(response.next_page_token).map(PageToken),
        })
    }

    /// Every account in the order of opening, page after page.
    ///
    /// ```no_run
    /// # async fn example(client: florin_client::Client) -> Result<(), florin_client::Error> {
    /// let mut accounts = client.all_accounts();
    /// while let Some(account) = accounts.next().await? {
    ///     println!("{} {}", account.key(), account.asset.format_minor(account.balance_minor));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn all_accounts(&self) -> AllAccounts {
        self.accounts_named("")
    }

    /// Every account whose name begins with this, in the order of names, page after page.
    #[must_use]
    pub fn accounts_named(&self, name_prefix: impl Into<String>) -> AllAccounts {
        AllAccounts {
            client: self.clone(),
            name_prefix: name_prefix.into(),
            listing: Listing::default(),
        }
    }
}

/// Accounts, fetched as they are asked for. See [`Client::all_accounts`] and [`Client::accounts_named`].
#[derive(Debug)]
pub struct AllAccounts {
    client: Client,
    name_prefix: String,
    listing: Listing<Account>,
}

impl AllAccounts {
    /// The next account; `None` after the last. After an error it may be asked again.
    pub async fn next(&mut self) -> Result<Option<Account>, Error> {
        let Self { client, name_prefix, listing } = self;
        let (client, name_prefix) = (&*client, &*name_prefix);
        let fetch = |token| async move {
            let page = client.list_accounts(name_prefix, PAGE_SIZE, token).await?;
            Ok((page.accounts, page.next))
        };
        listing.next(fetch).await
    }
}

fn accounts(accounts: Vec<v1::Account>) -> Result<Vec<Account>, Error> {
    accounts.into_iter().map(Account::try_from).collect()
}
