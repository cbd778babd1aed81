"""Threads as the store keeps them: pages of history, tags, summaries, transfers and deletions."""

from typing import Any

import pytest

from tests.e2e.workspace.modules.states import LOGIN, After, at, chat, event, push

pytestmark = pytest.mark.browser

KNOWN = (LOGIN, push("incoming_chat", {"chat": chat(event(1), tags=["vip"])}))


class TestThreads:
    """What belongs to one thread."""

    def test_a_first_page_that_does_not_reach_what_was_loaded_replaces_it(
        self, after: After
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

    def test_tags_come_and_go_once(self, after: After) -> None:
        about = {"chat_id": "C1", "thread_id": "T1"}
        tagged = push("thread_tagged", {**about, "tag": "refund"})
        tags = after(
            *KNOWN,
            tagged,
            tagged,
            push("thread_untagged", {**about, "tag": "vip"}),
            ask="[chat.thread.tags, chat.threads[0].tags]",
        )
        assert tags == [["refund"], ["refund"]]

    def test_who_had_a_chat_is_known_until_its_next_thread(self, after: After) -> None:
        came = {"agent_ids": ["bob@example.com"], "group_ids": [0]}
        known = (LOGIN, push("incoming_chat", {"chat": chat(), "transferred_from": came}))
        later = {**chat(), "thread": {"id": "T2", "active": True, "created_at": at(9)}}
        ask = "select.transferredFrom(chat)?.agent_ids ?? null"

        assert after(*known, ask=ask) == ["bob@example.com"]
        assert after(*known, {"type": "chat", "chat": chat(event(1))}, ask=ask) == [
            "bob@example.com"
        ]
        assert after(*known, push("incoming_chat", {"chat": later}), ask=ask) is None

    def test_a_summary_is_asked_for_then_set_or_refused(self, after: After) -> None:
        about = {"chat_id": "C1", "thread_id": "T1"}
        asked = {"type": "summary", "threadId": "T1", "status": "asked"}
        summary = {"status": "ok", "text": "A zip was stuck."}
        ask = "[state.summaries.T1 ?? null, chat.thread.summary?.text ?? null]"

        refused = push("incoming_error", {"action": "request_thread_summary", **about})
        given = push("thread_summary_set", {**about, "summary": summary})

        assert after(*KNOWN, asked, ask=ask) == ["asked", None]
        assert after(*KNOWN, asked, refused, ask=ask) == ["failed", None]
        assert after(*KNOWN, asked, given, ask=ask) == [None, "A zip was stuck."]

    def test_only_closed_threads_within_the_limits_are_deleted(self, after: After) -> None:
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
