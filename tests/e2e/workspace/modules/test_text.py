"""Words, and what is filled into them."""

import pytest

from tests.e2e.workspace.modules.states import Evaluate

pytestmark = pytest.mark.browser


class TestText:
    """Texts with placeholders."""

    @pytest.mark.parametrize(
        ("direction", "words", "kept_apart"),
        [
            ("ltr", "Thanks!", False),
            ("ltr", "شكرا!", True),
            ("rtl", "شكرا!", False),
            ("rtl", "Thanks!", True),
            ("rtl", "1042", False),
        ],
    )
    def test_words_of_the_other_direction_are_kept_apart(
        self, evaluate: Evaluate, direction: str, words: str, kept_apart: bool
    ) -> None:
        shown = evaluate(
            """
            const { t, useCatalogue } = await load("text.js");
            useCatalogue({ by: "{author}: {words}" }, "en");
            document.documentElement.dir = given.direction;
            return t("by", { author: 7, words: given.words });
            """,
            {"direction": direction, "words": words},
        )
        assert shown == ("7: " + (f"\u2068{words}\u2069" if kept_apart else words))
