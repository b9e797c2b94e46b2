"""The client and a real server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

import florin
from florin import (
    FLOOR_NONE,
    AccountId,
    Asset,
    AtDue,
    BulkTransfers,
    Capture,
    Client,
    Event,
    EventKind,
    Fault,
    Floor,
    Freeze,
    GroupId,
    HoldState,
    Money,
    NewAccount,
    NewHold,
    PaymentState,
    Posted,
    Refused,
    Reverse,
    Side,
    Transfer,
    TransferId,
    TransferKind,
    Wide,
    events_to_pandas,
    events_to_polars,
    to_ns,
)
from tests.server import Server

PACKAGE = Path(__file__).parents[1]


def new() -> TransferId:
    return TransferId.generate()


def euro(text: str) -> Money:
    return Money.of(text, "EUR")


class Ledger(unittest.TestCase):
    """A server for all of them; each opens accounts of its own."""

    server: Server
    client: Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(Server())
        cls.client = cls.enterClassContext(Client(cls.server.address))
        cls.client.create_account("cash", "EUR", floor=FLOOR_NONE)

    def open(self, *keys: str, funds_minor: int = 0) -> tuple[str, ...]:
        """Wallets of this test, with this much in each."""
        names = tuple(f"{self.id().rsplit('.', 1)[1]}:{key}" for key in keys)
        for name in names:
            self.client.create_account(name, "EUR")
            if funds_minor:
                self.pay("cash", name, funds_minor)
        return names

    def pay(self, debit: str, credit: str, amount_minor: int) -> Posted:
        return self.client.transfer(new(), debit=debit, credit=credit, amount_minor=amount_minor)

    def balance(self, name: str) -> int:
        account = self.client.get_account(name)
        assert account is not None
        return account.balance_minor

    def test_accounts(self) -> None:
        names = [f"list:{place:04}" for place in range(1_100)]
        opened = self.client.create_accounts(
            NewAccount(name, "EUR", Floor.overdraft(500), 10_000, {"n": name}) for name in names
        )
        # The server computes the ids of names too.
        self.assertEqual([answer.id for answer in opened], [AccountId.of_name(name) for name in names])
        self.assertEqual([account.name for account in self.client.list_accounts("list:")], names)
        self.assertTrue(set(names) < {account.name for account in self.client.list_accounts()})

        account = self.client.get_account("list:0007")
        assert account is not None
        found = (account.floor, account.ceiling_minor, account.available_minor, account.metadata, account.asset)
        self.assertEqual(found, (Floor.overdraft(500), 10_000, 500, {"n": "list:0007"}, Asset("EUR", 2)))

        again = self.client.create_account(
            "list:0000", "EUR", floor=Floor.overdraft(500), ceiling_minor=10_000, metadata={"n": "list:0000"}
        )
        self.assertTrue(again.replayed)
        by_id = self.client.create_account(AccountId(77), "JPY")
        self.assertEqual(by_id.id, 77)
        for key, asset, reason in (
            ("list:0000", "USD", "ID_REUSED"),
            ("new", "NOPE", "ASSET_NOT_FOUND"),
            ("two words", "EUR", "NAME_INVALID"),
        ):
            with self.subTest(reason=reason), self.assertRaises(Refused) as raised:
                self.client.create_account(key, asset)
            self.assertEqual(raised.exception.reason, reason)
        found_ = self.client.get_accounts([AccountId(77), "nobody", "cash"])
        self.assertEqual(([account.name for account in found_.found], found_.missing), ([None, "cash"], ["nobody"]))

    def test_assets(self) -> None:
        answers = self.client.create_assets([Asset("POINTS", 0), Asset("POINTS", 3), Asset("bad", 0)])
        self.assertEqual([getattr(answer, "reason", None) for answer in answers], [None, "ID_REUSED", "ASSET_INVALID"])
        self.assertIn(Asset("POINTS", 0), self.client.list_assets())

    def test_updates(self) -> None:
        a, b = self.open("a", "b", funds_minor=100)
        self.assertIs(self.client.update_account(a, freeze=Freeze.DEBITS).freeze, Freeze.DEBITS)
        with self.assertRaises(Refused) as raised:
            self.pay(a, b, 1)
        self.assertEqual(raised.exception.reason, "ACCOUNT_FROZEN")
        account = self.client.update_account(a, freeze=Freeze.NONE, floor=Floor.overdraft(50), ceiling_minor=120)
        self.assertEqual((account.available_minor, account.ceiling_minor), (150, 120))
        with self.assertRaises(Refused) as raised:
            self.pay(b, a, 21)
        self.assertEqual((raised.exception.reason, raised.exception.refusal.would_pass_minor), ("CEILING_EXCEEDED", 20))
        self.assertIsNone(self.client.update_account(a, ceiling_minor=None).ceiling_minor)
        for change, reason in (
            ({"close": True}, "ACCOUNT_NOT_EMPTY"),
            ({}, "UPDATE_EMPTY"),
            ({"ceiling_minor": 1}, "BALANCE_ABOVE_CEILING"),
        ):
            with self.subTest(reason=reason), self.assertRaises(Fault) as fault:
                self.client.update_account(a, **change)
            self.assertEqual(fault.exception.reason, reason)
        self.pay(a, b, 100)
        self.assertTrue(self.client.update_account(a, close=True).closed)

    def test_transfers(self) -> None:
        a, b = self.open("a", "b", funds_minor=1_000)
        id = new()

        def pay(amount_minor: int) -> Posted:
            return self.client.transfer(
                id,
                debit=a,
                credit=AccountId.of_name(b),
                amount_minor=amount_minor,
                asset="EUR",
                code=7,
                value_date=date(2026, 12, 1),
                metadata={"month": "12"},
            )

        first = pay(250)
        self.assertEqual(
            (
                first.id,
                first.replayed,
                first.amount_minor,
                first.debit_balance_after_minor,
                first.credit_balance_after_minor,
            ),
            (id, False, 250, 750, 1_250),
        )
        again = pay(250)
        self.assertEqual((again.replayed, again.sequence, self.balance(a)), (True, first.sequence, 750))
        with self.assertRaises(Refused) as raised:
            pay(251)
        self.assertEqual((raised.exception.reason, raised.exception.refusal.field), ("ID_REUSED", "amount"))

        with self.assertRaises(Refused) as raised:
            self.pay(a, b, 751)
        refusal = raised.exception.refusal
        self.assertEqual(
            (refusal.reason, refusal.account_id, refusal.asked_minor, refusal.missing_minor, refusal.would_pass_minor),
            ("INSUFFICIENT_FUNDS", AccountId.of_name(a), 751, 1, 750),
        )
        partial = self.client.transfer(new(), debit=a, credit=b, amount_minor=9_999, up_to_available=True)
        self.assertEqual(partial.amount_minor, 750)

        back = self.client.reverse(new(), original=id)
        self.assertEqual((back.amount_minor, self.balance(a)), (250, 250))
        records = self.client.get_transfers([id, back.id, raised.exception.id, TransferId(404)])  # type: ignore[list-item]
        paid, reversal, refused = records.found
        self.assertEqual(records.missing, [404])
        self.assertEqual((paid.code, paid.value_date, paid.metadata), (7, date(2026, 12, 1), {"month": "12"}))
        self.assertEqual((paid.debit, paid.credit), (AccountId.of_name(a), AccountId.of_name(b)))
        self.assertEqual(paid.reversed_by_sequence, back.sequence)
        self.assertEqual((reversal.reverses, reversal.posted and reversal.posted.amount_minor), (id, 250))
        self.assertEqual(
            (refused.refused and refused.refused.reason, refused.requested_minor), ("INSUFFICIENT_FUNDS", 751)
        )

    def test_amounts_above_64_bits(self) -> None:
        (a,) = self.open("a")
        huge = (1 << 100) + 3
        posted = self.pay("cash", a, huge)
        self.assertEqual((posted.amount_minor, self.balance(a)), (huge, huge))
        back = self.pay(a, "cash", huge)
        self.assertEqual((back.amount_minor, self.balance(a)), (huge, 0))

    def test_holds(self) -> None:
        a, shop = self.open("a", "shop", funds_minor=1_000)
        due = to_ns(datetime.now(UTC) + timedelta(days=7))
        hold = self.client.hold(new(), debit=a, credit=shop, amount_minor=600, due_at_ns=due, at_due=AtDue.CAPTURE).id
        account = self.client.get_account(a)
        assert account is not None
        self.assertEqual(
            (account.balance_minor, account.debits_pending_minor, account.available_minor), (1_000, 600, 400)
        )

        self.assertEqual(self.client.change_hold(new(), hold=hold, increase_minor=100).hold_remaining_minor, 700)
        part = self.client.capture(new(), hold=hold, amount_minor=250)
        self.assertEqual((part.amount_minor, part.hold_remaining_minor), (250, 450))
        self.assertEqual(self.client.release(new(), hold=hold, amount_minor=50).hold_remaining_minor, 400)
        with self.assertRaises(Refused) as raised:
            self.client.capture(new(), hold=hold, amount_minor=401)
        self.assertEqual((raised.exception.reason, raised.exception.refusal.would_pass_minor), ("HOLD_EXCEEDED", 400))

        (found,) = self.client.get_holds([hold]).found
        self.assertEqual(
            (found.state, found.amount_minor, found.captured_minor, found.released_minor, found.remaining_minor),
            (HoldState.OPEN, 700, 250, 50, 400),
        )
        self.assertEqual((found.due_at_ns, found.at_due), (due, AtDue.CAPTURE))
        last = self.client.capture(new(), hold=hold, amount_minor=100, release_rest=True)
        self.assertEqual((last.amount_minor, last.hold_remaining_minor), (100, 0))
        (found,) = self.client.get_holds([hold]).found
        self.assertIs(found.state, HoldState.CAPTURED)
        self.assertEqual((self.balance(a), self.balance(shop)), (650, 1_350))
        with self.assertRaises(Refused) as raised:
            self.client.release(new(), hold=hold)
        self.assertEqual(raised.exception.reason, "HOLD_CLOSED")

        record = self.client.get_transfers([last.id]).found[0]
        self.assertEqual((record.kind, record.hold, record.released_minor), (TransferKind.CAPTURE, hold, 300))
        undone = self.client.reverse(new(), original=last.id)
        self.assertEqual((undone.amount_minor, self.balance(shop)), (100, 1_250))

    def test_a_hold_falls_due(self) -> None:
        a, shop = self.open("a", "shop", funds_minor=100)
        soon = to_ns(datetime.now(UTC) + timedelta(seconds=1))
        captured = self.client.hold(
            new(), debit=a, credit=shop, amount_minor=30, due_at_ns=soon, at_due=AtDue.CAPTURE
        ).id
        released = self.client.hold(new(), debit=a, credit=shop, amount_minor=20, due_at_ns=soon).id
        give_up = time.monotonic() + 10
        while time.monotonic() < give_up:
            states = [hold.state for hold in self.client.get_holds([captured, released]).found]
            if states == [HoldState.CAPTURED, HoldState.EXPIRED]:
                break
            time.sleep(0.1)
        else:
            self.fail(f"not due: {states}")
        self.assertEqual((self.balance(a), self.balance(shop)), (70, 130))

    def test_groups_and_batches(self) -> None:
        a, b, c = self.open("a", "b", "c", funds_minor=100)
        id = GroupId.generate()
        members = [Transfer(new(), a, b, 150 - 50), Transfer(new(), b, c, 200)]
        posted = self.client.group(id, members)
        self.assertEqual([member.id for member in posted.members], [member.id for member in members])
        self.assertTrue(self.client.group(id, members).replayed)
        with self.assertRaises(Refused) as raised:
            self.client.group(GroupId.generate(), [Transfer(new(), c, a, 1), Transfer(new(), b, a, 1)])
        self.assertEqual((raised.exception.reason, raised.exception.refusal.member), ("INSUFFICIENT_FUNDS", 1))
        self.assertEqual([self.balance(name) for name in (a, b, c)], [0, 0, 300])

        hold = NewHold(new(), c, a, 100)
        answers = self.client.batch(
            [hold, Capture(new(), hold.id, 60), Reverse(new(), TransferId(404)), Transfer(new(), b, a, 5)]
        )
        self.assertEqual(
            [getattr(answer, "reason", "posted") for answer in answers],
            ["posted", "posted", "ORIGINAL_NOT_FOUND", "INSUFFICIENT_FUNDS"],
        )

    def test_bulk(self) -> None:
        (a,) = self.open("a")
        count = 8_190
        amounts = np.arange(1, count + 1, dtype=np.uint64)
        start = int(new())
        ids = [start + place for place in range(count)]
        batch = BulkTransfers(
            ids=ids, debit=["cash"] * count, credit=[a] * count, amount_minor=amounts, code=[7] * count
        )
        outcome = self.client.bulk(batch)
        self.assertEqual((outcome.posted, outcome.replayed, outcome.refused), (count, 0, 0))
        self.assertEqual(self.balance(a), int(amounts.sum()))
        again = self.client.bulk(batch)
        self.assertEqual((again.posted, again.replayed, len(again.others)), (0, count, count))

        # More than there is, in the last.
        key = AccountId.of_name(a)
        low, high = np.uint64(key & (1 << 64) - 1), np.uint64(key >> 64)
        back = BulkTransfers(
            ids=[new(), new()],
            debit=Wide(np.array([low, low]), np.array([high, high])),
            credit=["cash", "cash"],
            amount_minor=pl.Series([int(amounts.sum()), 1], dtype=pl.UInt64),
        )
        outcome = self.client.bulk(back)
        self.assertEqual((outcome.posted, outcome.refused, outcome.others[0][0]), (1, 1, 1))
        with self.assertRaises(Refused):
            self.client.bulk(
                BulkTransfers(ids=[new()], debit=[a], credit=["cash"], amount_minor=[1], group=GroupId.generate())
            )
        with self.assertRaises(Fault) as fault:
            self.client.bulk(BulkTransfers(ids=[1, 2], debit=[a], credit=["cash"], amount_minor=[1]))
        self.assertEqual(fault.exception.reason, "COLUMNS_MALFORMED")

    def test_faults(self) -> None:
        with self.assertRaises(Fault) as fault:
            self.client.batch([])
        self.assertEqual((fault.exception.reason, fault.exception.code), ("BATCH_EMPTY", "INVALID_ARGUMENT"))
        too_many = [Transfer(TransferId(place), "cash", "x", 1) for place in range(1, 8_192)]
        with self.assertRaises(Fault) as fault:
            self.client.batch(too_many)
        self.assertEqual(fault.exception.reason, "BATCH_TOO_LARGE")
        self.assertTrue(fault.exception.metadata)
        with self.assertRaises(Refused) as raised:
            self.client.transfer(new(), debit="cash", credit="x", amount_minor=1, metadata={"k": "v" * 5_000})
        self.assertEqual(raised.exception.reason, "METADATA_TOO_LARGE")
        with self.assertRaises(Refused) as raised:
            self.client.transfer(new(), debit="cash", credit="x", amount_minor=1, metadata={"k": "v" * 100_000})
        self.assertEqual(raised.exception.reason, "METADATA_TOO_LARGE")

    def test_many_callers(self) -> None:
        (a,) = self.open("a")
        before = self.client.status().partitions[0].frames
        with ThreadPoolExecutor(32) as pool:
            posted = list(pool.map(lambda amount: self.pay("cash", a, amount), range(1, 1_001)))
        self.assertEqual([answer.amount_minor for answer in posted], list(range(1, 1_001)))
        self.assertEqual(self.balance(a), sum(range(1, 1_001)))
        frames = self.client.status().partitions[0].frames - before
        self.assertLess(frames, 1_000, "what comes together is committed together")

    def test_statement(self) -> None:
        a, b = self.open("a", "b")
        noon = [self.pay("cash", a, amount) for amount in (100, 200, 300)]
        spent = self.client.transfer(new(), debit=a, credit=b, amount_minor=50, code=9)
        hold = self.client.hold(new(), debit=a, credit=b, amount_minor=10)
        with self.assertRaises(Refused):
            self.pay(a, b, 10_000)
        everything = [*noon, spent, hold]

        def ids(**filters: object) -> list[TransferId]:
            return [record.id for record in self.client.statement(a, **filters)]  # type: ignore[arg-type]

        newest_first = [posted.id for posted in reversed(everything)]
        self.assertEqual(ids(), newest_first)
        self.assertEqual(ids(side=Side.DEBIT), [hold.id, spent.id])
        self.assertEqual(ids(side=Side.CREDIT), [posted.id for posted in reversed(noon)])
        self.assertEqual(ids(kinds=[TransferKind.HOLD]), [hold.id])
        self.assertEqual(ids(code=9), [spent.id])
        self.assertEqual(ids(from_ns=noon[1].timestamp_ns, until_ns=spent.timestamp_ns), [noon[2].id, noon[1].id])
        first = next(self.client.statement(a, kinds=[TransferKind.MOVE]))
        self.assertEqual(first.posted and first.posted.debit_balance_after_minor, 550)

    def test_balances_of_the_past(self) -> None:
        a, b = self.open("a", "b")
        paid = [self.pay("cash", a, amount) for amount in (100, 200, 300)]
        hold = self.client.hold(new(), debit=a, credit=b, amount_minor=50)
        for moment, balance, pending, event in (
            ({"sequence": paid[0].sequence}, 100, 0, paid[0].sequence),
            ({"sequence": paid[2].sequence}, 600, 0, paid[2].sequence),
            ({"sequence": hold.sequence}, 600, 50, hold.sequence),
            ({"time_ns": paid[1].timestamp_ns}, 300, 0, paid[1].sequence),
            ({"time_ns": paid[1].timestamp_ns - 1}, 100, 0, paid[0].sequence),
            ({"time_ns": 1}, 0, 0, None),
        ):
            with self.subTest(moment=moment):
                then = self.client.balance_at(a, **moment)
                found = (then.balance_minor, then.debits_pending_minor, then.event_sequence)
                self.assertEqual(found, (balance, pending, event))
                self.assertEqual(then.opened, event is not None)
        self.assertEqual(self.client.balance_at(a, sequence=hold.sequence).available_minor, 550)
        for moment, reason in (
            ({"sequence": 0}, "MOMENT_MISSING"),
            ({"time_ns": 0}, "MOMENT_MISSING"),
            ({"sequence": 1 << 60}, "MOMENT_AHEAD"),
            ({"time_ns": 1 << 62}, "MOMENT_AHEAD"),
        ):
            with self.subTest(moment=moment), self.assertRaises(Fault) as raised:
                self.client.balance_at(a, **moment)
            self.assertEqual(raised.exception.reason, reason)

    def test_a_long_statement(self) -> None:
        (a,) = self.open("a")
        count = 2_500
        self.client.bulk(
            BulkTransfers(
                ids=[int(new()) + n for n in range(count)],
                debit=["cash"] * count,
                credit=[a] * count,
                amount_minor=[1] * count,
            )
        )
        balances = [record.posted.credit_balance_after_minor for record in self.client.statement(a) if record.posted]
        self.assertEqual(balances, list(range(count, 0, -1)))

    def test_payments(self) -> None:
        a, shop = self.open("a", "shop", funds_minor=10_000)
        id = new()

        def create() -> florin.PaymentDone:
            return self.client.create_payment(
                id,
                source=a,
                destination=shop,
                amount=euro("60.00"),
                capture_later=True,
                fee=euro("0.90"),
                reference="order 17",
                score=12,
                code=7,
                value_date=date(2026, 12, 1),
                metadata={"cart": "9"},
            )

        done = create()
        payment = done.payment
        self.assertEqual(
            (done.replayed, payment.state, payment.amount_capturable),
            (False, PaymentState.REQUIRES_CAPTURE, euro("60.00")),
        )
        self.assertEqual((payment.fee, payment.reference, payment.score), (euro("0.90"), "order 17", 12))
        self.assertEqual((payment.value_date, payment.metadata), (date(2026, 12, 1), {"cart": "9"}))
        self.assertEqual((payment.source, payment.destination), (AccountId.of_name(a), AccountId.of_name(shop)))
        self.assertTrue(create().replayed)

        with self.assertRaises(Refused) as raised:
            self.client.capture_payment(new(), payment=id, amount=euro("60.01"))
        self.assertEqual(
            (raised.exception.reason, raised.exception.refusal.would_pass_minor), ("PAYMENT_EXCEEDED", 6_000)
        )
        self.assertIsNotNone(raised.exception.payment)
        part = self.client.capture_payment(new(), payment=id, amount=euro("45.50"))
        self.assertEqual((part.payment.state, part.amount), (PaymentState.PARTIALLY_CAPTURED, euro("45.50")))
        rest = self.client.cancel_payment(new(), payment=id)
        self.assertEqual((rest.payment.state, rest.payment.amount_released), (PaymentState.CAPTURED, euro("14.50")))
        refund = self.client.refund_payment(new(), payment=id, amount=euro("5.50"), metadata={"why": "late"})
        self.assertEqual(
            (refund.payment.state, refund.payment.amount_refunded), (PaymentState.PARTIALLY_REFUNDED, euro("5.50"))
        )
        self.assertEqual(self.client.refund_payment(new(), payment=id).payment.state, PaymentState.REFUNDED)
        self.assertEqual((self.balance(a), self.balance(shop)), (10_000, 10_000))

        at_once = self.client.create_payment(new(), source=a, destination=shop, amount=Money.of(Decimal("1.5"), "EUR"))
        self.assertEqual((at_once.payment.state, str(at_once.payment.amount)), (PaymentState.CAPTURED, "1.50 EUR"))
        with self.assertRaises(Refused) as raised:
            self.client.create_payment(new(), source=a, destination=shop, amount=euro("1000"))
        self.assertEqual((raised.exception.reason, raised.exception.payment), ("INSUFFICIENT_FUNDS", None))
        self.assertEqual(self.client.get_payment(id).state, PaymentState.REFUNDED)
        for call, reason in (
            (lambda: self.client.get_payment(TransferId(404)), "PAYMENT_NOT_FOUND"),
            (
                lambda: self.client.create_payment(new(), source=a, destination=shop, amount=euro("1.005")),
                "AMOUNT_TOO_PRECISE",
            ),
            (
                lambda: self.client.create_payment(new(), source=a, destination=shop, amount=euro("1"), score=1_001),
                "SCORE_INVALID",
            ),
        ):
            with self.subTest(reason=reason), self.assertRaises(Fault) as fault:
                call()
            self.assertEqual(fault.exception.reason, reason)

    def test_listing_payments(self) -> None:
        a, shop = self.open("a", "shop", funds_minor=100)
        ids = [new() for _ in range(3)]
        for id in ids:
            self.client.create_payment(
                id, source=a, destination=shop, amount=Money.of("0.10", "EUR"), capture_later=True
            )
        self.client.capture_payment(new(), payment=ids[0])
        mine = [payment.id for payment in self.client.list_payments() if payment.id in ids]
        self.assertEqual(mine, ids[::-1])
        waiting = [p.id for p in self.client.list_payments([PaymentState.REQUIRES_CAPTURE]) if p.id in ids]
        self.assertEqual(waiting, [ids[2], ids[1]])

    def test_status(self) -> None:
        status = self.client.status()
        self.assertEqual((status.accepting, len(status.lineage), status.partitions[0].conserved), (True, 32, True))
        self.assertFalse(self.client.accept_clock())


class Feed(unittest.TestCase):
    """The feed against the books."""

    def setUp(self) -> None:
        self.server = self.enterContext(Server())
        self.client = self.enterContext(Client(self.server.address, deadline=20))
        self.client.create_account("cash", "EUR", floor=FLOOR_NONE)
        for name in ("a", "b", "shop"):
            self.client.create_account(name, "EUR")

    def work(self, count: int) -> None:
        """Payments, holds, captures and refusals."""
        for place in range(count):
            self.client.transfer(new(), debit="cash", credit="a", amount_minor=100 + place)
            hold = self.client.hold(new(), debit="a", credit="shop", amount_minor=50).id
            self.client.capture(new(), hold=hold, amount_minor=20, release_rest=place % 2 == 0)
            with self.assertRaises(Refused):
                self.client.transfer(new(), debit="b", credit="a", amount_minor=1)
        self.client.group(GroupId.generate(), [Transfer(new(), "a", "b", 1), Transfer(new(), "b", "shop", 1)])
        id = new()
        self.client.create_payment(
            id, source="a", destination="shop", amount=Money.of("0.30", "EUR"), capture_later=True
        )
        self.client.capture_payment(new(), payment=id, amount=Money.of("0.10", "EUR"), final=True)

    def check_books(self, events: list[Event]) -> None:
        """No gap, and the same balances as the server's."""
        sequences = [event.sequence for event in events]
        self.assertEqual(sequences, list(range(1, self.client.status().partitions[0].durable_sequence + 1)))
        # What was only reserved or given back has moved nothing.
        moved = {
            "MOVE",
            "CAPTURE",
            "DUE_CAPTURE",
            "PAYMENT_PAY",
            "PAYMENT_CAPTURE",
            "PAYMENT_REFUND",
            "PAYMENT_DUE_CAPTURE",
        }

        pandas = events_to_pandas(events)
        rows = pandas[(pandas["status"] == "POSTED") & pandas["transfer_kind"].isin(moved)]
        sums: dict[str, int] = defaultdict(int)
        for debit, credit, amount in zip(
            rows["debit_account"], rows["credit_account"], rows["amount_minor"], strict=True
        ):
            sums[debit] -= amount
            sums[credit] += amount
        polars = events_to_polars(events).filter(pl.col("status") == "POSTED", pl.col("transfer_kind").is_in(moved))
        credits = dict(polars.group_by("credit_account").agg(pl.col("amount_minor").sum()).rows())
        debits = dict(polars.group_by("debit_account").agg(pl.col("amount_minor").sum()).rows())
        self.assertEqual(sum(credits.values()), sum(debits.values()))
        for account in self.client.list_accounts():
            id = str(account.id)
            self.assertEqual(sums[id], account.balance_minor, account.name)
            self.assertEqual(credits.get(id, 0), account.credits_posted_minor, account.name)
            self.assertEqual(debits.get(id, 0), account.debits_posted_minor, account.name)

    def test_sums_gaps_and_resuming_after_a_restart(self) -> None:
        self.work(20)
        feed = self.client.subscribe(until_live=True, batch_events=7)
        events = list(feed)
        self.check_books(events)
        self.assertIn(EventKind.PAYMENT, {event.kind for event in events})

        self.server.stop()
        self.server.start()
        self.work(5)
        later = list(self.client.subscribe(feed.cursor, until_live=True))
        self.check_books(events + later)

    def test_a_subscription_lives_through_restarts(self) -> None:
        events: list[Event] = []
        feed = self.client.subscribe(patience=60)
        reader = threading.Thread(target=lambda: events.extend(feed))
        reader.start()
        for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
            self.work(5)
            self.server.stop(how)
            time.sleep(0.2)
            self.server.start()
        self.work(5)
        until = self.client.status().partitions[0].durable_sequence
        give_up = time.monotonic() + 30
        while (not events or events[-1].sequence < until) and time.monotonic() < give_up:
            time.sleep(0.05)
        feed.close()
        reader.join()
        self.check_books(events)

    def test_filters(self) -> None:
        self.work(3)
        every = list(self.client.subscribe(until_live=True))
        for filters, expected in (
            ({"kinds": [EventKind.HOLD]}, [e for e in every if e.kind is EventKind.HOLD]),
            ({"assets": ["USD"]}, []),
            ({"name_prefixes": ["ca"]}, [e for e in every if self.about(e, "cash")]),
            ({"accounts": [AccountId.of_name("shop")]}, [e for e in every if self.about(e, "shop")]),
        ):
            with self.subTest(filters=filters):
                found = list(self.client.subscribe(until_live=True, **filters))
                self.assertEqual([e.sequence for e in found], [e.sequence for e in expected])

    @staticmethod
    def about(event: Event, name: str) -> bool:
        """Whether it changes this account."""
        id = AccountId.of_name(name)
        if event.account is not None:
            return event.account.id == id
        return (
            event.transfer is not None
            and event.transfer.posted is not None
            and id in (event.transfer.debit, event.transfer.credit)
        )

    def test_faults(self) -> None:
        for begin, reason in (({"cursor": "nonsense"}, "CURSOR_INVALID"), ({"batch_events": 9_000}, "FILTER_INVALID")):
            with self.subTest(reason=reason), self.assertRaises(Fault) as fault:
                next(self.client.subscribe(**begin))
            self.assertEqual(fault.exception.reason, reason)

    def test_from_now_on(self) -> None:
        self.work(1)
        feed = self.client.subscribe(from_end=True)
        # The first batch says where "now" is.
        batch = next(feed.batches())
        posted = self.client.transfer(new(), debit="cash", credit="a", amount_minor=7)
        event = next(feed)
        feed.close()
        self.assertEqual((list(batch.events), event.sequence), ([], posted.sequence))
        self.assertEqual(event.transfer and event.transfer.id, posted.id)


class Crashes(unittest.TestCase):
    def test_every_payment_is_made_once_although_the_server_is_killed(self) -> None:
        server = self.enterContext(Server())
        client = self.enterContext(Client(server.address, deadline=60))
        client.create_account("cash", "EUR", floor=FLOOR_NONE)
        client.create_account("a", "EUR")
        stop = threading.Event()

        def pay_on() -> int:
            paid = 0
            while not stop.is_set():
                paid += client.transfer(new(), debit="cash", credit="a", amount_minor=1).amount_minor
            return paid

        with ThreadPoolExecutor(16) as pool:
            callers = [pool.submit(pay_on) for _ in range(16)]
            try:
                for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                    time.sleep(0.7)
                    server.stop(how)
                    server.start()
                time.sleep(0.7)
            finally:
                stop.set()
            paid = sum(caller.result() for caller in callers)
        account = client.get_account("a")
        assert account is not None
        self.assertGreater(paid, 100)
        self.assertEqual((account.balance_minor, client.status().partitions[0].conserved), (paid, True))


class Examples(unittest.TestCase):
    def run_with(self, server: Server, *arguments: str | Path) -> str:
        """What a program prints that ends well."""
        ran = subprocess.run(
            [sys.executable, *arguments],
            env=os.environ | {"FLORIN_SERVER": server.address, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        return ran.stdout

    def test_the_first_payment_of_the_readme(self) -> None:
        program = (PACKAGE / "README.md").read_text().split("```python\n")[1].split("```")[0]
        self.assertIn('"127.0.0.1:7411"', program)
        with Server() as server:
            printed = self.run_with(server, "-c", program.replace("127.0.0.1:7411", server.address))
        self.assertEqual(printed.split()[1], "1250")

    def test_they_run(self) -> None:
        with Server() as server:
            for name, lines in (
                ("first_payment", ["posted ", "refused: ", "cash -12.50 EUR", "customer:2375/wallet 12.50 EUR"]),
                ("feed_to_frame", ["TRANSFER_POSTED", "1250", "cursor "]),
            ):
                with self.subTest(name=name):
                    printed = self.run_with(server, PACKAGE / "examples" / f"{name}.py")
                    for line in lines:
                        self.assertIn(line, printed)
