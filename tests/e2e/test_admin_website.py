"""The admin's pages about the website, as an owner uses them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from chatplatform.widget_look import contrast
from tests.e2e.admin import WAIT, Admin
from tests.e2e.visitors import Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDGET = "website/widget/"
GREETING = "chatplatform/greeting/add/"


def stage(page: Page) -> FrameLocator:
    """The page in the preview; it is the only frame once it has been drawn."""
    return page.frame_locator("[data-stage] iframe:not(.coming)")


def panel(page: Page) -> FrameLocator:
    """The chat in the preview."""
    return stage(page).frame_locator("livechat-widget iframe")


def launcher(page: Page) -> Locator:
    """The button in the preview."""
    return stage(page).locator("livechat-widget button")


def color(place: Locator, name: str) -> str:
    """Return a colour an element is drawn in, as ``#rrggbb``."""
    said = place.evaluate("(element, name) => getComputedStyle(element)[name]", name)
    parts = said.removeprefix("rgb(").removesuffix(")").split(", ")
    return "#" + "".join(f"{int(part):02x}" for part in parts)


class TestLook:
    def test_the_preview_follows_what_is_typed_and_nothing_is_saved(self, admin: Admin):
        asked: list[str] = []
        admin.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        admin.page.on("websocket", lambda socket: asked.append(socket.url))
        page = admin.open(WIDGET)
        expect(panel(page).get_by_role("heading", name="How can we help?")).to_be_visible()

        page.get_by_label("Greeting line").fill("Ask us about bicycles")
        page.get_by_label("Name above the chat").fill("Fernhill")

        expect(panel(page).get_by_role("heading", name="Ask us about bicycles")).to_be_visible()
        page.get_by_label("In a chat").check()
        expect(panel(page).get_by_role("log")).to_contain_text("Is my order on its way?")
        page.get_by_label("Nobody in").check()
        expect(panel(page).get_by_text("Nobody is in right now", exact=True)).to_be_visible()
        page.get_by_label("Phone", exact=True).check()
        expect(page.locator("[data-stage]")).to_have_attribute("data-width", "phone")
        page.reload()
        expect(page.get_by_label("Greeting line")).to_have_value("")
        own = ("/admin/", "/static/", "/widget/")
        assert [one for one in asked if not one.startswith(own)] == []

    def test_a_field_turns_to_the_scene_that_shows_it(self, admin: Admin):
        page = admin.open(WIDGET)

        page.get_by_label("Name above the chat").fill("Fernhill")

        expect(page.get_by_label("Nobody in")).to_be_checked()
        expect(panel(page).get_by_text("Fernhill", exact=True)).to_be_visible()

    def test_a_saved_look_is_on_the_next_page(self, admin: Admin):
        page = admin.open(WIDGET)
        page.get_by_label("Accent colour").fill("#b3261e")
        page.get_by_label("What opens the chat").select_option("bar")
        page.get_by_label("Words on the bar").fill("Talk to us")
        page.get_by_label("Side of the window").select_option("left")
        page.get_by_label("Greeting line").fill("Ask us about bicycles")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(admin.said()).to_contain_text("Saved.")

        page.goto(f"{admin.server.url}/demo/")
        bar = page.locator("livechat-widget button")
        expect(bar.get_by_text("Talk to us")).to_be_visible()
        assert bar.bounding_box()["x"] == 20  # type: ignore[index]
        assert color(bar, "backgroundColor") == "#b3261e"
        assert contrast(color(bar, "color"), "#b3261e") >= 4.5
        bar.click()
        chat = page.frame_locator("livechat-widget iframe")
        expect(chat.get_by_role("heading", name="Ask us about bicycles")).to_be_visible()

    def test_a_colour_that_is_lost_is_refused_with_a_better_one(self, admin: Admin):
        page = admin.open(WIDGET)
        page.get_by_label("Accent colour").fill("#fffbe6")
        page.get_by_role("button", name="Save", exact=True).click()

        expect(page.get_by_text("is the nearest shade that can be seen")).to_be_visible()

    def test_nothing_serious_is_wrong_with_it(self, admin: Admin):
        page = admin.open(WIDGET)
        expect(panel(page).get_by_role("heading", level=2).first).to_be_visible()

        assert admin.grave("widget") == []


class TestGreeting:
    def test_the_preview_shows_it_as_visitors_see_it(self, admin: Admin):
        page = admin.open(GREETING)
        page.get_by_label("Words", exact=True).fill("Do you need a hand?")
        greeting = panel(page).get_by_role("main")

        expect(greeting).to_contain_text("Do you need a hand?")
        page.get_by_label("Says").select_option("cards")
        page.locator('[data-rows="cards"] [data-rows-add]').click()
        page.get_by_label("Title").last.fill("Spring check")
        page.locator('[data-rows="buttons"] [data-rows-add]').click()
        page.get_by_label("Words on it").last.fill("Book it")
        expect(greeting.get_by_text("Spring check")).to_be_visible()
        expect(greeting.get_by_role("button", name="Book it")).to_be_visible()
        assert admin.grave("greeting") == []

    @pytest.mark.usefixtures("agent")
    def test_a_saved_one_greets_visitors(self, admin: Admin, visit: Visit):
        page = admin.open(GREETING)
        page.locator("#id_name").fill("After a moment")
        page.get_by_label("In use").check()
        page.get_by_label("Words", exact=True).fill("Do you need a hand?")
        page.get_by_label("Value", exact=True).fill("0")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(admin.said()).to_contain_text("After a moment")

        greeting = visit().panel.get_by_role("main")
        expect(greeting).to_contain_text("Do you need a hand?", timeout=WAIT)


@pytest.mark.parametrize(
    "path",
    [
        "website/install/",
        "chats/routing/",
        "chats/routing/group/?group=0",
        "settings/privacy/",
        "chatplatform/greeting/",
        "chatplatform/identitykey/",
        "chatplatform/identitykey/add/",
    ],
)
def test_nothing_serious_is_wrong_with(path: str, admin: Admin):
    admin.open(path)

    assert admin.grave(path.replace("/", "-").replace("?", "")) == []


def test_nothing_serious_is_wrong_with_a_new_key_and_how_it_is_used(admin: Admin):
    page = admin.open("chatplatform/identitykey/add/")
    page.locator("#id_name").fill("Shop")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("It is shown this once.")).to_be_visible()
    assert admin.grave("identity-key-secret") == []

    admin.open("chatplatform/identitykey/")
    page.get_by_role("link", name="Shop", exact=True).click()
    page.wait_for_url("**/change/**")
    expect(page.get_by_role("heading", name="On your server, in Python")).to_be_visible()
    assert admin.grave("identity-key") == []


def test_the_lines_are_copied(admin: Admin):
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = admin.open("website/install/")

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#snippet").inner_text()


def test_a_sentence_says_what_a_timer_will_do(admin: Admin):
    page = admin.open("chats/routing/")

    page.get_by_label("Inactive after").fill("25")

    expect(page.get_by_text("nobody has spoken for 25 min becomes inactive")).to_be_visible()
