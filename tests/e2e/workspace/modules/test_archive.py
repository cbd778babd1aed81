"""Searching the archives: texts with marks, and what is asked."""

from typing import Any

import pytest

from tests.e2e.workspace.modules.states import Evaluate

pytestmark = pytest.mark.browser


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
