"""Balances of the past."""

from __future__ import annotations

from dataclasses import dataclass

from florin._account import Floor
from florin._asset import Asset
from florin._exceptions import Malformed
from florin._ids import AccountId
from florin._wire import minor, optional_minor, required_id, signed_minor
from florin.v1 import ledger_pb2 as pb


@dataclass(frozen=True, slots=True)
class BalanceAt:
    """An account's balance as it was. Amounts are minor units. The same moment always has the same one."""

    #: The account's id, also where it was asked for by name.
    account: AccountId
    #: What it holds.
    asset: Asset
    #: It was open at that moment. If not, its balance is zero because there was none.
    opened: bool
    #: Posted credits less posted debits.
    balance_minor: int
    #: What open holds and payments reserved of it.
    debits_pending_minor: int
    #: How far the balance could fall. None where the record that the balance rests on does not say.
    floor: Floor | None
    #: What could be debited. None without a floor, or where it is not known.
    available_minor: int | None
    #: Sequence of the event that the balance rests on: the account's last at or before the moment. None if not opened.
    event_sequence: int | None
    #: When that happened, nanoseconds since 1970. None if not opened.
    event_time_ns: int | None
    #: Sequence of the last event at or before the moment, of whatever account; 0 if there was none. Asked with this
    #: one, the answer never changes.
    resolved_sequence: int
    #: When that happened, nanoseconds since 1970; 0 if there was none.
    resolved_time_ns: int

    @classmethod
    def of_wire(cls, wire: pb.GetBalanceAtResponse) -> BalanceAt:
        """From the contract's message."""
        if not wire.HasField("asset") or wire.opened != bool(wire.event_sequence):
            raise Malformed("a balance without an asset, or that rests on nothing")
        return cls(
            account=required_id(AccountId, wire, "account_id"),
            asset=Asset.of_wire(wire.asset),
            opened=wire.opened,
            balance_minor=signed_minor(wire.balance),
            debits_pending_minor=minor(wire.debits_pending),
            floor=Floor.of_wire(wire.floor) if wire.HasField("floor") else None,
            available_minor=optional_minor(wire, "available"),
            event_sequence=wire.event_sequence or None,
            event_time_ns=wire.event_time_ns or None,
            resolved_sequence=wire.resolved_sequence,
            resolved_time_ns=wire.resolved_time_ns,
        )
