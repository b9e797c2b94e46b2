"""What an amount is an amount of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from florin import _money
from florin.v1 import ledger_pb2 as pb


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset: a currency, or points, tokens, stock units."""

    #: 1 to 16 characters of A-Z 0-9 _, beginning with a letter.
    code: str
    #: Decimals of the minor unit: EUR 2, JPY 0.
    scale: int

    def to_minor(self, amount: Decimal | str | int) -> int:
        """Reads an amount of this asset as minor units. Never rounds; see `florin.to_minor`."""
        return _money.to_minor(amount, self.scale)

    def to_decimal(self, minor: int) -> Decimal:
        """Minor units of this asset as a Decimal."""
        return _money.to_decimal(minor, self.scale)

    def format_minor(self, minor: int) -> str:
        """Minor units of this asset as decimal text."""
        return _money.format_minor(minor, self.scale)

    def to_wire(self) -> pb.Asset:
        """As it travels."""
        return pb.Asset(code=self.code, scale=_money.check_int(self.scale, "scale"))

    @classmethod
    def of_wire(cls, wire: pb.Asset) -> Asset:
        """From the contract's message."""
        return cls(wire.code, wire.scale)


@dataclass(frozen=True, slots=True)
class AssetRegistered:
    """The asset is registered."""

    #: Its code.
    code: str
    #: It was there before, with this scale.
    replayed: bool
