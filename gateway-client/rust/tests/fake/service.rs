//! The contract, answered from the rules and the script.

use std::pin::Pin;

use florin_proto::v1::admin_service_server::AdminService;
use florin_proto::v1::ledger_service_server::LedgerService;
use florin_proto::v1::refusal::Reason;
use florin_proto::v1::{self, TransferStatus};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::rules::{id_of, refusal};
use super::{Ledger, State, Step};

pub type Answer<T> = Result<Response<T>, Status>;

impl Ledger {
    /// Takes the next step of the script, and answers as it says.
    pub async fn answer<T>(
        &self,
        apply: impl FnOnce(&mut State) -> Result<T, Status>,
    ) -> Answer<T> {
        let step = {
            let mut inner = self.lock();
            inner.calls += 1;
            inner.steps.pop_front().unwrap_or(Step::Answer)
        };
        if let Step::Fail(status) = step {
            return Err(status);
        }
        if let Step::DelayThenApply(delay) = step {
            tokio::time::sleep(delay).await;
        }
        let answer = apply(&mut self.lock().state)?;
        match step {
            Step::ApplyThenDelay(delay) => tokio::time::sleep(delay).await,
            Step::ApplyThenLose => return Err(Status::unavailable("upstream reset")),
            _ => {}
        }
        Ok(Response::new(answer))
    }
}

fn group(state: &mut State, request: &v1::CreateTransfersRequest) -> v1::CreateTransfersResponse {
    let id = request.group_id;
    let results: Vec<_> = request.transfers.iter().map(|t| state.transfer(t)).collect();
    let refused = results.iter().position(|result| result.refusal.is_some());
    let status = match refused {
        Some(_) => TransferStatus::Refused,
        None => TransferStatus::Posted,
    };
    let refusal = refused.map(|member| v1::Refusal {
        member: u32::try_from(member).expect("small groups"),
        ..results[member].refusal.clone().unwrap_or_default()
    });
    v1::CreateTransfersResponse {
        group: Some(v1::GroupResult {
            id,
            status: status.into(),
            sequence: results[0].sequence,
            refusal,
            replayed: results[0].replayed,
        }),
        results,
    }
}

#[tonic::async_trait]
impl LedgerService for Ledger {
    async fn create_assets(
        &self,
        request: Request<v1::CreateAssetsRequest>,
    ) -> Answer<v1::CreateAssetsResponse> {
        self.answer(|state| {
            let assets = request.into_inner().assets.into_iter();
            Ok(v1::CreateAssetsResponse {
                results: assets.map(|asset| state.create_asset(asset)).collect(),
            })
        })
        .await
    }

    async fn list_assets(
        &self,
        _: Request<v1::ListAssetsRequest>,
    ) -> Answer<v1::ListAssetsResponse> {
        self.answer(|state| Ok(v1::ListAssetsResponse { assets: state.assets.clone() })).await
    }

    async fn create_accounts(
        &self,
        request: Request<v1::CreateAccountsRequest>,
    ) -> Answer<v1::CreateAccountsResponse> {
        self.answer(|state| {
            let accounts = request.into_inner().accounts.into_iter();
            Ok(v1::CreateAccountsResponse {
                results: accounts.map(|new| state.create_account(new)).collect(),
            })
        })
        .await
    }

    async fn update_account(
        &self,
        request: Request<v1::UpdateAccountRequest>,
    ) -> Answer<v1::UpdateAccountResponse> {
        self.answer(|state| {
            let request = request.into_inner();
            let account = state
                .accounts
                .get_mut(&id_of(request.account.as_ref()))
                .ok_or(Status::not_found("no such account"))?;
            if request.freeze != 0 {
                account.freeze = request.freeze;
            }
            account.floor = request.floor.or(account.floor);
            account.ceiling = request.ceiling.or(account.ceiling);
            account.closed |= request.close;
            Ok(v1::UpdateAccountResponse { account: Some(account.clone()) })
        })
        .await
    }

    async fn get_accounts(
        &self,
        request: Request<v1::GetAccountsRequest>,
    ) -> Answer<v1::GetAccountsResponse> {
        self.answer(|state| {
            let mut response = v1::GetAccountsResponse::default();
            for key in request.into_inner().accounts {
                match state.account(id_of(Some(&key))) {
                    Some(account) => response.accounts.push(account),
                    None => response.missing.push(key),
                }
            }
            Ok(response)
        })
        .await
    }

    /// Pages of two, whatever is asked for.
    async fn list_accounts(
        &self,
        request: Request<v1::ListAccountsRequest>,
    ) -> Answer<v1::ListAccountsResponse> {
        self.answer(|state| {
            let request = request.into_inner();
            let from: usize = request.page_token.parse().unwrap_or(0);
            let named = |account: &v1::Account| account.name.starts_with(&request.name_prefix);
            let accounts = state.accounts.iter().filter(|(_, account)| named(account));
            let ids: Vec<u128> = accounts.map(|(id, _)| *id).collect();
            let page = ids.iter().skip(from).take(2);
            let next = if from + 2 < ids.len() { (from + 2).to_string() } else { String::new() };
            Ok(v1::ListAccountsResponse {
                accounts: page.filter_map(|&id| state.account(id)).collect(),
                next_page_token: next,
            })
        })
        .await
    }

    async fn create_transfers(
        &self,
        request: Request<v1::CreateTransfersRequest>,
    ) -> Answer<v1::CreateTransfersResponse> {
        let request = request.into_inner();
        self.lock().transfer_calls.push(request.transfers.clone());
        self.answer(|state| {
            if request.mode() == v1::TransferMode::Group {
                return Ok(group(state, &request));
            }
            let transfers = request.transfers.iter();
            Ok(v1::CreateTransfersResponse {
                results: transfers.map(|t| state.transfer(t)).collect(),
                group: None,
            })
        })
        .await
    }

    /// Posts every member, but refuses those of amount zero.
    async fn bulk_transfers(
        &self,
        request: Request<v1::BulkTransfersRequest>,
    ) -> Answer<v1::BulkTransfersResponse> {
        self.answer(|_| {
            let request = request.into_inner();
            let refused = |(index, _): (usize, &u64)| v1::BulkResult {
                index: u32::try_from(index).expect("small batches"),
                result: Some(v1::TransferResult {
                    status: TransferStatus::Refused.into(),
                    refusal: Some(refusal(Reason::AmountZero, "the amount is zero")),
                    ..v1::TransferResult::default()
                }),
            };
            let amounts = request.amount_lo.iter().enumerate();
            let others: Vec<_> = amounts.filter(|(_, lo)| **lo == 0).map(refused).collect();
            let members = u32::try_from(request.id_lo.len()).expect("small batches");
            let refused = u32::try_from(others.len()).expect("small batches");
            Ok(v1::BulkTransfersResponse {
                posted: members - refused,
                refused,
                first_sequence: 5,
                first_timestamp_ns: 6,
                others,
                ..v1::BulkTransfersResponse::default()
            })
        })
        .await
    }

    async fn get_transfers(
        &self,
        request: Request<v1::GetTransfersRequest>,
    ) -> Answer<v1::GetTransfersResponse> {
        self.answer(|state| {
            let mut response = v1::GetTransfersResponse::default();
            for id in request.into_inner().ids {
                let Some(result) = state.transfers.get(&id.into()) else {
                    response.missing.push(id);
                    continue;
                };
                response.transfers.push(record(result));
            }
            Ok(response)
        })
        .await
    }

    type StreamTransfersStream =
        Pin<Box<dyn Stream<Item = Result<v1::TransferResult, Status>> + Send>>;

    /// One step of the script a transfer.
    async fn stream_transfers(
        &self,
        request: Request<Streaming<v1::NewTransfer>>,
    ) -> Answer<Self::StreamTransfersStream> {
        if let Some(status) = self.lock().no_streams.pop_front() {
            return Err(status);
        }
        self.lock().streams += 1;
        let ledger = self.clone();
        let mut transfers = request.into_inner();
        let (sender, answers) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok(Some(transfer)) = transfers.message().await {
                ledger.lock().transfer_calls.push(vec![transfer.clone()]);
                let answer = ledger.answer(|state| Ok(state.transfer(&transfer))).await;
                let ended = answer.is_err();
                if sender.send(answer.map(Response::into_inner)).await.is_err() || ended {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn get_holds(
        &self,
        request: Request<v1::GetHoldsRequest>,
    ) -> Answer<v1::GetHoldsResponse> {
        self.answer(|state| {
            let mut response = v1::GetHoldsResponse::default();
            for id in request.into_inner().ids {
                match state.holds.get(&id.into()) {
                    Some(hold) => response.holds.push(*hold),
                    None => response.missing.push(id),
                }
            }
            Ok(response)
        })
        .await
    }

    /// Pages of two, whatever is asked for, each followed by an empty one. Only the filter by code is obeyed; the last
    /// request is kept.
    async fn list_account_transfers(
        &self,
        request: Request<v1::ListAccountTransfersRequest>,
    ) -> Answer<v1::ListAccountTransfersResponse> {
        self.answer(|state| {
            let request = request.into_inner();
            let account = id_of(request.account.as_ref());
            let mut known: Vec<_> = state.transfers.values().collect();
            known.sort_by_key(|result| std::cmp::Reverse(result.sequence));
            state.statement_request = Some(request.clone());
            if !state.accounts.contains_key(&account) {
                return Err(Status::not_found("no such account"));
            }
            let (from, empty) = match request.page_token.split_once('/') {
                Some((from, _)) => (from.parse().unwrap_or(0), true),
                None => (request.page_token.parse().unwrap_or(0), false),
            };
            if empty {
                let next_page_token = usize::to_string(&from);
                return Ok(v1::ListAccountTransfersResponse {
                    next_page_token,
                    ..v1::ListAccountTransfersResponse::default()
                });
            }
            let more = from + 2 < known.len();
            let next_page_token = if more { format!("{}/empty", from + 2) } else { String::new() };
            let page = known.into_iter().skip(from).take(2);
            Ok(v1::ListAccountTransfersResponse {
                transfers: page.map(record).collect(),
                next_page_token,
                ..v1::ListAccountTransfersResponse::default()
            })
        })
        .await
    }

    /// The balance as it is, resting on event 7 of 9; before that, it was not open.
    async fn get_balance_at(
        &self,
        request: Request<v1::GetBalanceAtRequest>,
    ) -> Answer<v1::GetBalanceAtResponse> {
        self.answer(|state| {
            let request = request.into_inner();
            let account = state.account(id_of(request.account.as_ref()));
            let account = account.ok_or(Status::not_found("no such account"))?;
            let opened = request.at != Some(v1::get_balance_at_request::At::Sequence(6));
            Ok(v1::GetBalanceAtResponse {
                account_id: account.id,
                asset: account.asset,
                opened,
                balance: account.balance,
                debits_pending: Some(3.into()),
                floor: opened.then(|| account.floor.unwrap_or_default()),
                available: Some(4.into()).filter(|_| opened),
                event_sequence: if opened { 7 } else { 0 },
                event_time_ns: if opened { 70 } else { 0 },
                resolved_sequence: 9,
                resolved_time_ns: 90,
            })
        })
        .await
    }
}

const fn snapshot() -> v1::Snapshot {
    v1::Snapshot { id: 7, sequence: 70, taken_at_ns: 700, accounts: 3, holds: 1, bytes: 99 }
}

fn record(result: &v1::TransferResult) -> v1::Transfer {
    v1::Transfer {
        id: result.id,
        status: result.status,
        amount: result.amount,
        requested_amount: result.amount,
        sequence: result.sequence,
        timestamp_ns: result.timestamp_ns,
        debit_balance_after: result.debit_balance_after,
        credit_balance_after: result.credit_balance_after,
        refusal: result.refusal.clone(),
        hold_remaining: result.hold_remaining,
        ..v1::Transfer::default()
    }
}

#[tonic::async_trait]
impl AdminService for Ledger {
    type CreateSnapshotStream = ReceiverStream<Result<v1::SnapshotProgress, Status>>;

    /// In two pieces.
    async fn create_snapshot(
        &self,
        _: Request<v1::CreateSnapshotRequest>,
    ) -> Answer<Self::CreateSnapshotStream> {
        let (tell, told) = mpsc::channel(2);
        for (pieces_done, snapshot) in [(1, None), (2, Some(snapshot()))] {
            let progress =
                v1::SnapshotProgress { pieces_done, pieces_total: 2, bytes: 9, snapshot };
            let _ = tell.send(Ok(progress)).await;
        }
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn list_snapshots(
        &self,
        _: Request<v1::ListSnapshotsRequest>,
    ) -> Answer<v1::ListSnapshotsResponse> {
        Ok(Response::new(v1::ListSnapshotsResponse { snapshots: vec![snapshot()] }))
    }

    async fn delete_snapshot(
        &self,
        request: Request<v1::DeleteSnapshotRequest>,
    ) -> Answer<v1::DeleteSnapshotResponse> {
        let was_there = request.into_inner().id == snapshot().id;
        Ok(Response::new(v1::DeleteSnapshotResponse { was_there }))
    }

    type CreateBackupStream = ReceiverStream<Result<v1::BackupProgress, Status>>;

    async fn create_backup(
        &self,
        request: Request<v1::CreateBackupRequest>,
    ) -> Answer<Self::CreateBackupStream> {
        let v1::CreateBackupRequest { to, full, bytes_per_second } = request.into_inner();
        let (sender, receiver) = mpsc::channel(4);
        let sending = v1::BackupProgress {
            phase: v1::backup_progress::Phase::Sending.into(),
            bytes_done: 3,
            bytes_total: 7,
            ..v1::BackupProgress::default()
        };
        let made = v1::BackupMade { manifest: to, sequence: 9, ..v1::BackupMade::default() };
        let made = v1::BackupProgress { made: Some(made), ..v1::BackupProgress::default() };
        let last =
            if full && bytes_per_second == 5 { Ok(made) } else { Err(Status::internal("no")) };
        for step in [Ok(sending), last] {
            let _ = sender.send(step).await;
        }
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn accept_clock(
        &self,
        _: Request<v1::AcceptClockRequest>,
    ) -> Answer<v1::AcceptClockResponse> {
        self.answer(|state| {
            let was_paused = std::mem::replace(&mut state.clock_accepted, true);
            Ok(v1::AcceptClockResponse { was_paused: !was_paused })
        })
        .await
    }

    async fn get_status(&self, _: Request<v1::GetStatusRequest>) -> Answer<v1::GetStatusResponse> {
        self.answer(|_| {
            Ok(v1::GetStatusResponse {
                version: "0.1.0".to_owned(),
                lineage: "0".repeat(32),
                uptime_s: 61,
                not_accepting_reason: "DISK_FULL".to_owned(),
                partitions: vec![v1::PartitionStatus {
                    sequence: 9,
                    open_holds: 3,
                    timers: 2,
                    due_paused: true,
                    subscribers: 1,
                    snapshot_id: Some(7),
                    snapshot_sequence: 5,
                    snapshot_taken_at_ns: 1_000,
                    events_to_replay: 4,
                    assets: vec![v1::AssetTotals {
                        code: "EUR".to_owned(),
                        scale: 2,
                        debits_lo: 1,
                        debits_hi: 2,
                        credits_lo: 1,
                        credits_hi: 2,
                    }],
                    ..v1::PartitionStatus::default()
                }],
                fork: true,
                ..v1::GetStatusResponse::default()
            })
        })
        .await
    }
}
