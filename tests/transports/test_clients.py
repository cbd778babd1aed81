"""What is believed about a client."""

from typing import Any

import pytest

from chatplatform.transports.addresses import client_address
from chatplatform.transports.clients import client

PEER = ("192.0.2.1", 4711)


def scope(**headers: str) -> dict[str, Any]:
    """Return a handshake's scope; ``x_y`` stands for the header ``x-y``."""
    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"scheme": "ws", "client": PEER, "headers": lines, "query_string": b"a=1&b=%20x"}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (3, "203.0.113.9", "203.0.113.9"),
        (1, "", "192.0.2.1"),
        (1, "unknown", "192.0.2.1"),
        (1, "203.0.113.9:4711", "192.0.2.1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "2001:DB8::1", "2001:db8::1"),
    ],
)
def test_only_as_many_proxies_as_are_trusted_are_believed(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert client(scope(x_forwarded_for=forwarded)).address == address
    assert client_address(PEER[0], forwarded) == address


def test_the_base_url_is_the_one_the_client_used_unless_one_is_set(settings: Any) -> None:
    plain = client(scope(host="chat.example:8000", x_forwarded_proto="https"))
    settings.TRUSTED_PROXIES = 1
    behind_tls = client(scope(host="chat.example", x_forwarded_proto="https"))
    settings.PUBLIC_URL = "https://public.example"
    fixed = client(scope(host="chat.example"))

    assert plain.base_url == "http://chat.example:8000"
    assert behind_tls.base_url == "https://chat.example"
    assert fixed.base_url == "https://public.example"


def test_the_query_is_read_with_its_escapes() -> None:
    assert client(scope()).query == {"a": "1", "b": " x"}


def test_a_client_that_says_nothing_is_served_too() -> None:
    about = client({"type": "websocket"})

    assert about == ("", "", "", {})
