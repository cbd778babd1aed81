"""A process without an event loop writes down what it served as well."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from tests.installations import ROOT
from tests.live import live_server

pytestmark = pytest.mark.slow

PROGRAM = """
import io, sys, time
from wsgiref.util import setup_testing_defaults
from chatplatform.wsgi import application
environ = {
    "REQUEST_METHOD": "POST",
    "PATH_INFO": "/v3.6/configuration/action/list_agents",
    "CONTENT_TYPE": "application/json",
    "CONTENT_LENGTH": "2",
    "HTTP_AUTHORIZATION": "Basic " + sys.argv[1],
    "wsgi.input": io.BytesIO(b"{}"),
}
setup_testing_defaults(environ)
b"".join(application(environ, lambda status, headers: None))
from chatplatform.models import ApiCall
until = time.monotonic() + 30
while not ApiCall.objects.exists() and time.monotonic() < until:
    time.sleep(0.2)
print(*ApiCall.objects.values_list("action", "transport", "error").get())
"""


def test_calls_of_a_wsgi_process_are_written_down(tmp_path: Path):
    with live_server(tmp_path) as server:
        owner = server.demo["agents"][0]
        pair = base64.b64encode(f"{owner['account_id']}:{owner['pat']}".encode()).decode()

        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, pair],
            cwd=ROOT,
            env=server.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=90,
        )

    assert done.stdout.split() == ["list_agents", "web"]
