"""A customer found, looked at, exported and erased in the admin, as an owner does it."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest
from playwright.sync_api import Locator, expect

from tests import clients
from tests.e2e.admin import WAIT, Admin

pytestmark = pytest.mark.browser

NAME = "Zara Quix"
EMAIL = "zara@quix.example"


def judge(admin: Admin, name: str) -> None:
    """Assert that axe finds nothing serious in the open page; draw it if that is asked for."""
    assert admin.grave(name) == []


def sees(found: Locator) -> None:
    """Wait until something is on the page."""
    expect(found).to_be_visible(timeout=WAIT)


def come(admin: Admin) -> str:
    """Let a customer write to us; return their id."""
    server = admin.server
    made = clients.new_customer(server.url, server.demo)
    within = f"?organization_id={server.demo['organization_id']}"
    calls = {
        "update_customer": {"name": NAME, "email": EMAIL},
        "start_chat": {"chat": {"thread": {"events": [{"type": "message", "text": "I am Zara"}]}}},
    }
    for action, payload in calls.items():
        path = f"/v3.7/customer/action/{action}{within}"
        clients.web(server.url, path, payload, f"Bearer {made['access_token']}")
    return str(made["entity_id"])


@pytest.mark.usefixtures("agent")
def test_a_customer_is_found_exported_and_erased(admin: Admin, tmp_path: Path) -> None:
    customer_id = come(admin)
    page = admin.open("chatplatform/customer/")
    page.get_by_role("searchbox", name="Who").fill("quix")
    page.keyboard.press("Enter")
    found = page.get_by_role("link", name=NAME)
    sees(found)
    judge(admin, "customers")

    found.click()
    sees(page.get_by_text(EMAIL))
    judge(admin, "customer")

    page.get_by_role("link", name="Export everything").click()
    sees(page.get_by_text("1 chat", exact=True))
    judge(admin, "customer-export")
    with page.expect_download() as started:
        page.get_by_role("button", name="Export everything").click()
    archive = tmp_path / "customer.zip"
    started.value.save_as(archive)
    assert started.value.suggested_filename == f"customer-{customer_id}.zip"
    held = orjson.loads(ZipFile(archive).read("data.json"))
    assert held["customer"][0]["email"] == EMAIL
    assert [one["content"].get("text") for one in held["events"]][:1] == ["I am Zara"]

    admin.open(f"chatplatform/customer/{customer_id}/change/")
    page.get_by_role("link", name="Erase", exact=True).click()
    sees(page.get_by_text("1 chat", exact=True))
    sees(page.get_by_text("It can not be undone."))
    judge(admin, "customer-erase")
    page.get_by_role("button", name="Erase", exact=True).click()

    expect(admin.said()).to_contain_text("Nothing is held on the customer any more.", timeout=WAIT)
    expect(page.get_by_role("link", name=NAME)).to_have_count(0)
    judge(admin, "customer-erased")
