"""What was said, as the store keeps it: once, in order, seen, taken back."""

import pytest

from tests.e2e.workspace.modules.states import LOGIN, ME, After, at, chat, event, push, said

pytestmark = pytest.mark.browser

TEXTS = "chat.threads.flatMap((thread) => thread.events.map((one) => one.text))"
KNOWN = (LOGIN, push("incoming_chat", {"chat": chat(event(1), tags=["vip"])}))


class TestEvents:
    """What was said."""

    def test_events_are_kept_once_and_in_order(self, after: After) -> None:
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

    def test_an_event_of_an_unknown_chat_changes_nothing(self, after: After) -> None:
        assert after(LOGIN, said(event(1)), ask="state.chats") == {}

    def test_what_i_write_and_read_counts_as_seen_and_never_goes_back(self, after: After) -> None:
        known = (LOGIN, push("incoming_chat", {"chat": chat(event(1), event(2))}))
        seen = [
            push("events_marked_as_seen", {"chat_id": "C1", "user_id": ME, "seen_up_to": at(2)}),
            push("events_marked_as_seen", {"chat_id": "C1", "user_id": ME, "seen_up_to": at(1)}),
        ]
        unread = "select.unread(chat, state.me)"
        assert after(*known, ask=unread) == 2
        assert after(*known, *seen, ask=unread) == 0
        assert after(*known, said(event(3, ME)), said(event(4)), ask=unread) == 1

    @pytest.mark.parametrize(
        ("permission", "text"), [("normal", None), ("administrator", "text 1")]
    )
    def test_of_deleted_words_administrators_keep_the_original(
        self, after: After, permission: str, text: str | None
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

    def test_what_programs_say_is_no_last_word(self, after: After) -> None:
        note = {
            "id": "T1_2",
            "type": "system",
            "subtype": "thread_summary",
            "created_at": at(2),
            "visibility": "agents",
        }
        assert after(*KNOWN, said(note), ask="chat.last.text") == "text 1"
