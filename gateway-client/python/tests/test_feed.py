"""The feed: exactly once and in order, whatever happens to the connection."""

from __future__ import annotations

import threading
import time
import unittest
from collections.abc import Sequence

import florin
from florin import Client, EventKind, FlorinError, Retry
from florin.v1 import event_pb2
from tests.fake import End, Fail, Fake, Step, batch

RETRY = Retry(base_backoff=0.001, max_backoff=0.005)
Script = Sequence[event_pb2.EventBatch | Step]


def start(request: event_pb2.SubscribeRequest) -> str:
    """Where a subscription began."""
    return request.cursor or request.WhichOneof("from") or ""


class Resuming(unittest.TestCase):
    def test_across_broken_connections(self) -> None:
        """What each subscription gets; the events seen; where each subscription began."""
        slow = Fail("RESOURCE_EXHAUSTED", "SUBSCRIBER_SLOW", metadata={"cursor": "elsewhere"})
        cases: tuple[tuple[list[Script], list[int], list[str]], ...] = (
            ([[batch(1, 2), batch(3, live=True)]], [1, 2, 3], ["beginning"]),
            ([[batch(1, 2), End()], [batch(3, live=True)]], [1, 2, 3], ["beginning", "after 2"]),
            ([[batch(1, 2), Fail("UNAVAILABLE")], [batch(3, live=True)]], [1, 2, 3], ["beginning", "after 2"]),
            ([[Fail("UNAVAILABLE", "SHUTTING_DOWN")], [batch(1, live=True)]], [1], ["beginning", "beginning"]),
            ([[batch(1), slow], [batch(2, live=True)]], [1, 2], ["beginning", "after 1"]),
            ([[batch(), batch(4, live=True)]], [4], ["beginning"]),
            ([[batch(1), End()], [End()], [End()], [batch(7, live=True)]], [1, 7], ["beginning"] + ["after 1"] * 3),
            ([[batch(live=True)]], [], ["beginning"]),
        )
        for feed, events, starts in cases:
            with self.subTest(feed=feed), Fake(feed=feed) as fake, Client(fake.address, retry=RETRY) as client:
                with client.subscribe(until_live=True) as subscription:
                    self.assertEqual([event.sequence for event in subscription], events)
                self.assertEqual([start(request) for request in fake.subscriptions], starts)

    def test_what_is_no_use_trying_again(self) -> None:
        cases: tuple[tuple[Script, dict[str, object], str, int], ...] = (
            ([Fail("FAILED_PRECONDITION", "LINEAGE_CHANGED")], {"cursor": "c"}, "LINEAGE_CHANGED", 1),
            ([Fail("OUT_OF_RANGE", "CURSOR_ARCHIVED")], {"cursor": "c"}, "CURSOR_ARCHIVED", 1),
            ([Fail("INVALID_ARGUMENT", "FILTER_INVALID")], {}, "FILTER_INVALID", 1),
            ([batch(2), batch(2)], {}, "ANSWER_MALFORMED", 1),
            ([batch(2, 1)], {}, "ANSWER_MALFORMED", 1),
            ([event_pb2.EventBatch()], {}, "ANSWER_MALFORMED", 1),
            # Another "from now on" would leave out what happened in between.
            ([End()], {"from_end": True}, "CONNECTION_LOST", 1),
        )
        for script, begin, expected, subscriptions in cases:
            with self.subTest(script=script), Fake(feed=[script]) as fake, Client(fake.address, retry=RETRY) as client:
                with self.assertRaises(FlorinError) as raised, client.subscribe(**begin) as subscription:  # type: ignore[arg-type]
                    list(subscription)
                self.assertEqual((raised.exception.reason, len(fake.subscriptions)), (expected, subscriptions))

    def test_patience(self) -> None:
        feed: list[Script] = [[batch(1), End()], *[[End()]] * 10_000]
        with Fake(feed=feed) as fake, Client(fake.address, retry=RETRY) as client:
            subscription = client.subscribe(patience=0.3)
            self.assertEqual(next(subscription).sequence, 1)
            began = time.monotonic()
            with self.assertRaises(florin.ConnectionLost):
                next(subscription)
            self.assertLess(time.monotonic() - began, 1.0)
            fake.feed.clear()
            fake.feed.append([batch(2)])
            self.assertEqual((next(subscription).sequence, subscription.cursor), (2, "after 2"))

    def test_from_the_end_it_resumes_once_it_has_a_cursor(self) -> None:
        with Fake(feed=[[batch(), End()], [batch(5, live=True)]]) as fake, Client(fake.address, retry=RETRY) as client:
            self.assertEqual([event.sequence for event in client.subscribe(from_end=True, until_live=True)], [5])
            self.assertEqual([start(request) for request in fake.subscriptions], ["end", "after 0"])


class Cursors(unittest.TestCase):
    def test_it_moves_with_the_last_event_of_a_batch(self) -> None:
        feed = [[batch(1, 2), batch(3), batch(live=True)]]
        with Fake(feed=feed) as fake, Client(fake.address) as client:
            subscription = client.subscribe("before", until_live=True)
            cursors = [subscription.cursor]
            cursors += [subscription.cursor for _ in subscription]
            self.assertEqual(cursors, ["before", "before", "after 2", "after 3"])

    def test_batches(self) -> None:
        feed = [[batch(1, 2, 3), batch(), batch(4, live=True)]]
        with Fake(feed=feed) as fake, Client(fake.address) as client:
            subscription = client.subscribe(until_live=True)
            self.assertEqual(next(subscription).sequence, 1)
            seen = [([e.sequence for e in b.events], b.cursor, subscription.cursor) for b in subscription.batches()]
            self.assertEqual(
                seen, [([2, 3], "after 3", "after 3"), ([], "after 0", "after 0"), ([4], "after 4", "after 4")]
            )


class Ending(unittest.TestCase):
    def test_closing_from_another_thread(self) -> None:
        with Fake(feed=[[batch(1)]]) as fake, Client(fake.address) as client:
            subscription = client.subscribe()
            timer = threading.Timer(0.2, subscription.close)
            timer.start()
            self.assertEqual([event.sequence for event in subscription], [1])
            timer.join()
            self.assertEqual(list(subscription), [])

    def test_closing_the_client(self) -> None:
        with Fake(feed=[[batch(1)]]) as fake:
            client = Client(fake.address)
            subscription = client.subscribe()
            next(subscription)
            timer = threading.Timer(0.2, client.close)
            timer.start()
            with self.assertRaises(florin.ClientClosed):
                next(subscription)
            timer.join()


class Requests(unittest.TestCase):
    def test_filters(self) -> None:
        with Fake(feed=[[batch(live=True)]]) as fake, Client(fake.address) as client:
            list(
                client.subscribe(
                    accounts=["a", florin.AccountId(7)],
                    name_prefixes=["shop:"],
                    assets=["EUR"],
                    kinds=[EventKind.HOLD, EventKind.TRANSFER_POSTED],
                    batch_events=10,
                    until_live=True,
                )
            )
            expected = event_pb2.SubscribeRequest(beginning=True, batch_events=10)
            expected.filter.accounts.add(name="a")
            expected.filter.accounts.add().id.lo = 7
            expected.filter.name_prefixes.append("shop:")
            expected.filter.assets.append("EUR")
            expected.filter.kinds.extend([event_pb2.EVENT_KIND_HOLD, event_pb2.EVENT_KIND_TRANSFER_POSTED])
            self.assertEqual(fake.subscriptions, [expected])

    def test_one_beginning(self) -> None:
        with Client() as client, self.assertRaises(TypeError):
            client.subscribe("cursor", from_end=True)
