"""Single payments: many callers, one stream, each its own answer."""

from __future__ import annotations

import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import florin
from florin import Client, FlorinError, Posted, Refused, Retry, TransferId
from tests.fake import End, Fail, Fake, Late, Lose, Step, WrongId

RETRY = Retry(attempts=3, attempt_timeout=0.3, base_backoff=0.001, max_backoff=0.005)
FAR = {"too": "x" * (70 << 10)}


def pay(client: Client, id: int, amount_minor: int = 5, metadata: dict[str, str] | None = None) -> Posted:
    return client.transfer(TransferId(id), debit="a", credit="b", amount_minor=amount_minor, metadata=metadata)


class OneCaller(unittest.TestCase):
    def test_what_is_sent_again(self) -> None:
        """After each script: the reason (None: posted), streams opened, unary calls made."""
        down, deny, none = Fail("UNAVAILABLE", "SHUTTING_DOWN"), Fail("PERMISSION_DENIED"), Fail("UNIMPLEMENTED")
        unreadable = Fail("DATA_LOSS", "JOURNAL_UNREADABLE")
        cases: tuple[tuple[list[Step], str | None, int, int], ...] = (
            ([], None, 1, 0),
            ([Lose()], None, 2, 0),
            ([Lose(), Lose()], None, 3, 0),
            ([Lose(), Lose(), Lose()], "OUTCOME_UNKNOWN", 3, 0),
            ([End()], None, 2, 0),
            ([down], None, 2, 0),
            # The contract: whatever ends a stream, what was not answered may have been done.
            ([down, down, down], "OUTCOME_UNKNOWN", 3, 0),
            ([Late(1.0)], None, 2, 0),
            # Whose fault it was is found out by asking alone.
            ([WrongId()], None, 1, 1),
            ([unreadable], None, 1, 1),
            ([unreadable, unreadable], "JOURNAL_UNREADABLE", 1, 1),
            ([none], None, 1, 1),
            ([deny, deny], "UNEXPECTED_STATUS", 1, 1),
            ([Lose(), deny, deny], "OUTCOME_UNKNOWN", 2, 1),
        )
        for steps, expected, streams, unary_calls in cases:
            with self.subTest(steps=steps), Fake(steps) as fake, Client(fake.address, retry=RETRY) as client:
                reason = None
                try:
                    self.assertEqual(pay(client, 1).id, 1)
                except FlorinError as error:
                    reason = error.reason
                found = (reason, fake.streams, fake.unary_calls)
                self.assertEqual(found, (expected, streams, unary_calls))
                self.assertLessEqual(len(fake.applied), 1)

    def test_refused(self) -> None:
        with Fake() as fake, Client(fake.address) as client, self.assertRaises(Refused) as raised:
            pay(client, 1, amount_minor=13)
        self.assertEqual((raised.exception.reason, raised.exception.id), ("INSUFFICIENT_FUNDS", 1))

    def test_the_same_id_again_is_one_payment(self) -> None:
        with Fake() as fake, Client(fake.address) as client:
            answers = [pay(client, 1).replayed for _ in range(3)]
            self.assertEqual((answers, fake.applied, fake.streams), ([False, True, True], [1], 1))

    def test_what_is_too_large_for_any_stream_travels_alone(self) -> None:
        with Fake() as fake, Client(fake.address) as client:
            pay(client, 1, metadata=FAR)
            self.assertEqual((fake.streams, fake.unary_calls, fake.applied), (0, 1, [1]))

    def test_deadlines(self) -> None:
        """Nobody there: nothing was sent. Sent and not answered: nobody knows."""
        with Fake() as fake:
            nobody = fake.address
        with Fake([Late(5.0)]) as fake:
            for address, expected in ((nobody, florin.Unreachable), (fake.address, florin.OutcomeUnknown)):
                with self.subTest(expected=expected), Client(address, deadline=0.4) as client:
                    began = time.monotonic()
                    with self.assertRaises(expected):
                        pay(client, 1)
                    self.assertLess(time.monotonic() - began, 1.0)

    def test_a_stream_that_idles_is_used_again(self) -> None:
        with Fake() as fake, Client(fake.address, retry=RETRY) as client:
            for id in (1, 2, 3):
                pay(client, id)
                time.sleep(0.05)
            self.assertEqual(fake.streams, 1)

    def test_a_server_that_starts_late(self) -> None:
        with Fake() as fake:
            port = fake.port
        late = Fake.__new__(Fake)

        def start() -> None:
            time.sleep(0.5)
            late.__init__(port=port)  # type: ignore[misc]

        with Client(f"127.0.0.1:{port}") as client:
            thread = threading.Thread(target=start)
            thread.start()
            self.assertEqual(pay(client, 1).id, 1)
            thread.join()
        late.server.stop(0)


class ManyCallers(unittest.TestCase):
    def test_each_gets_its_own_answer_over_one_stream(self) -> None:
        with Fake() as fake, Client(fake.address) as client, ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda id: pay(client, id, amount_minor=1_000 + id), range(1, 501)))
            self.assertEqual(
                [(answer.id, answer.amount_minor) for answer in answers], [(i, 1_000 + i) for i in range(1, 501)]
            )
            self.assertEqual((fake.streams, fake.unary_calls, sorted(fake.applied)), (1, 0, list(range(1, 501))))

    def test_streams_that_break_lose_nothing_and_do_nothing_twice(self) -> None:
        each: tuple[Step, ...] = (Lose(), Fail("UNAVAILABLE"), End(), Fail("INTERNAL"))
        for breaks in each:
            once: list[Step] = [*[None] * 40, breaks]
            steps = once * 6
            with self.subTest(breaks=breaks), Fake(steps) as fake:
                retry = Retry(attempts=20, base_backoff=0.001, max_backoff=0.005)
                with Client(fake.address, retry=retry) as client, ThreadPoolExecutor(16) as pool:
                    answers = list(pool.map(lambda id: pay(client, id), range(1, 301)))
                self.assertEqual([answer.id for answer in answers], list(range(1, 301)))
                self.assertEqual((sorted(fake.applied), fake.streams), (list(range(1, 301)), 7))

    def test_what_goes_out_again_keeps_its_order(self) -> None:
        with Fake([Late(2.0)]) as fake, Client(fake.address, retry=RETRY) as client, ThreadPoolExecutor(5) as pool:
            callers = []
            for id in range(1, 6):
                callers.append(pool.submit(pay, client, id))
                time.sleep(0.03)
            self.assertEqual([caller.result().id for caller in callers], [1, 2, 3, 4, 5])
            self.assertEqual((fake.applied, fake.streams), ([1, 2, 3, 4, 5], 2))

    def test_who_has_gone_does_not_shift_the_answers(self) -> None:
        with Fake([Late(0.5)]) as fake, Client(fake.address) as client, ThreadPoolExecutor(4) as pool:
            gone = pool.submit(pay, client.with_deadline(0.1), 1, 7)
            time.sleep(0.05)
            staying = pool.submit(pay, client, 2, 8)
            with self.assertRaises(florin.OutcomeUnknown):
                gone.result()
            self.assertEqual((staying.result().id, staying.result().amount_minor), (2, 8))
            self.assertEqual((pay(client, 1, 7).replayed, fake.streams), (True, 1))

    def test_closing_waits_for_those_on_their_way(self) -> None:
        with Fake([Late(0.3)]) as fake:
            client = Client(fake.address)
            with ThreadPoolExecutor(1) as pool:
                on_its_way = pool.submit(pay, client, 1)
                time.sleep(0.1)
                client.close()
                self.assertEqual(on_its_way.result().id, 1)

    def test_closing_does_not_wait_for_ever(self) -> None:
        with Fake([Late(3.0)]) as fake:
            client = Client(fake.address, deadline=10)
            with ThreadPoolExecutor(1) as pool:
                on_its_way = pool.submit(pay, client, 1)
                time.sleep(0.1)
                began = time.monotonic()
                client.with_deadline(0.2).close()
                self.assertLess(time.monotonic() - began, 1.0)
                with self.assertRaises(florin.OutcomeUnknown):
                    on_its_way.result()
