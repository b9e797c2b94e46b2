"""Payments, from creation to refund."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import grpc

from florin._calls.base import Caller, Q, accepted, pages
from florin._exceptions import Malformed
from florin._ids import AccountKey, TransferId
from florin._money import check_int
from florin._payment import Money, Payment, PaymentDone, PaymentState, answer_of_wire
from florin._retry import Kind
from florin._time import date_to_wire
from florin._transfer import AtDue, at_due_to_wire, id_to_wire
from florin._wire import key_to_wire, minor
from florin.v1 import payment_pb2 as pb

# Payments a page when all are listed: the most a server gives.
_PAGE_SIZE = 1_000


class PaymentCalls(Caller):
    """Payments. What is refused raises `Refused`, whose `payment` is the payment as it is, if there is one."""

    def create_payment(
        self,
        id: TransferId,
        *,
        source: AccountKey,
        destination: AccountKey,
        amount: Money,
        capture_later: bool = False,
        due_at_ns: int = 0,
        at_due: AtDue | None = None,
        fee: Money | None = None,
        reference: str = "",
        score: int | None = None,
        code: int = 0,
        value_date: date | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> PaymentDone:
        """Creates a payment: captured at once, or with `capture_later` reserved until it is captured, canceled or due.

        `fee`, `reference` (128 bytes) and `score` (0 to 1,000) are kept for your books. Safe to repeat.
        """
        method = pb.CAPTURE_METHOD_MANUAL if capture_later else pb.CAPTURE_METHOD_AUTOMATIC
        request = pb.CreatePaymentRequest(
            id=id_to_wire(id),
            source=key_to_wire(source),
            destination=key_to_wire(destination),
            amount=amount.to_wire(),
            capture_method=method,
            due_at_ns=check_int(due_at_ns, "due_at_ns"),
            at_due=at_due_to_wire(at_due),
            fee=None if fee is None else fee.to_wire(),
            reference=reference,
            metadata=metadata or {},
            score=score,
            code=check_int(code, "code"),
            value_date=date_to_wire(value_date),
        )
        return self._about(id, id, self._connection.payments.CreatePayment, request)

    def capture_payment(
        self, id: TransferId, *, payment: TransferId, amount: Money | None = None, final: bool = False
    ) -> PaymentDone:
        """Captures what is reserved: an amount, or all of it. After the `final` part the rest is given back."""
        request = pb.CapturePaymentRequest(
            id=id_to_wire(id), payment_id=id_to_wire(payment), amount=_money(amount), final=final
        )
        return self._about(id, payment, self._connection.payments.CapturePayment, request)

    def cancel_payment(self, id: TransferId, *, payment: TransferId) -> PaymentDone:
        """Gives back what is reserved and was not captured."""
        request = pb.CancelPaymentRequest(id=id_to_wire(id), payment_id=id_to_wire(payment))
        return self._about(id, payment, self._connection.payments.CancelPayment, request)

    def refund_payment(
        self,
        id: TransferId,
        *,
        payment: TransferId,
        amount: Money | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> PaymentDone:
        """Moves captured money back: an amount, or all that was not refunded yet."""
        request = pb.RefundPaymentRequest(
            id=id_to_wire(id), payment_id=id_to_wire(payment), amount=_money(amount), metadata=metadata or {}
        )
        return self._about(id, payment, self._connection.payments.RefundPayment, request)

    def get_payment(self, id: TransferId) -> Payment:
        """A payment as it is. A `Fault` with PAYMENT_NOT_FOUND if there is none under this id."""
        request = pb.GetPaymentRequest(id=id_to_wire(id))
        return Payment.of_wire(self._call(Kind.READ, self._connection.payments.GetPayment, request))

    def list_payments(self, states: Iterable[PaymentState] = ()) -> Iterator[Payment]:
        """Payments, newest first; only those in one of these states, if any are given."""
        wanted = [f"PAYMENT_STATE_{state.name}" for state in states]

        def fetch(token: str) -> tuple[Iterable[Payment], str]:
            request = pb.ListPaymentsRequest(page_size=_PAGE_SIZE, page_token=token, states=wanted)
            response = self._call(Kind.READ, self._connection.payments.ListPayments, request)
            return [Payment.of_wire(payment) for payment in response.payments], response.next_page_token

        return pages(fetch)

    def _about(
        self,
        id: TransferId,
        payment: TransferId,
        method: grpc.UnaryUnaryMultiCallable[Q, pb.PaymentResponse],
        request: Q,
    ) -> PaymentDone:
        response = self._call(Kind.IDEMPOTENT, method, request)
        if response.HasField("payment") and minor(response.payment.id) != payment:
            raise Malformed("another payment than the one that was asked about")
        return accepted(answer_of_wire(id, response))


def _money(amount: Money | None) -> pb.Money | None:
    return None if amount is None else amount.to_wire()
