"""Payments: from a payer to a payee, from creation to the last refund. Amounts are Decimals with a currency here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from florin._exceptions import Malformed, Refused
from florin._ids import AccountId, TransferId
from florin._money import to_text
from florin._refusal import Refusal
from florin._time import date_from_wire
from florin._transfer import AtDue
from florin._wire import WireEnum, required_id, texts
from florin.v1 import payment_pb2 as pb


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of money as people write it: ``Money.of("12.50", "EUR")``."""

    #: How much. Never negative, never a float.
    amount: Decimal
    #: Code of the asset: "EUR", "POINTS".
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> Money:
        """From a Decimal, decimal text, or whole units. A float is a TypeError; bad text an `AmountError`."""
        return cls(Decimal(to_text(amount)), currency)

    def __str__(self) -> str:
        """As people write it: "12.50 EUR"."""
        return f"{self.amount:f} {self.currency}"

    def to_wire(self) -> pb.Money:
        """As it travels. How many decimals the currency has, the server knows."""
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"an amount must be a Decimal, not {type(self.amount).__name__}")
        return pb.Money(amount=to_text(self.amount), currency=self.currency)

    @classmethod
    def of_wire(cls, wire: pb.Money) -> Money:
        """From the contract's message."""
        try:
            return cls(Decimal(wire.amount), wire.currency)
        except InvalidOperation as error:
            raise Malformed(f"{wire.amount!r} is no amount") from error


class PaymentState(WireEnum):
    """Where a payment is in its life."""

    UNKNOWN = -1
    #: The money is reserved and nothing was captured yet.
    REQUIRES_CAPTURE = pb.PAYMENT_STATE_REQUIRES_CAPTURE
    #: A part was captured, and more can be.
    PARTIALLY_CAPTURED = pb.PAYMENT_STATE_PARTIALLY_CAPTURED
    #: Something was captured, and nothing more is reserved.
    CAPTURED = pb.PAYMENT_STATE_CAPTURED
    #: It was canceled before anything was captured.
    CANCELED = pb.PAYMENT_STATE_CANCELED
    #: It fell due before anything was captured.
    EXPIRED = pb.PAYMENT_STATE_EXPIRED
    #: A part of what was captured was refunded.
    PARTIALLY_REFUNDED = pb.PAYMENT_STATE_PARTIALLY_REFUNDED
    #: All that was captured was refunded, and nothing more is reserved.
    REFUNDED = pb.PAYMENT_STATE_REFUNDED


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as it is."""

    #: Its id.
    id: TransferId
    #: Where it is in its life.
    state: PaymentState
    #: Who pays.
    source: AccountId
    #: Who is paid.
    destination: AccountId
    #: What it is about.
    amount: Money
    #: What is reserved and can still be captured.
    amount_capturable: Money
    #: What was captured, refunds not taken off.
    amount_captured: Money
    #: What was refunded of it.
    amount_refunded: Money
    #: What was given back without being captured.
    amount_released: Money
    #: As in the request; kept, not moved.
    fee: Money | None
    #: As in the request: an order number, an invoice.
    reference: str | None
    #: As in the request.
    metadata: Mapping[str, str]
    #: As in the request: how risky it was thought to be, 0 to 1,000.
    score: int | None
    #: As in the request.
    code: int
    #: As in the request.
    value_date: date | None
    #: When what is reserved falls due, nanoseconds since 1970; None: never.
    due_at_ns: int | None
    #: What happens then.
    at_due: AtDue | None
    #: Whose it is: number of the tenant.
    tenant: int
    #: When it was created, nanoseconds since 1970.
    created_at_ns: int
    #: Sequence of its creation.
    created_sequence: int
    #: Sequence of the last event that changed it.
    last_sequence: int

    @classmethod
    def of_wire(cls, wire: pb.Payment) -> Payment:
        """From the contract's message."""
        if not wire.HasField("amount"):
            raise Malformed("a payment without its amount")
        currency = wire.amount.currency

        def part(money: pb.Money) -> Money:
            # Unset is nothing yet.
            return Money.of_wire(money) if money.amount else Money(Decimal(0), currency)

        return cls(
            id=required_id(TransferId, wire, "id"),
            state=PaymentState(wire.state),
            source=required_id(AccountId, wire, "source_account_id"),
            destination=required_id(AccountId, wire, "destination_account_id"),
            amount=Money.of_wire(wire.amount),
            amount_capturable=part(wire.amount_capturable),
            amount_captured=part(wire.amount_captured),
            amount_refunded=part(wire.amount_refunded),
            amount_released=part(wire.amount_released),
            fee=Money.of_wire(wire.fee) if wire.HasField("fee") else None,
            reference=wire.reference or None,
            metadata=texts(wire.metadata),
            score=wire.score if wire.HasField("score") else None,
            code=wire.code,
            value_date=date_from_wire(wire.value_date),
            due_at_ns=wire.due_at_ns or None,
            at_due=AtDue(wire.at_due) if wire.at_due else None,
            tenant=wire.tenant,
            created_at_ns=wire.created_at_ns,
            created_sequence=wire.created_sequence,
            last_sequence=wire.last_sequence,
        )


@dataclass(frozen=True, slots=True)
class PaymentDone:
    """What was asked of a payment is done."""

    #: The payment as it is now (not as it was, if this is a replay).
    payment: Payment
    #: The id was known: this is the first answer, given again.
    replayed: bool
    #: Sequence of what was decided.
    sequence: int
    #: When it was decided, nanoseconds since 1970.
    timestamp_ns: int
    #: What this moved, reserved, or gave back.
    amount: Money


def answer_of_wire(id: TransferId, wire: pb.PaymentResponse) -> PaymentDone | Refused:
    """The answer to whatever was asked of a payment under `id`."""
    payment = Payment.of_wire(wire.payment) if wire.HasField("payment") else None
    if wire.HasField("refusal"):
        refusal = Refusal.of_wire(wire.refusal)
        return Refused(refusal, id, wire.replayed, wire.sequence, wire.timestamp_ns, payment)
    if payment is None or not wire.HasField("amount"):
        raise Malformed("neither a payment nor a refusal")
    return PaymentDone(payment, wire.replayed, wire.sequence, wire.timestamp_ns, Money.of_wire(wire.amount))
