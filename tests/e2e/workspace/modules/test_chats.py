"""Chats as the store keeps them, and where they stand in the list."""

from typing import Any

import pytest

from tests.e2e.workspace.modules.states import (
    CUSTOMER,
    LOGIN,
    ME,
    After,
    Evaluate,
    at,
    chat,
    event,
    push,
    said,
)

pytestmark = pytest.mark.browser

KNOWN = (LOGIN, push("incoming_chat", {"chat": chat(event(1))}))


class TestChats:
    """One chat, and what becomes of it."""

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

    def test_closing_and_reopening_move_a_chat(self, after: After) -> None:
        section = "select.sectionOf(chat, state.me)"
        known = (LOGIN, push("incoming_chat", {"chat": chat(event(1))}))
        closed = push("chat_deactivated", {"chat_id": "C1", "thread_id": "T1"})
        again = chat(id="T2", created_at=at(30), agents=())
        assert after(*known, ask=section) == "mine"
        assert after(*known, closed, ask=section) == "archive"
        assert after(*known, closed, push("incoming_chat", {"chat": again}), ask=section) == (
            "unassigned"
        )

    def test_a_deleted_chat_on_screen_says_why_it_is_gone(self, after: After) -> None:
        gone = after(
            *KNOWN,
            {"type": "select", "chatId": "C1"},
            push("chat_deleted", {"chat_id": "C1"}),
            ask="[Object.keys(state.chats), state.missing]",
        )
        assert gone == [[], "chat_deleted"]

    def test_who_leaves_a_chat_does_not_follow_it_any_more(self, after: After) -> None:
        known = (LOGIN, push("incoming_chat", {"chat": {**chat(), "is_followed": True}}))
        left = {"chat_id": "C1", "thread_id": "T1", "user_id": ME}
        others = {**left, "user_id": CUSTOMER}

        assert after(*known, push("user_removed_from_chat", others), ask="chat.isFollowed") is True
        assert after(*known, push("user_removed_from_chat", left), ask="chat.isFollowed") is False


class TestSections:
    """Where chats stand."""

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
        after: After,
        agents: tuple[str, ...],
        thread: dict[str, Any],
        section: str,
    ) -> None:
        given = chat(agents=agents, **thread)
        found = after(
            LOGIN, {"type": "chat", "chat": given}, ask="select.sectionOf(chat, state.me)"
        )
        assert found == section

    @pytest.mark.parametrize(
        ("queue", "section"),
        [({"position": 1, "queued_at": at(0)}, "queued"), (None, "unassigned")],
    )
    def test_who_only_whispers_takes_nobody_out_of_the_queue(
        self, after: After, queue: dict[str, Any] | None, section: str
    ) -> None:
        whisperer = {"id": "tom", "type": "agent", "visibility": "agents"}
        joined = {"chat_id": "C1", "thread_id": "T1", "user": whisperer}
        found = after(
            LOGIN,
            push("incoming_chat", {"chat": chat(agents=(), queue=queue)}),
            push("user_added_to_chat", joined),
            ask="[select.sectionOf(chat, state.me), chat.thread.queue]",
        )
        assert found == [section, queue]

    def test_the_queue_stands_longest_first(self, after: After) -> None:
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

    def test_a_customer_waits_since_the_first_words_nobody_answered(self, after: After) -> None:
        def since(*events: dict[str, Any]) -> Any:
            return after(
                LOGIN, {"type": "chat", "chat": chat(*events)}, ask="select.waitingSince(chat)"
            )

        assert since(event(1), event(2)) == at(1)
        assert since(event(1), event(2, ME)) is None
        assert since(event(1), event(2, ME), event(3), event(4)) == at(3)
        assert since(event(1), event(2, ME, visibility="agents")) == at(1)
