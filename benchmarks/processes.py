"""Load generators as seen from the parent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.installation import ROOT, Unavailable


class Generator:
    """A running ``benchmarks.generator``, or another module that is talked to in the same way."""

    def __init__(
        self,
        role: str,
        config: dict[str, Any],
        module: str = "benchmarks.generator",
        environment: dict[str, str] | None = None,
    ) -> None:
        self.role = role
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, role],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell(config)

    def until_ready(self) -> None:
        """Wait until everybody is logged in, or whatever else it prepares is done."""
        if self._line().strip() != "ready":
            raise Unavailable(f"the {self.role} could not begin")

    def result(self, message: dict[str, Any] | None = None) -> dict[str, Any]:
        """Let it measure, or end measuring, and return what it found."""
        self._tell(message or {})
        found: dict[str, Any] = json.loads(self._line())
        return found

    def end(self) -> None:
        """Make sure that it has ended."""
        self._process.kill()
        self._process.communicate()

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable(f"the {self.role} ended early; see above")
        return line


@contextmanager
def generator(
    role: str,
    config: dict[str, Any],
    module: str = "benchmarks.generator",
    environment: dict[str, str] | None = None,
) -> Iterator[Generator]:
    """Start a generator, wait until it is ready, and end it afterwards."""
    running = Generator(role, config, module, environment)
    try:
        running.until_ready()
        yield running
    finally:
        running.end()
