"""Calls other than single payments: answers, and which are tried again after what."""

from __future__ import annotations

import time
import unittest

import florin
from florin import (
    FLOOR_NONE,
    Client,
    FlorinError,
    Freeze,
    GroupId,
    GroupPosted,
    Money,
    NewAccount,
    Opened,
    Posted,
    Refused,
    Retry,
    Transfer,
    TransferId,
)
from tests.fake import Fail, Fake, Late, Lose, Step

RETRY = Retry(attempts=3, attempt_timeout=0.3, base_backoff=0.001, max_backoff=0.005)


def make(call: str, client: Client) -> object:
    match call:
        case "open":
            return client.create_accounts([NewAccount("b", "EUR")])
        case "pay":
            return client.batch([Transfer(TransferId(1), "a", "b", 5)])
        case "update":
            return client.update_account("a", close=True)
        case "read":
            return client.get_accounts(["a"])
        case "past":
            return client.balance_at("a", sequence=7)
        case other:
            raise AssertionError(other)


class Retries(unittest.TestCase):
    def test_what_is_tried_again(self) -> None:
        lose, late, deny = Lose(), Late(1.0), Fail("PERMISSION_DENIED")
        down = Fail("UNAVAILABLE", "SHUTTING_DOWN")
        cases: tuple[tuple[str, list[Step], int, str | None], ...] = (
            ("open", [lose], 2, None),
            ("open", [lose, late], 3, None),
            ("open", [lose, lose, lose], 3, "OUTCOME_UNKNOWN"),
            ("open", [deny], 1, "UNEXPECTED_STATUS"),
            ("open", [down, down], 3, None),
            ("open", [down, down, down], 3, "SHUTTING_DOWN"),
            ("pay", [late], 2, None),
            ("pay", [lose, deny], 2, "OUTCOME_UNKNOWN"),
            ("pay", [lose, Fail("INVALID_ARGUMENT", "MODE_UNKNOWN")], 2, "MODE_UNKNOWN"),
            ("read", [lose, late], 3, None),
            ("read", [lose, lose, lose], 3, "CONNECTION_LOST"),
            ("read", [late, late, late], 3, "DEADLINE_EXCEEDED"),
            ("past", [lose, late], 3, None),
            ("past", [Fail("OUT_OF_RANGE", "MOMENT_AHEAD")], 1, "MOMENT_AHEAD"),
            ("update", [], 1, None),
            ("update", [down], 2, None),
            ("update", [lose], 1, "OUTCOME_UNKNOWN"),
            ("update", [late], 1, "OUTCOME_UNKNOWN"),
        )
        for call, steps, calls, expected in cases:
            with self.subTest(call=call, steps=steps), Fake() as fake, Client(fake.address, retry=RETRY) as client:
                client.create_account("a", "EUR")
                fake.steps.extend(steps)
                reason = None
                try:
                    make(call, client)
                except FlorinError as error:
                    reason = error.reason
                self.assertEqual((reason, fake.unary_calls), (expected, 1 + calls))

    def test_no_server(self) -> None:
        with Fake() as fake:
            address = fake.address
        for deadline, expected in ((0.5, florin.Unreachable),):
            began = time.monotonic()
            with self.assertRaises(expected), Client(address, deadline=deadline) as client:
                client.list_assets()
            self.assertLess(time.monotonic() - began, deadline + 0.5)

    def test_a_deadline_ends_a_call(self) -> None:
        with Fake([Late(2.0)]) as fake, Client(fake.address, deadline=5.0) as client:
            began = time.monotonic()
            with self.assertRaises(florin.OutcomeUnknown) as raised:
                client.with_deadline(0.2).batch([Transfer(TransferId(1), "a", "b", 5)])
            self.assertIsInstance(raised.exception.last, florin.DeadlineExceeded)
            self.assertLess(time.monotonic() - began, 1.0)
            # The same call again: it was done once.
            answer = client.batch([Transfer(TransferId(1), "a", "b", 5)])[0]
            assert isinstance(answer, Posted)
            self.assertEqual((answer.replayed, fake.applied), (True, [1]))

    def test_a_closed_client(self) -> None:
        with Fake() as fake:
            client = Client(fake.address)
            client.close()
            client.close()
            for call in (
                client.list_assets,
                lambda: client.transfer(TransferId(1), debit="a", credit="b", amount_minor=1),
            ):
                with self.assertRaises(florin.ClientClosed):
                    call()
            with self.assertRaises(florin.ClientClosed):
                next(client.subscribe())


class Answers(unittest.TestCase):
    def setUp(self) -> None:
        self.fake = self.enterContext(Fake())
        self.client = self.enterContext(Client(self.fake.address, retry=RETRY))

    def test_accounts(self) -> None:
        names = ["a:1", "a:2", "a:3", "b:1", "a:4"]
        answers = self.client.create_accounts(
            [*(NewAccount(name, "EUR", FLOOR_NONE) for name in names), NewAccount("c", "XXX")]
        )
        self.assertEqual([type(answer) for answer in answers], [Opened] * 5 + [Refused])
        with self.assertRaises(Refused) as raised:
            self.client.create_account("c", "XXX")
        self.assertEqual(raised.exception.reason, "ASSET_NOT_FOUND")

        self.assertEqual([account.name for account in self.client.list_accounts()], names)
        prefixed = list(self.client.list_accounts("a:"))
        self.assertEqual([account.key for account in prefixed], ["a:1", "a:2", "a:3", "a:4"])
        self.assertEqual(
            (prefixed[0].floor, prefixed[0].freeze, prefixed[0].ceiling_minor), (FLOOR_NONE, Freeze.NONE, None)
        )

        found = self.client.get_accounts(["a:1", "nobody"])
        self.assertEqual(([account.name for account in found.found], found.missing), (["a:1"], ["nobody"]))
        self.assertIsNone(self.client.get_account("nobody"))

    def test_balances_of_the_past(self) -> None:
        self.client.create_account("a", "EUR", floor=FLOOR_NONE)
        then = self.client.balance_at("a", time_ns=70)
        self.assertEqual((then.opened, then.balance_minor), (True, -5))
        self.assertEqual((then.floor, then.available_minor), (FLOOR_NONE, None))
        self.assertEqual((then.event_sequence, then.event_time_ns, then.resolved_sequence), (7, 70, 9))
        before = self.client.balance_at("a", sequence=6)
        self.assertEqual((before.opened, before.balance_minor, before.floor), (False, 0, None))
        self.assertEqual((before.event_sequence, before.event_time_ns), (None, None))
        for moments in ({}, {"sequence": 1, "time_ns": 1}, {"sequence": "1"}, {"time_ns": 1.5}):
            with self.subTest(moments=moments), self.assertRaises(TypeError):
                self.client.balance_at("a", **moments)

    def test_batches_give_refusals_as_data_and_groups_raise_them(self) -> None:
        good, bad = Transfer(TransferId(1), "a", "b", 5), Transfer(TransferId(2), "a", "b", 13)
        answers = self.client.batch([good, bad])
        match answers:
            case [Posted(id=TransferId(), amount_minor=5), Refused() as refused]:
                found = (refused.id, refused.reason, refused.refusal.would_pass_minor, refused.sequence)
                self.assertEqual(found, (2, "INSUFFICIENT_FUNDS", 12, 2))
            case _:
                self.fail(repr(answers))
        posted = self.client.group(GroupId(7), [good])
        self.assertIsInstance(posted, GroupPosted)
        self.assertEqual((posted.id, [member.id for member in posted.members]), (7, [1]))
        with self.assertRaises(Refused) as raised:
            self.client.group(GroupId(8), [good, bad])
        self.assertEqual((raised.exception.id, raised.exception.refusal.member), (8, 1))

    def test_a_refused_capture_shows_its_payment(self) -> None:
        with self.assertRaises(Refused) as raised:
            self.client.capture_payment(TransferId(2), payment=TransferId(1), amount=Money.of("9", "EUR"))
        payment = raised.exception.payment
        assert payment is not None
        found = (raised.exception.reason, payment.state.name, str(payment.amount), str(payment.amount_captured))
        self.assertEqual(found, ("PAYMENT_EXCEEDED", "REQUIRES_CAPTURE", "5.00 EUR", "0 EUR"))

    def test_status(self) -> None:
        status = self.client.status()
        totals = status.partitions[0].assets[0]
        self.assertEqual((status.accepting, status.not_accepting_reason), (False, "DISK_FULL"))
        self.assertEqual(
            (totals.asset.code, totals.debits_minor, totals.credits_minor), ("EUR", 2 << 64 | 1, 2 << 64 | 1)
        )
