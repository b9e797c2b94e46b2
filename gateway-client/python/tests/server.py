"""A real server, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[3]


@cache
def binary() -> str:
    """`florin`: FLORIN_BIN, or what cargo builds."""
    given = os.environ.get("FLORIN_BIN")
    if given:
        return given
    cargo = os.environ.get("CARGO", "cargo")
    subprocess.run([cargo, "build", "--quiet", "--locked", "-p", "florin-server"], cwd=ROOT, check=True)
    target = subprocess.run([ROOT / "scripts/target-dir.sh"], check=True, capture_output=True, text=True)
    return str(Path(target.stdout.strip()) / "debug" / "florin")


class Server:
    """`florin serve` on a folder and a port that stay the same when it is started again."""

    def __init__(self) -> None:
        """Starts it in a new folder, on a free port of this machine."""
        self.folder = tempfile.TemporaryDirectory(prefix="florin-python-")
        self.address = "127.0.0.1:0"
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        """Serves; returns when it is ready."""
        log = Path(self.folder.name) / "log"
        with log.open("a") as stderr:
            self._process = subprocess.Popen(
                [binary(), "serve", "--data", f"{self.folder.name}/data", "--listen", self.address],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={name: value for name, value in os.environ.items() if not name.startswith("FLORIN_")},
            )
        assert self._process.stdout is not None
        word, _, rest = self._process.stdout.readline().partition(" ")
        if word != "ready":
            raise AssertionError(f"the server did not start:\n{log.read_text()}")
        self.address = json.loads(rest)["listen"]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it: SIGTERM drains it, SIGKILL does not ask."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends it and forgets its data."""
        self.stop()
        self.folder.cleanup()
