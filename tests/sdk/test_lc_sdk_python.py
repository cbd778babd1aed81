"""The official Python SDK, unmodified, drives whole conversations in every version."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installations import ROOT
from tests.sdk.conftest import Company, Facts
from tests.tls import TlsDoor

pytestmark = pytest.mark.sdk

RELEASES = {"3.4": "0.4.1", "3.5": "0.4.2", "3.6": "0.4.2", "3.7": "0.4.2"}
"""Which release speaks which version; their pins differ, so each has its own environment."""

WITHIN_SECONDS = 100


def run(script: str, version: str, door: TlsDoor, directory: Path, **told: Facts) -> str:
    """Run a script of this folder where the SDK alone is installed; return what it printed.

    ``told`` is handed over as JSON files, one after the other.
    """
    python = ROOT / ".venv-sdk" / RELEASES[version] / "bin" / "python"
    assert python.exists(), "run `make sdk` first"
    files = []
    for name, facts in told.items():
        files.append(directory / f"{name}.json")
        files[-1].write_text(json.dumps(facts))
    done = subprocess.run(
        [python, ROOT / "tests" / "sdk" / script, door.host, version, *files, door.authority],
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        cwd=directory,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done.stdout


@pytest.mark.parametrize("version", RELEASES)
def test_whole_conversation(
    version: str, company: Callable[[str], Company], door: TlsDoor, tmp_path: Path
) -> None:
    # given an organisation with people, and a customer
    made = company(f"conversation {version}")
    customer = made.new_customer()

    # when the SDK drives a conversation between them on both transports
    said = run("conversation.py", version, door, tmp_path, demo=made.demo, customer=customer)

    # then every answer was right, and the customer's transcript holds no whisper
    assert json.loads(said.splitlines()[-1]) == [
        "Hello",
        "How can I help?",
        "My parcel is late",
        "I am looking into it",
        "file",
        "file",
        "Olivia Hart added Noah Lind to the chat",
        "Olivia Hart removed Noah Lind from the chat",
        "Olivia Hart archived the chat",
        "form",
    ]


@pytest.mark.parametrize("version", RELEASES)
def test_every_method(
    version: str, company: Callable[[str], Company], door: TlsDoor, tmp_path: Path
) -> None:
    # given an organisation with people and things to talk about, and customers
    made = company(f"methods {version}")
    facts = {**made.demo, "customers": [made.new_customer() for _ in range(3)]}

    # then each method of each of the SDK's classes is answered as its caller expects
    run("methods.py", version, door, tmp_path, facts=facts)


@pytest.mark.parametrize("version", [version for version in RELEASES if version != "3.4"])
def test_every_method_of_configuration(
    version: str, company: Callable[[str], Company], door: TlsDoor, tmp_path: Path
) -> None:
    # given an organisation with people, groups and a customer
    made = company(f"configuration {version}")
    facts = {**made.demo, "customers": [made.new_customer()]}

    # then each method of the SDK's configuration client is answered as its caller expects
    run("configuring.py", version, door, tmp_path, facts=facts)
