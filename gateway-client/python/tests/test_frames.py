"""Events as data frames: every column has its kind, and no amount becomes a float."""

from __future__ import annotations

import unittest
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl

from florin import Event, events_to_pandas, events_to_polars
from florin._frames import COLUMNS
from florin._wire import uint128
from florin.v1 import event_pb2
from florin.v1 import ledger_pb2 as pb

# More than a float or 64 bits can hold.
HUGE = (1 << 100) + 1
BEYOND = (1 << 127) - 1
NS = 1_796_000_000_123_456_789


def posted(sequence: int, amount: int, value_date: int = 0) -> Event:
    transfer = pb.Transfer(
        id=uint128(sequence),
        status=pb.TRANSFER_STATUS_POSTED,
        debit_account_id=pb.Uint128(lo=1),
        credit_account_id=pb.Uint128(lo=2),
        amount=uint128(amount),
        debit_balance_after=pb.Int128(lo=(1 << 64) - 5, hi=-1),
        credit_balance_after=pb.Int128(lo=5),
        value_date=value_date,
        code=7,
        kind=pb.TRANSFER_KIND_MOVE,
    )
    kind = event_pb2.EVENT_KIND_TRANSFER_POSTED
    return Event.of_wire(
        event_pb2.Event(
            sequence=sequence, timestamp_ns=NS, kind=kind, transfer=transfer, asset_code="EUR", asset_scale=2
        )
    )


def others() -> list[Event]:
    refusal = pb.Refusal(reason=pb.Refusal.INSUFFICIENT_FUNDS)
    refused = pb.Transfer(id=uint128(8), status=pb.TRANSFER_STATUS_REFUSED, refusal=refusal)
    group = pb.GroupResult(id=uint128(9), status=pb.TRANSFER_STATUS_REFUSED, refusal=refusal)
    account = event_pb2.AccountChanged(id=uint128(1), name="cash")
    wires = (
        event_pb2.Event(sequence=1, kind=event_pb2.EVENT_KIND_ACCOUNT_OPENED, account=account, asset_code="EUR"),
        event_pb2.Event(sequence=2, kind=event_pb2.EVENT_KIND_TRANSFER_REFUSED, transfer=refused),
        event_pb2.Event(sequence=3, kind=event_pb2.EVENT_KIND_GROUP_REFUSED, group=group),
        event_pb2.Event(sequence=4, kind=event_pb2.EVENT_KIND_ASSET_REGISTERED, asset=pb.Asset(code="P", scale=0)),
        event_pb2.Event(sequence=5, kind=event_pb2.EVENT_KIND_CHECKPOINT),
    )
    return [Event.of_wire(wire) for wire in wires]


ROWS = [
    # sequence, kind, transfer kind, id, asset, status, reason
    (1, "ACCOUNT_OPENED", None, f"{1:032x}", "EUR", None, None),
    (2, "TRANSFER_REFUSED", "MOVE", f"{8:032x}", None, "REFUSED", "INSUFFICIENT_FUNDS"),
    (3, "GROUP_REFUSED", None, f"{9:032x}", None, "REFUSED", "INSUFFICIENT_FUNDS"),
    (4, "ASSET_REGISTERED", None, None, "P", None, None),
    (5, "CHECKPOINT", None, None, None, None, None),
]
SHOWN = ["sequence", "kind", "transfer_kind", "id", "asset", "status", "reason"]


class Pandas(unittest.TestCase):
    def test_amounts_are_exact(self) -> None:
        frame = events_to_pandas([posted(1, HUGE), posted(2, 1), posted(3, BEYOND)])
        self.assertEqual(frame["amount_minor"].sum(), HUGE + 1 + BEYOND)
        self.assertEqual(list(frame["debit_balance_after_minor"]), [-5] * 3)
        self.assertTrue(all(type(amount) is int for amount in frame["amount_minor"]))

    def test_columns(self) -> None:
        frame = events_to_pandas([posted(1, 5, 20_261_201), *others()])
        self.assertEqual(tuple(frame.columns), COLUMNS)
        self.assertEqual(str(frame["timestamp"].dtype), "datetime64[ns, UTC]")
        self.assertEqual(frame["timestamp"][0], pd.Timestamp(NS, tz="UTC"))
        self.assertEqual(frame["timestamp"][0].value, NS)
        self.assertEqual((frame["value_date"][0], frame["code"][0]), (date(2026, 12, 1), 7))
        self.assertTrue(frame["code"].isna()[1])
        self.assertFalse([name for name in COLUMNS if "float" in str(frame[name].dtype)])

    def test_rows(self) -> None:
        frame = events_to_pandas(others())[SHOWN].astype(object)
        found = [tuple(None if pd.isna(value) else value for value in row) for row in frame.itertuples(index=False)]
        self.assertEqual(found, ROWS)

    def test_nothing(self) -> None:
        frame = events_to_pandas([])
        self.assertEqual((len(frame), tuple(frame.columns)), (0, COLUMNS))
        self.assertEqual(str(frame["timestamp"].dtype), "datetime64[ns, UTC]")


class Polars(unittest.TestCase):
    def test_amounts_are_exact(self) -> None:
        frame = events_to_polars([posted(1, HUGE), posted(2, 1), posted(3, BEYOND - HUGE - 1)])
        self.assertEqual(frame["amount_minor"].sum(), BEYOND)
        self.assertEqual(frame["debit_balance_after_minor"].to_list(), [-5] * 3)
        self.assertEqual(frame["amount_minor"].dtype, pl.Int128)

    def test_columns(self) -> None:
        frame = events_to_polars([posted(1, 5, 20_261_201), *others()])
        self.assertEqual(tuple(frame.columns), COLUMNS)
        self.assertEqual(frame["timestamp"].dtype, pl.Datetime("ns", "UTC"))
        self.assertEqual(frame["timestamp"][0], datetime.fromtimestamp(NS // 10**9, UTC).replace(microsecond=123_456))
        self.assertEqual(frame["timestamp"].dt.timestamp("ns")[0], NS)
        self.assertEqual((frame["value_date"][0], frame["code"][0]), (date(2026, 12, 1), 7))
        self.assertFalse([dtype for dtype in frame.dtypes if dtype.is_float()])

    def test_rows(self) -> None:
        self.assertEqual(events_to_polars(others())[SHOWN].rows(), ROWS)

    def test_nothing(self) -> None:
        frame = events_to_polars([])
        self.assertEqual((len(frame), tuple(frame.columns)), (0, COLUMNS))
