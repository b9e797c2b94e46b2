"""Columns: whatever they come in, the same bytes go out."""

from __future__ import annotations

import unittest
from array import array
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

import florin
from florin import AccountId, AtDue, BulkTransfers, GroupId, Refused, TransferId, TransferKind, Wide
from florin._bulk import bulk_of_wire
from florin._wire import uint128
from florin.v1 import ledger_pb2 as pb

LARGEST = (1 << 64) - 1


class Columns(unittest.TestCase):
    def test_every_kind_of_column(self) -> None:
        values = [1, 2, LARGEST]
        columns: tuple[Any, ...] = (
            values,
            tuple(values),
            array("Q", values),
            np.array(values, dtype=np.uint64),
            np.array([1, 9, 2, 9, LARGEST, 9], dtype=np.uint64)[::2],
            pa.array(values, pa.uint64()),
            pa.chunked_array([pa.array([1, 2], pa.uint64()), pa.array([LARGEST], pa.uint64())]),
            pa.array([0, *values], pa.uint64())[1:],
            pl.Series(values, dtype=pl.UInt64),
            Wide(np.array(values, dtype=np.uint64)),
            Wide(np.array(values, dtype=np.uint64), np.zeros(3, dtype=np.uint64)),
        )
        expected = pb.BulkTransfersRequest(
            mode=pb.TRANSFER_MODE_INDEPENDENT,
            id_lo=values,
            debit_account_lo=values,
            credit_account_lo=values,
            amount_lo=values,
        )
        for column in columns:
            with self.subTest(column=repr(column)):
                wire = BulkTransfers(ids=column, debit=column, credit=column, amount_minor=column).to_wire()
                self.assertEqual(wire, expected)

    def test_small_signed_columns(self) -> None:
        column = np.array([1, 2, 200])
        self.assertEqual(column.dtype, np.int64)
        wire = BulkTransfers(ids=column, debit=column, credit=column, amount_minor=column).to_wire()
        self.assertEqual(list(wire.amount_lo), [1, 2, 200])

    def test_high_halves_names_and_optional_columns(self) -> None:
        wire = BulkTransfers(
            ids=[TransferId(1), TransferId(5 << 64 | 6)],
            debit=["cash", AccountId(7)],
            credit=Wide(np.array([3, 8], dtype=np.uint64), np.array([0, 1], dtype=np.uint64)),
            amount_minor=[4, 9],
            group=GroupId(9),
            asset="EUR",
            code=np.array([0, 10], dtype=np.uint32),
            value_date=[None, date(2026, 11, 22)],
            kind=[TransferKind.MOVE, TransferKind.HOLD],
            due_at_ns=[0, 77],
            at_due=[None, AtDue.CAPTURE],
        ).to_wire()
        cash = uint128(AccountId.of_name("cash"))
        expected = pb.BulkTransfersRequest(
            mode=pb.TRANSFER_MODE_GROUP,
            group_id=pb.Uint128(lo=9),
            id_lo=[1, 6],
            id_hi=[0, 5],
            debit_account_lo=[cash.lo, 7],
            debit_account_hi=[cash.hi, 0],
            credit_account_lo=[3, 8],
            credit_account_hi=[0, 1],
            amount_lo=[4, 9],
            asset="EUR",
            code=[0, 10],
            value_date=[0, 20_261_122],
            kind=[pb.TRANSFER_KIND_MOVE, pb.TRANSFER_KIND_HOLD],
            due_at_ns=[0, 77],
            at_due=[pb.AT_DUE_UNSPECIFIED, pb.AT_DUE_CAPTURE],
        )
        self.assertEqual(wire, expected)

    def test_captures_need_no_accounts(self) -> None:
        wire = BulkTransfers(
            ids=[1, 2], kind=[TransferKind.CAPTURE] * 2, hold=[TransferId(3), 4], release_rest=[True, False]
        ).to_wire()
        self.assertEqual(list(wire.debit_account_lo), [0, 0])
        self.assertEqual(
            (list(wire.amount_lo), list(wire.hold_lo), list(wire.release_rest)), ([0, 0], [3, 4], [True, False])
        )

    def test_what_is_no_column(self) -> None:
        good = [1]
        for name, column, error in (
            ("amount_minor", [1.0], TypeError),
            ("amount_minor", [True], TypeError),
            ("amount_minor", ["1"], TypeError),
            ("amount_minor", np.array([1.0]), TypeError),
            ("amount_minor", np.array([1], dtype=np.uint32), TypeError),
            ("amount_minor", np.array([[1]], dtype=np.uint64), TypeError),
            ("amount_minor", pa.array([1, None], pa.uint64()), TypeError),
            ("amount_minor", pl.Series([1.5]), TypeError),
            ("amount_minor", 5, TypeError),
            ("amount_minor", [-1], florin.AmountError),
            ("amount_minor", [1 << 128], florin.AmountError),
            ("amount_minor", np.array([-1]), florin.AmountError),
            ("amount_minor", np.array([5, -256]), florin.AmountError),
            ("ids", [-1], florin.Invalid),
            ("ids", ["cash"], TypeError),
            ("ids", [AccountId(1)], TypeError),
            ("debit", [TransferId(1)], TypeError),
            ("due_at_ns", [1 << 64], florin.Invalid),
        ):
            columns: dict[str, Any] = dict.fromkeys(("ids", "debit", "credit", "amount_minor"), good) | {name: column}
            with self.subTest(name=name, column=repr(column)), self.assertRaises(error):
                BulkTransfers(**columns).to_wire()


class Answers(unittest.TestCase):
    def test_answers_belong_to_their_members(self) -> None:
        request = BulkTransfers(ids=[1, 2, 3], debit=[7] * 3, credit=[8] * 3, amount_minor=[5] * 3).to_wire()

        def other(index: int, id: int) -> pb.BulkResult:
            refusal = pb.Refusal(reason=pb.Refusal.INSUFFICIENT_FUNDS)
            result = pb.TransferResult(id=uint128(id), status=pb.TRANSFER_STATUS_REFUSED, refusal=refusal)
            return pb.BulkResult(index=index, result=result)

        for posted, others, good in (
            (3, [], True),
            (2, [other(1, 2)], True),
            (0, [other(0, 1), other(1, 2), other(2, 3)], True),
            (2, [], False),
            (3, [other(1, 2)], False),
            (2, [other(1, 3)], False),
            (2, [other(3, 4)], False),
            (1, [other(1, 2), other(0, 1)], False),
            (1, [other(1, 2), other(1, 2)], False),
        ):
            with self.subTest(posted=posted, others=[o.index for o in others]):
                wire = pb.BulkTransfersResponse(posted=posted, refused=len(others), others=others)
                if not good:
                    with self.assertRaises(florin.Malformed):
                        bulk_of_wire(request, wire)
                    continue
                outcome = bulk_of_wire(request, wire)
                assert not isinstance(outcome, Refused)
                self.assertEqual(
                    [(i, o.id, type(o)) for i, o in outcome.others], [(o.index, o.index + 1, Refused) for o in others]
                )

    def test_groups(self) -> None:
        request = BulkTransfers(ids=[1], debit=[7], credit=[8], amount_minor=[5], group=GroupId(9)).to_wire()
        group = pb.GroupResult(id=pb.Uint128(lo=9), status=pb.TRANSFER_STATUS_POSTED, sequence=4)
        outcome = bulk_of_wire(request, pb.BulkTransfersResponse(posted=1, group=group))
        assert not isinstance(outcome, Refused) and outcome.group is not None
        self.assertEqual((outcome.group.id, outcome.group.sequence), (9, 4))

        group = pb.GroupResult(id=group.id, status=pb.TRANSFER_STATUS_REFUSED, refusal=pb.Refusal(member=0))
        self.assertIsInstance(bulk_of_wire(request, pb.BulkTransfersResponse(group=group)), Refused)
        with self.assertRaises(florin.Malformed):
            bulk_of_wire(request, pb.BulkTransfersResponse(posted=1))
