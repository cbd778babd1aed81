"""Webhooks of a server process, as an administrator finds it after ``make run``."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.webhooks.installation import installation
from tests.webhooks.receiver import after, receiver, until

pytestmark = pytest.mark.slow


def test_the_worker_inside_the_server_sends_them_and_ends_with_it(tmp_path: Path) -> None:
    with receiver() as there, installation(tmp_path) as running:
        # Given: a webhook, and a receiver that takes a second
        running.listen(there.url)
        there.answer = after(1)

        # When: something changes, and the server is stopped while the call is under way
        (name,) = running.make_tags(1)
        until(lambda: there.received)
        running.server.stop()

        # Then: the call was finished and its end written down: nobody makes it again
        (call,) = there.received
        assert call.body["payload"]["name"] == name
        running.server.start()
        time.sleep(2)
        assert len(there.received) == 1
