"""Events as a data frame, for pandas or polars. No amount becomes a float on the way.

One row an event, these columns:

========================== ================================ ================================================
column                     pandas / polars                  what
========================== ================================ ================================================
sequence                   uint64 / UInt64                  position in the feed
timestamp                  datetime64[ns, UTC] / Datetime   when it was decided
kind                       str                              name of `EventKind`
transfer_kind              str, null                        name of `TransferKind`
id                         str, null                        32 hex digits: of the transfer, group or account
hold_id                    str, null                        32 hex digits: hold or payment that it was about
debit_account              str, null                        32 hex digits
credit_account             str, null                        32 hex digits
asset                      str, null                        code
asset_scale                Int64 / UInt32, null             decimals of the asset
amount_minor               object (int) / Int128, null      minor units moved, reserved or given back
debit_balance_after_minor  object (int) / Int128, null      minor units, right after
credit_balance_after_minor object (int) / Int128, null      minor units, right after
status                     str, null                        POSTED or REFUSED
reason                     str, null                        why it was refused
code                       Int64 / UInt32, null             as in the request
value_date                 object (date) / Date, null       as in the request
group_index                uint32 / UInt32                  place in its group, from 0
group_len                  uint32 / UInt32                  members in its group; 0 outside of groups
========================== ================================ ================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from florin._event import Event
from florin._exceptions import Refused

if TYPE_CHECKING:
    import pandas
    import polars

COLUMNS = (
    "sequence",
    "timestamp",
    "kind",
    "transfer_kind",
    "id",
    "hold_id",
    "debit_account",
    "credit_account",
    "asset",
    "asset_scale",
    "amount_minor",
    "debit_balance_after_minor",
    "credit_balance_after_minor",
    "status",
    "reason",
    "code",
    "value_date",
    "group_index",
    "group_len",
)


def events_to_pandas(events: Iterable[Event]) -> pandas.DataFrame:
    """A pandas DataFrame; see the module for its columns. Amounts are Python ints, so that sums are exact."""
    import pandas as pd

    columns = _columns(events)
    kinds: dict[str, Any] = {
        "sequence": "uint64",
        "timestamp": "datetime64[ns, UTC]",
        "asset_scale": "Int64",
        "code": "Int64",
        "group_index": "uint32",
        "group_len": "uint32",
    }
    texts = ("kind", "transfer_kind", "id", "hold_id", "debit_account", "credit_account", "asset", "status", "reason")
    kinds |= dict.fromkeys(texts, "string")
    return pd.DataFrame({name: pd.Series(columns[name], dtype=kinds.get(name, "object")) for name in COLUMNS})


def events_to_polars(events: Iterable[Event]) -> polars.DataFrame:
    """A polars DataFrame; see the module for its columns. Amounts are Int128."""
    import polars as pl

    schema: dict[str, Any] = {name: pl.String for name in COLUMNS}
    schema |= {
        "sequence": pl.UInt64,
        "timestamp": pl.Int64,
        "asset_scale": pl.UInt32,
        "amount_minor": pl.Int128,
        "debit_balance_after_minor": pl.Int128,
        "credit_balance_after_minor": pl.Int128,
        "code": pl.UInt32,
        "value_date": pl.Date,
        "group_index": pl.UInt32,
        "group_len": pl.UInt32,
    }
    frame = pl.DataFrame(_columns(events), schema=schema)
    return frame.with_columns(pl.col("timestamp").cast(pl.Datetime("ns", "UTC")))


def _columns(events: Iterable[Event]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for event in events:
        row = _row(event)
        for name, column in columns.items():
            column.append(row.get(name))
    return columns


def _row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {
        "sequence": event.sequence,
        "timestamp": event.timestamp_ns,
        "kind": event.kind.name,
        "group_index": event.group_index,
        "group_len": event.group_len,
    }
    if event.asset is not None:
        row |= {"asset": event.asset.code, "asset_scale": event.asset.scale}
    if event.account is not None:
        row |= {"id": str(event.account.id)}
    if event.group is not None:
        row |= {"id": _text(event.group.id)} | _answer(event.group)
    transfer = event.transfer
    if transfer is not None:
        row |= {
            "transfer_kind": transfer.kind.name,
            "id": str(transfer.id),
            "hold_id": _text(transfer.hold),
            "debit_account": _text(transfer.debit),
            "credit_account": _text(transfer.credit),
            "code": transfer.code,
            "value_date": transfer.value_date,
        } | _answer(transfer.outcome)
        if transfer.posted is not None:
            row |= {
                "amount_minor": transfer.posted.amount_minor,
                "debit_balance_after_minor": transfer.posted.debit_balance_after_minor,
                "credit_balance_after_minor": transfer.posted.credit_balance_after_minor,
            }
    return row


def _answer(outcome: object) -> dict[str, Any]:
    if isinstance(outcome, Refused):
        return {"status": "REFUSED", "reason": outcome.reason}
    return {"status": "POSTED"}


def _text(id: object) -> str | None:
    return None if id is None else str(id)
