"""Whatever is fetched or called at somebody's wish: nobody looks inside through it."""

from __future__ import annotations

import queue
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import AddrInfoType
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.errors import NotFound, Validation
from chatplatform.models import EmailVerification, WebhookDelivery
from chatplatform.net.client import request
from chatplatform.services import email_verification, url_info
from chatplatform.services.deliveries import Claimed, Outcome
from tests import make
from tests.net.site import INSIDE, ODD_SPELLINGS, Site
from webhooks.calling import Call, Calling

pytestmark = pytest.mark.django_db

Use = Callable[[str], None]


def describe_link(url: str) -> None:
    """Have a link in a conversation described."""
    try:
        url_info.describe(url)
    except (NotFound, Validation):
        return


def call_back(url: str) -> None:
    """Have somebody told that a customer's address is verified."""
    EmailVerification.objects.create(
        customer=make.customer(make.organization(), email="carl@example.com"),
        email="carl@example.com",
        callback_uri=url,
        base_url="https://chat.example",
        mail_due=False,
        call_due=True,
    )
    email_verification.call_back()


def call_webhook(url: str) -> None:
    """Have a webhook sent."""
    ended: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
    calling = Calling(lambda call, outcome: ended.put(outcome))
    calling.start()
    row = WebhookDelivery(id=1, endpoint_id=1)
    lease = Claimed(row, clock.now(), clock.now() + timedelta(minutes=1))
    calling.make([Call(lease, url, "secret", {"action": "incoming_event"})])
    ended.get(timeout=20)
    calling.stop(1)


@pytest.fixture(params=[describe_link, call_back, call_webhook], ids=lambda use: use.__name__)
def use(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Use:
    """One of the uses, by the clients themselves."""
    monkeypatch.setattr("chatplatform.net.client.request", real_request)
    found: Use = request.param
    return found


real_request = request


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return where sockets are connected to; none gets there."""
    found: list[Any] = []

    def asynchronous(address: AddrInfoType) -> socket.socket:
        found.append(address[4])
        raise OSError("not today")

    def synchronous(address: Any, *args: Any, **more: Any) -> socket.socket:
        found.append(address)
        raise OSError("not today")

    monkeypatch.setattr("chatplatform.net.connections._socket", asynchronous)
    monkeypatch.setattr("urllib3.util.connection.create_connection", synchronous)
    return found


def allow(settings: Settings, *hosts: str) -> None:
    """Let an operator allow hosts to be inside, for every use."""
    settings.URL_INFO_ALLOWED_HOSTS = list(hosts)
    settings.CALLBACK_ALLOWED_HOSTS = list(hosts)
    settings.WEBHOOK_ALLOWED_HOSTS = list(hosts)


def test_a_private_address_is_never_connected_to(
    use: Use, names: dict[str, str], connected: list[Any]
) -> None:
    for address in INSIDE:
        names["inside.example"] = address
        literal = f"[{address}]" if ":" in address else address

        use("http://inside.example/")
        use(f"http://{literal}/")

    assert connected == []


def test_neither_is_one_in_an_odd_spelling(use: Use, site: Site, connected: list[Any]) -> None:
    for host in ODD_SPELLINGS:
        use(f"http://{host}:{site.server_port}/")

    assert connected == []


def test_neither_is_any_address_of_a_name_that_has_a_private_one(
    use: Use, names: dict[str, str], connected: list[Any]
) -> None:
    for number, addresses in enumerate(["93.184.216.34 10.0.0.1", "10.0.0.1 93.184.216.34"]):
        names[f"both{number}.example"] = addresses
        use(f"http://both{number}.example/")

    assert connected == []


def test_a_name_that_changes_its_mind_is_believed_once(
    use: Use, connected: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])

    def resolve(host: str, port: int, *args: Any, **more: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    use("http://turning.example/")

    assert connected == [("93.184.216.34", 80)]


def test_a_redirect_to_a_private_address_is_not_followed(
    use: Use, site: Site, names: dict[str, str], settings: Settings
) -> None:
    """Neither by name nor by address, from a host that may be inside itself."""
    allow(settings, "pages.example")
    names["inside.example"] = "127.0.0.1"
    for number, host in enumerate(["inside.example", "127.0.0.1", "localhost", "[::ffff:7f00:1]"]):
        onward = f"http://{host}:{site.server_port}/secret"
        site.page(f"/{number}", b"", status=302, location=onward)

        use(f"{site.url}/{number}")

    assert [path for _, path, _, _ in site.asked] == ["/0", "/1", "/2", "/3"]


def test_exactly_the_hosts_an_operator_names_may_be_inside(
    use: Use, site: Site, names: dict[str, str], settings: Settings
) -> None:
    names["other.example"] = "127.0.0.1"
    allow(settings, "pages.example", "other.example:1")
    site.page("/here", b"<title>Here</title>")

    for host in ("pages.example", "other.example", "127.0.0.1", "localhost", "s.pages.example"):
        use(f"http://{host}:{site.server_port}/here")

    assert [headers["host"] for _, _, headers, _ in site.asked] == [
        f"pages.example:{site.server_port}"
    ]
