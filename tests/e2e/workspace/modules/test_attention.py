"""Being away."""

import pytest

from tests.e2e.workspace.modules.states import Evaluate

pytestmark = pytest.mark.browser


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
