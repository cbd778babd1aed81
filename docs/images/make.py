"""Take the pictures of the README: workspace and widget in the middle of a conversation.

Run it from the root of the repository, with the development dependencies installed:

    .venv/bin/python -m docs.images.make

It starts a server of its own, lets people talk, photographs both faces in light and in dark, and
writes ``conversation.png`` and ``conversation-dark.png`` beside itself. Look at them before you
commit them.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests import installations
from tests.clients import new_customer, web
from tests.e2e.faces import Desk, Visitor, chat_of
from tests.live import LiveServer, live_server

Scheme = Literal["light", "dark"]

HERE = Path(__file__).parent
SCALE = 2
WORKSPACE = {"width": 1180, "height": 880}
SHOP = {"width": 640, "height": 880}
GAP = 24
RADIUS = 10
GROUND = {"light": "#dfe4ea", "dark": "#07090c"}
EDGE = {"light": "#c3cad3", "dark": "#343c46"}
COLOURS = 256

MINE = (
    ("Joris de Wit", "Is the Gazelle in the window still for sale?"),
    ("Mei Tanaka", "Thanks, the brakes feel like new again."),
)
HERS = (
    ("Samuel Okoro", "Do you lend bicycles while mine is with you?"),
    ("Lena Fischer", "My key is still at the workshop, I think."),
)


def main() -> None:
    """Make both pictures."""
    installations.begin()
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox"],
        )
        schemes: tuple[Scheme, ...] = ("light", "dark")
        for scheme, name in zip(schemes, ("conversation", "conversation-dark"), strict=True):
            with live_server(Path(directory) / scheme) as server:
                picture = photograph(browser, server, scheme)
                picture.save(HERE / f"{name}.png", optimize=True)
        browser.close()


def photograph(browser: Browser, server: LiveServer, scheme: Scheme) -> Image.Image:
    """Let people talk, and return both faces side by side."""
    noah, amara = server.demo["agents"][1:]
    desk = Desk(_context(browser, scheme, WORKSPACE), server.url, noah)
    desk.page.get_by_role("button", name="Not now").click()
    _write(server, desk, MINE)
    colleague = Desk(_context(browser, scheme, WORKSPACE), server.url, amara)
    _write(server, desk, HERS)
    colleague.accept(False)
    visitor = Visitor(_context(browser, scheme, SHOP), server.url, "Clara Jansen")
    talk(server, desk, visitor)
    desk.page.mouse.move(0, 0)
    visitor.page.get_by_role("banner").evaluate("(shop) => scrollTo(0, shop.offsetTop)")
    return _beside(_shot(desk), _shot(visitor), scheme)


def talk(server: LiveServer, desk: Desk, visitor: Visitor) -> None:
    """Hold the conversation, and stop while both are writing."""
    call = "(values) => LiveChatWidget.call(...values)"
    visitor.page.evaluate(call, ["set_customer_email", "clara@jansen.example"])
    fields = {"Bicycle": "Batavus Dinsdag, 2019", "Last service": "March"}
    visitor.page.evaluate(call, ["set_session_variables", fields])
    visitor.say("Hi! I hit a pothole and now my rear wheel wobbles.")
    desk.open(visitor.name)
    visitor.say("Can I still ride it to you?")
    expect(desk.log).to_contain_text("Can I still ride")
    desk.say("Hello Clara. If the tyre does not touch the frame, yes, but gently.")
    desk.say("Is a spoke loose?")
    expect(visitor.log).to_contain_text("Is a spoke loose?")
    visitor.say("Two of them, on the chain side.")
    expect(desk.log).to_contain_text("Two of them")
    desk.whisper("Amara, is a stand free tomorrow morning?")
    _whisper(server, chat_of(desk), "Yes, from nine. I put it in the book.")
    expect(desk.log).to_contain_text("Yes, from nine.")
    desk.say("Then bring it before noon tomorrow. Truing is € 18, spokes included.")
    desk.attach(
        {
            "name": "Estimate 1042.pdf",
            "mimeType": "application/pdf",
            "buffer": b"%PDF-1.4\n" + b"%" * 48_000,
        }
    )
    expect(visitor.panel.get_by_role("link", name="Download Estimate 1042.pdf")).to_be_visible()
    visitor.say("Perfect, see you at ten.")
    expect(desk.log).to_contain_text("see you at ten")
    desk.words.press_sequentially("Good. Ask for ")
    visitor.words.press_sequentially("Should I take the ")
    expect(visitor.panel.get_by_text("is typing…")).to_be_visible()
    expect(desk.log).to_contain_text("Should I take the")


def _context(browser: Browser, scheme: Scheme, size: Any) -> BrowserContext:
    context = browser.new_context(
        viewport=size, device_scale_factor=SCALE, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    return context


def _write(server: LiveServer, desk: Desk, visitors: Iterable[tuple[str, str]]) -> None:
    """Let other visitors begin chats."""
    query = f"?organization_id={server.demo['organization_id']}"
    path = "/v3.7/customer/action/"
    for name, words in visitors:
        token = f"Bearer {new_customer(server.url, server.demo)['access_token']}"
        web(server.url, f"{path}update_customer{query}", {"name": name}, token)
        events = [{"type": "message", "text": words}]
        web(server.url, f"{path}start_chat{query}", {"chat": {"thread": {"events": events}}}, token)
        expect(desk.row(name)).to_be_visible()


def _whisper(server: LiveServer, chat_id: str, words: str) -> None:
    """Let the third agent join unseen and say something to her colleague."""
    account = server.demo["agents"][2]
    token = f"Bearer {account['access_token']}"
    path = "/v3.7/agent/action/"
    joining = {
        "chat_id": chat_id,
        "user_id": account["id"],
        "user_type": "agent",
        "visibility": "agents",
        "ignore_requester_presence": True,
    }
    web(server.url, f"{path}add_user_to_chat", joining, token)
    event = {"type": "message", "text": words, "visibility": "agents"}
    web(server.url, f"{path}send_event", {"chat_id": chat_id, "event": event}, token)


def _shot(face: Desk | Visitor) -> Image.Image:
    return Image.open(io.BytesIO(face.page.screenshot())).convert("RGB")


def _beside(left: Image.Image, right: Image.Image, scheme: Scheme) -> Image.Image:
    gap = GAP * SCALE
    size = (left.width + right.width + 3 * gap, max(left.height, right.height) + 2 * gap)
    whole = Image.new("RGB", size, GROUND[scheme])
    for picture, x in ((left, gap), (right, left.width + 2 * gap)):
        mask = Image.new("L", picture.size, 0)
        corners = (0, 0, picture.width - 1, picture.height - 1)
        ImageDraw.Draw(mask).rounded_rectangle(corners, RADIUS * SCALE, fill=255)
        whole.paste(picture, (x, gap), mask)
        edge = (x, gap, x + picture.width - 1, gap + picture.height - 1)
        ImageDraw.Draw(whole).rounded_rectangle(
            edge, RADIUS * SCALE, outline=EDGE[scheme], width=SCALE
        )
    return whole.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()
