"""What can go wrong.

::

    FlorinError                  .reason, .retryable
    ├── Refused                  the answer is no: .refusal says why, and what would have passed
    ├── Fault                    the server found fault with the call: nothing was applied
    ├── Unreachable              no connection: nothing was sent
    ├── ConnectionLost           the connection broke during a call that changes nothing
    ├── DeadlineExceeded         no answer in time, and nothing was applied (a TimeoutError too)
    ├── OutcomeUnknown           no answer, and it may have been applied: ask again, same ids
    ├── UnexpectedStatus         a gRPC status that Florin did not make
    ├── Malformed                an answer that breaks the contract
    ├── ClientClosed             the client was closed: nothing was sent
    ├── AmountError              not an amount of money (a ValueError too)
    └── Invalid                  an option, an address, an id or a name out of range (a ValueError too)

Decide on `reason`: its names never change their meaning. Reasons of refusals and faults are those of the contract,
each with an entry in docs/errors; the others stand in the README. The sentence is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from florin._ids import AccountId, GroupId, TransferId
    from florin._payment import Payment
    from florin._refusal import Refusal


class FlorinError(Exception):
    """Whatever this package raises on its own account."""

    #: The stable reason.
    reason: str = "FLORIN_ERROR"
    #: Whether the same call, with the same ids, may have an answer when made again.
    retryable: bool = False


class Refused(FlorinError):
    """The answer is no: nothing has moved.

    Calls about one thing raise it. Batches return it among their answers, as data: raise it or read it.
    """

    def __init__(
        self,
        refusal: Refusal,
        id: TransferId | GroupId | AccountId | None = None,
        replayed: bool = False,
        sequence: int = 0,
        timestamp_ns: int = 0,
        payment: Payment | None = None,
    ) -> None:
        """From its parts, as the attributes are described below."""
        super().__init__(refusal, id, replayed, sequence, timestamp_ns, payment)
        #: Why, and what would have passed.
        self.refusal = refusal
        #: The id under which it was asked for; of an account only where it was given by id or is known.
        self.id = id
        #: The id was known: this is the first answer, given again.
        self.replayed = replayed
        #: Its sequence; 0 if it was not journaled, and then the id is not used up.
        self.sequence = sequence
        #: When it was decided, nanoseconds since 1970; 0 if it was not journaled, or of a group.
        self.timestamp_ns = timestamp_ns
        #: Of a refused call about a payment: the payment as it is, if there is one.
        self.payment = payment
        self.reason = refusal.reason

    def __str__(self) -> str:
        """The sentence and the reason."""
        return f"refused: {self.refusal}"


class Fault(FlorinError):
    """The server found fault with the call, or cannot take it now: nothing was applied."""

    def __init__(
        self,
        reason: str,
        message: str,
        metadata: Mapping[str, str] = MappingProxyType({}),
        code: str = "UNKNOWN",
        retry_after_s: float | None = None,
    ) -> None:
        """From its parts, as the attributes are described below."""
        super().__init__(reason, message, dict(metadata), code, retry_after_s)
        self.reason = reason
        #: One sentence for people.
        self.message = message
        #: Details, such as the limit that was passed.
        self.metadata = dict(metadata)
        #: The gRPC code, "INVALID_ARGUMENT" for example.
        self.code = code
        #: Set if the same call may pass later: how long the server asks to wait before that, seconds.
        self.retry_after_s = retry_after_s
        self.retryable = retry_after_s is not None or code == "UNAVAILABLE"

    def __str__(self) -> str:
        """The sentence and the reason."""
        return f"{self.message} ({self.reason})"


class Unreachable(FlorinError):
    """There was no connection to be had: nothing was sent."""

    reason = "UNREACHABLE"
    retryable = True


class ConnectionLost(FlorinError):
    """The connection broke during a call that changes nothing."""

    reason = "CONNECTION_LOST"
    retryable = True


class DeadlineExceeded(FlorinError, TimeoutError):
    """No answer in time, and nothing was applied: the call changes nothing, or was never taken."""

    reason = "DEADLINE_EXCEEDED"
    retryable = True


class OutcomeUnknown(FlorinError):
    """It may have been applied, or not. Make the same call again, with the same ids: nothing is applied twice."""

    reason = "OUTCOME_UNKNOWN"
    retryable = True

    def __init__(self, last: FlorinError) -> None:
        """From the error that the last attempt ended with."""
        super().__init__(last)
        #: What the last attempt ended with.
        self.last = last

    def __str__(self) -> str:
        """What happened, and what to do."""
        again = "make the same call again with the same ids, nothing is applied twice"
        return f"the outcome is unknown ({self.last}): {again}"


class UnexpectedStatus(FlorinError):
    """A gRPC status that does not come from Florin, but from something in between or an older server."""

    reason = "UNEXPECTED_STATUS"

    def __init__(self, code: str, message: str) -> None:
        """From the gRPC code and the message beside it."""
        super().__init__(code, message)
        #: The gRPC code, "PERMISSION_DENIED" for example.
        self.code = code
        #: The message beside it.
        self.message = message
        self.retryable = code in ("UNAVAILABLE", "CANCELLED")

    def __str__(self) -> str:
        """The code and the message."""
        return f"the call failed with {self.code}: {self.message}"


class Malformed(FlorinError):
    """The answer is not what the contract promises. What was asked for may have been applied."""

    reason = "ANSWER_MALFORMED"


class ClientClosed(FlorinError):
    """The client was closed: nothing was sent."""

    reason = "CLIENT_CLOSED"


class AmountError(FlorinError, ValueError):
    """Not an amount of money. The reasons are those of the contract: AMOUNT_INVALID and its neighbours."""

    def __init__(self, reason: str, message: str) -> None:
        """From the reason and a sentence."""
        super().__init__(reason, message)
        self.reason = reason
        #: One sentence for people.
        self.message = message

    def __str__(self) -> str:
        """The sentence and the reason."""
        return f"{self.message} ({self.reason})"


class Invalid(FlorinError, ValueError):
    """A value that makes no sense to send: nothing was sent."""

    def __init__(self, reason: str, message: str) -> None:
        """From the reason and a sentence."""
        super().__init__(reason, message)
        self.reason = reason
        #: One sentence for people.
        self.message = message

    def __str__(self) -> str:
        """The sentence and the reason."""
        return f"{self.message} ({self.reason})"
