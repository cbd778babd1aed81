"""What holds for every action, generated from the registry: who may call it, and who may not."""

from typing import Any

import pytest

from chatplatform import clock
from chatplatform.api.action import Action
from chatplatform.models import AccessToken, Agent, CustomerToken
from chatplatform.scopes import allowed, expand
from tests import make, samples
from tests.configuration.samples.agents import NARROW
from tests.samples import Scene, name_of
from tests.world import Refused, User, World

ACTIONS = samples.actions()
PROTECTED = [action for action in ACTIONS if not action.public]
OF_AGENTS = [action for action in PROTECTED if action.api != "customer"]
SCOPED = [action for action in OF_AGENTS if action.scopes]


@pytest.fixture
def world(scene: Scene) -> World:
    return scene.ann.world


def refusal(world: World, user: User, action: Action, payload: Any) -> str:
    """Call an action that must be refused without a trace; return the error's type."""
    with world.nothing_changes(), pytest.raises(Refused) as refused:
        samples.call(user, action, payload)
    return refused.value.type


def test_every_action_has_a_sample() -> None:
    assert samples.SAMPLES.keys() == {(action.api, action.name) for action in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS, ids=name_of)
def test_the_sample_of_an_action_is_served(scene: Scene, action: Action) -> None:
    answer = samples.call(samples.caller(scene, action), action, samples.payload(scene, action))

    assert isinstance(answer, dict | list)


@pytest.mark.walk
@pytest.mark.parametrize("action", PROTECTED, ids=name_of)
@pytest.mark.parametrize(
    "credentials", ["", "Bearer", "Bearer made-up", "Basic bWFkZTp1cA==", "Token x", "Bearer \x00"]
)
def test_nobody_in_particular_is_refused(
    world: World, scene: Scene, action: Action, credentials: str
) -> None:
    caller = User(world, action.api, credentials, scene.organization.id)

    assert refusal(world, caller, action, samples.payload(scene, action)) == "authentication"


@pytest.mark.walk
@pytest.mark.parametrize("action", PROTECTED, ids=name_of)
def test_a_token_of_the_other_api_is_refused(world: World, scene: Scene, action: Action) -> None:
    other = scene.ann if action.api == "customer" else scene.carl
    caller = User(world, action.api, other.credentials, scene.organization.id)

    assert refusal(world, caller, action, samples.payload(scene, action)) == "authentication"


@pytest.mark.walk
@pytest.mark.parametrize("action", PROTECTED, ids=name_of)
def test_an_expired_token_is_refused(world: World, scene: Scene, action: Action) -> None:
    caller = samples.caller(scene, action)
    AccessToken.objects.update(expires=clock.now())
    CustomerToken.objects.update(expires_at=clock.now())
    fresh = User(world, action.api, caller.credentials, scene.organization.id)

    assert refusal(world, fresh, action, samples.payload(scene, action)) == "authentication"


@pytest.mark.walk
@pytest.mark.parametrize("action", PROTECTED, ids=name_of)
def test_a_revoked_token_is_refused(world: World, scene: Scene, action: Action) -> None:
    caller = samples.caller(scene, action)
    AccessToken.objects.all().delete()
    CustomerToken.objects.all().delete()
    fresh = User(world, action.api, caller.credentials, scene.organization.id)

    assert refusal(world, fresh, action, samples.payload(scene, action)) == "authentication"


@pytest.mark.walk
@pytest.mark.parametrize("action", OF_AGENTS, ids=name_of)
@pytest.mark.parametrize(
    ("field", "type_"),
    [("suspended", "requester_suspended"), ("awaiting_approval", "requester_awaiting_approval")],
)
def test_an_agent_who_may_not_work_is_refused(
    world: World, scene: Scene, action: Action, field: str, type_: str
) -> None:
    known = samples.caller(scene, action)
    Agent.objects.filter(public_id=known.id).update(**{field: True})
    caller = User(world, action.api, known.credentials)
    payload = samples.payload(scene, action)

    if field == "suspended" and action.while_suspended:
        assert samples.call(caller, action, payload) == {}
    else:
        assert refusal(world, caller, action, payload) == type_


def with_scopes(scene: Scene, action: Action, scopes: set[str], caller: User | None = None) -> User:
    """Return who calls an action's sample with a token that carries only ``scopes``."""
    caller = caller or samples.caller(scene, action)
    row = Agent.objects.get(public_id=caller.id)
    application = AccessToken.objects.filter(user=row.account).latest("pk").application
    again = scene.ann.world.as_agent(row, scopes=scopes, application=application)
    return again if action.api == "agent" else again.configuration


@pytest.mark.walk
@pytest.mark.parametrize("action", SCOPED, ids=name_of)
def test_a_token_without_the_scopes_is_refused(world: World, scene: Scene, action: Action) -> None:
    others = {scope for scope in allowed("owner") if expand({scope}).isdisjoint(action.scopes)}
    caller = with_scopes(scene, action, others)

    assert refusal(world, caller, action, samples.payload(scene, action)) == "authorization"


OF_BOTS = {("set_routing_status", f"agents-bot--{whose}:rw") for whose in ("my", "all")}
"""Scopes that open an action for bots only."""
ONE_SCOPE = [
    pytest.param(action, scope, id=f"{name_of(action)}-{scope}")
    for action in SCOPED
    for scope in sorted(action.scopes)
]


@pytest.mark.walk
@pytest.mark.parametrize(("action", "scope"), ONE_SCOPE)
def test_one_of_the_scopes_is_enough_unless_all_are_needed(
    world: World, scene: Scene, action: Action, scope: str
) -> None:
    payload = samples.payload(scene, action)
    narrow = NARROW.get((action.name, scope))
    who = None
    if narrow is not None:
        who, payload = narrow(scene)
    caller = with_scopes(scene, action, {scope}, who)

    if action.every_scope or (action.name, scope) in OF_BOTS:
        with pytest.raises(Refused, match=r"lacks the scope|administrators"):
            samples.call(caller, action, payload)
    elif (action.name, scope) == ("set_routing_status", "agents--my:rw"):
        assert samples.call(caller, action, {"status": "not_accepting_chats"}) == {}
    else:
        samples.call(caller, action, payload)


def test_a_role_gives_no_more_than_the_role(world: World, scene: Scene) -> None:
    """An administrator's scopes on a normal agent's token count for nothing."""
    Agent.objects.filter(public_id=scene.ann.id).update(role="normal")
    closed = scene.ann.call("start_chat", chat={"access": {"group_ids": [scene.group.number]}})
    scene.ann.call("deactivate_chat", id=closed["chat_id"])
    outsider = world.agent(scene.organization, "outsider", role="administrator")
    Agent.objects.filter(public_id=outsider.id).update(role="normal")

    with pytest.raises(Refused) as refused:
        outsider.call("get_chat", chat_id=closed["chat_id"])

    assert refused.value.type == "authorization"


@pytest.mark.walk
@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
@pytest.mark.parametrize("action", ACTIONS, ids=name_of)
def test_an_action_exists_in_its_versions_only(
    world: World, scene: Scene, action: Action, version: str
) -> None:
    """The door is there, whatever is behind it; elsewhere the action is unknown."""
    from chatplatform.api.call import RTM, WEB

    caller = samples.caller(scene, action)
    method = action.http_method
    response = caller.http(action.name, version=version, method=method)
    unknown = b"unknown action" in response.content

    assert unknown is not action.exists(WEB, version)
    if unknown:
        assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found")
    if not action.exists(RTM, version):
        with pytest.raises(Refused, match="not_found: unknown action"):
            caller.rtm(action.name, version=version)


def test_an_unknown_action_is_refused(scene: Scene) -> None:
    for name in ("no_such_action", "", "list_chats/", "../x", "x" * 5000):
        response = scene.ann.http(name)
        assert response.status_code == 404
        assert response.json()["error"]["type"] == "not_found"
        assert response.json()["error"]["message"].startswith("unknown action")


def test_customers_name_their_organisation(world: World, scene: Scene) -> None:
    other = make.organization("other")
    for named in ("", str(other.id), "nonsense"):
        caller = User(world, "customer", scene.carl.credentials, named)
        with pytest.raises(Refused) as refused:
            caller.web("list_chats")
        assert refused.value.type in ("authentication", "validation", "license_not_found")
