"""What fades by itself: who is typing, and what the customer is about to say."""

import pytest

from tests.e2e.workspace.modules.states import CUSTOMER, LOGIN, After, chat, event, push, said

pytestmark = pytest.mark.browser


class TestSignals:
    """Signs of life."""

    def test_the_words_of_a_chat_end_its_sneak_peek_and_typing(self, after: After) -> None:
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

    def test_signals_that_are_not_renewed_fade(self, after: After) -> None:
        typing = {"author_id": CUSTOMER, "is_typing": True, "visibility": "all"}
        known = (
            LOGIN,
            push("incoming_typing_indicator", {"chat_id": "C1", "typing_indicator": typing}, 1000),
        )
        alive = after(*known, {"type": "expire", "now": 12_000}, ask="Object.keys(state.typing)")
        faded = after(*known, {"type": "expire", "now": 13_001}, ask="Object.keys(state.typing)")
        assert (alive, faded) == (["C1"], [])
