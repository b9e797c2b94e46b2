"""What a caller may choose, and its limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from florin._exceptions import Invalid

#: Longer deadlines are cut to this: far beyond use, and safe to add to any clock.
DEADLINE_MAX_S = 24 * 60 * 60.0


@dataclass(frozen=True, slots=True)
class Retry:
    """When and how often a call is tried again, under the same ids and within its deadline. Times are seconds."""

    #: Attempts at most, the first included. 20 are more than fit into the default deadline; 1 means no retries.
    attempts: int = 20
    #: An attempt without an answer for this long is given up, and made again.
    attempt_timeout: float = 3.0
    #: Wait before the second attempt; doubled before each further one. Each wait is shortened at random by up to a
    #: half, so that callers do not come back all at once.
    base_backoff: float = 0.025
    #: Longest wait.
    max_backoff: float = 1.0

    def __post_init__(self) -> None:
        """Checks the ranges."""
        check(self.attempts >= 1, "retry.attempts", "at least 1")
        check(self.attempt_timeout > 0, "retry.attempt_timeout", "longer than zero")
        check(0 <= self.base_backoff <= self.max_backoff, "retry.base_backoff", "0 to retry.max_backoff")

    @classmethod
    def never(cls) -> Retry:
        """One attempt, which may take the whole deadline."""
        return cls(attempts=1, attempt_timeout=DEADLINE_MAX_S)

    def backoff(self, failed: int, random: float) -> float:
        """The wait after `failed` attempts: doubled each time, then shortened by up to a half (`random` is 0 to 1)."""
        whole = min(math.ldexp(self.base_backoff, min(failed - 1, 31)), self.max_backoff)
        return whole * (1 - random / 2)


def check(holds: bool, option: str, allowed: str) -> None:
    """Refuses an option that is out of range."""
    if not holds:
        raise Invalid("OPTION_INVALID", f"option {option} is out of range: {allowed}")
