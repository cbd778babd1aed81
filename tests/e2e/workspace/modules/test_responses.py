"""Canned responses: when they are looked for, which fit, and how they are kept."""

from typing import Any

import pytest

from tests.e2e.workspace.modules.states import LOGIN, ME, After, Evaluate, push

pytestmark = pytest.mark.browser


def response(number: int, text: str, *tags: str, group: int = 0) -> dict[str, Any]:
    """Return a response as it is listed."""
    about = {"group_id": group, "is_private": False, "author_id": ME}
    return {"id": number, "text": text, "tags": list(tags), **about}


GREETING = response(1, "Hello, how can I help?", "hello")
BYE = response(2, "Good bye, and thank you.", "bye", "thanks")
REFUND = response(3, "We will refund you.", "refund", group=7)
CAFE = response(4, "See you at the Café.", "visit")
PLAIN = response(5, "Without a tag")
ALL = [PLAIN, REFUND, CAFE, BYE, GREETING]


class TestWhatIsSought:
    """The word before the caret."""

    @pytest.mark.parametrize(
        ("text", "sought"),
        [
            ("#", {"start": 0, "query": ""}),
            ("/", {"start": 0, "query": ""}),
            ("#ref", {"start": 0, "query": "ref"}),
            ("Well #ref", {"start": 5, "query": "ref"}),
            ("Well\n/ref", {"start": 5, "query": "ref"}),
            ("", None),
            ("ref", None),
            ("# ref", None),
            ("#ref und", None),
            ("and/or", None),
            ("C#", None),
            ("https://shop", None),
            ("/home/ann", None),
        ],
    )
    def test_a_sign_at_the_beginning_of_a_word_seeks_what_follows(
        self, evaluate: Evaluate, text: str, sought: dict[str, Any] | None
    ) -> None:
        found = evaluate(
            """
            const { soughtAt } = await load("responses.js");
            return soughtAt(given, given.length);
            """,
            text,
        )
        assert found == sought

    def test_what_stands_behind_the_caret_does_not_count(self, evaluate: Evaluate) -> None:
        found = evaluate(
            'const { soughtAt } = await load("responses.js"); return soughtAt("#refund", 4);'
        )
        assert found == {"start": 0, "query": "ref"}


class TestWhichFit:
    """Tags before texts, the chat's groups before others."""

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ("", [2, 1, 3, 4, 5]),
            ("hello", [1]),
            ("HEL", [1]),
            ("thank", [2]),
            ("you", [2, 3, 4]),
            ("fund", [3]),
            ("cafe", [4]),
            ("nothing", []),
        ],
    )
    def test_responses_are_found_by_tag_and_text(
        self, evaluate: Evaluate, query: str, ids: list[int]
    ) -> None:
        assert self.fitting(evaluate, query) == ids

    def test_those_of_the_chats_groups_come_first(self, evaluate: Evaluate) -> None:
        assert self.fitting(evaluate, "you", groups=[7]) == [3, 2, 4]

    def test_a_whole_tag_comes_before_its_beginning_and_that_before_a_text(
        self, evaluate: Evaluate
    ) -> None:
        given = [response(1, "hi"), response(2, "-", "hint"), response(3, "-", "hi")]
        assert self.fitting(evaluate, "hi", given) == [3, 2, 1]

    def test_no_more_are_shown_than_one_can_look_through(self, evaluate: Evaluate) -> None:
        many = [response(number, f"Hello {number}") for number in range(50)]
        assert len(self.fitting(evaluate, "hello", many)) == 20

    def fitting(
        self,
        evaluate: Evaluate,
        query: str,
        responses: list[dict[str, Any]] = ALL,
        groups: list[int] | None = None,
    ) -> list[int]:
        found: list[int] = evaluate(
            """
            const { fitting } = await load("responses.js");
            const { responses, query, groups } = given;
            return fitting(responses, query, groups).map(({ id }) => id);
            """,
            {"responses": responses, "query": query, "groups": groups or []},
        )
        return found


class TestTheStore:
    """What is told of responses."""

    READ: dict[str, Any] = {"type": "responses", "responses": [GREETING, BYE]}

    def test_pushes_keep_them_right(self, after: After) -> None:
        changed = {**GREETING, "text": "Hi!"}
        kept = after(
            LOGIN,
            self.READ,
            push("canned_response_created", REFUND),
            push("canned_response_updated", changed),
            push("canned_response_deleted", {"id": BYE["id"]}),
            ask="state.responses",
        )
        assert kept == [REFUND, changed]

    def test_one_that_comes_from_another_group_is_new_here(self, after: After) -> None:
        kept = after(LOGIN, push("canned_response_updated", REFUND), ask="state.responses")
        assert kept == [REFUND]


class TestReading:
    """Asking the Configuration API."""

    READ = """
        const { initialState, reduce } = await load("store.js");
        const { Responses } = await load("responses.js");
        let state = reduce(initialState(), given.login);
        const asked = [];
        const listeners = [];
        const tell = (action, payload) => {
            state = reduce(state, { type: "push", action, payload, now: 0 });
            for (const listener of listeners) listener(action, payload);
        };
        const workspace = {
            get state() { return state; },
            store: { dispatch: (action) => { state = reduce(state, action); } },
            pushes: { listen: (listener) => listeners.push(listener) },
            configuration: {
                ask: async (action, payload) => {
                    asked.push([action, payload]);
                    return answer(payload, asked.length);
                },
            },
        };
        const responses = new Responses(workspace);
        const ids = () => state.responses.map(({ id }) => id);
        const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
    """

    def run(self, evaluate: Evaluate, answer: str, body: str) -> Any:
        """Run ``body`` where questions are answered by ``answer``."""
        given = {"login": LOGIN, "all": ALL}
        return evaluate(f"const answer = {answer};{self.READ}{body}", given)

    def test_all_pages_are_read(self, evaluate: Evaluate) -> None:
        ids, asked = self.run(
            evaluate,
            """({ page_id: id }) => id
                ? { canned_responses: [given.all[1]] }
                : { canned_responses: [given.all[0]], next_page_id: "next" }""",
            "await responses.read(); return [ids(), asked];",
        )
        assert ids == [PLAIN["id"], REFUND["id"]]
        assert asked == [
            ["list_canned_responses", {"include_private": True, "limit": 1000}],
            ["list_canned_responses", {"page_id": "next"}],
        ]

    def test_what_is_told_while_they_are_read_is_not_forgotten(self, evaluate: Evaluate) -> None:
        ids = self.run(
            evaluate,
            """(payload, time) => {
                if (time > 1) return { canned_responses: [given.all[1]] };
                tell("canned_response_created", given.all[1]);
                return { canned_responses: [] };
            }""",
            "await responses.read(); await settled(); return ids();",
        )
        assert ids == [REFUND["id"]]

    def test_they_are_read_again_when_other_groups_are_mine(self, evaluate: Evaluate) -> None:
        count = self.run(
            evaluate,
            "() => ({ canned_responses: [] })",
            f"""
            tell("agent_updated", {{ id: "{ME}", name: "Anna" }});
            tell("agent_updated", {{ id: "bob@example.com", groups: [] }});
            await settled();
            const before = asked.length;
            tell("agent_updated", {{ id: "{ME}", groups: [] }});
            await settled();
            tell("group_deleted", {{ id: 7 }});
            await settled();
            return [before, asked.length];
            """,
        )
        assert count == [0, 2]

    def test_a_failure_leaves_them_as_they_were(self, evaluate: Evaluate) -> None:
        ids = self.run(
            evaluate,
            "(payload, time) => { if (time > 1) throw new Error(); "
            "return { canned_responses: [given.all[1]] }; }",
            "await responses.read(); await responses.read(); return ids();",
        )
        assert ids == [REFUND["id"]]
