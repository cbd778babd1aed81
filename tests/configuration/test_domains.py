"""Configuration API: domains whose pages may show the chat, and what is kept from others."""

import re
from typing import Any

import orjson
import pytest
from django.conf import settings

from chatplatform.models import AllowedDomain, Application, Customer, Organization
from chatplatform.services import domains
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def allow(boss: User, *names: str) -> None:
    for name in names:
        assert boss.call("add_allowed_domain", domain=name) == {}


# --- the list -----------------------------------------------------------------------------------


def test_domains_are_listed_in_the_order_they_were_named(boss: User) -> None:
    assert boss.call("list_allowed_domains") == {"domains": []}

    allow(boss, "shop.example", "another.example")

    assert boss.call("list_allowed_domains") == {"domains": ["shop.example", "another.example"]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Shop.Example", "shop.example"),
        (" shop.example. ", "shop.example"),
        ("https://www.shop.example:8443/path?x=1", "www.shop.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Straße.example", "xn--strae-oqa.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_domain_is_kept_as_browsers_name_it(boss: User, given: str, kept: str) -> None:
    allow(boss, given)

    assert boss.call("list_allowed_domains") == {"domains": [kept]}
    assert boss.refused("add_allowed_domain", domain=kept) == "already_exists"
    assert boss.call("delete_allowed_domain", domain=given) == {}
    assert boss.call("list_allowed_domains") == {"domains": []}


@pytest.mark.parametrize(
    "domain",
    [
        "",
        " ",
        "https://",
        "*.shop.example",
        "shop..example",
        "-shop.example",
        "shop example",
        "shop.example;script-src",
        "[::1]",
        "http://[broken",
        "\u00ad.example",
        "\u0300.example",
        f"{'x' * 64}.example",
        "x." * 127 + "toolong",
        5,
        None,
    ],
    ids=lambda domain: str(domain)[:30],
)
def test_what_is_no_domain_is_refused(boss: User, domain: Any) -> None:
    assert boss.refused("add_allowed_domain", domain=domain) == "validation"
    assert boss.refused("delete_allowed_domain", domain=domain) == "validation"


def test_a_domain_that_is_not_there_can_not_be_deleted(acme: Organization, boss: User) -> None:
    allow(boss, "shop.example")
    domains.allow_domain(make.organization("Other"), "theirs.example")

    assert boss.refused("delete_allowed_domain", domain="www.shop.example") == "not_found"
    assert boss.refused("delete_allowed_domain", domain="theirs.example") == "not_found"
    assert AllowedDomain.objects.count() == 2


def test_there_is_a_most_of_domains(boss: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "MAX_DOMAINS", 1)
    allow(boss, "shop.example")

    assert boss.refused("add_allowed_domain", domain="other.example") == "limit_reached"


def test_domains_are_administrators_business(boss: User, ann: User) -> None:
    allow(boss, "shop.example")
    normal = ann.configuration

    assert normal.refused("list_allowed_domains") == "authorization"
    assert normal.refused("add_allowed_domain", domain="x.example") == "authorization"
    assert normal.refused("delete_allowed_domain", domain="shop.example") == "authorization"


@pytest.mark.parametrize(
    "action", ["add_allowed_domain", "delete_allowed_domain", "list_allowed_domains"]
)
def test_3_6_knows_no_domains(boss: User, action: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        boss.web(action, {"domain": "shop.example"}, version="3.6")


# --- what they do ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://shop.example/x", True),
        ("https://www.shop.example", True),
        ("https://SHOP.example", True),
        ("https://myshop.example", False),
        ("https://shop.example.evil.test", False),
        ("http://[broken", False),
    ],
)
def test_pages_of_the_domain_and_its_subdomains_are_allowed_at_once(
    boss: User, carl: User, url: str, allowed: bool
) -> None:
    def is_allowed() -> bool:
        answer = carl.get("get_dynamic_configuration", {"url": url})
        return bool(answer["livechat"]["domain_allowed"])

    before = is_allowed()
    allow(boss, "shop.example")
    meanwhile = is_allowed()
    boss.call("delete_allowed_domain", domain="shop.example")

    assert (before, meanwhile, is_allowed()) == (True, allowed, True)


def mint(world: World, acme: Organization, page: str, origin: str, client_id: str = "") -> Any:
    """Ask for a customer's token as a browser on ``page`` does, by default for the widget."""
    widget = Application.objects.get(organization=acme, purpose="widget").client_id
    body = {
        "grant_type": "cookie",
        "client_id": client_id or widget,
        "organization_id": str(acme.id),
        "response_type": "token",
        "redirect_uri": page,
    }
    headers = {"Origin": origin} if origin else {}
    return world.client.post(
        "/v2/customer/token", orjson.dumps(body), content_type="text/plain", headers=headers
    )


@pytest.mark.parametrize(
    ("page", "origin", "status"),
    [
        ("https://shop.example/", "https://shop.example", 200),
        ("https://www.shop.example/cart", "https://www.shop.example", 200),
        ("http://testserver/widget/panel/", "http://testserver", 200),
        ("https://shop.example/", "", 200),
        ("https://evil.example/", "https://evil.example", 403),
        ("https://shop.example/", "https://evil.example", 403),
        ("https://shop.example/", "null", 403),
        ("http://testserver/widget/panel/", "https://evil.example", 403),
        ("https://evil.example/", "", 403),
    ],
)
def test_customers_get_in_from_allowed_pages_and_the_widget_itself(
    world: World, acme: Organization, boss: User, page: str, origin: str, status: int
) -> None:
    allow(boss, "shop.example")

    answer = mint(world, acme, page, origin)

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["oauth_exception"] == "unauthorized_client"
    assert Customer.objects.count() == (1 if status == 200 else 0)


def test_a_client_with_pages_of_its_own_keeps_to_these(
    world: World, acme: Organization, boss: User
) -> None:
    client_id = make.application(acme, ["https://app.example/chat"]).client_id
    allow(boss, "shop.example")

    answer = mint(world, acme, "https://app.example/chat", "https://app.example", client_id)

    assert answer.status_code == 200


def framed_by(world: World, acme: Organization, referrer: str = "") -> str:
    """Return which pages may frame the widget's panel, when a page asks for it."""
    headers = {"Referer": referrer} if referrer else {}
    query = {"organization_id": str(acme.id)}
    response = world.client.get("/widget/panel/", query, headers=headers)
    policy = dict(part.split(" ", 1) for part in response["Content-Security-Policy"].split("; "))
    return policy["frame-ancestors"]


def test_only_allowed_pages_frame_the_widget(world: World, acme: Organization, boss: User) -> None:
    assert framed_by(world, acme) == "*"

    allow(boss, "shop.example", "b.example")

    shop = "http://shop.example:* http://*.shop.example:*"
    every = f"'self' {shop} http://b.example:* http://*.b.example:*"
    assert framed_by(world, acme, "https://www.shop.example/") == f"'self' {shop}"
    assert framed_by(world, acme, "https://evil.example/") == "'self'"
    assert framed_by(world, acme, "http://testserver/widget/panel/") == every
    assert framed_by(world, acme) == every


def test_the_proxy_passes_the_longest_policy_on(
    world: World, acme: Organization, boss: User
) -> None:
    label = f".{'x' * 61}"
    allow(boss, *(f"{number:03}{label * 4}" for number in range(domains.MAX_DOMAINS)))
    proxy = (settings.BASE_DIR / "deploy" / "nginx.conf").read_text()
    panel = proxy.partition("location = /widget/panel/ {")[2].partition("}")[0]
    found = re.search(r"proxy_buffer_size (\d+)k;", panel)

    policy = framed_by(world, acme)

    assert found is not None
    assert 50_000 < len(policy) < int(found[1]) * 1024 - 4_096
