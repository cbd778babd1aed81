"""The admin's frame and records in a browser: for every eye, hand and screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, Page, Route, ViewportSize, expect

from tests.e2e.admin import Admin, superuser
from tests.e2e.axe import DESK, PHONE
from tests.live import LiveServer, live_server
from tests.webhooks.installation import ALLOWED, Installation
from tests.webhooks.receiver import Receiver, receiver, status, until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that may call receivers on this machine."""
    directory = tmp_path_factory.mktemp("server")
    with live_server(directory, PASSWORD_LIMIT_BURST="1000", **ALLOWED) as running:
        yield running


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[LiveServer]:
    """A server where nothing has happened yet, for a test that changes that."""
    with live_server(tmp_path) as running:
        yield running


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    with receiver() as running:
        yield running


@pytest.fixture
def root(browser: Browser, server: LiveServer) -> Iterator[Admin]:
    """Who runs the platform; the browser must not complain."""
    made = Admin(browser, server, superuser(server))
    yield made
    complaints = made.faults()
    made.close()
    assert complaints == []


FURNISH = "tests.e2e.furnish"
LABEL = """one => {
  const label = getComputedStyle(one, "::before");
  return [label.content, label.textTransform];
}"""
"""What stands before the value in a card, and in what letters."""
TAG_LABELS = [
    ["none", "none"],
    ['"Name"', "none"],
    ['"Groups"', "none"],
]
"""The first is what a tag is ticked with; of a tag's other columns there are more."""
PAGES = [
    "",
    "company/",
    "chatplatform/tag/",
    "chatplatform/tag/add/",
    "chatplatform/webhook/",
    "chatplatform/webhook/add/",
    "webhooks/sending/",
    "chatplatform/webhookdelivery/",
    "chatplatform/auditentry/",
]


class TestForEveryEye:
    @pytest.mark.parametrize("path", PAGES)
    def test_axe_finds_nothing_serious(self, path: str, admin: Admin):
        admin.open(path)

        assert admin.grave(f"frame-{path.strip('/').replace('/', '-') or 'overview'}") == []

    def test_colours_follow_the_system_until_one_chooses(self, admin: Admin):
        page = admin.open()
        root = page.locator("html")
        admin.look(scheme="dark")
        expect(root).to_have_attribute("data-theme", "dark")

        page.get_by_text("Account and colours").locator("..").click()
        page.get_by_role("radio", name="Light").check(force=True)

        expect(root).to_have_attribute("data-theme", "light")
        admin.open("company/")
        expect(root).to_have_attribute("data-theme", "light")


class TestForEveryScreen:
    @pytest.mark.parametrize("path", ["", "company/", "chatplatform/auditentry/"])
    def test_a_page_opens_at_its_beginning(self, path: str, admin: Admin):
        admin.look(PHONE)

        page = admin.open(path)

        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.scrollY") == 0

    def test_the_menu_shows_the_entry_of_the_page(self, admin: Admin):
        page = admin.open("chatplatform/auditentry/")

        expect(page.locator("#frame-menu [aria-current]")).to_be_in_viewport()

    def test_a_long_word_pushes_no_column_away(self, admin: Admin):
        long = "W" * 180
        organization_id = admin.server.demo["organization_id"]
        admin.server.backstage.do(f"{FURNISH}:tag", organization_id=organization_id, names=[long])
        page = admin.open("chatplatform/tag/?q=WWWW")
        link = page.get_by_role("link", name=long)

        columns = page.locator("#result_list thead th").all()

        assert [one.inner_text() for one in columns if not _is_within(page, one)] == []
        assert link.get_attribute("title") == long
        admin.look(PHONE)
        assert _is_within(page, link)
        assert link.evaluate("one => one.offsetTop >= 0")

    def test_cards_of_a_list_speak_as_its_columns_do(self, admin: Admin):
        Installation(admin.server).make_tags(1)
        admin.look(PHONE)
        page = admin.open("chatplatform/tag/")
        cells = page.locator("#result_list tbody").first.locator("[data-label]").all()

        shown = [one.evaluate(LABEL) for one in cells]

        assert shown[:3] == TAG_LABELS


def _is_within(page: Page, one: Locator) -> bool:
    """Tell whether all of it lies within the width of the page."""
    box = one.bounding_box()
    assert box is not None
    return box["x"] >= 0 and box["x"] + box["width"] <= page.evaluate("innerWidth")


class TestForEveryHand:
    def test_the_menu_is_opened_and_left_by_keyboard_on_a_phone(self, admin: Admin):
        admin.look(PHONE)
        page = admin.open()
        toggle = page.get_by_role("button", name="Menu", exact=True)
        menu = page.get_by_role("navigation", name="Administration")
        expect(menu).not_to_be_visible()

        toggle.focus()
        page.keyboard.press("Enter")
        expect(menu).to_be_visible()
        expect(toggle).to_have_attribute("aria-expanded", "true")
        assert page.evaluate("document.activeElement.closest('nav') !== null")
        page.keyboard.press("Escape")

        expect(menu).not_to_be_visible()
        expect(toggle).to_be_focused()

    def test_the_first_key_leads_past_the_menu(self, admin: Admin):
        page = admin.open()

        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        expect(page).to_have_url(re.compile("#content$"))

    def test_the_menu_is_found_by_name(self, admin: Admin):
        page = admin.open()
        menu = page.get_by_role("navigation", name="Administration")

        page.get_by_label("Find in the menu").fill("audit")

        expect(menu.get_by_role("link", name="Audit log")).to_be_visible()
        expect(menu.get_by_role("link", name="Tags")).not_to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Audit log", level=1)).to_be_visible()

    def test_a_folded_section_stays_folded_but_where_one_is(self, admin: Admin):
        page = admin.open()
        menu = page.get_by_role("navigation", name="Administration")
        tags = menu.get_by_role("link", name="Tags")

        menu.get_by_role("heading", name="Messages").click()
        expect(tags).not_to_be_visible()

        admin.open("company/")
        expect(tags).not_to_be_visible()
        admin.open("chatplatform/tag/")
        expect(tags).to_be_visible()

    def test_the_menu_says_that_more_of_it_lies_below(self, admin: Admin):
        page = admin.open()
        menu = page.locator("#frame-menu")
        expect(menu).to_have_attribute("data-more", "")

        menu.evaluate("one => { one.scrollTop = one.scrollHeight }")

        expect(menu).not_to_have_attribute("data-more", "")

    @pytest.mark.parametrize("size", [PHONE, DESK])
    def test_the_keyboard_meets_the_buttons_as_the_eye_does(self, size: ViewportSize, admin: Admin):
        (name,) = Installation(admin.server).make_tags(1)
        admin.look(size)
        page = admin.open("chatplatform/tag/")
        page.get_by_role("link", name=name).click()
        expect(page.locator("#submit-row")).to_be_visible()
        boxes = [one.bounding_box() for one in page.locator("#submit-row :is(a, button)").all()]

        met = [(round(box["y"]), round(box["x"])) for box in boxes if box]

        assert len(met) > 2
        assert met == sorted(met)

    def test_one_signs_out_from_the_menu(self, browser: Browser, server: LiveServer):
        admin = Admin(browser, server, server.demo["agents"][0])

        admin.page.get_by_text("Account and colours").locator("..").click()
        admin.page.get_by_role("button", name="Sign out").click()

        admin.page.wait_for_url(re.compile("/signin"))
        admin.page.goto(f"{server.url}/admin/")
        expect(admin.page).to_have_url(re.compile("/signin"))
        admin.close()


class TestTheOverview:
    def test_its_cards_leave_no_hole(self, admin: Admin):
        page = admin.open()
        boxes = {
            width: _boxes(page, width) for width in (PHONE["width"], 820, DESK["width"])
        }  # of the tiles, then the hours, the agents and the webhooks

        per_row = {width: len({box["y"] for box in found[:4]}) for width, found in boxes.items()}
        hours, agents, webhooks = boxes[DESK["width"]][4:]

        assert per_row == {390: 4, 820: 2, 1440: 1}
        assert agents["y"] == hours["y"]
        assert webhooks["x"] == agents["x"]
        ends = [box["y"] + box["height"] for box in (hours, webhooks)]
        assert ends[0] == pytest.approx(ends[1], abs=1)

    def test_it_is_honest_when_there_is_nothing(self, admin: Admin):
        page = admin.open()

        for words in (
            "Nobody waits for an agent.",
            "No customer has asked anything today.",
            "Nobody is there.",
        ):
            expect(page.get_by_text(words)).to_be_visible()

    def test_it_shows_the_day_and_keeps_itself_up_to_date(self, browser: Browser, calm: LiveServer):
        admin = Admin(browser, calm, calm.demo["agents"][0])
        page = admin.open()
        waiting = page.locator("section", has=page.get_by_role("heading", name="Waiting now"))
        expect(waiting.locator(".figure")).to_have_text("0")
        page.get_by_text("The numbers").click()

        calm.backstage.do("tests.e2e.busy:keep_busy", organization_id=calm.demo["organization_id"])

        expect(waiting.locator(".figure")).to_have_text("1", timeout=40_000)
        expect(waiting).to_contain_text("The first of them for 4 min")
        expect(page.get_by_role("row", name=re.compile("Accepts chats"))).to_have_count(1)
        expect(page.get_by_text("https://down.example/")).to_be_visible()
        expect(page.get_by_role("columnheader", name="Hour")).to_be_visible()
        assert admin.grave("overview-busy") == []
        assert admin.faults() == []
        admin.close()

    def test_it_says_when_it_is_stale_and_comes_back(self, admin: Admin):
        page = admin.open()

        def fail(route: Route) -> None:
            route.fulfill(status=503)

        page.route("**/overview/?part=board", fail)
        expect(page.get_by_text("Not up to date")).to_be_visible(timeout=40_000)
        assert admin.grave("overview-stale") == []
        page.unroute("**/overview/?part=board", fail)
        page.get_by_role("button", name="Try again now").click()

        expect(page.get_by_text("Not up to date")).not_to_be_visible()
        assert all("503" in complaint for complaint in admin.faults())


class TestWebhooks:
    def test_an_owner_registers_one_watches_it_fail_and_sends_again(
        self, admin: Admin, there: Receiver
    ):
        there.answer = status(400, b"Not now, please")
        _register(admin.open("chatplatform/webhook/add/"), there.url)
        expect(admin.said()).to_contain_text("was added successfully")

        installation = Installation(admin.server)
        installation.make_tags(1)
        until(lambda: failed_calls(installation))
        page = admin.open("chatplatform/webhookdelivery/?action=tag_created")
        expect(page.get_by_role("row", name=re.compile("Failed"))).to_have_count(1)
        assert admin.grave("deliveries") == []
        page.get_by_role("row", name=re.compile("Failed")).get_by_role("link").first.click()
        expect(page.get_by_text("Not now, please")).to_be_visible()
        expect(page.get_by_text("hush-hush")).to_have_count(0)
        assert admin.grave("delivery-failed") == []

        there.answer = status(200, b"Thank you")
        page.get_by_role("button", name="Send again").click()

        expect(admin.said()).to_contain_text("It is sent again.")
        expect(page.get_by_text("Thank you")).to_be_visible()
        expect(page.get_by_text("Not now, please")).to_be_visible()
        first, second = there.received
        assert (first.id, first.body) == (second.id, second.body)
        assert admin.grave("delivery-delivered") == []


def _boxes(page: Page, width: int) -> list[FloatRect]:
    """Return where the cards lie that show numbers, on a page so wide."""
    page.set_viewport_size({"width": width, "height": 900})
    cards = page.locator(".board > .card:not(.card-first)").all()
    return [box for one in cards if (box := one.bounding_box())]


def failed_calls(installation: Installation) -> object:
    """Return the calls that were given up."""
    owner = installation.server.demo["client_id"]
    answer = installation.call("list_webhook_deliveries", owner_client_id=owner, state="failed")
    return answer["deliveries"]


def _register(page: Page, url: str) -> None:
    page.get_by_label("Action").select_option("tag_created")
    page.get_by_label("Address").fill(url)
    page.get_by_label("Secret").fill("hush-hush")
    page.get_by_role("button", name="Save", exact=True).click()


class TestTheAuditLog:
    def test_a_change_is_found_and_read(self, admin: Admin):
        (name,) = Installation(admin.server).make_tags(1)
        page = admin.open("chatplatform/auditentry/")

        page.get_by_label("Id of the object").fill(name)
        page.get_by_role("button", name="Show").click()

        expect(page.locator("#result_list tbody tr")).to_have_count(1)
        assert admin.grave("audit-narrowed") == []
        page.locator("#result_list tbody").get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="What was made")).to_be_visible()
        expect(page.locator("ins", has_text=name)).to_be_visible()
        assert admin.grave("audit-entry") == []

    def test_it_is_taken_away_as_a_table(self, admin: Admin):
        (name,) = Installation(admin.server).make_tags(1)
        page = admin.open(f"chatplatform/auditentry/?subject_id={name}")

        with page.expect_download() as download:
            page.get_by_role("link", name="Download as CSV").click()

        assert name in download.value.path().read_text()


class TestASuperuser:
    def test_they_make_an_organisation_and_work_in_it(self, root: Admin):
        page = root.open()
        assert root.grave("superuser") == []
        page.get_by_role("link", name="Add an organisation").click()
        page.get_by_label("Name", exact=False).first.fill("Globex")
        page.get_by_label("Owner's e-mail address").fill("hank@globex.example")
        page.get_by_label("Owner's name").fill("Hank Scorpio")
        assert root.grave("superuser-add") == []

        page.get_by_role("button", name="Save", exact=True).click()

        expect(root.said()).to_contain_text("hank@globex.example was invited to own Globex.")
        menu = page.get_by_role("navigation", name="Administration")
        expect(menu.get_by_text("Globex").first).to_be_visible()
        root.open("chatplatform/organization/")
        assert root.grave("superuser-organisations") == []
        menu.get_by_text("Choose an organisation").click()
        menu.get_by_role("button", name="All organisations").click()
        expect(menu.get_by_role("link", name=re.compile("All organisations")).first).to_be_visible()

    def test_what_a_tab_shows_is_saved_where_it_was_shown(self, root: Admin):
        page = root.open()
        menu = page.get_by_role("navigation", name="Administration")
        menu.get_by_text("Choose an organisation").click()
        one = menu.locator('button[name="organization"]').nth(1)
        name = one.inner_text()
        one.click()
        root.open("company/")
        page.get_by_label("City").fill("Wrocław")
        other = root.context.new_page()
        other.goto(f"{root.server.url}/admin/chatplatform/organization/add/")
        other.get_by_label("Name", exact=False).first.fill("Initech")
        other.get_by_label("Owner's e-mail address").fill("bill@initech.example")
        other.get_by_label("Owner's name").fill("Bill Lumbergh")
        other.get_by_role("button", name="Save", exact=True).click()
        expect(other.locator("[data-messages]")).to_contain_text("You work in it now")

        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_role("heading", name="You work in Initech now")).to_be_visible()
        assert root.grave("superuser-elsewhere") == []
        assert all("409" in complaint for complaint in root.faults())
        page.get_by_role("button", name=f"Go back to {name} and do it there").click()
        expect(root.said()).to_contain_text("details are saved")
        expect(page.get_by_label("City")).to_have_value("Wrocław")
        expect(menu.get_by_text(name).first).to_be_visible()
