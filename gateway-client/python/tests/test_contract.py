"""The contract: messages as every other client reads and writes them, and names that follow its numbers."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from google.protobuf import json_format

import florin
from florin import _account, _event, _payment, _record, _transfer
from florin._calls import transfers
from florin._event import EventBatch
from florin._outcome import outcome_of_wire
from florin._payment import answer_of_wire
from florin._refusal import reason_name
from florin._status import Status
from florin._wire import WireEnum, minor, signed_minor, uint128
from florin.v1 import admin_pb2, event_pb2, ledger_pb2, payment_pb2

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "proto" / "golden"
MODULES = (admin_pb2, event_pb2, ledger_pb2, payment_pb2)


def message_type(name: str) -> Any:
    """The generated class of a message of florin.v1."""
    return next(getattr(module, name) for module in MODULES if name in module.DESCRIPTOR.message_types_by_name)


def golden(name: str) -> Any:
    """The message in a golden file."""
    return message_type(name.split(".")[2]).FromString((GOLDEN / f"{name}.bin").read_bytes())


class Golden(unittest.TestCase):
    def test_bytes_and_json_are_the_same_message(self) -> None:
        names = sorted(path.stem for path in GOLDEN.glob("*.bin"))
        self.assertGreaterEqual(len(names), 20)
        for name in names:
            with self.subTest(name=name):
                kind = message_type(name.split(".")[2])
                on_the_wire = (GOLDEN / f"{name}.bin").read_bytes()
                as_json = (GOLDEN / f"{name}.json").read_text()
                message = kind.FromString(on_the_wire)
                self.assertEqual(json_format.Parse(as_json, kind()), message)
                self.assertEqual(json_format.MessageToDict(message), json.loads(as_json))
                self.assertEqual(message.SerializeToString(deterministic=True), on_the_wire)

    def test_this_package_reads_them(self) -> None:
        """What is made of the answers among them."""
        batch = EventBatch.of_wire(golden("florin.v1.EventBatch.every_kind"))
        kinds = {event.kind for event in batch.events}
        self.assertEqual(kinds, set(florin.EventKind) - {florin.EventKind.UNKNOWN})
        self.assertTrue(all(event.transfer for event in batch.events if event.kind is florin.EventKind.HOLD))
        posted = outcome_of_wire(golden("florin.v1.TransferResult.posted"))
        self.assertIsInstance(posted, florin.Posted)
        refused = outcome_of_wire(golden("florin.v1.TransferResult.refused"))
        self.assertIsInstance(refused, florin.Refused)
        answer = golden("florin.v1.PaymentResponse.partially_refunded")
        done = answer_of_wire(florin.TransferId(1), answer)
        assert isinstance(done, florin.PaymentDone)
        self.assertIs(done.payment.state, florin.PaymentState.PARTIALLY_REFUNDED)
        self.assertEqual(done.payment.amount.to_wire(), answer.payment.amount)
        page = golden("florin.v1.ListAccountTransfersResponse.statement")
        record = florin.TransferRecord.of_wire(page.transfers[0])
        own = florin.AccountId(minor(page.account_id))
        self.assertEqual(record.credit, own)
        self.assertEqual(record.counterparty(own), record.debit)
        self.assertEqual(record.counterparty(florin.AccountId(1)), None)
        self.assertEqual((record.balance_after_minor(own), record.credit_pending_after_minor), (165, 167))
        assert record.debit is not None
        self.assertEqual(record.balance_after_minor(record.debit), -165)
        self.assertEqual(record.balance_after_minor(florin.AccountId(1)), None)
        page.transfers[0].ClearField("id")  # what fell due has none
        self.assertEqual(florin.TransferRecord.of_wire(page.transfers[0]).id, 0)
        then = florin.BalanceAt.of_wire(golden("florin.v1.GetBalanceAtResponse.opened"))
        self.assertEqual((then.balance_minor, then.available_minor, then.floor), (-171, 0, florin.Floor.overdraft(172)))
        before = florin.BalanceAt.of_wire(golden("florin.v1.GetBalanceAtResponse.not_opened"))
        self.assertEqual((before.opened, before.available_minor, before.resolved_sequence), (False, None, 177))
        account = florin.Account.of_wire(golden("florin.v1.Account.ceiling"))
        self.assertIsNotNone(account.ceiling_minor)
        self.assertEqual(
            Status.of_wire(golden("florin.v1.GetStatusResponse.disk_full")).not_accepting_reason, "DISK_FULL"
        )


class Names(unittest.TestCase):
    def test_enums_follow_the_contract(self) -> None:
        for ours, theirs, prefix in (
            (_account.Freeze, ledger_pb2.Freeze, "FREEZE_"),
            (_transfer.AtDue, ledger_pb2.AtDue, "AT_DUE_"),
            (_transfer.TransferKind, ledger_pb2.TransferKind, "TRANSFER_KIND_"),
            (transfers.Side, ledger_pb2.AccountSide, "ACCOUNT_SIDE_"),
            (_record.HoldState, ledger_pb2.HoldState, "HOLD_STATE_"),
            (_payment.PaymentState, payment_pb2.PaymentState, "PAYMENT_STATE_"),
            (_event.EventKind, event_pb2.EventKind, "EVENT_KIND_"),
        ):
            with self.subTest(enum=ours.__name__):
                kind: type[WireEnum] = ours
                expected = {name.removeprefix(prefix): number for name, number in theirs.items() if number}
                self.assertEqual({member.name: member.value for member in kind}, expected | {"UNKNOWN": -1})
                self.assertIs(kind(12_345), kind["UNKNOWN"])

    def test_reasons(self) -> None:
        for number, name in ((69, "INSUFFICIENT_FUNDS"), (0, "REASON_UNSPECIFIED"), (12_345, "REASON_12345")):
            with self.subTest(number=number):
                self.assertEqual(reason_name(number), name)


class Numbers(unittest.TestCase):
    def test_two_halves(self) -> None:
        for lo, hi, value in ((0, 0, 0), (1, 0, 1), (0, 1, 1 << 64), ((1 << 64) - 1, (1 << 64) - 1, (1 << 128) - 1)):
            with self.subTest(value=value):
                self.assertEqual(minor(ledger_pb2.Uint128(lo=lo, hi=hi)), value)
                self.assertEqual(uint128(value), ledger_pb2.Uint128(lo=lo, hi=hi))
        top = (1 << 64) - 1
        for lo, hi, value in ((5, 0, 5), (top, -1, -1), (0, -1, -(1 << 64)), (0, -(1 << 63), -(1 << 127))):
            with self.subTest(value=value):
                self.assertEqual(signed_minor(ledger_pb2.Int128(lo=lo, hi=hi)), value)
