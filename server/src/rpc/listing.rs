//! `ListAccounts`: which accounts there are stands in the directory, how they are is asked of the partition.

use std::sync::Arc;

use florin_actors::command::{Answer, Command};
use florin_engine::Slot;
use florin_proto::v1;
use tonic::{Response, Status};

use super::ledger::{Ledger, TENANT, other_answer};
use super::page::{self, Page};
use super::token::{Kind, seal};
use crate::translate;

/// Slots that one page may look at.
const SCAN_SLOTS: u32 = 8_192;

type Listed = Result<Response<v1::ListAccountsResponse>, Status>;

/// Lists accounts, in the order of opening or by name.
pub(super) async fn accounts(ledger: &Ledger, request: v1::ListAccountsRequest) -> Listed {
    let v1::ListAccountsRequest { page_size, page_token, name_prefix } = request;
    let size = page::size(page_size)?;
    if name_prefix.is_empty() {
        in_order_of_opening(ledger, size, &page_token).await
    } else {
        by_name(ledger, size, &page_token, name_prefix).await
    }
}

async fn in_order_of_opening(ledger: &Ledger, size: usize, page_token: &str) -> Listed {
    let context: [&[u8]; 1] = [&ledger.lineage];
    let from = page::from_number(Kind::Accounts, &context, page_token)?.unwrap_or(0);
    let from = Slot::try_from(from).map_err(|_| page::token_invalid())?;
    let directory = ledger.engine.feed().directory();
    let (found, next) = directory.accounts_from(TENANT, from, size, SCAN_SLOTS);
    let (accounts, taken) = read(ledger, size, found.iter().map(|(_, id)| *id)).await?;
    let next = found.get(taken).map(|(slot, _)| *slot).or(next);
    let go_on = |slot: Slot| seal(Kind::Accounts, &context, &u64::from(slot).to_le_bytes());
    let next_page_token = next.map(go_on).unwrap_or_default();
    Ok(Response::new(v1::ListAccountsResponse { accounts, next_page_token }))
}

async fn by_name(ledger: &Ledger, size: usize, page_token: &str, prefix: String) -> Listed {
    if !translate::is_name_prefix(&prefix) {
        return Err(page::filter_invalid("name_prefix"));
    }
    let context: [&[u8]; 2] = [&ledger.lineage, prefix.as_bytes()];
    let after = page::from(Kind::AccountsByName, &context, page_token)?;
    let after = after.map(String::from_utf8).transpose().map_err(|_| page::token_invalid())?;
    let (feed, of) = (Arc::clone(ledger.engine.feed()), prefix.clone());
    // One more than fits says whether more follow.
    let search = move || feed.directory().accounts_by_name(TENANT, &of, after.as_deref(), size + 1);
    let found = ledger.reads.run(search).await?;
    let (accounts, taken) = read(ledger, size, found.iter().take(size).map(|(_, id)| *id)).await?;
    let last = found[..taken].last().filter(|_| taken < found.len());
    let go_on = |(name, _): &(String, u128)| seal(Kind::AccountsByName, &context, name.as_bytes());
    let next_page_token = last.map(go_on).unwrap_or_default();
    Ok(Response::new(v1::ListAccountsResponse { accounts, next_page_token }))
}

/// Accounts as they are, as many as fit a page; and how many those are.
async fn read(
    ledger: &Ledger,
    size: usize,
    ids: impl Iterator<Item = u128>,
) -> Result<(Vec<v1::Account>, usize), Status> {
    let ids: Vec<u128> = ids.collect();
    if ids.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let command = Command::GetAccounts { tenant: TENANT, ids };
    let Answer::Accounts(found) = ledger.call(command).await? else { return Err(other_answer()) };
    let mut page = Page::new(size, ledger.limits.message_bytes);
    // All of them exist: what is in the directory is durable.
    let wire = found.into_iter().flatten().map(translate::account_to_wire);
    let taken = wire.map_while(|account| page.add(account).then_some(())).count();
    Ok((page.entries(), taken))
}
