"""A server in this process: it keeps a small ledger, and does to each call what a script says."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from florin._wire import minor, uint128
from florin.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    event_pb2,
    event_pb2_grpc,
    ledger_pb2_grpc,
    payment_pb2,
    payment_pb2_grpc,
)
from florin.v1 import ledger_pb2 as pb


@dataclass(frozen=True)
class Fail:
    """Ends the call with a status before anything is applied; with a reason it is one of Florin's."""

    code: str
    reason: str = ""
    retry_after_s: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def abort(self, context: grpc.ServicerContext) -> NoReturn:
        """Raises it."""
        code = grpc.StatusCode[self.code]
        if self.reason:
            context.set_trailing_metadata((("grpc-status-details-bin", self._details(code)),))
        context.abort(code, "said the fake")
        raise AssertionError("abort raises")

    def _details(self, code: grpc.StatusCode) -> bytes:
        status = status_pb2.Status(code=code.value[0], message="said the fake")
        info = error_details_pb2.ErrorInfo(reason=self.reason, domain="florin.dev", metadata=self.metadata)
        packed = any_pb2.Any()
        packed.Pack(info)
        status.details.append(packed)
        if self.retry_after_s is not None:
            delay = duration_pb2.Duration(nanos=int(self.retry_after_s * 1e9))
            retry = any_pb2.Any()
            retry.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
            status.details.append(retry)
        encoded: bytes = status.SerializeToString()
        return encoded


@dataclass(frozen=True)
class Lose:
    """Applies the call, or on a stream the next transfer, and then ends it without an answer."""

    code: str = "UNAVAILABLE"
    reason: str = ""


@dataclass(frozen=True)
class Late:
    """Applies the call, or the next transfer, and answers after a while."""

    seconds: float


@dataclass(frozen=True)
class WrongId:
    """On a stream: answers the next transfer with an answer to another."""


@dataclass(frozen=True)
class End:
    """On a stream: ends it with OK, although there is more to answer."""


Step = Fail | Lose | Late | WrongId | End | None


class Fake(
    ledger_pb2_grpc.LedgerServiceServicer,
    payment_pb2_grpc.PaymentServiceServicer,
    event_pb2_grpc.EventServiceServicer,
    admin_pb2_grpc.AdminServiceServicer,
):
    """The ledger and its server. `steps` are taken one a call, or one a transfer of a stream; then all goes well."""

    def __init__(
        self, steps: Sequence[Step] = (), feed: Sequence[Sequence[event_pb2.EventBatch | Step]] = (), port: int = 0
    ) -> None:
        """Serves at once. `feed` is what each subscription gets, one after the other."""
        self.steps: deque[Step] = deque(steps)
        self.feed = deque(feed)
        self.lock = threading.Lock()
        self.accounts: dict[str, pb.Account] = {}
        self.transfers: dict[int, pb.TransferResult] = {}
        self.unary_calls = 0
        self.streams = 0
        self.applied: list[int] = []
        self.subscriptions: list[event_pb2.SubscribeRequest] = []
        self.server = grpc.server(futures.ThreadPoolExecutor(16))
        ledger_pb2_grpc.add_LedgerServiceServicer_to_server(self, self.server)
        payment_pb2_grpc.add_PaymentServiceServicer_to_server(self, self.server)
        event_pb2_grpc.add_EventServiceServicer_to_server(self, self.server)
        admin_pb2_grpc.add_AdminServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        self.server.start()

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops at once."""
        self.server.stop(0).wait()

    # What each call does -----------------------------------------------------------------------------------------

    def _begin(self, context: grpc.ServicerContext) -> Step:
        with self.lock:
            self.unary_calls += 1
            step = self.steps.popleft() if self.steps else None
        if isinstance(step, Fail):
            step.abort(context)
        return step

    def _end(self, step: Step, context: grpc.ServicerContext) -> None:
        match step:
            case Late(seconds):
                time.sleep(seconds)
            case Lose(code, reason):
                Fail(code, reason).abort(context)

    def _apply(self, transfer: pb.NewTransfer) -> pb.TransferResult:
        """Posts it, or refuses amount 13."""
        id = minor(transfer.id)
        with self.lock:
            known = self.transfers.get(id)
            if known is not None:
                again = pb.TransferResult()
                again.CopyFrom(known)
                again.replayed = True
                return again
            self.applied.append(id)
            result = pb.TransferResult(id=transfer.id, sequence=len(self.applied), timestamp_ns=7)
            if minor(transfer.amount) == 13:
                result.status = pb.TRANSFER_STATUS_REFUSED
                result.refusal.reason = pb.Refusal.INSUFFICIENT_FUNDS
                result.refusal.message = "too little"
                result.refusal.would_pass.CopyFrom(uint128(12))
            else:
                result.status = pb.TRANSFER_STATUS_POSTED
                result.amount.CopyFrom(transfer.amount)
            self.transfers[id] = result
            return result

    # The calls ---------------------------------------------------------------------------------------------------

    def CreateAccounts(
        self, request: pb.CreateAccountsRequest, context: grpc.ServicerContext
    ) -> pb.CreateAccountsResponse:
        """Opens what has a name."""
        step = self._begin(context)
        response = pb.CreateAccountsResponse()
        for new in request.accounts:
            result = response.results.add()
            if new.asset == "XXX":
                result.refusal.reason = pb.Refusal.ASSET_NOT_FOUND
                continue
            result.id.lo = 1 + len(self.accounts)
            self.accounts[new.key.name] = pb.Account(
                id=result.id, name=new.key.name, asset=pb.Asset(code=new.asset, scale=2), floor=new.floor
            )
        self._end(step, context)
        return response

    def UpdateAccount(
        self, request: pb.UpdateAccountRequest, context: grpc.ServicerContext
    ) -> pb.UpdateAccountResponse:
        """Changes nothing, and gives the account."""
        step = self._begin(context)
        self._end(step, context)
        return pb.UpdateAccountResponse(account=self.accounts[request.account.name])

    def GetAccounts(self, request: pb.GetAccountsRequest, context: grpc.ServicerContext) -> pb.GetAccountsResponse:
        """Those that exist."""
        step = self._begin(context)
        self._end(step, context)
        response = pb.GetAccountsResponse()
        for key in request.accounts:
            if key.name in self.accounts:
                response.accounts.append(self.accounts[key.name])
            else:
                response.missing.append(key)
        return response

    def ListAccounts(self, request: pb.ListAccountsRequest, context: grpc.ServicerContext) -> pb.ListAccountsResponse:
        """Pages of two, whatever is asked for; the second page is empty."""
        step = self._begin(context)
        self._end(step, context)
        found = [account for name, account in self.accounts.items() if name.startswith(request.name_prefix)]
        place, _, gap = request.page_token.partition(".")
        at = int(place or 0)
        if at == 2 and not gap:
            return pb.ListAccountsResponse(next_page_token="2.gap")
        token = str(at + 2) if at + 2 < len(found) else ""
        return pb.ListAccountsResponse(accounts=found[at : at + 2], next_page_token=token)

    def GetBalanceAt(
        self, request: pb.GetBalanceAtRequest, context: grpc.ServicerContext
    ) -> pb.GetBalanceAtResponse:
        """5 owed, resting on event 7; before that, it was not open."""
        step = self._begin(context)
        self._end(step, context)
        account = self.accounts[request.account.name]
        response = pb.GetBalanceAtResponse(account_id=account.id, asset=account.asset, resolved_sequence=9)
        if request.sequence != 6:
            response.opened = True
            response.balance.CopyFrom(pb.Int128(lo=(1 << 64) - 5, hi=-1))
            response.floor.CopyFrom(account.floor)
            response.event_sequence = 7
            response.event_time_ns = request.time_ns
        return response

    def CreateTransfers(
        self, request: pb.CreateTransfersRequest, context: grpc.ServicerContext
    ) -> pb.CreateTransfersResponse:
        """Each on its own, or all as a group."""
        step = self._begin(context)
        if request.mode == pb.TRANSFER_MODE_GROUP:
            refused = next((i for i, new in enumerate(request.transfers) if minor(new.amount) == 13), None)
            if refused is not None:
                refusal = pb.Refusal(reason=pb.Refusal.INSUFFICIENT_FUNDS, member=refused)
                group = pb.GroupResult(id=request.group_id, status=pb.TRANSFER_STATUS_REFUSED, refusal=refusal)
                return pb.CreateTransfersResponse(group=group)
        results = [self._apply(transfer) for transfer in request.transfers]
        self._end(step, context)
        response = pb.CreateTransfersResponse(results=results)
        if request.mode == pb.TRANSFER_MODE_GROUP:
            response.group.id.CopyFrom(request.group_id)
            response.group.status = pb.TRANSFER_STATUS_POSTED
        return response

    def StreamTransfers(
        self, request_iterator: Iterator[pb.NewTransfer], context: grpc.ServicerContext
    ) -> Iterator[pb.TransferResult]:
        """One by one."""
        with self.lock:
            self.streams += 1
        for transfer in request_iterator:
            with self.lock:
                step = self.steps.popleft() if self.steps else None
            match step:
                case Fail():
                    step.abort(context)
                case End():
                    return
                case WrongId():
                    self._apply(transfer)
                    yield pb.TransferResult(id=pb.Uint128(lo=404), status=pb.TRANSFER_STATUS_POSTED)
                    continue
            result = self._apply(transfer)
            self._end(step, context)
            yield result

    def Subscribe(
        self, request: event_pb2.SubscribeRequest, context: grpc.ServicerContext
    ) -> Iterator[event_pb2.EventBatch]:
        """What the script says, and then nothing more until it is canceled."""
        with self.lock:
            self.subscriptions.append(request)
            script = self.feed.popleft() if self.feed else ()
        for step in script:
            match step:
                case event_pb2.EventBatch():
                    yield step
                case Fail():
                    step.abort(context)
                case End():
                    return
        canceled = threading.Event()
        if context.add_callback(canceled.set):
            canceled.wait(20)

    def GetStatus(
        self, request: admin_pb2.GetStatusRequest, context: grpc.ServicerContext
    ) -> admin_pb2.GetStatusResponse:
        """Not accepting."""
        step = self._begin(context)
        self._end(step, context)
        partition = admin_pb2.PartitionStatus(sequence=9)
        partition.assets.add(code="EUR", scale=2, debits_lo=1, debits_hi=2, credits_lo=1, credits_hi=2)
        return admin_pb2.GetStatusResponse(version="0.1.0", not_accepting_reason="DISK_FULL", partitions=[partition])

    def CapturePayment(
        self, request: payment_pb2.CapturePaymentRequest, context: grpc.ServicerContext
    ) -> payment_pb2.PaymentResponse:
        """Refused: more than can be captured."""
        step = self._begin(context)
        self._end(step, context)
        payment = payment_pb2.Payment(
            id=request.payment_id,
            state=payment_pb2.PAYMENT_STATE_REQUIRES_CAPTURE,
            source_account_id=pb.Uint128(lo=1),
            destination_account_id=pb.Uint128(lo=2),
            amount=payment_pb2.Money(amount="5.00", currency="EUR"),
        )
        return payment_pb2.PaymentResponse(payment=payment, refusal=pb.Refusal(reason=pb.Refusal.PAYMENT_EXCEEDED))


def event(sequence: int) -> event_pb2.Event:
    """An event with this sequence."""
    return event_pb2.Event(sequence=sequence, timestamp_ns=sequence, kind=event_pb2.EVENT_KIND_CHECKPOINT)


def batch(*sequences: int, live: bool = False) -> event_pb2.EventBatch:
    """A batch of events, whose cursor is the last sequence."""
    return event_pb2.EventBatch(
        events=[event(sequence) for sequence in sequences], cursor=f"after {max(sequences, default=0)}", live=live
    )
