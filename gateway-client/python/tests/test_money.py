"""Money: the rules of proto/src/money.rs, and what Python adds to them."""

from __future__ import annotations

import random
import unittest
from decimal import Decimal, localcontext

from florin import AmountError, Money, format_minor, to_decimal, to_minor, to_minor_or_zero
from florin._money import MINOR_MAX, SCALE_MAX

INVALID, NEGATIVE, PRECISE = "AMOUNT_INVALID", "AMOUNT_NEGATIVE", "AMOUNT_TOO_PRECISE"
LARGE, ZERO = "AMOUNT_TOO_LARGE", "AMOUNT_ZERO"


def reading(amount: object, scale: int) -> int | str:
    """Minor units, or the reason why there are none."""
    try:
        return to_minor(amount, scale)  # type: ignore[arg-type]
    except AmountError as error:
        return error.reason


class Reading(unittest.TestCase):
    def test_text(self) -> None:
        """The table of the Rust parser, line by line."""
        for text, scale, expected in (
            ("1", 2, 100),
            ("1.0", 2, 100),
            ("0.01", 2, 1),
            ("001.10", 2, 110),
            ("12.500", 2, 1250),
            ("500", 0, 500),
            ("500.0", 0, 500),
            ("1.234", 3, 1234),
            ("0.000000000000000001", 18, 1),
            ("79228162514264337593543950335", 0, MINOR_MAX),
            ("792281625142643375935439503.35", 2, MINOR_MAX),
            ("79228162514264337593543950336", 0, LARGE),
            ("792281625142643375935439503.36", 2, LARGE),
            ("79228162514264337593543950335", 2, LARGE),
            ("9" * 100_000, 2, LARGE),
            ("1.005", 2, PRECISE),
            ("1.5", 0, PRECISE),
            ("-1", 2, NEGATIVE),
            ("-0.001", 2, NEGATIVE),
            ("-0", 2, ZERO),
            ("0", 2, ZERO),
            ("0.00", 2, ZERO),
            ("", 2, INVALID),
            (".", 2, INVALID),
            ("1.", 2, INVALID),
            (".5", 2, INVALID),
            ("NaN", 2, INVALID),
            ("inf", 2, INVALID),
            ("1e3", 2, INVALID),
            ("1_000", 2, INVALID),
            ("1,5", 2, INVALID),
            ("+1", 2, INVALID),
            (" 1", 2, INVALID),
            ("1\n", 2, INVALID),
            ("--1", 2, INVALID),
            ("１", 2, INVALID),
            ("١", 2, INVALID),
        ):
            with self.subTest(text=text[:40], scale=scale):
                self.assertEqual(reading(text, scale), expected)

    def test_decimals_and_ints(self) -> None:
        for amount, scale, expected in (
            (Decimal("12.50"), 2, 1250),
            (Decimal("12.500"), 2, 1250),
            (Decimal("1E+3"), 2, 100_000),
            (Decimal("1.25E1"), 2, 1250),
            (Decimal("0.005"), 2, PRECISE),
            (Decimal("-1"), 2, NEGATIVE),
            (Decimal("0"), 2, ZERO),
            (Decimal("-0.00"), 2, ZERO),
            (Decimal("0E-999999999"), 2, ZERO),
            (Decimal("NaN"), 2, INVALID),
            (Decimal("-Infinity"), 2, INVALID),
            (Decimal("1E+999999999"), 2, LARGE),
            (Decimal("-1E+999999999"), 2, NEGATIVE),
            (Decimal("1E-999999999"), 2, PRECISE),
            (Decimal(MINOR_MAX), 0, MINOR_MAX),
            (Decimal(MINOR_MAX) + 1, 0, LARGE),
            (12, 2, 1200),
            (0, 2, ZERO),
            (-1, 2, NEGATIVE),
            (MINOR_MAX, 0, MINOR_MAX),
            (10**5000, 0, LARGE),
            (-(10**5000), 0, NEGATIVE),
        ):
            with self.subTest(amount=type(amount), scale=scale, expected=expected):
                self.assertEqual(reading(amount, scale), expected)

    def test_floats_and_others_are_mistakes(self) -> None:
        for amount in (12.5, 1.0, float("nan"), True, None, b"1", [1]):
            with self.subTest(amount=amount), self.assertRaises(TypeError):
                to_minor(amount, 2)  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            to_minor("1", 2.0)  # type: ignore[arg-type]
        for scale in (-1, 19):
            with self.subTest(scale=scale), self.assertRaises(ValueError):
                to_minor("1", scale)

    def test_zero_where_it_may_be(self) -> None:
        self.assertEqual(to_minor_or_zero("-0.00", 2), 0)
        self.assertEqual(to_minor_or_zero(Decimal(0), 2), 0)

    def test_a_narrow_decimal_context_changes_nothing(self) -> None:
        with localcontext() as context:
            context.prec = 3
            self.assertEqual(to_minor(Decimal("123456.78"), 2), 12_345_678)
            self.assertEqual(to_decimal(12_345_678, 2), Decimal("123456.78"))
            self.assertEqual(Money.of("123456.78", "EUR").to_wire().amount, "123456.78")

    def test_there_and_back(self) -> None:
        chance = random.Random(7)
        for _ in range(2_000):
            minor, scale = chance.randint(1, 1 << chance.randint(1, 96)) - 1 or 1, chance.randint(0, SCALE_MAX)
            self.assertEqual(to_minor(format_minor(minor, scale), scale), minor)
            self.assertEqual(to_minor(to_decimal(minor, scale), scale), minor)


class Writing(unittest.TestCase):
    def test_minor_units_to_text(self) -> None:
        for minor, scale, text in (
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (1250, 2, "12.50"),
            (500, 0, "500"),
            (-500, 0, "-500"),
            (1, 3, "0.001"),
            (-(1 << 127), 0, "-170141183460469231731687303715884105728"),
            ((1 << 128) - 1, 2, "3402823669209384634633746074317682114.55"),
        ):
            with self.subTest(text=text):
                self.assertEqual(format_minor(minor, scale), text)
                self.assertEqual(str(to_decimal(minor, scale)), text)
        with self.assertRaises(TypeError):
            format_minor(12.5, 2)  # type: ignore[arg-type]


class AsPaymentsSayIt(unittest.TestCase):
    def test_text_on_the_wire(self) -> None:
        for amount, text in (
            ("12.50", "12.50"),
            (Decimal("12.50"), "12.50"),
            (Decimal("1.2E+3"), "1200"),
            (1200, "1200"),
            ("-0", "0"),
            ("12.5055", "12.5055"),  # only the server knows the currency's decimals
        ):
            with self.subTest(amount=amount):
                self.assertEqual(Money.of(amount, "EUR").to_wire().amount, text)

    def test_what_no_currency_takes(self) -> None:
        for amount, reason in (
            ("1e3", INVALID),
            (Decimal("NaN"), INVALID),
            ("-1", NEGATIVE),
            ("0.0000000000000000001", PRECISE),
            (MINOR_MAX + 1, LARGE),
            ("792281625142643375935439503.36", LARGE),
        ):
            with self.subTest(amount=amount), self.assertRaises(AmountError) as raised:
                Money.of(amount, "EUR")
            self.assertEqual(raised.exception.reason, reason)
        with self.assertRaises(TypeError):
            Money.of(12.5, "EUR")  # type: ignore[arg-type]
        with self.assertRaises(TypeError):
            Money(12.5, "EUR").to_wire()  # type: ignore[arg-type]
