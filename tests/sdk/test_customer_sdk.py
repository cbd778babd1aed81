"""The official customer SDK, unmodified, in a real browser: its hosts lead to the test's server."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, Response, Route

from tests.chromium import chromium
from tests.installations import ROOT
from tests.sdk.conftest import Company
from tests.tls import TlsDoor

pytestmark = [pytest.mark.sdk, pytest.mark.browser]

WEBSITE = "https://shop.example.com"
WITHIN_MILLISECONDS = 60_000
SCRIPTS = ROOT / "tests" / "js"
SDK = SCRIPTS / "node_modules" / "@livechat" / "customer-sdk" / "dist" / "customer-sdk.js"
PAGE = '<!doctype html><title>Shop</title><script src="/sdk/customer-sdk.js"></script>'
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def visitor(door: TlsDoor, playwright: Playwright) -> Iterator[BrowserContext]:
    """Return a browser for which LiveChat's hosts are the test's server."""
    assert SDK.exists(), "run `make sdk` first"
    with chromium(
        playwright,
        f"--host-resolver-rules=MAP *.livechatinc.com 127.0.0.1:{door.port}",
        # pages may call servers of this machine, as they may call LiveChat's
        "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets",
    ) as browser:
        context = browser.new_context(ignore_https_errors=True)
        context.route(f"{WEBSITE}/**", _shop)
        yield context


def _shop(route: Route) -> None:
    """Answer as a shop's web site: the SDK's own file, the conversation, and a page with both."""
    name = route.request.url.rsplit("/", 1)[-1]
    if name == SDK.name:
        route.fulfill(path=SDK, content_type="text/javascript")
    elif name.endswith(".mjs"):
        route.fulfill(path=SCRIPTS / name, content_type="text/javascript")
    else:
        route.fulfill(body=PAGE, content_type="text/html")


def _checks_goals(response: Response) -> bool:
    """Recognise the one request the SDK makes without a connection."""
    return response.request.method == "POST" and "/action/check_goals?" in response.url


def _run(page: Page, function: str, facts: dict[str, Any]) -> Any:
    call = f"facts => import('/customer-sdk.mjs').then(module => module.{function}(facts))"
    return page.evaluate(call, facts)


def test_customer_sdk_holds_a_whole_conversation(
    visitor: BrowserContext, company: Callable[[str], Company]
) -> None:
    # given a shop's page with the SDK on it
    facts = {**company("customer-sdk").demo, "picture": base64.b64encode(PICTURE).decode()}
    page = visitor.new_page()
    page.goto(f"{WEBSITE}/")

    # when its visitor talks to agents, then every answer and event is right
    with page.expect_response(_checks_goals, timeout=WITHIN_MILLISECONDS) as answered:
        customer_id = _run(page, "converse", facts)
    assert answered.value.status == 200

    # and who comes again with nothing but cookies is the same
    page.reload()
    assert _run(page, "comeAgain", facts) == [customer_id, "Thomas"]


def test_customer_sdk_is_somebody_else_in_each_group(
    visitor: BrowserContext, company: Callable[[str], Company]
) -> None:
    # given a licence that keeps its groups apart
    shop = company("customer-sdk-groups")
    apart = {"chats": {"chat_between_groups": False}}
    shop.configure("update_license_properties", {"properties": apart})
    one, two = (
        shop.configure("create_group", {"name": name, "agent_priorities": {}})["id"]
        for name in ("Sales", "Support")
    )
    facts = {**shop.demo, "groups": [one, two]}
    page = visitor.new_page()
    page.goto(f"{WEBSITE}/")

    # when a page has the SDK keep one identity for each, then they are different customers
    found = _run(page, "beApart", facts)
    assert len(set(found)) == len(found) == 3

    # and who comes again with nothing but cookies is the same in each
    page.evaluate("localStorage.clear()")
    page.reload()
    assert _run(page, "beApart", facts) == found


def test_customer_sdk_is_whom_the_pages_own_functions_vouch_for(
    visitor: BrowserContext, company: Callable[[str], Company]
) -> None:
    # given a backend that gets tokens of a customer it knows
    shop = company("customer-sdk-vouched")
    token = shop.new_customer()
    page = visitor.new_page()
    page.goto(f"{WEBSITE}/")

    # when the page hands them to the SDK, then its visitor is that customer
    found = _run(page, "beVouchedFor", {**shop.demo, "token": token})
    assert found == [token["entity_id"], True]

    # and the browser was made nobody else
    assert visitor.cookies("https://accounts.livechatinc.com/v2/customer/token") == []
