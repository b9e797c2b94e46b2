"""Money as people write it: decimal in, integer minor units out, and back. Never rounded, never a float.

The rules are those of the server and of the other clients; see proto/src/money.rs.
"""

from __future__ import annotations

import re
from decimal import Decimal

from florin._exceptions import AmountError, Invalid

#: Most decimals that an asset can have.
SCALE_MAX = 18
#: The largest amount that decimal text can say, minor units.
MINOR_MAX = (1 << 96) - 1

_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


def to_minor(amount: Decimal | str | int, scale: int) -> int:
    """Reads an amount as minor units of an asset with `scale` decimals: ``to_minor("12.50", 2) == 1250``.

    Trailing zeros beyond the scale are no decimals: 12.500 is 12.50 EUR. A float is a TypeError: it does not know
    what was meant. An int counts whole units (12 is 12.00 EUR). Raises `AmountError` with AMOUNT_INVALID,
    AMOUNT_NEGATIVE, AMOUNT_TOO_PRECISE, AMOUNT_TOO_LARGE or AMOUNT_ZERO.
    """
    minor = to_minor_or_zero(amount, scale)
    if minor == 0:
        raise AmountError("AMOUNT_ZERO", "the amount is zero")
    return minor


def to_minor_or_zero(amount: Decimal | str | int, scale: int) -> int:
    """As `to_minor`, where zero is a value like any other (an opening balance, an overdraft)."""
    _check_scale(scale)
    whole, fraction = _parts(_text(amount))
    if len(fraction) > scale:
        raise AmountError("AMOUNT_TOO_PRECISE", f"more decimals than the asset has ({scale})")
    digits = (whole + fraction.ljust(scale, "0")).lstrip("0")
    # The length comes first: int() of a very long text takes very long.
    if len(digits) > len(str(MINOR_MAX)) or int(digits or "0") > MINOR_MAX:
        raise AmountError("AMOUNT_TOO_LARGE", f"above the largest decimal amount, {MINOR_MAX} minor units")
    return int(digits or "0")


def to_text(amount: Decimal | str | int) -> str:
    """Plain decimal text of an amount whose scale only the server knows: all is checked but the number of decimals."""
    text = _text(amount)
    decimals = len(_parts(text)[1])
    to_minor_or_zero(text, min(decimals, SCALE_MAX))
    return text.removeprefix("-")


def to_decimal(minor: int, scale: int) -> Decimal:
    """Minor units, of a balance for example, as a Decimal with exactly `scale` decimals."""
    return Decimal(format_minor(minor, scale))


def format_minor(minor: int, scale: int) -> str:
    """Writes minor units as decimal text with exactly `scale` decimals: ``format_minor(-5, 2) == "-0.05"``."""
    _check_scale(scale)
    minor = check_int(minor, "minor")
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else sign + digits


def check_int(value: object, what: str) -> int:
    """An integer as it is; anything else, above all a float, is a TypeError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    return value


def check_minor(value: object, what: str = "amount_minor") -> int:
    """Minor units to send: an int that fits 128 bits. What the ledger takes of these, the server says."""
    minor = check_int(value, what)
    if minor < 0:
        raise AmountError("AMOUNT_NEGATIVE", "amounts are never negative: swap the accounts instead")
    if minor >> 128:
        raise AmountError("AMOUNT_TOO_LARGE", "above 2^127 - 1 minor units")
    return minor


def _parts(text: str) -> tuple[str, str]:
    """Digits before and after the point, without the zeros that say nothing."""
    parts = _AMOUNT.fullmatch(text)
    if parts is None:
        raise AmountError("AMOUNT_INVALID", "not a decimal number like 12.50")
    sign, whole, fraction = parts[1], parts[2].lstrip("0"), (parts[3] or "").rstrip("0")
    if sign and (whole or fraction):
        raise AmountError("AMOUNT_NEGATIVE", "amounts are never negative: swap the accounts instead")
    return whole, fraction


def _text(amount: Decimal | str | int) -> str:
    match amount:
        case str():
            return amount
        case Decimal() if amount and amount.is_finite() and abs(amount.adjusted()) > 64:
            # Far out of range, either way. Written out it might not fit into memory.
            return f"{'-' if amount < 0 else ''}{'9' * 64 if amount.adjusted() > 0 else '0.' + '1'.rjust(64, '0')}"
        case Decimal():
            # A Decimal is a number, however it was written: 1E+3 is a thousand.
            return format(amount, "f") if amount else "0"
        case int() if not isinstance(amount, bool):
            # str() refuses very long ints.
            return str(amount) if abs(amount) <= MINOR_MAX else f"{'-' if amount < 0 else ''}{'9' * 64}"
        case _:
            raise TypeError(f"an amount must be a Decimal, a str or an int, not {type(amount).__name__}")


def _check_scale(scale: int) -> None:
    if not 0 <= check_int(scale, "scale") <= SCALE_MAX:
        raise Invalid("ASSET_INVALID", f"an asset has 0 to {SCALE_MAX} decimals")
