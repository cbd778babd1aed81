"""What an owner sets in the admin, and what is connected to it, driven and judged by axe."""

from __future__ import annotations

from urllib.error import HTTPError

import pytest
from playwright.sync_api import expect

from tests import clients
from tests.e2e.admin import WAIT, Admin

pytestmark = pytest.mark.browser


def judge(admin: Admin, name: str) -> None:
    """Assert that axe finds nothing serious in the open page; draw it if that is asked for."""
    assert admin.grave(name) == []


def save(admin: Admin, said: str) -> None:
    """Press the button, and wait until the admin says this above the page."""
    admin.page.get_by_role("button", name="Save", exact=True).click()
    expect(admin.said()).to_contain_text(said, timeout=WAIT)


class TestRouting:
    def test_timers_are_set_and_put_back(self, admin: Admin):
        page = admin.open("chats/routing/")
        page.get_by_label("Inactive after").fill("25")
        save(admin, "Saved. Chats follow the new settings from now on.")
        expect(page.get_by_label("Inactive after")).to_have_value("25")
        judge(admin, "routing-set")

        page.get_by_label("Inactive after").fill("")
        save(admin, "Saved.")
        expect(page.get_by_label("Inactive after")).to_have_value("")

    def test_a_timer_that_can_not_be_is_refused_where_it_stands(self, admin: Admin):
        page = admin.open("chats/routing/")
        page.get_by_label("Inactive after").fill("-3")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_label("Inactive after")).to_have_attribute("aria-invalid", "true")
        judge(admin, "routing-refused")

    def test_a_group_does_otherwise(self, admin: Admin):
        page = admin.open("chats/routing/")
        page.get_by_role("row", name="General").get_by_role("link").click()
        page.get_by_label("Who picks this group's chats").select_option(label="Agents pick them")
        save(admin, "Saved")

        admin.open("chats/routing/")
        row = page.get_by_role("row", name="General")
        expect(row).not_to_contain_text("as the whole licence")


class TestPrivacy:
    def test_what_deletes_asks_first(self, admin: Admin):
        page = admin.open("settings/privacy/")
        page.get_by_label("Visits and pages, days").fill("90")
        page.get_by_label("Do not keep IP addresses").check()
        save(admin, "Saved. What is too old begins to go within ten minutes.")
        holds = page.get_by_role("region", name="What holds now")
        expect(holds.get_by_role("row", name="Visits and pages")).to_contain_text("90 days")
        judge(admin, "privacy-set")


class TestSignIn:
    def test_everybody_is_asked_for_a_second_factor(self, admin: Admin):
        page = admin.open("people/sign-in/")
        judge(admin, "sign-in-rules")
        page.get_by_label("Ask everybody for a second factor").check()
        save(admin, "Saved")
        expect(page.get_by_label("Ask everybody for a second factor")).to_be_checked()

        page.get_by_label("Ask everybody for a second factor").uncheck()
        save(admin, "Saved")

    def test_a_provider_that_does_not_answer_is_refused_where_it_is_named(self, admin: Admin):
        page = admin.open("chatplatform/identityprovider/add/")
        judge(admin, "provider-add")
        page.locator("#id_name").fill("Acme Login")
        page.get_by_label("Issuer").fill("https://login.invalid")
        page.get_by_label("Client id").fill("chat")
        page.get_by_label("Client secret").fill("planted-secret")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_label("Issuer")).to_have_attribute("aria-invalid", "true")
        assert "planted-secret" not in page.content()
        judge(admin, "provider-refused")


class TestIntegrations:
    def test_an_application_is_looked_at(self, admin: Admin):
        page = admin.open("chatplatform/application/")
        judge(admin, "applications")
        page.get_by_role("row", name="Agent workspace").get_by_role("link").first.click()

        expect(page.get_by_text("Whose tokens it holds")).to_be_visible()
        judge(admin, "application")

    def test_a_token_is_revoked_and_refused_at_once(self, admin: Admin):
        agent = admin.server.demo["agents"][2]
        proof = clients.basic(agent["account_id"], agent["pat"])
        path = "/v3.6/agent/action/list_chats"
        assert clients.web(admin.server.url, path, {}, proof)["found_chats"] == 0

        page = admin.open("chatplatform/personalaccesstoken/")
        judge(admin, "tokens")
        page.get_by_role("row", name=agent["id"]).get_by_role("link").first.click()
        page.get_by_role("link", name="Delete").click()
        expect(page.get_by_text("Whatever uses it is refused at once")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("row", name=agent["id"])).to_have_count(0)

        with pytest.raises(HTTPError) as refused:
            clients.web(admin.server.url, path, {}, proof)
        refused.value.close()
        assert refused.value.code == 401
