"""The package as others get it: a wheel that stands on its own."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import unittest
import zipfile
from pathlib import Path

import florin

PACKAGE = Path(__file__).parents[1]


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        # A copy, since building writes into the sources.
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="florin-wheel-")))
        shutil.copytree(PACKAGE, folder / "source", ignore=shutil.ignore_patterns("tests", "__pycache__", ".*"))
        pip = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", "--quiet", "--no-index"]
        built = subprocess.run(
            [*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, folder / "source"],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode != 0:
            raise AssertionError(built.stderr)
        (wheel,) = folder.glob("*.whl")
        cls.wheel = wheel
        cls.unpacked = folder / "unpacked"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(cls.unpacked)

    wheel: Path
    unpacked: Path

    def test_name(self) -> None:
        self.assertEqual(self.wheel.name, f"florin_client-{florin.__version__}-py3-none-any.whl")

    def test_files(self) -> None:
        files = {str(path.relative_to(self.unpacked)) for path in self.unpacked.rglob("*") if path.is_file()}
        for file in (
            "florin/py.typed",
            "florin/v1/ledger_pb2.pyi",
            "florin/v1/event_pb2_grpc.pyi",
            "florin/_client.py",
        ):
            self.assertIn(file, files)
        sources = {
            str(path.relative_to(PACKAGE / "src")) for path in (PACKAGE / "src").rglob("*.py*") if path.suffix != ".pyc"
        }
        self.assertEqual(
            {file for file in files if file.startswith("florin/")} - {"florin/py.typed"}, sources - {"florin/py.typed"}
        )

    def test_it_imports_without_pandas_and_polars(self) -> None:
        program = (
            "import sys; import florin; print(florin.__file__); "
            "print(sorted({'numpy', 'pandas', 'polars', 'pyarrow'} & set(sys.modules)))"
        )
        paths = [str(self.unpacked), *(path for path in sys.path if path and str(PACKAGE) not in path)]
        ran = subprocess.run(
            [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {paths!r}; {program}"],
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(ran.stdout.splitlines(), [str(self.unpacked / "florin/__init__.py"), "[]"])

    def test_what_runs_here_is_what_it_asks_for(self) -> None:
        project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
        self.assertEqual(project["version"], florin.__version__)
        for requirement in project["dependencies"]:
            name, least = re.match(r"([a-z0-9-]+)>=([0-9.]+)", requirement).groups()  # type: ignore[union-attr]
            found = importlib.metadata.version(name)
            with self.subTest(requirement=requirement):
                self.assertGreaterEqual(
                    [int(part) for part in found.split(".")], [int(part) for part in least.split(".")]
                )
