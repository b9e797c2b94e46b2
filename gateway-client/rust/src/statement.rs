//! What has changed an account.

use florin_proto::v1;

use crate::account::PageToken;
use crate::client::Client;
use crate::error::Error;
use crate::hold::TransferKind;
use crate::key::AccountKey;
use crate::listing::Listing;
use crate::record::TransferRecord;
use crate::retry::Kind;
use crate::wire::non_empty;

/// Transfers a page: the most a server gives.
const PAGE_SIZE: u32 = 1_000;

/// A side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// It pays.
    Debit,
    /// It receives.
    Credit,
}

/// What has changed an account, newest first, fetched as it is asked for. See [`Client::statement`].
///
/// Filters are set before the first [`next`](Self::next); each narrows it down further.
#[derive(Debug)]
pub struct Statement {
    client: Client,
    request: v1::ListAccountTransfersRequest,
    listing: Listing<TransferRecord>,
}

impl Client {
    /// What has changed an account, newest first, page after page.
    ///
    /// ```no_run
    /// # async fn example(client: florin_client::Client) -> Result<(), florin_client::Error> {
    /// let mut statement = client.statement("alice").code(7);
    /// while let Some(transfer) = statement.next().await? {
    ///     println!("{} {:?}", transfer.id, transfer.outcome);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn statement(&self, account: impl Into<AccountKey>) -> Statement {
        Statement {
            client: self.clone(),
            request: v1::ListAccountTransfersRequest {
                account: Some(account.into().into()),
                page_size: PAGE_SIZE,
                ..v1::ListAccountTransfersRequest::default()
            },
            listing: Listing::default(),
        }
    }
}

impl Statement {
    /// Only from this time on, nanoseconds since 1970.
    #[must_use]
    pub fn from_ns(mut self, ns: u64) -> Self {
        self.request.from_ns = ns;
        self
    }

    /// Only before this time, nanoseconds since 1970. The server goes there at once, however much came after.
    #[must_use]
    pub fn until_ns(mut self, ns: u64) -> Self {
        self.request.until_ns = ns;
        self
    }

    /// Only those in which the account is on this side.
    #[must_use]
    pub fn side(mut self, side: Side) -> Self {
        self.request.set_side(match side {
            Side::Debit => v1::AccountSide::Debit,
            Side::Credit => v1::AccountSide::Credit,
        });
        self
    }

    /// Only those of these kinds.
    #[must_use]
    pub fn kinds(mut self, kinds: impl IntoIterator<Item = TransferKind>) -> Self {
        self.request.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// Only those with this code.
    #[must_use]
    pub fn code(mut self, code: u32) -> Self {
        self.request.code = Some(code);
        self
    }

    /// How many are fetched at a time, 1 to 1,000. Default 1,000.
    #[must_use]
    pub fn page_size(mut self, transfers: u32) -> Self {
        self.request.page_size = transfers;
        self
    }

    /// The next transfer, which is an older one; `None` after the last. After an error it may be asked again.
    pub async fn next(&mut self) -> Result<Option<TransferRecord>, Error> {
        let Self { client, request, listing } = self;
        let (client, request) = (&*client, &*request);
        let fetch = |token| async move {
            let page = fetch(client, request, token).await?;
            Ok((page.transfers, page.next))
        };
        listing.next(fetch).await
    }

    /// A page of its own, from `token` on or the newest: for those who keep tokens to come back to. It has nothing to
    /// do with how far [`next`](Self::next) is.
    pub async fn page(&self, token: Option<PageToken>) -> Result<StatementPage, Error> {
        fetch(&self.client, &self.request, token).await
    }
}

/// A page of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementPage {
    /// What has changed the account, newest first. There may be fewer than asked for, or none, although more follow.
    pub transfers: Vec<TransferRecord>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<PageToken>,
}

async fn fetch(
    client: &Client,
    request: &v1::ListAccountTransfersRequest,
    token: Option<PageToken>,
) -> Result<StatementPage, Error> {
    let request = v1::ListAccountTransfersRequest {
        page_token: token.map(|token| token.0).unwrap_or_default(),
        ..request.clone()
    };
    let response = client
        .call(Kind::Read, &request, |request| {
            let mut ledger = client.ledger.clone();
            async move { ledger.list_account_transfers(request).await }
        })
        .await?;
    let transfers: Result<Vec<_>, Error> =
        response.transfers.into_iter().map(TransferRecord::try_from).collect();
    let next = non_empty(response.next_page_token).map(PageToken);
    Ok(StatementPage { transfers: transfers?, next })
}
