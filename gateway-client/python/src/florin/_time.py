"""Times and dates: nanoseconds since 1970 and YYYYMMDD on the wire, datetime and date for people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from florin._exceptions import Malformed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(when: datetime) -> int:
    """A moment as nanoseconds since 1970. It must know its time zone."""
    if when.tzinfo is None:
        raise TypeError("a datetime without a time zone is no moment: give it one, for example datetime.now(UTC)")
    return (when - _EPOCH) // timedelta(microseconds=1) * 1_000


def to_datetime(ns: int) -> datetime:
    """Nanoseconds since 1970 as a datetime in UTC, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=ns // 1_000)


def date_to_wire(day: date | None) -> int:
    """A value date as it travels; 0 if it counts when it happens."""
    if day is None:
        return 0
    if not isinstance(day, date) or isinstance(day, datetime):
        raise TypeError(f"a value date is a datetime.date, not {type(day).__name__}")
    return day.year * 10_000 + day.month * 100 + day.day


def date_from_wire(yyyymmdd: int) -> date | None:
    """A value date out of an answer."""
    if yyyymmdd == 0:
        return None
    try:
        return date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except ValueError as error:
        raise Malformed(f"{yyyymmdd} is no date") from error
