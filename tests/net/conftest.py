"""What tests of the outgoing clients stand on: a web site, and a resolver they write."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.net.site import Site
from tests.tls import tls_door


@pytest.fixture
def site() -> Iterator[Site]:
    """A site called ``pages.example``."""
    made = Site()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what names resolve to, several addresses parted by spaces, beside what the machine
    knows by itself. A name that is not there does not exist.
    """
    known = {"pages.example": "127.0.0.1"}
    real = socket.getaddrinfo

    def resolve(host: str, port: int | None, *args: Any, **more: Any) -> Any:
        if host.endswith(".example") and host not in known:
            raise socket.gaierror(f"no such name: {host}")
        addresses = known.get(host, host).split()
        return [found for one in addresses for found in real(one, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def secure(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port where the site speaks TLS, with a certificate that is trusted here.

    Its address counts as an outside one, so that the way there is the one of real sites.
    """
    with tls_door(tmp_path, site.server_port, "pages.example") as door:
        trusted = str(door.authority)
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", trusted)
        monkeypatch.setattr("chatplatform.net.addresses.is_outside", lambda address: True)
        yield door.port
