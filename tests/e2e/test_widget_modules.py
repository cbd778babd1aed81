"""The widget's small modules in a real browser: the reducer, the outbox, the connection, the words.

Each test evaluates a script on a page that holds nothing but our static files; no server answers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

ORIGIN = "https://widget.test"
Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def blank_page(browser: Browser) -> Iterator[Page]:
    """Open one page on an origin that serves only the widget's modules."""
    folder = Path(str(finders.find("widget/panel.js"))).parent

    def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        if name.endswith(".js"):
            route.fulfill(path=folder / name, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><html lang='en'></html>", content_type="text/html")

    page = browser.new_page()
    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


@pytest.fixture
def evaluate(blank_page: Page) -> Evaluate:
    """Return how to run a script body that may use ``load(name)`` and ``given``."""
    blank_page.evaluate("localStorage.clear()")

    def run(body: str, given: Any = None) -> Any:
        script = f"async (given) => {{ const load = (name) => import(`/${{name}}`); {body} }}"
        return blank_page.evaluate(script, given)

    return run


def event(number: int, **more: Any) -> dict[str, Any]:
    """Return a stored message; ``number`` orders it."""
    return {
        "id": f"T1_{number}",
        "type": "message",
        "text": f"text {number}",
        "author_id": "agent",
        "created_at": f"2026-01-01T10:00:{number:02}.000000Z",
        **more,
    }


def chat(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a chat as ``incoming_chat`` carries it."""
    return {
        "id": "C1",
        "users": [
            {"id": "customer", "type": "customer", "present": True},
            {"id": "agent", "type": "agent", "name": "Ann", "present": True},
        ],
        "thread": {
            "id": "T1",
            "active": True,
            "created_at": "2026-01-01T10:00:00.000000Z",
            "events": list(events),
            **more,
        },
    }


def push(action: str, **payload: Any) -> list[Any]:
    """Return a push to the chat ``C1``."""
    return [action, {"chat_id": "C1", "thread_id": "T1", **payload}]


class TestConversation:
    """``conversation.js``: what each push makes of the chat."""

    APPLY = """
        const module = await load("conversation.js");
        const result = given.reduce((chat, [action, payload]) =>
            module.apply(chat, action, payload), module.NOBODY);
    """

    def test_events_stand_once_and_in_the_order_of_their_time(self, evaluate: Evaluate) -> None:
        pushes = [
            ["incoming_chat", {"chat": chat(event(1))}],
            push("incoming_event", event=event(3)),
            push("incoming_event", event=event(2)),
            push("incoming_event", event=event(3)),
        ]

        ids = evaluate(self.APPLY + "return module.allEvents(result).map((e) => e.id);", pushes)

        assert ids == ["T1_1", "T1_2", "T1_3"]

    def test_applying_every_push_twice_changes_nothing(self, evaluate: Evaluate) -> None:
        pushes = [
            ["incoming_chat", {"chat": chat(event(1))}],
            push("queue_position_updated", queue={"position": 2, "wait_time": 60}),
            push("user_added_to_chat", user={"id": "bo", "type": "agent", "name": "Bo"}),
            push("incoming_event", event=event(2)),
            push("events_marked_as_seen", user_id="agent", seen_up_to=event(2)["created_at"]),
            push("event_updated", event=event(2, text="better")),
            push("user_removed_from_chat", user_id="bo"),
            push("chat_deactivated"),
        ]

        once = evaluate(self.APPLY + "return result;", pushes)
        twice = evaluate(self.APPLY + "return result;", [p for one in pushes for p in (one, one)])

        assert once == twice
        assert once["threads"][0]["events"][1]["text"] == "better"
        assert once["threads"][0]["active"] is False
        assert once["users"]["bo"]["present"] is False

    def test_a_new_thread_closes_the_one_before(self, evaluate: Evaluate) -> None:
        later = chat(event(9, id="T2_1"), id="T2", created_at="2026-01-02T10:00:00.000000Z")
        pushes = [["incoming_chat", {"chat": chat(event(1))}], ["incoming_chat", {"chat": later}]]

        threads = evaluate(self.APPLY + "return result.threads;", pushes)

        assert [(thread["id"], thread["active"]) for thread in threads] == [
            ("T1", False),
            ("T2", True),
        ]

    def test_unread_are_words_of_others_after_what_was_seen(self, evaluate: Evaluate) -> None:
        pushes = [
            ["incoming_chat", {"chat": chat(event(1))}],
            push("events_marked_as_seen", user_id="customer", seen_up_to=event(1)["created_at"]),
            push("incoming_event", event=event(2)),
            push("incoming_event", event=event(3, type="system_message", author_id=None)),
            push("incoming_event", event=event(4, type="custom", content={})),
        ]

        count = evaluate(self.APPLY + "return module.unreadCount(result, 'customer');", pushes)

        assert count == 1

    def test_seen_never_goes_back(self, evaluate: Evaluate) -> None:
        pushes = [
            ["incoming_chat", {"chat": chat(event(1), event(2))}],
            push("events_marked_as_seen", user_id="agent", seen_up_to=event(2)["created_at"]),
            push("events_marked_as_seen", user_id="agent", seen_up_to=event(1)["created_at"]),
        ]

        read = evaluate(self.APPLY + "return module.readUpTo(result, 'customer');", pushes)

        assert read == event(2)["created_at"]

    def test_pushes_of_another_chat_and_unknown_ones_are_left_alone(
        self, evaluate: Evaluate
    ) -> None:
        start = [["incoming_chat", {"chat": chat(event(1))}]]
        strange = [
            ["incoming_event", {"chat_id": "OTHER", "thread_id": "T9", "event": event(5)}],
            push("something_new", event=event(6)),
        ]

        before = evaluate(self.APPLY + "return result;", start)
        after = evaluate(self.APPLY + "return result;", start + strange)

        assert after == before

    def test_a_deleted_event_is_gone(self, evaluate: Evaluate) -> None:
        pushes = [
            ["incoming_chat", {"chat": chat(event(1), event(2))}],
            push("event_deleted", event_id="T1_1"),
        ]

        ids = evaluate(self.APPLY + "return module.allEvents(result).map((e) => e.id);", pushes)

        assert ids == ["T1_2"]

    def test_a_preview_gives_way_to_its_message(self, evaluate: Evaluate) -> None:
        preview = {"custom_id": "x", "text": "Prev…", "author_id": "agent", "type": "message"}
        pushes = [
            ["incoming_chat", {"chat": chat()}],
            push("incoming_event_preview", event=preview),
        ]
        message = push("incoming_event", event=event(1, custom_id="x"))

        before = evaluate(self.APPLY + "return Object.keys(result.previews);", pushes)
        after = evaluate(self.APPLY + "return Object.keys(result.previews);", [*pushes, message])

        assert before == ["x"]
        assert after == []

    def test_a_preview_without_a_name_is_replaced_and_goes_with_its_authors_next_words(
        self, evaluate: Evaluate
    ) -> None:
        pushes = [["incoming_chat", {"chat": chat()}]]
        for text in ("Pre", "Preview"):
            preview = {"text": text, "author_id": "agent", "type": "message"}
            pushes.append(push("incoming_event_preview", event=preview))

        before = evaluate(self.APPLY + "return Object.values(result.previews);", pushes)
        pushes.append(push("incoming_event", event=event(1)))
        after = evaluate(self.APPLY + "return result.previews;", pushes)

        assert [preview["text"] for preview in before] == ["Preview"]
        assert after == {}

    def test_properties_of_a_thread_are_set_and_deleted_one_by_one(
        self, evaluate: Evaluate
    ) -> None:
        rating, address = {"score": 1, "comment": "Quick"}, {"transcript_email": "v@shop.example"}
        pushes = [
            ["incoming_chat", {"chat": chat(event(1))}],
            push("thread_properties_updated", properties={"rating": {"score": 0}}),
            push("thread_properties_updated", properties={"rating": rating, "routing": address}),
            push("thread_properties_deleted", properties={"rating": ["comment"], "other": ["x"]}),
        ]

        properties = evaluate(self.APPLY + "return result.threads[0].properties;", pushes)

        assert properties == {"rating": {"score": 1}, "routing": address, "other": {}}

    def test_a_button_is_pressed_once_by_whom_and_no_other_is(self, evaluate: Evaluate) -> None:
        buttons = [{"postback_id": name, "user_ids": ["ann"]} for name in ("yes", "no")]
        shown = event(1, type="rich_message", elements=[{"buttons": buttons}, {"title": "x"}])

        pressed = evaluate(
            """
            const { pressed } = await load("conversation.js");
            return pressed(pressed(given, "yes", "me"), "yes", "me").elements;
            """,
            shown,
        )

        assert [button["user_ids"] for button in pressed[0]["buttons"]] == [["ann", "me"], ["ann"]]
        assert pressed[1]["title"] == "x"


class TestOutbox:
    """``outbox.js``: what was said and has not come back."""

    MAKE = """
        const { Store } = await load("storage.js");
        const { Outbox } = await load("outbox.js");
        const outbox = new Outbox(new Store("test"));
    """

    def test_keeps_the_order_of_typing_over_a_reload(self, evaluate: Evaluate) -> None:
        evaluate(self.MAKE + "for (const text of ['one', 'two', 'three']) outbox.add({ text });")

        texts = evaluate(self.MAKE + "return outbox.waiting().map((item) => item.event.text);")

        assert texts == ["one", "two", "three"]

    def test_an_item_keeps_its_custom_id_for_life(self, evaluate: Evaluate) -> None:
        made = evaluate(self.MAKE + "return outbox.add({ text: 'one' }).event.custom_id;")

        again = evaluate(
            self.MAKE
            + """
            const [{ event }] = outbox.items();
            outbox.update(event.custom_id, { state: "failed" });
            outbox.update(event.custom_id, { state: "waiting" });
            return outbox.waiting()[0].event.custom_id;
            """
        )

        assert again == made

    def test_what_has_arrived_leaves_and_the_rest_stays(self, evaluate: Evaluate) -> None:
        left = evaluate(
            self.MAKE
            + """
            const [first] = ["one", "two"].map((text) => outbox.add({ text }));
            const settled = outbox.settle(new Set([first.event.custom_id, "foreign"]));
            return [settled, outbox.items().map((item) => item.event.text)];
            """
        )

        assert left == [True, ["two"]]

    def test_changing_what_has_left_does_not_bring_it_back(self, evaluate: Evaluate) -> None:
        items = evaluate(
            self.MAKE
            + """
            const { event } = outbox.add({ text: "one" });
            outbox.remove(event.custom_id);
            outbox.update(event.custom_id, { state: "acked" });
            return outbox.items();
            """
        )

        assert items == []

    def test_works_in_memory_where_storage_is_blocked(self, evaluate: Evaluate) -> None:
        texts = evaluate(
            """
            const { Store } = await load("storage.js");
            const { Outbox } = await load("outbox.js");
            const blocked = () => { throw new DOMException("blocked", "SecurityError"); };
            const outbox = new Outbox(new Store("test", blocked));
            outbox.add({ text: "one" });
            return outbox.items().map((item) => item.event.text);
            """
        )

        assert texts == ["one"]


class TestStore:
    """``storage.js``: what the browser keeps."""

    def test_when_the_storage_is_full_what_it_keeps_is_still_there(
        self, evaluate: Evaluate
    ) -> None:
        outcome = evaluate(
            """
            const { Store } = await load("storage.js");
            const store = new Store("test");
            store.set("token", "kept");
            store.set("cache", "old");
            localStorage.setItem("filling", "x".repeat(5_242_880 - 200));
            store.set("cache", "y".repeat(1_000));
            const seen = [store.get("token"), store.get("cache").length, store.keys("").sort()];
            localStorage.removeItem("filling");
            const later = new Store("test");
            return [...seen, later.get("token"), later.get("cache")];
            """
        )

        assert outcome == ["kept", 1000, ["cache", "token"], "kept", None]


class TestConnection:
    """``connection.js`` against a socket that does what the test says."""

    MAKE = """
        const { Connection, backOff } = await load("connection.js");
        const sockets = [], states = [], discarded = [], pushes = [];
        class Socket {
            sent = [];
            constructor() { sockets.push(this); setTimeout(() => this.onopen?.()); }
            send(text) { this.sent.push(JSON.parse(text)); }
            close() { this.closed = true; }
            answer(action, success, payload) {
                const { request_id } = this.sent.findLast((frame) => frame.action === action);
                this.hear({ type: "response", action, request_id, success, payload });
            }
            hear(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
        }
        const tick = () => new Promise((resolve) => setTimeout(resolve, 5));
        const line = new Connection({
            url: "wss://chat.test/",
            tokens: {
                get: async () => ({ accessToken: `t${discarded.length}` }),
                discard: (token) => discarded.push(token),
            },
            login: () => ({ is_mobile: false }),
            onLogin: () => {},
            onPush: (action) => pushes.push(action),
            onState: (state) => states.push(state.phase),
            open: () => new Socket(),
        });
        const up = async () => {
            line.start();
            await tick();
            await tick();
            sockets.at(-1).answer("login", true, {});
            await tick();
        };
    """

    def test_logs_in_with_its_token_before_anything_else(self, evaluate: Evaluate) -> None:
        frames = evaluate(
            self.MAKE
            + """
            line.start();
            const early = await line.request("list_chats").catch((error) => error.constructor.name);
            await tick();
            return [early, sockets[0].sent];
            """
        )

        early, sent = frames
        assert early == "ConnectionLost"
        assert [(frame["action"], frame["payload"]["token"]) for frame in sent] == [
            ("login", "Bearer t0")
        ]

    def test_at_most_eight_requests_wait_for_an_answer(self, evaluate: Evaluate) -> None:
        counts = evaluate(
            self.MAKE
            + """
            await up();
            for (let n = 0; n < 12; n += 1) line.request("list_chats").catch(() => {});
            const before = sockets[0].sent.length;
            sockets[0].answer("list_chats", true, {});
            await tick();
            return [before - 1, sockets[0].sent.length - 1];
            """
        )

        assert counts == [8, 9]

    def test_an_error_answer_carries_the_protocols_type(self, evaluate: Evaluate) -> None:
        kind = evaluate(
            self.MAKE
            + """
            await up();
            const asked = line.request("start_chat").catch((error) => error.type);
            const error = { type: "groups_offline", message: "" };
            sockets[0].answer("start_chat", false, { error });
            return asked;
            """
        )

        assert kind == "groups_offline"

    def test_what_was_unanswered_when_the_line_broke_is_lost(self, evaluate: Evaluate) -> None:
        outcome = evaluate(
            self.MAKE
            + """
            await up();
            const asked = line.request("send_event").catch((error) => error.constructor.name);
            sockets[0].onclose();
            return [await asked, line.state.phase];
            """
        )

        assert outcome == ["ConnectionLost", "waiting"]

    @pytest.mark.parametrize(
        ("reason", "phase", "discarded"),
        [
            ("access_token_expired", "connecting", ["t0"]),
            ("access_token_revoked", "connecting", ["t0"]),
            ("connection_timeout", "waiting", []),
            ("internal_error", "waiting", []),
            ("connection_evicted", "waiting", []),
            ("service_temporarily_unavailable", "waiting", []),
            ("too_many_unauthorized_connections", "waiting", []),
            ("a_reason_of_tomorrow", "waiting", []),
            ("customer_temporarily_blocked", "waiting", []),
            ("inactivity_timeout", "sleeping", []),
            ("license_expired", "stopped", []),
            ("license_not_found", "stopped", []),
            ("logged_out_remotely", "stopped", []),
            ("misdirected_connection", "stopped", []),
            ("too_many_connections", "stopped", []),
            ("unsupported_version", "stopped", []),
            ("customer_banned", "stopped", []),
        ],
    )
    def test_follows_the_reason_it_was_disconnected_for(
        self, evaluate: Evaluate, reason: str, phase: str, discarded: list[str]
    ) -> None:
        outcome = evaluate(
            self.MAKE
            + """
            await up();
            const payload = { reason: given };
            sockets[0].hear({ type: "push", action: "customer_disconnected", payload });
            return [line.state.phase, discarded, sockets[0].closed, pushes];
            """,
            reason,
        )

        assert outcome == [phase, discarded, True, []]

    def test_a_refused_login_fetches_one_fresh_token_and_then_waits(
        self, evaluate: Evaluate
    ) -> None:
        outcome = evaluate(
            self.MAKE
            + """
            const refuse = async () => {
                await tick();
                await tick();
                sockets.at(-1).answer("login", false, { error: { type: "authentication" } });
                await tick();
            };
            line.start();
            await refuse();
            const second = line.state.phase;
            await refuse();
            return [second, line.state.phase, sockets.length];
            """
        )

        assert outcome == ["connecting", "waiting", 2]

    def test_waits_longer_each_time_but_never_all_at_once(self, evaluate: Evaluate) -> None:
        delays = evaluate(
            """
            const { backOff } = await load("connection.js");
            const all = [0, 1, 2, 3, 9];
            return [all.map((n) => backOff(n, () => 0)), all.map((n) => backOff(n, () => 1))];
            """
        )

        assert delays == [
            [500, 1000, 2000, 4000, 15000],
            [1000, 2000, 4000, 8000, 30000],
        ]


class TestToken:
    """``token.js``: who the customer is, as far as the server tells."""

    def test_a_server_that_does_not_answer_is_given_up_and_may_be_asked_again(
        self, evaluate: Evaluate
    ) -> None:
        outcome = evaluate(
            """
            const { TokenSource } = await load("token.js");
            const { Store } = await load("storage.js");
            const answered = window.fetch;
            const silence = (signal) => new Promise((_, reject) => {
                signal.addEventListener("abort", () => reject(signal.reason));
            });
            window.fetch = (url, { signal }) => silence(signal);
            const who = { organizationId: "o", clientId: "c", patience: 50 };
            const tokens = new TokenSource({ store: new Store("t"), ...who });
            const error = await tokens.get().catch((error) => error);
            const body = { access_token: "a", entity_id: "e", expires_in: 3600 };
            window.fetch = async () => new Response(JSON.stringify(body));
            const second = await tokens.get();
            window.fetch = answered;
            return [error.name, Boolean(error.permanent), second.accessToken];
            """
        )

        assert outcome == ["TimeoutError", False, "a"]


class TestWords:
    """``dom.js``: text stays text, and only web addresses become links."""

    @pytest.mark.parametrize(
        ("text", "links"),
        [
            ("see https://shop.example/a_(b)?c=1#d.", ["https://shop.example/a_(b)?c=1#d"]),
            ("www.shop.example, please", ["https://www.shop.example"]),
            ("write to ann@shop.example!", ["mailto:ann@shop.example"]),
            ("javascript:alert(1) data:text/html,x", []),
            ("<a href='https://shop.example'>x</a>", ["https://shop.example/"]),
            ("1.5 or 3:4", []),
        ],
    )
    def test_links(self, evaluate: Evaluate, text: str, links: list[str]) -> None:
        words, found = evaluate(
            """
            const { h, linkified } = await load("dom.js");
            const element = h("p", {}, ...linkified(given));
            const links = [...element.querySelectorAll("a")];
            return [element.textContent, links.map((link) => link.getAttribute("href"))];
            """,
            text,
        )

        assert words == text
        assert found == links

    @pytest.mark.parametrize(
        "address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
    )
    def test_addresses_of_other_schemes_lead_nowhere(
        self, evaluate: Evaluate, address: str
    ) -> None:
        assert evaluate("return (await load('dom.js')).safeUrl(given);", address) is None

    @pytest.mark.parametrize(
        ("name", "letters"),
        [
            ("Ann Agent", "AA"),
            ("ann", "A"),
            ("Maria del Carmen Ruiz", "MR"),
            ("ann.agent@shop.example", "AE"),
            ("", "·"),
        ],
    )
    def test_initials(self, evaluate: Evaluate, name: str, letters: str) -> None:
        assert evaluate("return (await load('dom.js')).initials(given);", name) == letters
