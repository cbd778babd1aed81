"""Agents, groups, bots and lists in the admin, driven as an owner does, and judged by axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.admin import WAIT, Admin

pytestmark = pytest.mark.browser


def save(admin: Admin) -> None:
    admin.page.get_by_role("button", name="Save", exact=True).click()


def named(admin: Admin) -> Locator:
    """Return the field for the name of what is made."""
    return admin.page.locator("[name=name]")


def sees(found: Locator) -> None:
    """Wait until something is on the page."""
    expect(found).to_be_visible(timeout=WAIT)


def says(admin: Admin, text: str) -> None:
    """Wait until the admin says this above the page."""
    expect(admin.said()).to_contain_text(text, timeout=WAIT)


def judge(admin: Admin, name: str) -> None:
    """Assert that axe finds nothing serious in the open page; draw it if that is asked for."""
    assert admin.grave(name) == []


def test_an_agent_is_invited_changed_and_suspended(admin: Admin) -> None:
    page = admin.open("chatplatform/agent/")
    judge(admin, "agents")

    admin.open("chatplatform/agent/add/")
    page.get_by_label("E-mail address").fill("eve@example.com")
    named(admin).fill("Eve Example")
    page.get_by_label("Role").select_option("administrator")
    page.get_by_text("Set hours").click()
    monday = page.get_by_role("group", name="Monday")
    monday.get_by_label("Begin 1").fill("09:00")
    monday.get_by_label("End 1").fill("12:00")
    monday.get_by_label("Begin 2").fill("13:00")
    monday.get_by_label("End 2").fill("17:00")
    judge(admin, "agent-add")
    save(admin)
    says(admin, "eve@example.com")

    page.get_by_role("link", name="Eve Example").click()
    sees(page.get_by_text("They were invited, and have not come yet."))
    expect(page.get_by_role("group", name="Monday").get_by_label("Begin 2")).to_have_value(
        "13:00", timeout=WAIT
    )
    judge(admin, "agent")

    page.get_by_role("link", name="Copy the invitation link").click()
    page.get_by_role("button", name="Copy the invitation link").click()
    assert page.get_by_label("Invitation link").inner_text().startswith(f"{admin.server.url}/")
    judge(admin, "invitation-link")
    page.get_by_role("link", name="I have stored it").click()

    page.get_by_role("link", name="Suspend", exact=True).click()
    sees(page.get_by_text("No chat of theirs is running."))
    judge(admin, "suspend")
    page.get_by_role("button", name="Suspend", exact=True).click()
    says(admin, "Suspended.")
    page.get_by_role("link", name="Let work again").click()
    page.get_by_role("button", name="Let work again").click()
    says(admin, "They may work again.")


def test_several_agents_are_logged_out_at_once(admin: Admin) -> None:
    page = admin.open("chatplatform/agent/")
    for name in (agent["id"] for agent in admin.server.demo["agents"][1:]):
        page.get_by_role("row").filter(has_text=name).get_by_label("Select record").check()
    page.get_by_label("Select action to run").select_option("logout")
    page.get_by_role("button", name="Run").click()

    sees(page.get_by_role("button", name="Log out everywhere"))
    judge(admin, "several")
    page.get_by_role("button", name="Log out everywhere").click()
    says(admin, "Logged out everywhere.")


def test_a_group_is_made_changed_and_deleted(admin: Admin) -> None:
    page = admin.open("chatplatform/group/add/")
    named(admin).fill("Night shift")
    page.get_by_label("Language").select_option("pl")
    page.get_by_label(admin.server.demo["agents"][1]["id"]).select_option("first")
    judge(admin, "group-add")
    save(admin)
    says(admin, "Night shift")
    judge(admin, "groups")

    page.get_by_role("link", name="Night shift").last.click()
    named(admin).fill("Late shift")
    save(admin)
    page.get_by_role("link", name="Late shift").last.click()
    page.get_by_role("link", name="Delete").click()
    sees(page.get_by_text("tags and access rules only lose the group"))
    judge(admin, "group-delete")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Late shift")).to_have_count(0, timeout=WAIT)


def test_a_bot_is_made_its_secret_shown_once_and_taken_away(admin: Admin) -> None:
    page = admin.open("chatplatform/bot/add/")
    page.get_by_label("Application").select_option(index=0)
    named(admin).fill("Robbie")
    judge(admin, "bot-add")
    save(admin)
    secret = page.get_by_label("Secret").inner_text()
    assert len(secret) >= 32
    judge(admin, "bot-secret")

    page.get_by_role("link", name="I have stored it").click()
    assert secret not in page.content()
    page.get_by_role("link", name="Let it accept chats").click()
    page.get_by_role("button", name="Let it accept chats").click()
    says(admin, "The status is set.")
    judge(admin, "bot")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Robbie")).to_have_count(0, timeout=WAIT)


def test_a_bot_template_is_made(admin: Admin) -> None:
    page = admin.open("chatplatform/bottemplate/add/")
    page.get_by_label("Application").select_option(index=0)
    named(admin).fill("Gort")
    judge(admin, "template-add")
    save(admin)
    expect(page.get_by_label("Secret")).not_to_be_empty(timeout=WAIT)


def test_a_property_is_registered_published_and_set(admin: Admin) -> None:
    page = admin.open("chatplatform/propertydefinition/add/")
    page.get_by_label("Application").select_option(index=0)
    named(admin).fill("plan")
    page.get_by_label("The licence: Agents read").check()
    page.get_by_label("The licence: Agents write").check()
    page.get_by_label("Values allowed").fill("free\npaid")
    judge(admin, "property-add")
    save(admin)
    judge(admin, "properties")
    page.get_by_role("link", name="plan").last.click()
    page.get_by_role("link", name="Publish: others read and write").click()
    page.get_by_role("button", name="Publish: others read and write").click()
    says(admin, "public")
    judge(admin, "property")

    admin.open("property-values/")
    page.get_by_label("plan").select_option("paid")
    judge(admin, "property-values")
    save(admin)
    expect(page.get_by_label("plan")).to_have_value("paid", timeout=WAIT)


def test_a_canned_response_is_kept(admin: Admin) -> None:
    page = admin.open("chatplatform/cannedresponse/add/")
    page.get_by_label("Text").fill("Good morning, how may I help?")
    page.get_by_label("Shortcuts").fill("hello\nmorning")
    judge(admin, "response-add")
    save(admin)
    sees(page.get_by_text("#hello #morning"))
    judge(admin, "responses")


def test_a_tag_is_made_and_deleted(admin: Admin) -> None:
    page = admin.open("chatplatform/tag/add/")
    named(admin).fill("refund")
    page.get_by_label("General").check()
    judge(admin, "tag-add")
    save(admin)
    judge(admin, "tags")
    page.get_by_role("link", name="refund").last.click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="refund")).to_have_count(0, timeout=WAIT)


def test_an_address_is_banned_and_let_in_again(admin: Admin) -> None:
    page = admin.open("chatplatform/customerban/add/")
    page.get_by_label("IP address").fill("198.51.100.7")
    page.get_by_label("For how many days").fill("2")
    judge(admin, "ban-add")
    save(admin)
    sees(page.get_by_text("198.51.100.7").first)
    judge(admin, "bans")
    page.get_by_role("link", name="Whoever comes from the address").click()
    judge(admin, "ban")
    page.get_by_role("link", name="Let in again").click()
    page.get_by_role("button", name="Let in again").click()
    says(admin, "They are let in again.")


def test_a_domain_is_allowed_and_taken_away(admin: Admin) -> None:
    page = admin.open("chatplatform/alloweddomain/add/")
    page.get_by_label("Domain").fill("https://shop.example/")
    judge(admin, "domain-add")
    save(admin)
    judge(admin, "domain-first")
    page.get_by_role("button", name="Show the chat there alone").click()
    sees(page.get_by_text("Only pages of these domains"))
    judge(admin, "domains")
    page.get_by_role("link", name="shop.example").last.click()
    page.get_by_role("link", name="Delete").click()
    sees(page.get_by_text("every website may show the chat"))
    page.get_by_role("button", name="Delete").click()
    sees(page.get_by_text("You have named no domain"))


def test_access_rules_are_made_and_put_in_order(admin: Admin) -> None:
    page = admin.page
    for name, address in (("Prices", "/pricing"), ("Help", "/help")):
        admin.open("chatplatform/accessrule/add/")
        page.get_by_label("Description").fill(name)
        page.locator("[data-rows=url] [data-rows-add]").click()
        page.locator("[name=url-0-value]").fill(address)
        judge(admin, f"rule-add-{name}")
        save(admin)
        says(admin, name)
    rows = page.locator("#result_list tbody tr")
    expect(rows.first).to_contain_text("Prices", timeout=WAIT)
    judge(admin, "rules")

    page.get_by_role("button", name="Move up: Help").click()

    expect(rows.first).to_contain_text("Help", timeout=WAIT)
