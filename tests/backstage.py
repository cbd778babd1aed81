"""What its owner does on a server's database, for tests that cannot do it themselves.

A test of a running server works in another database than it. Starting Python and Django for each
thing takes seconds, so one process stays beside the server: ``python -m tests.backstage`` reads
requests from its standard input, a line of JSON each, calls the function named ``module:function``
with the keyword arguments given, and answers with what it returned.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from typing import IO, Any

from tests.installations import ROOT


class Backstage:
    """The process beside one server; it starts with the first thing to do."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def do(self, function: str, **values: Any) -> Any:
        """Call ``module:function``; return what it returned, or fail with what it said.

        Arguments and answers are what JSON can carry.
        """
        process = self._process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        print(json.dumps({"function": function, "values": values}), file=process.stdin, flush=True)
        line = process.stdout.readline()
        assert line, f"nobody is left to do {function}"
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["returned"]

    def close(self) -> None:
        """End the process."""
        if self._process:
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.backstage"],
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Do what is asked, one after the other, until nothing more comes."""
    for line in requests:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from django.db import close_old_connections

    module, _, name = request["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
        return {"returned": function(**request["values"])}
    except Exception:  # the test that asked fails with it
        return {"failed": traceback.format_exc()}
    finally:
        close_old_connections()


def _main() -> None:
    import django

    # what is printed meanwhile is not an answer
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
    django.setup()
    serve(sys.stdin, answers)


if __name__ == "__main__":
    _main()
