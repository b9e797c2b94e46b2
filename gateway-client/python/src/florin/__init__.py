"""The Python client of Florin, the in-memory payment engine.

::

    from florin import FLOOR_NONE, Client, Refused, TransferId, to_minor

    with Client("127.0.0.1:7411") as client:
        client.create_account("cash", "EUR", floor=FLOOR_NONE)
        client.create_account("alice", "EUR")
        id = TransferId.generate()  # store it before the call: the same id is never a second payment
        try:
            posted = client.transfer(id, debit="cash", credit="alice", amount_minor=to_minor("12.50", 2))
        except Refused as refused:
            print(refused.reason, refused.refusal.would_pass_minor)

`Client` has all calls. Errors are drawn in `florin._exceptions`; all are `FlorinError`.
"""

from florin._account import FLOOR_NONE, FLOOR_ZERO, Account, AccountChanged, Floor, Freeze, NewAccount, Opened
from florin._asset import Asset, AssetRegistered
from florin._balance import BalanceAt
from florin._bulk import BulkOutcome, BulkTransfers, Wide
from florin._calls.accounts import SAME
from florin._calls.transfers import Side
from florin._channel import VERSION as __version__
from florin._client import Client
from florin._event import Event, EventBatch, EventKind
from florin._exceptions import (
    AmountError,
    ClientClosed,
    ConnectionLost,
    DeadlineExceeded,
    Fault,
    FlorinError,
    Invalid,
    Malformed,
    OutcomeUnknown,
    Refused,
    UnexpectedStatus,
    Unreachable,
)
from florin._feed import Subscription
from florin._frames import events_to_pandas, events_to_polars
from florin._ids import AccountId, AccountKey, GroupId, TransferId, format_key, parse_key
from florin._money import format_minor, to_decimal, to_minor, to_minor_or_zero
from florin._options import Retry
from florin._outcome import GroupPosted, Posted
from florin._payment import Money, Payment, PaymentDone, PaymentState
from florin._record import Hold, HoldState, Lookup, TransferRecord
from florin._refusal import Refusal
from florin._status import AssetTotals, NewestSnapshot, PartitionStatus, Status
from florin._time import to_datetime, to_ns
from florin._transfer import AtDue, Capture, ChangeHold, Member, NewHold, Release, Reverse, Transfer, TransferKind

__all__ = [
    "FLOOR_NONE",
    "FLOOR_ZERO",
    "SAME",
    "Account",
    "AccountChanged",
    "AccountId",
    "AccountKey",
    "AmountError",
    "Asset",
    "AssetRegistered",
    "AssetTotals",
    "AtDue",
    "BalanceAt",
    "BulkOutcome",
    "BulkTransfers",
    "Capture",
    "ChangeHold",
    "Client",
    "ClientClosed",
    "ConnectionLost",
    "DeadlineExceeded",
    "Event",
    "EventBatch",
    "EventKind",
    "Fault",
    "Floor",
    "FlorinError",
    "Freeze",
    "GroupId",
    "GroupPosted",
    "Hold",
    "HoldState",
    "Invalid",
    "Lookup",
    "Malformed",
    "Member",
    "Money",
    "NewAccount",
    "NewHold",
    "NewestSnapshot",
    "Opened",
    "OutcomeUnknown",
    "PartitionStatus",
    "Payment",
    "PaymentDone",
    "PaymentState",
    "Posted",
    "Refusal",
    "Refused",
    "Release",
    "Retry",
    "Reverse",
    "Side",
    "Status",
    "Subscription",
    "Transfer",
    "TransferId",
    "TransferKind",
    "TransferRecord",
    "UnexpectedStatus",
    "Unreachable",
    "Wide",
    "__version__",
    "events_to_pandas",
    "events_to_polars",
    "format_key",
    "format_minor",
    "parse_key",
    "to_datetime",
    "to_decimal",
    "to_minor",
    "to_minor_or_zero",
    "to_ns",
]
