"""The official Python SDK parses what webhooks are told, in each version it knows.

It refuses what the documentation says and it does not know, and nothing else (protocol.md 7).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chatplatform.api.versions import VERSIONS
from chatplatform.webhook_actions import ACTIONS
from tests.installations import ROOT
from tests.samples import Stage
from tests.sdk.test_lc_sdk_python import RELEASES
from tests.webhooks.everything import Told, everything_told
from tests.webhooks.hooks import Body

pytestmark = pytest.mark.sdk

UNKNOWN = {"event_deleted", "thread_summary_set"}
"""Webhooks whose names the parser does not know."""
LISTS = {"auto_accesses_updated"}
"""Webhooks whose payloads are lists; the parser takes objects, and does not know the name."""


def parse(bodies: list[Body], version: str, directory: Path) -> list[str | None]:
    """Return for each body why the parser refuses it; None where it does not."""
    python = ROOT / ".venv-sdk" / RELEASES[version] / "bin" / "python"
    assert python.exists(), "run `make sdk` first"
    told = directory / "bodies.json"
    told.write_text(json.dumps([{**body, "secret_key": "secret"} for body in bodies]))
    done = subprocess.run(
        [python, ROOT / "tests" / "sdk" / "parse_webhooks.py", version, told],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=directory,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[str | None] = json.loads(done.stdout)
    return found


def refused(bodies: list[Body], version: str, directory: Path) -> set[str]:
    """Return the webhooks of which the parser refuses a body."""
    reasons = parse(bodies, version, directory)
    return {body["action"] for body, reason in zip(bodies, reasons, strict=True) if reason}


def accepted(bodies: list[Body], version: str, directory: Path) -> set[str]:
    """Return the webhooks of which it parses one."""
    reasons = parse(bodies, version, directory)
    return {body["action"] for body, reason in zip(bodies, reasons, strict=True) if not reason}


@pytest.fixture
def told(stage: Stage) -> Told:
    """Let everything happen; return what webhooks of every version are told of it."""
    return everything_told(stage)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_body_is_parsed_but_for_known_exceptions(
    told: Told, version: str, tmp_path: Path
) -> None:
    bodies = [body for one, body in told if one == version]
    names = {name for name, action in ACTIONS.items() if action.exists(version)}
    unknown = names & (UNKNOWN | LISTS)
    about_configuration = {name for name in names if ACTIONS[name].configures}
    with_requester = about_configuration if version >= "3.6" else set()

    whole: Any = [body for body in bodies if "requester" in body]
    assert accepted(whole, version, tmp_path) == set()
    assert {body["action"] for body in whole} == with_requester

    bare = [{name: body[name] for name in body if name != "requester"} for body in bodies]
    assert refused(bare, version, tmp_path) == unknown
    assert accepted(bare, version, tmp_path) == names - unknown
