"""The workspace's modules in a real browser: reducer, selectors, outbox and connection.

Each test evaluates a script on a page that holds nothing but our static files; no server answers.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.browser

ORIGIN = "https://workspace.test"
ME = "ann@example.com"
CUSTOMER = "customer-1"
Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def blank_page(browser: Browser) -> Iterator[Page]:
    """Open one page on an origin that serves only the workspace's modules."""
    folder = Path(str(finders.find("workspace/main.js"))).parent

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        if path.endswith(".js"):
            route.fulfill(path=folder / path, content_type="text/javascript")
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

    def run(body: str, given: Any = None) -> Any:
        script = f"async (given) => {{ const load = (name) => import(`/${{name}}`); {body} }}"
        return blank_page.evaluate(script, given)

    return run


@pytest.fixture
def after(evaluate: Evaluate) -> Callable[..., Any]:
    """Return the state after some actions; or what a selector ``ask`` says about it."""

    def run(*actions: dict[str, Any], ask: str = "state") -> Any:
        return evaluate(
            f"""
            const {{ initialState, reduce }} = await load("store.js");
            const select = await load("selectors.js");
            const state = given.reduce(reduce, initialState());
            const chat = state.chats.C1;
            return {ask};
            """,
            list(actions),
        )

    return run


def at(second: int) -> str:
    """Return a moment of one minute as the protocol writes it."""
    return f"2026-01-01T10:00:{second:02}.000000Z"


def event(number: int, author: str = CUSTOMER, **more: Any) -> dict[str, Any]:
    """Return a stored message; ``number`` orders it."""
    return {
        "id": f"T1_{number}",
        "type": "message",
        "text": f"text {number}",
        "author_id": author,
        "created_at": at(number),
        "visibility": "all",
        **more,
    }


def users(*agents: str, seen: str = "") -> list[dict[str, Any]]:
    """Return the customer and these agents, all present; I have seen all up to ``seen``."""
    seat = {"type": "agent", "present": True, "visibility": "all", "events_seen_up_to": seen}
    return [
        {"id": CUSTOMER, "type": "customer", "name": "Cora", "present": True},
        *({"id": agent, "name": agent, **seat} for agent in agents),
    ]


def chat(
    *events: dict[str, Any], agents: tuple[str, ...] = (ME,), seen: str = "", **thread: Any
) -> dict[str, Any]:
    """Return a chat with one thread as ``get_chat`` and ``incoming_chat`` carry it."""
    return {
        "id": "C1",
        "users": users(*agents, seen=seen),
        "access": {"group_ids": [0]},
        "properties": {},
        "is_followed": False,
        "thread": {
            "id": "T1",
            "active": True,
            "created_at": at(0),
            "events": list(events),
            **thread,
        },
    }


LOGIN = {
    "type": "login",
    "payload": {
        "my_profile": {"id": ME, "name": "Ann", "routing_status": "accepting_chats"},
        "chats_info": [],
    },
}


def push(action: str, payload: Any, now: int = 0) -> dict[str, Any]:
    return {"type": "push", "action": action, "payload": payload, "now": now}


def said(event: dict[str, Any], thread: str = "T1") -> dict[str, Any]:
    return push("incoming_event", {"chat_id": "C1", "thread_id": thread, "event": event})


TEXTS = "chat.threads.flatMap((thread) => thread.events.map((one) => one.text))"


class TestTheReducer:
    def test_events_are_kept_once_and_in_order(self, after: Callable[..., Any]) -> None:
        texts = after(
            LOGIN,
            push("incoming_chat", {"chat": chat(event(1), event(3))}),
            said(event(4)),
            said(event(2)),
            said(event(4)),
            {"type": "chat", "chat": chat(event(1), event(2), event(3), event(4))},
            ask=TEXTS,
        )
        assert texts == ["text 1", "text 2", "text 3", "text 4"]

    def test_an_event_of_an_unknown_chat_changes_nothing(self, after: Callable[..., Any]) -> None:
        assert after(LOGIN, said(event(1)), ask="state.chats") == {}

    def test_the_words_of_a_chat_end_its_sneak_peek_and_typing(
        self, after: Callable[..., Any]
    ) -> None:
        peek = {"author_id": CUSTOMER, "text": "Hel", "timestamp": 1}
        typing = {"author_id": CUSTOMER, "is_typing": True, "visibility": "all"}
        known = (
            LOGIN,
            push("incoming_chat", {"chat": chat()}),
            push("incoming_sneak_peek", {"chat_id": "C1", "sneak_peek": peek}),
            push("incoming_typing_indicator", {"chat_id": "C1", "typing_indicator": typing}),
        )
        assert after(*known, ask="state.peeks.C1.text") == "Hel"
        assert after(*known, ask="Object.keys(state.typing.C1)") == [CUSTOMER]
        assert after(*known, said(event(1)), ask="[state.peeks.C1 ?? null, state.typing.C1]") == [
            None,
            {},
        ]

    def test_signals_that_are_not_renewed_fade(self, after: Callable[..., Any]) -> None:
        typing = {"author_id": CUSTOMER, "is_typing": True, "visibility": "all"}
        known = (
            LOGIN,
            push("incoming_typing_indicator", {"chat_id": "C1", "typing_indicator": typing}, 1000),
        )
        alive = after(*known, {"type": "expire", "now": 12_000}, ask="Object.keys(state.typing)")
        faded = after(*known, {"type": "expire", "now": 13_001}, ask="Object.keys(state.typing)")
        assert (alive, faded) == (["C1"], [])

    def test_what_i_write_and_read_counts_as_seen_and_never_goes_back(
        self, after: Callable[..., Any]
    ) -> None:
        known = (LOGIN, push("incoming_chat", {"chat": chat(event(1), event(2))}))
        seen = [
            push("events_marked_as_seen", {"chat_id": "C1", "user_id": ME, "seen_up_to": at(2)}),
            push("events_marked_as_seen", {"chat_id": "C1", "user_id": ME, "seen_up_to": at(1)}),
        ]
        unread = "select.unread(chat, state.me)"
        assert after(*known, ask=unread) == 2
        assert after(*known, *seen, ask=unread) == 0
        assert after(*known, said(event(3, ME)), said(event(4)), ask=unread) == 1

    def test_a_first_page_that_does_not_reach_what_was_loaded_replaces_it(
        self, after: Callable[..., Any]
    ) -> None:
        def thread(number: int) -> dict[str, Any]:
            return {"id": f"T{number}", "active": False, "created_at": at(number), "events": []}

        loaded = (
            LOGIN,
            {"type": "chat", "chat": chat()},
            {"type": "history", "chatId": "C1", "threads": [thread(1)], "next": "older"},
        )
        page = {"type": "history", "chatId": "C1", "threads": [thread(9), thread(8)], "next": "p"}
        ids = "[chat.threads.map((thread) => thread.id), chat.history.next]"

        assert after(*loaded, {**page, "continuous": False}, ask=ids) == [["T8", "T9"], "p"]
        assert after(*loaded, {**page, "continuous": True}, ask=ids) == [
            ["T1", "T8", "T9"],
            "older",
        ]

    def test_the_state_before_an_action_is_left_as_it_was(self, evaluate: Evaluate) -> None:
        same = evaluate(
            """
            const { initialState, reduce } = await load("store.js");
            const freeze = (value) => {
              if (value && typeof value === "object" && !Object.isFrozen(value)) {
                Object.freeze(value);
                Object.values(value).forEach(freeze);
              }
              return value;
            };
            let state = freeze(initialState());
            for (const action of given) state = freeze(reduce(state, freeze(action)));
            return Object.keys(state.chats);
            """,
            [
                LOGIN,
                push("incoming_chat", {"chat": chat(event(1))}),
                said(event(2)),
                push(
                    "queue_positions_updated", [{"chat_id": "C1", "thread_id": "T1", "queue": {}}]
                ),
                push("user_removed_from_chat", {"chat_id": "C1", "user_id": ME}),
                push("chat_deactivated", {"chat_id": "C1", "thread_id": "T1"}),
                push("customer_updated", {"id": CUSTOMER, "name": "New"}),
                {"type": "expire", "now": 10**13},
            ],
        )
        assert same == ["C1"]

    def test_closing_and_reopening_move_a_chat(self, after: Callable[..., Any]) -> None:
        section = "select.sectionOf(chat, state.me)"
        known = (LOGIN, push("incoming_chat", {"chat": chat(event(1))}))
        closed = push("chat_deactivated", {"chat_id": "C1", "thread_id": "T1"})
        again = chat(id="T2", created_at=at(30), agents=())
        assert after(*known, ask=section) == "mine"
        assert after(*known, closed, ask=section) == "archive"
        assert after(*known, closed, push("incoming_chat", {"chat": again}), ask=section) == (
            "unassigned"
        )


class TestSections:
    @pytest.mark.parametrize(
        ("agents", "thread", "section"),
        [
            ((ME,), {}, "mine"),
            ((ME, "tom"), {}, "mine"),
            (("tom",), {}, "others"),
            ((), {"queue": {"position": 1, "queued_at": at(0)}}, "queued"),
            ((), {}, "unassigned"),
            ((ME,), {"active": False}, "archive"),
        ],
    )
    def test_a_chat_stands_where_it_belongs(
        self,
        after: Callable[..., Any],
        agents: tuple[str, ...],
        thread: dict[str, Any],
        section: str,
    ) -> None:
        given = chat(agents=agents, **thread)
        found = after(
            LOGIN, {"type": "chat", "chat": given}, ask="select.sectionOf(chat, state.me)"
        )
        assert found == section

    def test_the_queue_stands_longest_first(self, after: Callable[..., Any]) -> None:
        def queued(name: str, second: int) -> dict[str, Any]:
            given = chat(agents=(), queue={"position": 1, "queued_at": at(second)})
            return {"type": "chat", "chat": {**given, "id": name}}

        order = after(
            LOGIN,
            queued("later", 30),
            queued("first", 10),
            queued("middle", 20),
            ask="select.sections(state).queued.map((one) => one.id)",
        )
        assert order == ["first", "middle", "later"]

    def test_a_customer_waits_since_the_first_words_nobody_answered(
        self, after: Callable[..., Any]
    ) -> None:
        def since(*events: dict[str, Any]) -> Any:
            return after(
                LOGIN, {"type": "chat", "chat": chat(*events)}, ask="select.waitingSince(chat)"
            )

        assert since(event(1), event(2)) == at(1)
        assert since(event(1), event(2, ME)) is None
        assert since(event(1), event(2, ME), event(3), event(4)) == at(3)
        assert since(event(1), event(2, ME, visibility="agents")) == at(1)


OUTBOX = """
const { Outbox } = await load("outbox.js");
const { RequestError } = await load("connection.js");
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const kept = new Map();
const storage = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => kept.set(key, value),
};
const sent = [];
let answer = async () => ({ event_id: "E" });
let items = [];
const make = () => new Outbox({
  send: async (chatId, event) => { sent.push(event); return answer(event); },
  onChange: (now) => { items = now; },
  storage,
  key: "outbox",
});
const outbox = make();
"""


class TestTheOutbox:
    def test_it_waits_for_the_line_and_keeps_the_order(self, evaluate: Evaluate) -> None:
        sent = evaluate(
            OUTBOX
            + """
            for (const text of ["one", "two", "three"]) outbox.add("C1", { type: "message", text });
            await later(10);
            const early = sent.length;
            outbox.open();
            await later(30);
            return [early, sent.map((event) => event.text), items.map((item) => item.state)];
            """
        )
        assert sent == [0, ["one", "two", "three"], ["sent", "sent", "sent"]]

    def test_what_the_line_lost_goes_again_under_the_same_custom_id(
        self, evaluate: Evaluate
    ) -> None:
        same, states = evaluate(
            OUTBOX
            + """
            answer = async () => { throw new RequestError("disconnected"); };
            outbox.open();
            outbox.add("C1", { type: "message", text: "one" });
            await later(10);
            outbox.close();
            answer = async () => ({ event_id: "E" });
            outbox.open();
            await later(30);
            return [sent[0].custom_id === sent[1].custom_id && sent.length === 2,
                    items.map((item) => item.state)];
            """
        )
        assert (same, states) == (True, ["sent"])

    def test_a_refusal_is_shown_and_only_repeated_on_request(self, evaluate: Evaluate) -> None:
        refused, retried = evaluate(
            OUTBOX
            + """
            answer = async () => { throw new RequestError("chat_inactive"); };
            outbox.open();
            const id = outbox.add("C1", { type: "message", text: "one" });
            await later(10);
            const refused = items.map((item) => [item.state, item.error]);
            answer = async () => ({ event_id: "E" });
            outbox.retry(id);
            await later(10);
            return [refused, items.map((item) => item.state)];
            """
        )
        assert refused == [["failed", "chat_inactive"]]
        assert retried == ["sent"]

    def test_it_survives_a_reload_and_forgets_what_arrived(self, evaluate: Evaluate) -> None:
        restored, left = evaluate(
            OUTBOX
            + """
            const id = outbox.add("C1", { type: "message", text: "one" });
            outbox.add("C1", { type: "message", text: "two" });
            const again = make();
            const restored = again.items.map((item) => [item.event.text, item.state]);
            again.confirm(id);
            return [restored, make().items.map((item) => item.event.text)];
            """
        )
        assert restored == [["one", "queued"], ["two", "queued"]]
        assert left == ["two"]


CONNECTION = """
const { Connection } = await load("connection.js");
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sockets = [];
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  constructor() {
    super();
    this.readyState = 0;
    this.frames = [];
    sockets.push(this);
    setTimeout(() => { this.readyState = 1; this.dispatchEvent(new Event("open")); });
  }
  send(text) {
    const frame = JSON.parse(text);
    this.frames.push(frame);
    if (frame.action === "login") this.answer(frame, { my_profile: {} });
  }
  hear(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
  }
  answer(frame, payload, success = true) {
    const { request_id } = frame;
    setTimeout(() => this.hear({ type: "response", request_id, success, payload }));
  }
  close() {
    this.readyState = 3;
    setTimeout(() => this.dispatchEvent(new Event("close")));
  }
};
const states = [];
const renewals = [];
const connection = new Connection({
  url: "wss://workspace.test/",
  getToken: async (renew) => { renewals.push(renew); return "t"; },
  loginPayload: (token) => ({ token }),
  onLogin: () => {},
  onPush: () => {},
  onState: ({ phase, reason }) => states.push([phase, reason]),
});
await connection.start();
await later(30);
"""


class TestTheConnection:
    def test_it_logs_in_and_answers_requests(self, evaluate: Evaluate) -> None:
        states, answer = evaluate(
            CONNECTION
            + """
            const asked = connection.request("get_chat", { chat_id: "C1" });
            await later(5);
            sockets[0].answer(sockets[0].frames.at(-1), { id: "C1" });
            return [states, await asked];
            """
        )
        assert states == [["connecting", None], ["online", None]]
        assert answer == {"id": "C1"}

    def test_it_never_asks_more_at_once_than_the_server_lets_wait(self, evaluate: Evaluate) -> None:
        waiting, all_of_them = evaluate(
            CONNECTION
            + """
            const count = () => sockets[0].frames.filter((frame) => frame.action === "get_chat");
            for (let n = 0; n < 25; n += 1) connection.request("get_chat", { n }).catch(() => null);
            const waiting = count().length;
            let answered = 0;
            while (answered < 25) {
              const frame = count()[answered];
              if (!frame) break;
              sockets[0].answer(frame, {});
              answered += 1;
              await later(2);
            }
            return [waiting, count().length];
            """
        )
        assert waiting <= 10
        assert all_of_them == 25

    def test_a_line_that_does_not_answer_a_ping_counts_as_lost(self, evaluate: Evaluate) -> None:
        alive, dead = evaluate(
            CONNECTION
            + """
            connection.probe();
            const ping = sockets[0].frames.at(-1);
            sockets[0].answer(ping, {});
            await later(8_200);
            const alive = states.at(-1);
            connection.probe();
            await later(8_200);
            connection.stop();
            return [alive, states.map(([phase]) => phase)];
            """
        )
        assert alive == ["online", None]
        assert dead[:3] == ["connecting", "online", "waiting"]

    def test_a_lost_line_fails_writes_and_repeats_reads(self, evaluate: Evaluate) -> None:
        failed, repeated = evaluate(
            CONNECTION
            + """
            const write = connection.request("send_event", {}).catch((error) => error.type);
            connection.request("list_chats", {}, { idempotent: true }).catch(() => null);
            sockets[0].close();
            const failed = await write;
            await connection.start();
            await later(40);
            return [failed, sockets[1].frames.map((frame) => frame.action)];
            """
        )
        assert failed == "disconnected"
        assert repeated == ["login", "list_chats"]

    @pytest.mark.parametrize(
        ("reason", "phase", "renewed"),
        [
            ("internal_error", "waiting", False),
            ("connection_timeout", "waiting", False),
            ("access_token_expired", "waiting", True),
            ("role_permissions_changed", "waiting", True),
            ("access_token_revoked", "stopped", None),
            ("connection_evicted", "stopped", None),
            ("agent_logged_out_remotely", "stopped", None),
            ("license_expired", "stopped", None),
            ("unsupported_version", "stopped", None),
        ],
    )
    def test_it_does_what_the_disconnect_reason_asks(
        self, evaluate: Evaluate, reason: str, phase: str, renewed: bool | None
    ) -> None:
        last, renewals = evaluate(
            CONNECTION
            + """
            const payload = { reason: given };
            sockets[0].hear({ type: "push", action: "agent_disconnected", payload });
            const last = states.at(-1);
            await later(700);
            connection.stop();
            return [last, renewals];
            """,
            reason,
        )
        assert last == [phase, reason]
        assert renewals == ([False] if renewed is None else [False, renewed])


class TestThreads:
    """Tags, summaries, transfers and deletions in the reducer."""

    KNOWN = (LOGIN, push("incoming_chat", {"chat": chat(event(1), tags=["vip"])}))

    def test_tags_come_and_go_once(self, after: Callable[..., Any]) -> None:
        about = {"chat_id": "C1", "thread_id": "T1"}
        tagged = push("thread_tagged", {**about, "tag": "refund"})
        tags = after(
            *self.KNOWN,
            tagged,
            tagged,
            push("thread_untagged", {**about, "tag": "vip"}),
            ask="[chat.thread.tags, chat.threads[0].tags]",
        )
        assert tags == [["refund"], ["refund"]]

    def test_who_had_a_chat_is_known_until_its_next_thread(self, after: Callable[..., Any]) -> None:
        came = {"agent_ids": ["bob@example.com"], "group_ids": [0]}
        known = (LOGIN, push("incoming_chat", {"chat": chat(), "transferred_from": came}))
        later = {**chat(), "thread": {"id": "T2", "active": True, "created_at": at(9)}}
        ask = "select.transferredFrom(chat)?.agent_ids ?? null"

        assert after(*known, ask=ask) == ["bob@example.com"]
        assert after(*known, {"type": "chat", "chat": chat(event(1))}, ask=ask) == [
            "bob@example.com"
        ]
        assert after(*known, push("incoming_chat", {"chat": later}), ask=ask) is None

    def test_a_summary_is_asked_for_then_set_or_refused(self, after: Callable[..., Any]) -> None:
        about = {"chat_id": "C1", "thread_id": "T1"}
        asked = {"type": "summary", "threadId": "T1", "status": "asked"}
        summary = {"status": "ok", "text": "A zip was stuck."}
        ask = "[state.summaries.T1 ?? null, chat.thread.summary?.text ?? null]"

        refused = push("incoming_error", {"action": "request_thread_summary", **about})
        given = push("thread_summary_set", {**about, "summary": summary})

        assert after(*self.KNOWN, asked, ask=ask) == ["asked", None]
        assert after(*self.KNOWN, asked, refused, ask=ask) == ["failed", None]
        assert after(*self.KNOWN, asked, given, ask=ask) == [None, "A zip was stuck."]

    def test_only_closed_threads_within_the_limits_are_deleted(
        self, after: Callable[..., Any]
    ) -> None:
        def thread(number: int, **more: Any) -> dict[str, Any]:
            return {
                "id": f"T{number}",
                "active": False,
                "created_at": at(number),
                "events": [],
                "tags": [],
                **more,
            }

        threads = [
            thread(9, active=True),
            thread(8, tags=["spam"]),
            thread(7),
            thread(2, tags=["spam"]),
        ]
        known = (
            LOGIN,
            {"type": "chat", "chat": {**chat(), "thread": None}},
            {"type": "history", "chatId": "C1", "threads": threads, "next": None},
        )
        ids = "chat.threads.map(({ id }) => id)"

        assert after(*known, push("threads_deleted", {}), ask=ids) == ["T9"]
        spam = {"tag": "spam", "date_from": at(5), "date_to": at(8)}
        assert after(*known, push("threads_deleted", spam), ask=ids) == ["T2", "T7", "T9"]

    def test_a_deleted_chat_on_screen_says_why_it_is_gone(self, after: Callable[..., Any]) -> None:
        gone = after(
            *self.KNOWN,
            {"type": "select", "chatId": "C1"},
            push("chat_deleted", {"chat_id": "C1"}),
            ask="[Object.keys(state.chats), state.missing]",
        )
        assert gone == [[], "chat_deleted"]

    @pytest.mark.parametrize(
        ("permission", "text"), [("normal", None), ("administrator", "text 1")]
    )
    def test_of_deleted_words_administrators_keep_the_original(
        self, after: Callable[..., Any], permission: str, text: str | None
    ) -> None:
        profile = {**LOGIN["payload"]["my_profile"], "permission": permission}
        login = {"type": "login", "payload": {"my_profile": profile, "chats_info": []}}
        deleted = push(
            "event_deleted", {"chat_id": "C1", "thread_id": "T1", "event_id": event(1)["id"]}
        )
        kept = after(
            login,
            push("incoming_chat", {"chat": chat(event(1))}),
            deleted,
            ask="[chat.threads[0].events[0].deleted, chat.threads[0].events[0].text ?? null, "
            "select.unread(chat, state.me), select.waitingSince(chat)]",
        )
        assert kept == [True, text, 0, None]

    def test_who_leaves_a_chat_does_not_follow_it_any_more(self, after: Callable[..., Any]) -> None:
        known = (LOGIN, push("incoming_chat", {"chat": {**chat(), "is_followed": True}}))
        left = {"chat_id": "C1", "thread_id": "T1", "user_id": ME}
        others = {**left, "user_id": CUSTOMER}

        assert after(*known, push("user_removed_from_chat", others), ask="chat.isFollowed") is True
        assert after(*known, push("user_removed_from_chat", left), ask="chat.isFollowed") is False

    def test_what_programs_say_is_no_last_word(self, after: Callable[..., Any]) -> None:
        note = {
            "id": "T1_2",
            "type": "system",
            "subtype": "thread_summary",
            "created_at": at(2),
            "visibility": "agents",
        }
        assert after(*self.KNOWN, said(note), ask="chat.last.text") == "text 1"

    def test_new_counts_join_those_that_are_known(self, after: Callable[..., Any]) -> None:
        customer = {"id": CUSTOMER, "statistics": {"chats_count": 1, "visits_count": 2}}
        counted = after(
            LOGIN,
            {"type": "customer", "customer": customer},
            push(
                "customer_statistics_updated",
                {"customer_id": CUSTOMER, "statistics": {"visits_count": 3}},
            ),
            ask=f"state.customers['{CUSTOMER}'].statistics",
        )
        assert counted == {"chats_count": 1, "visits_count": 3}


class TestTheDirectory:
    """Names that pushes keep right."""

    READ = {
        "type": "directory",
        "directory": {
            "agents": [{"id": ME, "name": "Ann", "bot": False}],
            "groups": [{"id": 0, "name": "General"}, {"id": 1, "name": "Sales"}],
            "tags": [{"name": "vip", "group_ids": [0]}, {"name": "lead", "group_ids": [1]}],
        },
    }

    def test_a_new_name_shows_in_chats_too(self, after: Callable[..., Any]) -> None:
        names = after(
            LOGIN,
            self.READ,
            push("incoming_chat", {"chat": chat()}),
            push("agent_updated", {"id": ME, "name": "Anna"}),
            push("group_updated", {"id": 1, "name": "Shop"}),
            ask=f"[state.directory.agents['{ME}'].name, chat.users[1].name, "
            "state.directory.groups[1]]",
        )
        assert names == ["Anna", "Anna", "Shop"]

    def test_tags_are_offered_where_they_fit(self, evaluate: Evaluate) -> None:
        offered = evaluate(
            """
            const { initialState, reduce } = await load("store.js");
            const { tagsFor } = await load("directory.js");
            const state = given.reduce(reduce, initialState());
            const thread = (groups, tags = []) => ({ access: { group_ids: groups }, tags });
            return [tagsFor(state, thread([0])), tagsFor(state, thread([1])),
                    tagsFor(state, thread([1], ["vip"]))];
            """,
            [self.READ],
        )
        assert offered == [["vip"], ["lead", "vip"], ["lead"]]


class TestTheArchive:
    """Texts with marks, and what is asked."""

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("plain <em>text</em>", [["plain <em>text</em>", False]]),
            ("a [b] c", [["a ", False], ["b", True], [" c", False]]),
            ("[b][c]", [["b", True], ["c", True]]),
            ("a] b [c", [["a b ", False], ["c", False]]),
        ],
    )
    def test_only_our_own_marks_count(
        self, evaluate: Evaluate, text: str, found: list[Any]
    ) -> None:
        pieces = evaluate(
            """
            const { pieces, MARK_BEGIN, MARK_END } = await load("archive.js");
            const marked = given.replaceAll("[", MARK_BEGIN).replaceAll("]", MARK_END);
            return pieces(marked).map(({ text, found }) => [text, found]);
            """,
            text,
        )
        assert pieces == found

    def test_the_excerpt_is_cut_around_the_first_find(self, evaluate: Evaluate) -> None:
        shown = evaluate(
            """
            const { excerpt, MARK_BEGIN, MARK_END } = await load("archive.js");
            const text = `${"before ".repeat(40)}${MARK_BEGIN}tent${MARK_END} after`;
            const events = [{ type: "message", text: "Hello" }, { type: "message", text }];
            return excerpt({ events });
            """
        )
        assert [piece["found"] for piece in shown] == [False, True, False]
        assert shown[0]["text"].startswith("…before")
        assert len(shown[0]["text"]) < 60
        assert shown[1]["text"] == "tent"

    def test_a_day_is_asked_for_whole(self, evaluate: Evaluate) -> None:
        asked = evaluate(
            """
            const { asFilters } = await load("archive.js");
            const day = asFilters(" tent ", { from: "2026-03-01", to: "2026-03-01", tag: "vip" });
            return [day.query, (Date.parse(day.to) - Date.parse(day.from)) / 1000,
                    day.tags, "agents" in day];
            """
        )
        assert asked == ["tent", 86399.999, {"values": ["vip"]}, False]

    def test_an_answer_that_was_overtaken_is_dropped(self, evaluate: Evaluate) -> None:
        shown = evaluate(
            """
            const { createStore } = await load("store.js");
            const { Archive } = await load("archive.js");
            const store = createStore();
            const answers = [];
            const ask = () => new Promise((resolve) => answers.push(resolve));
            const archive = new Archive({ store, ask, get state() { return store.state; } });
            const both = [archive.search("old"), archive.search("new")];
            answers[1]({ chats: [{ id: "new" }], found_chats: 1 });
            answers[0]({ chats: [{ id: "old" }], found_chats: 1 });
            await Promise.all(both);
            return [store.state.search.status, store.state.search.results.map(({ id }) => id)];
            """
        )
        assert shown == ["ready", ["new"]]


class TestCustomers:
    """What an edited customer may be."""

    @pytest.mark.parametrize(
        ("given", "wrong"),
        [
            ({"email": "", "phone_number": ""}, []),
            ({"email": "cora@shop.example", "phone_number": "+49 (30) 90-1820"}, []),
            ({"email": "cora@shop"}, ["email"]),
            ({"email": "cora shop@example.com"}, ["email"]),
            ({"phone_number": "030 901820"}, ["phone_number"]),
            ({"phone_number": "+49 thirty"}, ["phone_number"]),
        ],
    )
    def test_values_are_checked_as_the_server_does(
        self, evaluate: Evaluate, given: dict[str, str], wrong: list[str]
    ) -> None:
        found = evaluate(
            'const { problems } = await load("customers.js"); return Object.keys(problems(given));',
            given,
        )
        assert found == wrong

    def test_only_what_changed_is_sent(self, evaluate: Evaluate) -> None:
        sent = evaluate(
            """
            const { changes } = await load("customers.js");
            return changes({ name: "Cora", email: "c@x.test" },
                           { name: "Cora", email: "", phone_number: "" });
            """
        )
        assert sent == {"email": ""}


class TestAttention:
    """Being away."""

    def test_one_is_away_after_the_minutes_and_back_with_the_first_sign(
        self, evaluate: Evaluate
    ) -> None:
        told = evaluate(
            """
            const { Attention } = await load("attention.js");
            const told = [];
            const onChange = (isAway) => told.push(isAway);
            const attention = new Attention({ minutes: () => 5, onChange });
            attention.start();
            const now = attention.last;
            attention.check(now + 299_000);
            attention.check(now + 300_000);
            attention.check(now + 301_000);
            dispatchEvent(new Event("keydown"));
            return told;
            """
        )
        assert told == [True, False]

    def test_who_never_wants_to_be_away_never_is(self, evaluate: Evaluate) -> None:
        told = evaluate(
            """
            const { Attention } = await load("attention.js");
            const told = [];
            const onChange = (isAway) => told.push(isAway);
            const attention = new Attention({ minutes: () => 0, onChange });
            attention.check(attention.last + 10 ** 9);
            return told;
            """
        )
        assert told == []
