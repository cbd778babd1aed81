"""What a receiver did not take is sent again, as it was: over the API, and by command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.installations import ROOT
from tests.webhooks.installation import Installation, installation
from tests.webhooks.receiver import receiver, status, until

pytestmark = pytest.mark.slow


def deliveries(running: Installation, **narrowed: str) -> list[dict[str, Any]]:
    """Return what an integrator sees of the calls."""
    owner = running.server.demo["client_id"]
    answer = running.call("list_webhook_deliveries", owner_client_id=owner, **narrowed)
    found: list[dict[str, Any]] = answer["deliveries"]
    return found


def command(running: Installation, *arguments: str) -> list[str]:
    """Run ``manage.py redeliver_webhooks``; return the lines it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", "redeliver_webhooks", *arguments],
        cwd=ROOT,
        env=running.server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_what_was_refused_is_sent_again(tmp_path: Path) -> None:
    with receiver() as there, installation(tmp_path) as running:
        # Given: a call that the receiver refused
        webhook_id = running.listen(there.url)
        there.answer = status(400, b"Not now")
        running.make_tags(1)
        until(lambda: deliveries(running, state="failed"))
        (refused,) = deliveries(running)
        (attempt,) = refused["attempts"]
        assert (attempt["status"], attempt["answer"]) == (400, "Not now")
        (first,) = there.received
        assert first.id == refused["id"]

        # When: the receiver is mended, and an integrator asks for the call
        there.answer = status(200)
        owner = running.server.demo["client_id"]
        running.call("redeliver_webhook", owner_client_id=owner, id=refused["id"])

        # Then: it comes again, the same under the same id
        until(lambda: deliveries(running, state="delivered"))
        again = there.received[1]
        assert (again.id, again.body) == (first.id, first.body)
        (delivered,) = deliveries(running)
        assert [one["status"] for one in delivered["attempts"]] == [400, 200]
        assert "given_up" not in delivered

        # And: an operator can have it sent once more, even so; nothing else is left to send
        assert command(running, "--webhook", webhook_id) == ["Queued 0"]
        line, last = command(running, "--delivery", first.id)
        assert (line.split()[:2], last) == ([first.id, webhook_id], "Queued 1")
        until(lambda: len(there.received) == 3)
        assert there.received[2].id == first.id
        assert there.received[2].body == first.body
