"""The form of a greeting as an owner uses it: rows come, go and move; what names them follows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.admin import Admin

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADD = "chatplatform/greeting/add/"


def rows(page: Page, of: str) -> Locator:
    """The rows of a list that are seen."""
    return page.locator(f"[data-rows={of}] li[data-rows-row]:visible")


def add(page: Page, of: str, **values: str) -> None:
    """Add a row, and fill it in."""
    page.locator(f"[data-rows={of}] [data-rows-add]").click()
    for name, value in values.items():
        control(rows(page, of).last, name).fill(value)


def control(row: Locator, name: str) -> Locator:
    """The control of a row's field."""
    return row.locator(f"[name$='-{name}']")


def values(page: Page, of: str, name: str) -> list[str]:
    """Return what a field says in each of the rows."""
    return [control(row, name).input_value() for row in rows(page, of).all()]


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


@pytest.fixture
def page(admin: Admin) -> Page:
    """The form of a new greeting, named but not filled in."""
    opened = admin.open(ADD)
    opened.locator("#id_name").fill("Spring")
    return opened


class TestCards:
    @pytest.fixture(autouse=True)
    def filled(self, page: Page) -> None:
        """Three cards, with a button on the first and one on the last."""
        page.get_by_label("Says").select_option("cards")
        for title in "ABC":
            add(page, "cards", title=title)
        add(page, "buttons", card="1", text="On A")
        add(page, "buttons", card="3", text="On C")

    def test_buttons_follow_their_card_when_it_moves(self, admin: Admin, page: Page):
        rows(page, "cards").last.get_by_role("button", name="Move up").click()

        assert values(page, "buttons", "card") == ["1", "2"]
        save(page)
        expect(admin.said()).to_contain_text("Spring")
        page.get_by_role("link", name="Spring", exact=True).first.click()
        page.wait_for_load_state()
        expect(page.locator("[data-rows=cards]")).to_be_visible()
        assert values(page, "cards", "title") == ["A", "C", "B"]
        assert values(page, "buttons", "card") == ["1", "2"]
        assert values(page, "buttons", "text") == ["On A", "On C"]

    def test_a_card_that_goes_stays_away_and_its_buttons_ask_for_another(
        self, admin: Admin, page: Page
    ):
        rows(page, "cards").first.get_by_role("button", name="Take away").click()

        assert values(page, "buttons", "card") == ["", "2"]
        save(page)
        expect(page.get_by_text("say which card “On A” is on")).to_be_visible()
        page.wait_for_load_state()
        assert values(page, "cards", "title") == ["B", "C"]
        assert values(page, "cards", "ORDER") == ["1", "2"]
        assert values(page, "buttons", "card") == ["", "2"]

    def test_the_preview_leaves_out_an_empty_card_and_keeps_buttons_where_they_are(
        self, page: Page
    ):
        control(rows(page, "cards").first, "title").fill("")
        control(rows(page, "buttons").first, "text").fill("")
        control(rows(page, "buttons").last, "card").fill("2")

        stage = page.frame_locator("[data-stage] iframe:not(.coming)")
        greeting = stage.frame_locator("livechat-widget iframe").get_by_role("main")
        expect(greeting).to_have_text(re.compile(r"B\s*On C\s*C"))

    def test_rows_may_come_and_go_as_often_as_one_likes(self, admin: Admin, page: Page):
        for _ in range(12):
            add(page, "cards", title="D")
            rows(page, "cards").last.get_by_role("button", name="Take away").click()
        save(page)

        expect(admin.said()).to_contain_text("Spring")


@pytest.mark.parametrize(
    ("kind", "filled"),
    [("visits_number", {"value": "2"}), ("custom_variable", {"key": "plan", "value": "pro"})],
)
def test_a_rule_that_compares_exactly_stays_so(
    kind: str, filled: dict[str, str], admin: Admin, page: Page
):
    name = f"Exactly {kind}"
    page.locator("#id_name").fill(name)
    page.get_by_label("Words", exact=True).fill("Do you need a hand?")
    rule = rows(page, "rules").first
    control(rule, "type").select_option(kind)
    control(rule, "operator").select_option("equals")
    for field, value in filled.items():
        control(rule, field).fill(value)
    save(page)
    expect(admin.said()).to_contain_text(name)

    page.get_by_role("link", name=name, exact=True).first.click()

    expect(control(rule, "type")).to_have_value(kind)
    expect(control(rule, "operator")).to_have_value("equals")


def test_a_full_queue_that_opens_at_nobody_says_so(admin: Admin):
    page = admin.open("chats/routing/")
    opens = page.get_by_label("A full queue opens again at")

    opens.fill("0")
    expect(page.get_by_text("takes customers again only when nobody waits")).to_be_visible()
    opens.fill("")
    expect(page.get_by_text("takes customers again as soon as a place is free")).to_be_visible()
