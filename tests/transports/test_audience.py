"""Whom a push reaches, of the connections of one server process."""

from collections.abc import Iterable
from typing import Any

import pytest

from chatplatform.api.pushes import Push, Reach
from chatplatform.transports.audience import Sockets
from chatplatform.transports.connection import Connection
from tests.transports import fakes


async def _nowhere(message: dict[str, Any]) -> None:
    raise AssertionError("nothing is sent")


class Room:
    """Connections by name: Ann of group 1, Bob of 2, Eve of both, Boss who may open every chat."""

    def __init__(self) -> None:
        self.sockets = Sockets()
        self.names: dict[Connection, str] = {}
        self.connect("ann", {0, 1})
        self.connect("bob", {0, 2})
        self.connect("eve", {0, 1, 2})
        self.connect("boss", {0}, scopes=frozenset({"chats--all:ro"}))

    def connect(self, name: str, groups: Iterable[int], **more: Any) -> None:
        connection = Connection(_nowhere, api="agent", version="3.7")
        connection.terms = fakes.terms(fakes.agent(name, **more), groups=groups)
        self.sockets.add(connection)
        self.names[connection] = name

    def reached(self, **push: Any) -> set[str]:
        found = self.sockets.reached(Push(payload={}, **push))
        return {self.names[connection] for connection in found}


@pytest.fixture
def room() -> Room:
    return Room()


def test_access_is_a_group_or_the_scope_for_all_chats(room: Room) -> None:
    assert room.reached(reach=Reach.ACCESS, group_ids=frozenset({1})) == {"ann", "eve", "boss"}


def test_members_are_of_the_group_whatever_others_may_see(room: Room) -> None:
    found = room.reached(reach=Reach.MEMBERS, group_ids=frozenset({1}), user_ids=frozenset({"bob"}))

    assert found == {"ann", "eve", "bob"}


def test_who_knows_already_can_be_left_out_but_who_is_named_is_not(room: Room) -> None:
    known = Push(None, Reach.ACCESS, group_ids=frozenset({1}))

    assert room.reached(reach=Reach.ACCESS, group_ids=frozenset({2}), unless=known) == {"bob"}
    assert room.reached(
        reach=Reach.ACCESS,
        group_ids=frozenset({2}),
        user_ids=frozenset({"eve"}),
        unless=known,
    ) == {"bob", "eve"}


def test_some_are_reached_only_while_they_have_access(room: Room) -> None:
    found = room.reached(
        reach=Reach.USERS,
        group_ids=frozenset({2}),
        if_access=frozenset({"ann", "bob", "boss"}),
    )

    assert found == {"bob", "boss"}
