"""Reads the whole feed into a data frame and adds it up, against a server that runs.

::

    florin serve &
    python examples/feed_to_frame.py        # or FLORIN_SERVER=host:port
    CURSOR='…' python examples/feed_to_frame.py         # only what has happened since
"""

from __future__ import annotations

import os

import polars as pl

from florin import Client, events_to_polars


def main() -> None:
    """The whole program."""
    with Client(os.environ.get("FLORIN_SERVER", "127.0.0.1:7411")) as client:
        # Ends when all that is on disk was read; without `until_live` it would go on with what happens from now on.
        feed = client.subscribe(os.environ.get("CURSOR"), until_live=True)
        frame = events_to_polars(feed)

    print(frame.select("sequence", "timestamp", "kind", "asset", "amount_minor", "status"))

    # Exact sums: amounts are 128-bit integers of the minor unit.
    moved = frame.filter((pl.col("kind") == "TRANSFER_POSTED") & (pl.col("status") == "POSTED"))
    print(moved.group_by("asset").agg(pl.len().alias("transfers"), pl.col("amount_minor").sum()).sort("asset"))

    # Store it with what you made of the events, and go on from there next time.
    print(f"cursor {feed.cursor}")


if __name__ == "__main__":
    main()
