"""Transfers and holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from florin import _retry
from florin._bulk import BulkOutcome, BulkTransfers, bulk_of_wire
from florin._calls.base import Caller, accepted, pages
from florin._exceptions import Malformed, Refused
from florin._ids import AccountKey, GroupId, TransferId
from florin._money import check_int
from florin._outcome import GroupPosted, Posted, group_of_wire, outcome_of_wire, outcomes_of_wire
from florin._record import Hold, Lookup, TransferRecord
from florin._retry import Attempts, Kind
from florin._transfer import (
    AtDue,
    Capture,
    ChangeHold,
    Member,
    NewHold,
    Release,
    Reverse,
    Transfer,
    TransferKind,
    id_to_wire,
)
from florin._wire import WireEnum, key_to_wire, minor, uint128
from florin.v1 import ledger_pb2 as pb

# Larger than this is no transfer that the contract allows. It travels alone, and is refused alone.
_STREAMED_BYTES = 64 << 10
# Transfers a page of a statement: the most a server gives.
_PAGE_SIZE = 1_000


class Side(WireEnum):
    """A side of a transfer."""

    UNKNOWN = -1
    #: It pays.
    DEBIT = pb.ACCOUNT_SIDE_DEBIT
    #: It receives.
    CREDIT = pb.ACCOUNT_SIDE_CREDIT


class TransferCalls(Caller):
    """Transfers and holds.

    Calls about one transfer raise `Refused`, may come from many threads, and then share one stream. After
    `OutcomeUnknown` make the same call again with the same id: it is never done twice.
    """

    def transfer(
        self,
        id: TransferId,
        *,
        debit: AccountKey,
        credit: AccountKey,
        amount_minor: int,
        up_to_available: bool = False,
        asset: str = "",
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Moves money: `debit` pays, `credit` receives. See `Transfer`."""
        return self.submit(
            Transfer(
                id,
                debit,
                credit,
                amount_minor,
                up_to_available=up_to_available,
                asset=asset,
                code=code,
                value_date=value_date,
                metadata=metadata or {},
            )
        )

    def hold(
        self,
        id: TransferId,
        *,
        debit: AccountKey,
        credit: AccountKey,
        amount_minor: int,
        due_at_ns: int = 0,
        at_due: AtDue | None = None,
        up_to_available: bool = False,
        asset: str = "",
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Reserves money of `debit` for `credit`. See `NewHold`."""
        return self.submit(
            NewHold(
                id,
                debit,
                credit,
                amount_minor,
                due_at_ns=due_at_ns,
                at_due=at_due,
                up_to_available=up_to_available,
                asset=asset,
                code=code,
                value_date=value_date,
                metadata=metadata or {},
            )
        )

    def capture(
        self,
        id: TransferId,
        *,
        hold: TransferId,
        amount_minor: int | None = None,
        release_rest: bool = False,
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Moves what a hold reserves: an amount, or all that is left."""
        return self.submit(
            Capture(
                id,
                hold,
                amount_minor,
                release_rest=release_rest,
                code=code,
                value_date=value_date,
                metadata=metadata or {},
            )
        )

    def release(
        self,
        id: TransferId,
        *,
        hold: TransferId,
        amount_minor: int | None = None,
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Gives back what a hold reserves: an amount, or all that is left."""
        return self.submit(Release(id, hold, amount_minor, code=code, value_date=value_date, metadata=metadata or {}))

    def change_hold(
        self,
        id: TransferId,
        *,
        hold: TransferId,
        increase_minor: int | None = None,
        due_at_ns: int = 0,
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Increases a hold, moves the time at which it is due, or both."""
        return self.submit(
            ChangeHold(
                id,
                hold,
                increase_minor,
                due_at_ns=due_at_ns,
                code=code,
                value_date=value_date,
                metadata=metadata or {},
            )
        )

    def reverse(
        self,
        id: TransferId,
        *,
        original: TransferId,
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Posted:
        """Undoes a posted transfer or capture, once and in full."""
        return self.submit(Reverse(id, original, code=code, value_date=value_date, metadata=metadata or {}))

    def submit(self, member: Member) -> Posted:
        """One transfer of whatever kind; `transfer`, `hold` and their like are this with names."""
        wire = member.to_wire()
        deadline = self._deadline()
        attempts = Attempts(Kind.IDEMPOTENT, self._connection.retry)
        if wire.ByteSize() <= _STREAMED_BYTES:
            result = self._coalescer.submit(wire, deadline, attempts)
            if result is not None:
                return accepted(outcome_of_wire(result))
        request = pb.CreateTransfersRequest(mode=pb.TRANSFER_MODE_INDEPENDENT, transfers=[wire])
        method = self._connection.ledger.CreateTransfers
        response = _retry.call(self._connection, attempts, deadline, method, request)
        return accepted(outcomes_of_wire(_ids(request), response.results)[0])

    def batch(self, members: Iterable[Member]) -> list[Posted | Refused]:
        """1 to 8,190 transfers, each on its own. One answer a transfer, in order; refusals are among them."""
        request = pb.CreateTransfersRequest(
            mode=pb.TRANSFER_MODE_INDEPENDENT, transfers=[member.to_wire() for member in members]
        )
        response = self._call(Kind.IDEMPOTENT, self._connection.ledger.CreateTransfers, request)
        return outcomes_of_wire(_ids(request), response.results)

    def group(self, id: GroupId, members: Iterable[Member]) -> GroupPosted:
        """1 to 8,190 transfers, all or nothing. The group's id is its idempotency key. Raises `Refused`."""
        if not isinstance(id, GroupId):
            raise TypeError(f"the id of a group must be a GroupId, not {type(id).__name__}")
        request = pb.CreateTransfersRequest(
            mode=pb.TRANSFER_MODE_GROUP, group_id=uint128(id), transfers=[member.to_wire() for member in members]
        )
        response = self._call(Kind.IDEMPOTENT, self._connection.ledger.CreateTransfers, request)
        if not response.HasField("group"):
            raise Malformed("no answer to the group")
        return accepted(group_of_wire(response.group, _ids(request), response.results))

    def bulk(self, batch: BulkTransfers) -> BulkOutcome:
        """1 to 8,190 transfers in columns: the fast way to move much. A refused group raises `Refused`."""
        request = batch.to_wire()
        response = self._call(Kind.IDEMPOTENT, self._connection.ledger.BulkTransfers, request)
        return accepted(bulk_of_wire(request, response))

    def get_transfers(self, ids: Iterable[TransferId]) -> Lookup[TransferRecord, TransferId]:
        """Looks 1 to 8,190 transfers up by id, posted and refused ones alike."""
        request = pb.GetTransfersRequest(ids=[id_to_wire(id) for id in ids])
        response = self._call(Kind.READ, self._connection.ledger.GetTransfers, request)
        return Lookup(
            [TransferRecord.of_wire(transfer) for transfer in response.transfers],
            [TransferId(minor(id)) for id in response.missing],
        )

    def get_holds(self, ids: Iterable[TransferId]) -> Lookup[Hold, TransferId]:
        """Looks 1 to 8,190 holds up by id, open and closed ones alike. Payments are no holds."""
        request = pb.GetHoldsRequest(ids=[id_to_wire(id) for id in ids])
        response = self._call(Kind.READ, self._connection.ledger.GetHolds, request)
        return Lookup(
            [Hold.of_wire(hold) for hold in response.holds],
            [TransferId(minor(id)) for id in response.missing],
        )

    def statement(
        self,
        account: AccountKey,
        *,
        from_ns: int = 0,
        until_ns: int = 0,
        side: Side | None = None,
        kinds: Iterable[TransferKind] = (),
        code: int | None = None,
    ) -> Iterator[TransferRecord]:
        """What has changed an account, newest first.

        From `from_ns` (0: its opening) on and before `until_ns` (0: now), nanoseconds since 1970; only where it is on
        this side, only of these kinds, only with this code.
        """
        request = pb.ListAccountTransfersRequest(
            account=key_to_wire(account),
            page_size=_PAGE_SIZE,
            from_ns=check_int(from_ns, "from_ns"),
            until_ns=check_int(until_ns, "until_ns"),
            side=None if side is None else f"ACCOUNT_SIDE_{side.name}",
            kinds=[f"TRANSFER_KIND_{kind.name}" for kind in kinds],
            code=code,
        )

        def fetch(token: str) -> tuple[Iterable[TransferRecord], str]:
            request.page_token = token
            response = self._call(Kind.READ, self._connection.ledger.ListAccountTransfers, request)
            return [TransferRecord.of_wire(transfer) for transfer in response.transfers], response.next_page_token

        return pages(fetch)


def _ids(request: pb.CreateTransfersRequest) -> list[int]:
    return [minor(transfer.id) for transfer in request.transfers]
