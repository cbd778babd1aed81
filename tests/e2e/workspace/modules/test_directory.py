"""Names that pushes keep right."""

import pytest

from tests.e2e.workspace.modules.states import LOGIN, ME, After, Evaluate, chat, push

pytestmark = pytest.mark.browser


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

    def test_a_new_name_shows_in_chats_too(self, after: After) -> None:
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
