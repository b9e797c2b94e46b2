//! `florin.v1.LedgerService`.

use florin_actors::Engine;
use florin_actors::command::{Answer, Command, TransfersAnswer, Unavailable};
use florin_engine::{Fault, Opened, Registered, Tenant};
use florin_proto::v1;
use florin_proto::v1::ledger_service_server::LedgerService;
use florin_proto::v1::refusal::Reason;
use prost::Message;
use tonic::{Request, Response, Status};

use super::{ReadPool, balance, fault, listing, statement, stream};
use crate::translate;
use crate::translate::Checked;

/// Until there are credentials, everybody is the same tenant.
pub(super) const TENANT: Tenant = 0;

/// Limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct RpcLimits {
    /// Most members of a batch.
    pub batch_members: usize,
    /// Largest message, both ways.
    pub message_bytes: usize,
}

/// Accounts and transfers.
#[derive(Debug)]
pub struct Ledger {
    /// The engine.
    pub engine: Engine,
    /// Its lineage.
    pub lineage: [u8; 16],
    /// Limits of a call.
    pub limits: RpcLimits,
    /// Where statements and listings read.
    pub reads: ReadPool,
}

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl LedgerService for Ledger {
    async fn create_assets(
        &self,
        request: Request<v1::CreateAssetsRequest>,
    ) -> Answered<v1::CreateAssetsResponse> {
        let wire = request.into_inner().assets;
        self.check_len(wire.len())?;
        let (good, faults) = split(wire.iter().map(translate::new_asset));
        let registered = match self.call_if(!good.is_empty(), Command::RegisterAssets(good)).await?
        {
            Some(Answer::Registered(registered)) => registered,
            _ => Vec::new(),
        };
        let results = merge(wire.len(), faults, registered, |fault, registered| {
            let refused = match registered {
                Some(Registered::Refused(fault)) => Some(fault),
                _ => fault,
            };
            v1::CreateAssetResult {
                code: String::new(),
                refusal: refused.map(translate::fault_to_wire),
                replayed: registered == Some(Registered::Before),
            }
        });
        let with_code = |(mut result, asset): (v1::CreateAssetResult, v1::Asset)| {
            result.code = asset.code;
            result
        };
        let results = results.zip(wire).map(with_code).collect();
        Ok(Response::new(v1::CreateAssetsResponse { results }))
    }

    async fn list_assets(
        &self,
        _: Request<v1::ListAssetsRequest>,
    ) -> Answered<v1::ListAssetsResponse> {
        match self.call(Command::ListAssets).await? {
            Answer::Assets(assets) => {
                let assets = assets.iter().map(translate::asset_to_wire).collect();
                Ok(Response::new(v1::ListAssetsResponse { assets }))
            }
            _ => Err(other_answer()),
        }
    }

    async fn create_accounts(
        &self,
        request: Request<v1::CreateAccountsRequest>,
    ) -> Answered<v1::CreateAccountsResponse> {
        let wire = request.into_inner().accounts;
        self.check_len(wire.len())?;
        let id_of = |new: &v1::NewAccount| translate::account_key(new.key.as_ref(), "key").ok();
        let ids: Vec<_> = wire.iter().map(id_of).collect();
        let new = wire.iter().map(|new| translate::new_account(TENANT, new));
        let (good, faults) = split(new);
        let opened = match self.call_if(!good.is_empty(), Command::OpenAccounts(good)).await? {
            Some(Answer::Opened(opened)) => opened,
            _ => Vec::new(),
        };
        let results = merge(wire.len(), faults, opened, |fault, opened| match opened {
            Some(Opened::Now(sequence)) => created(sequence, false),
            Some(Opened::Before(sequence)) => created(sequence, true),
            Some(Opened::Refused(fault)) => not_created(Some(fault)),
            None => not_created(fault),
        });
        let with_id = |(mut result, id): (v1::CreateAccountResult, Option<u128>)| {
            result.id = id.map(Into::into);
            result
        };
        let results = results.zip(ids).map(with_id).collect();
        Ok(Response::new(v1::CreateAccountsResponse { results }))
    }

    async fn update_account(
        &self,
        request: Request<v1::UpdateAccountRequest>,
    ) -> Answered<v1::UpdateAccountResponse> {
        let change = translate::change(TENANT, &request.into_inner())
            .map_err(|fault| fault::refusal(&translate::fault_to_wire(fault)))?;
        match self.call(Command::UpdateAccount(change)).await? {
            Answer::Updated(Ok(account)) => {
                let account = Some(translate::account_to_wire(*account));
                Ok(Response::new(v1::UpdateAccountResponse { account }))
            }
            Answer::Updated(Err(refusal)) => {
                Err(fault::refusal(&translate::refusal_to_wire(&refusal)))
            }
            _ => Err(other_answer()),
        }
    }

    async fn get_accounts(
        &self,
        request: Request<v1::GetAccountsRequest>,
    ) -> Answered<v1::GetAccountsResponse> {
        let keys = request.into_inner().accounts;
        self.check_len(keys.len())?;
        let ids = keys.iter().map(|key| translate::account_key(Some(key), "accounts"));
        let ids = ids
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| fault::refusal(&translate::fault_to_wire(fault)))?;
        let Answer::Accounts(found) =
            self.call(Command::GetAccounts { tenant: TENANT, ids }).await?
        else {
            return Err(other_answer());
        };
        let mut response = v1::GetAccountsResponse::default();
        let mut room = self.answer_room();
        for (account, key) in found.into_iter().zip(keys) {
            match account {
                Some(account) => {
                    response.accounts.push(room.take(translate::account_to_wire(account))?);
                }
                None => response.missing.push(room.take(key)?),
            }
        }
        Ok(Response::new(response))
    }

    async fn list_accounts(
        &self,
        request: Request<v1::ListAccountsRequest>,
    ) -> Answered<v1::ListAccountsResponse> {
        listing::accounts(self, request.into_inner()).await
    }

    async fn create_transfers(
        &self,
        request: Request<v1::CreateTransfersRequest>,
    ) -> Answered<v1::CreateTransfersResponse> {
        let v1::CreateTransfersRequest { mode, group_id, transfers } = request.into_inner();
        self.check_len(transfers.len())?;
        let group = group(mode, group_id)?;
        let mut checked = translate::transfers_batch(TENANT, group, &transfers);
        let response = match self.execute(&mut checked).await? {
            Executed::Answer(answer) => translate::transfers_answer(&checked, answer),
            Executed::GroupTooLarge(response) => response,
        };
        Ok(Response::new(response))
    }

    async fn bulk_transfers(
        &self,
        request: Request<v1::BulkTransfersRequest>,
    ) -> Answered<v1::BulkTransfersResponse> {
        let wire = request.into_inner();
        self.check_len(wire.id_lo.len())?;
        let group = group(wire.mode, wire.group_id)?;
        let mut checked = translate::bulk_batch(TENANT, group, &wire).map_err(|column| {
            let message = format!("{column}: not as long as id_lo");
            let column = [("field", column.to_owned())];
            fault::status(Reason::ColumnsMalformed, message, column)
        })?;
        drop(wire);
        let response = match self.execute(&mut checked).await? {
            Executed::Answer(answer) => translate::bulk_answer(&checked, answer),
            Executed::GroupTooLarge(response) => translate::bulk_of_group(response),
        };
        Ok(Response::new(response))
    }

    type StreamTransfersStream = stream::Answers;

    async fn stream_transfers(
        &self,
        request: Request<tonic::Streaming<v1::NewTransfer>>,
    ) -> Answered<stream::Answers> {
        let members_max = self.limits.batch_members;
        let answers = stream::run(self.engine.clone(), TENANT, request.into_inner(), members_max);
        Ok(Response::new(answers))
    }

    async fn get_holds(
        &self,
        request: Request<v1::GetHoldsRequest>,
    ) -> Answered<v1::GetHoldsResponse> {
        let wire = request.into_inner().ids;
        self.check_len(wire.len())?;
        let ids = wire.iter().map(|id| u128::from(*id)).collect();
        let command = Command::GetHolds { tenant: TENANT, ids };
        let Answer::Holds(found) = self.call(command).await? else { return Err(other_answer()) };
        let mut response = v1::GetHoldsResponse::default();
        let mut room = self.answer_room();
        for (hold, id) in found.iter().zip(wire) {
            match hold {
                Some(hold) => response.holds.push(room.take(translate::hold_to_wire(hold))?),
                None => response.missing.push(room.take(id)?),
            }
        }
        Ok(Response::new(response))
    }

    async fn list_account_transfers(
        &self,
        request: Request<v1::ListAccountTransfersRequest>,
    ) -> Answered<v1::ListAccountTransfersResponse> {
        statement::list(self, request.into_inner()).await
    }

    async fn get_balance_at(
        &self,
        request: Request<v1::GetBalanceAtRequest>,
    ) -> Answered<v1::GetBalanceAtResponse> {
        balance::at(self, request.into_inner()).await
    }

    async fn get_transfers(
        &self,
        request: Request<v1::GetTransfersRequest>,
    ) -> Answered<v1::GetTransfersResponse> {
        let wire = request.into_inner().ids;
        self.check_len(wire.len())?;
        let ids = wire.iter().map(|id| u128::from(*id)).collect();
        let command = Command::GetTransfers { tenant: TENANT, ids };
        let Answer::Found(found) = self.call(command).await? else { return Err(other_answer()) };
        let mut response = v1::GetTransfersResponse::default();
        let mut room = self.answer_room();
        for (transfer, id) in found.iter().zip(wire) {
            match transfer {
                Some(transfer) => {
                    response.transfers.push(room.take(translate::found_to_wire(transfer))?);
                }
                None => response.missing.push(room.take(id)?),
            }
        }
        Ok(Response::new(response))
    }
}

/// What became of a checked batch.
enum Executed {
    Answer(Option<TransfersAnswer>),
    GroupTooLarge(v1::CreateTransfersResponse),
}

impl Ledger {
    pub(super) async fn call(&self, command: Command) -> Result<Answer, Status> {
        match self.engine.call(command).await {
            Answer::Unavailable(why) => Err(fault::unavailable(why)),
            answer => Ok(answer),
        }
    }

    async fn call_if(&self, needed: bool, command: Command) -> Result<Option<Answer>, Status> {
        if needed { self.call(command).await.map(Some) } else { Ok(None) }
    }

    async fn execute(&self, checked: &mut Checked) -> Result<Executed, Status> {
        let Some(batch) = checked.batch.take() else { return Ok(Executed::Answer(None)) };
        match (self.engine.call(Command::Transfers(batch)).await, checked.group) {
            (Answer::Transfers(answer), _) => Ok(Executed::Answer(Some(answer))),
            (Answer::Unavailable(Unavailable::TooLarge { limit_bytes, .. }), Some(group)) => {
                let response = translate::too_large_group(group, &checked.ids, limit_bytes);
                Ok(Executed::GroupTooLarge(response))
            }
            (Answer::Unavailable(why), _) => Err(fault::unavailable(why)),
            _ => Err(other_answer()),
        }
    }

    fn check_len(&self, len: usize) -> Result<(), Status> {
        let limit = self.limits.batch_members;
        if len == 0 {
            return Err(fault::status(Reason::BatchEmpty, "nothing is asked for", []));
        }
        if len > limit {
            let message = format!("{len} members, at most {limit} are taken: send them in parts");
            let limit = [("limit", limit.to_string())];
            return Err(fault::status(Reason::BatchTooLarge, message, limit));
        }
        Ok(())
    }

    fn answer_room(&self) -> AnswerRoom {
        let limit_bytes = self.limits.message_bytes;
        AnswerRoom { limit_bytes, left_bytes: limit_bytes }
    }
}

/// What an answer may still take. One that the caller's transport would refuse is refused here, with a
/// reason, and before it is built.
struct AnswerRoom {
    limit_bytes: usize,
    left_bytes: usize,
}

impl AnswerRoom {
    fn take<T: Message>(&mut self, part: T) -> Result<T, Status> {
        // Tag and length of the part come on top.
        let bytes = part.encoded_len() + 8;
        let Some(left_bytes) = self.left_bytes.checked_sub(bytes) else {
            let limit = self.limit_bytes;
            let message = format!("the answer is larger than {limit} bytes: ask for fewer at once");
            let limit = [("limit_bytes", limit.to_string())];
            return Err(fault::status(Reason::MessageTooLarge, message, limit));
        };
        self.left_bytes = left_bytes;
        Ok(part)
    }
}

/// The group's id, zero if it is missing; `None` for an independent batch.
fn group(mode: i32, id: Option<v1::Uint128>) -> Result<Option<u128>, Status> {
    let id = id.map_or(0, u128::from);
    match v1::TransferMode::try_from(mode) {
        Ok(v1::TransferMode::Group) => Ok(Some(id)),
        Ok(_) if id == 0 => Ok(None),
        Ok(_) => {
            let message =
                "a group id on an independent batch: set the mode to GROUP, or drop the id";
            Err(fault::status(Reason::GroupIdUnexpected, message, []))
        }
        Err(_) => {
            let message = format!("{mode} is no mode: INDEPENDENT is 1, GROUP is 2");
            Err(fault::status(Reason::ModeUnknown, message, [("field", "mode".to_owned())]))
        }
    }
}

fn created(sequence: u64, replayed: bool) -> v1::CreateAccountResult {
    v1::CreateAccountResult { id: None, refusal: None, replayed, sequence }
}

fn not_created(fault: Option<Fault>) -> v1::CreateAccountResult {
    let refusal = fault.map(translate::fault_to_wire);
    v1::CreateAccountResult { id: None, refusal, replayed: false, sequence: 0 }
}

/// Well-formed members, and the faults of the others by index.
fn split<T>(members: impl Iterator<Item = Result<T, Fault>>) -> (Vec<T>, Vec<(usize, Fault)>) {
    let (mut good, mut faults) = (Vec::new(), Vec::new());
    for (index, member) in members.enumerate() {
        match member {
            Ok(member) => good.push(member),
            Err(fault) => faults.push((index, fault)),
        }
    }
    (good, faults)
}

/// Answers in the order of the request: the faults where they were found, the engine's between them.
fn merge<A: Copy, R>(
    len: usize,
    faults: Vec<(usize, Fault)>,
    answers: Vec<A>,
    mut result: impl FnMut(Option<Fault>, Option<A>) -> R,
) -> impl Iterator<Item = R> {
    let mut faults = faults.into_iter().peekable();
    let mut answers = answers.into_iter();
    (0..len).map(move |index| match faults.next_if(|(at, _)| *at == index) {
        Some((_, fault)) => result(Some(fault), None),
        None => result(None, answers.next()),
    })
}

pub(super) fn other_answer() -> Status {
    Status::internal("the engine answered another question")
}
