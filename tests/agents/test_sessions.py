"""Agent Chat API: going on with another token, and what mobile applications ask for."""

from typing import Any

import pytest

from chatplatform.models import Agent, Organization
from chatplatform.services import agent_tokens
from tests import make
from tests.world import Refused, User, World


def new_token(user: User, scopes: list[str] | None = None) -> str:
    """Issue another token of an agent, and return it with its scheme."""
    return f"Bearer {make.access_token(Agent.objects.get(public_id=user.id), scopes)}"


def refused(user: User, **payload: Any) -> str:
    """Update a session in vain; return the error's type."""
    with user.world.nothing_changes(), pytest.raises(Refused) as error:
        user.rtm("update_session", payload)
    return error.value.type


# --- update_session -------------------------------------------------------------------------------


def test_a_session_goes_on_with_another_token(world: World, ann: User) -> None:
    former, ann.credentials = ann.credentials, new_token(ann)

    assert ann.rtm("update_session", {"token": ann.credentials}) == {}

    (listener,) = ann.connections
    world.act(lambda: agent_tokens.revoke_access_token(former.removeprefix("Bearer ")))
    assert listener.ended == ""
    world.act(lambda: agent_tokens.revoke_access_token(ann.credentials.removeprefix("Bearer ")))
    assert listener.ended == "access_token_revoked"


def test_the_new_scopes_hold_at_once(ann: User) -> None:
    ann.rtm("update_session", {"token": new_token(ann, ["agents--my:rw"])})

    with pytest.raises(Refused) as error:
        ann.rtm("list_chats")
    assert error.value.type == "authorization"

    ann.rtm("update_session", {"token": new_token(ann)})
    assert ann.rtm("list_chats")["chats_info"] == []


def test_new_scopes_bring_the_pushes_they_open(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    eve = world.agent(acme, "eve", scopes=["agents--my:rw"], online=True, accepting=False)
    heard = []

    for scopes in (None, ["agents--my:rw"]):
        eve.rtm("update_session", {"token": new_token(eve, scopes)})
        with world.capture_pushes() as pushes:
            ann.call("start_chat")
        heard.append("incoming_chat" in pushes.names.get("eve", []))

    assert heard == [True, False]


def test_a_personal_access_token_will_do(ann: User) -> None:
    row = Agent.objects.get(public_id=ann.id)

    assert ann.rtm("update_session", {"token": make.basic(row, make.pat(row))}) == {}


def test_only_the_same_agent_goes_on(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    stranger = world.agent(make.organization("Other"), "stranger")

    for other in (bob, stranger):
        assert refused(ann, token=other.credentials) == "authorization"
    assert refused(ann, token=world.customer(acme, "dora").credentials) == "authentication"
    assert refused(ann, token="Bearer made-up") == "authentication"
    assert refused(ann, token="") == "authentication"


@pytest.mark.parametrize("payload", [{}, {"token": 1}, {"token": None}, {"token": "x" * 8193}])
def test_a_wrong_update_is_refused(ann: User, payload: dict[str, Any]) -> None:
    assert refused(ann, **payload) == "validation"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_before_3_6_a_session_keeps_its_token(ann: User, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        ann.rtm("update_session", {"token": ann.credentials}, version=version)


# --- change_push_notifications --------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_wishes_for_notifications_are_accepted_and_change_nothing(
    world: World, ann: User, version: str
) -> None:
    wish = {"firebase_token": "x", "platform": "ios", "enabled": True}

    with world.nothing_changes():
        assert ann.rtm("change_push_notifications", wish, version=version) == {}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"firebase_token": "x", "platform": "ios"},
        {"firebase_token": "x", "platform": "fridge", "enabled": True},
        {"firebase_token": "x" * 4097, "platform": "ios", "enabled": True},
    ],
    ids=["nothing", "no decision", "no phone", "long token"],
)
def test_a_wrong_wish_for_notifications_is_refused(ann: User, wish: dict[str, Any]) -> None:
    assert ann.refused("change_push_notifications", **wish) == "validation"


# --- several sessions -----------------------------------------------------------------------------


def test_every_session_of_an_agent_hears_everything(
    world: World, ann: User, bob: User, carl: User
) -> None:
    ann.login(version="3.5")

    with world.capture_pushes() as pushes:
        bob.call("start_chat")

    assert pushes.names["ann"] == ["incoming_chat", "incoming_chat"]
    assert [listener.heard[-1].version for listener in ann.connections] == ["3.7", "3.5"]
