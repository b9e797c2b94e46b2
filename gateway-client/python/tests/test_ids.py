"""Ids, names and the keys of accounts."""

from __future__ import annotations

import time
import unittest

from blake3 import blake3

from florin import AccountId, GroupId, Invalid, Transfer, TransferId, format_key, parse_key
from florin._ids import time_ordered
from florin._wire import key_from_wire, key_to_wire, minor, uint128


class Ids(unittest.TestCase):
    def test_time_stands_in_the_high_bits(self) -> None:
        for unix_ms, random, id in (
            (0, bytes(10), 0),
            (1, bytes(10), 1 << 80),
            (0, b"\xff" * 10, (1 << 80) - 1),
            (0xFFFF_FFFF_FFFF, b"\xff" * 10, (1 << 128) - 1),
            (0x0197_F3C2_A9B4, bytes.fromhex("7d11e2c64bb9a0d35f08"), 0x0197_F3C2_A9B4_7D11_E2C6_4BB9_A0D3_5F08),
        ):
            with self.subTest(unix_ms=unix_ms):
                self.assertEqual(time_ordered(unix_ms, random), id)

    def test_generated_ids_are_new_and_of_now(self) -> None:
        before = time.time_ns() // 1_000_000
        ids = [TransferId.generate() for _ in range(1_000)]
        self.assertEqual(len(set(ids)), 1_000)
        self.assertTrue(before <= ids[0] >> 80 <= ids[-1] >> 80 <= time.time_ns() // 1_000_000)
        self.assertIsInstance(GroupId.generate(), GroupId)

    def test_text_there_and_back(self) -> None:
        for text, id in (
            ("00000000000000000000000000000001", 1),
            ("ffffffffffffffffffffffffffffffff", (1 << 128) - 1),
            ("0197F3C2A9B47D11E2C64BB9A0D35F08", 0x0197_F3C2_A9B4_7D11_E2C6_4BB9_A0D3_5F08),
        ):
            with self.subTest(text=text):
                found = TransferId.parse(text)
                self.assertEqual(found, id)
                self.assertEqual((str(found), f"{found}"), (text.lower(), text.lower()))
                self.assertEqual(eval(repr(found)), found)
                self.assertEqual(minor(uint128(found)), id)

    def test_what_is_no_id(self) -> None:
        for text in ("", "1", "+" + "0" * 31, "0" * 31 + "g", "0" * 33, "0" * 32 + "\n", "_" * 32, "٠" * 32):
            with self.subTest(text=text), self.assertRaises(Invalid):
                TransferId.parse(text)
        for value in (-1, 1 << 128):
            with self.subTest(value=value), self.assertRaises(Invalid):
                TransferId(value)
        for other in ("1", 1.0, True, None):
            with self.subTest(other=other), self.assertRaises(TypeError):
                TransferId(other)  # type: ignore[arg-type]

    def test_halves(self) -> None:
        wire = uint128(3 << 64 | 7)
        self.assertEqual((wire.lo, wire.hi), (7, 3))

    def test_one_kind_of_id_is_not_another(self) -> None:
        account, group = AccountId(1), GroupId(1)
        for id in (account, group, 1):
            with self.subTest(id=repr(id)), self.assertRaises(TypeError):
                Transfer(id, "a", "b", 1).to_wire()  # type: ignore[arg-type]
        for key in (TransferId(1), 1, None):
            with self.subTest(key=repr(key)), self.assertRaises(TypeError):
                Transfer(TransferId(1), key, "b", 1).to_wire()  # type: ignore[arg-type]


class Names(unittest.TestCase):
    def test_ids_of_names(self) -> None:
        """The rule of `AccountKey` in the contract, and ids that the server gave for these names."""
        for name, id in (
            ("cash", "c95aa4a78e0cf05c52890646ac718430"),
            ("customer:2375/wallet", None),
            ("x" * 128, None),
        ):
            with self.subTest(name=name):
                digest = blake3(b"florin.v1.account-name" + bytes(1) + name.encode("ascii")).digest()
                by_hand = sum(byte << 8 * place for place, byte in enumerate(digest[:16]))
                self.assertEqual(AccountId.of_name(name), by_hand)
                if id is not None:
                    self.assertEqual(str(AccountId.of_name(name)), id)

    def test_keys_there_and_back(self) -> None:
        one = "id:00000000000000000000000000000001"
        for text, key in (
            ("cash", "cash"),
            ("customer:2375/wallet", "customer:2375/wallet"),
            ("x" * 128, "x" * 128),
            (one, AccountId(1)),
        ):
            with self.subTest(text=text):
                found = parse_key(text)
                self.assertEqual((found, type(found)), (key, type(key)))
                self.assertEqual(format_key(found), text)
                again = key_from_wire(key_to_wire(found))
                self.assertEqual((again, type(again)), (key, type(key)))

    def test_what_is_no_key(self) -> None:
        for text in ("", "two words", "grün", "x" * 129, "id:", "id:1", "cash\n", "id:" + "g" * 32):
            with self.subTest(text=text), self.assertRaises(Invalid) as raised:
                parse_key(text)
            self.assertEqual(raised.exception.reason, "NAME_INVALID")
