"""Batches: one action for several requests in one call (protocol.md 6.2)."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import OperationalError
from django.test import override_settings

from chatplatform.api import batches, registry, versions
from chatplatform.api.call import WEB, Call, Deadline
from chatplatform.api.dispatch import dispatch
from chatplatform.models import Agent, Organization
from chatplatform.services import agents
from tests.world import Refused, User, World


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    """An administrator, who is there to hear what is told."""
    return world.agent(acme, "ann", role="administrator", online=True)


@pytest.fixture
def bob(world: World, acme: Organization) -> User:
    return world.agent(acme, "bob")


@pytest.fixture
def eve(world: World, acme: Organization) -> User:
    return world.agent(acme, "eve")


def suspend(user: User, *ids: Any) -> list[Any]:
    """Suspend agents in one call and return the answers."""
    answer = user.configuration.call("batch_suspend_agents", requests=[{"id": one} for one in ids])
    assert answer.keys() == {"responses"}
    responses: list[Any] = answer["responses"]
    return responses


def suspended() -> set[str]:
    """Return who is suspended."""
    return set(Agent.objects.filter(suspended=True).values_list("public_id", flat=True))


def error_types(responses: list[Any]) -> list[str]:
    """Return the type of each answer's error; nothing for those that were not refused."""
    return [response["error"]["type"] if "error" in response else "" for response in responses]


# --- what is done -----------------------------------------------------------------------------


def test_each_request_is_done_and_told_as_if_it_were_alone(ann: User, bob: User, eve: User) -> None:
    with ann.world.capture_pushes() as pushes:
        responses = suspend(ann, bob.id, eve.id)

    assert responses == [{}, {}]
    assert suspended() == {bob.id, eve.id}
    assert pushes.to(ann) == [
        ("agent_suspended", {"id": bob.id}),
        ("agent_suspended", {"id": eve.id}),
    ]


def test_answers_stand_in_the_order_of_the_requests(ann: User, bob: User, eve: User) -> None:
    responses = suspend(ann, bob.id, "nobody@example.com", eve.id, 5)

    assert error_types(responses) == ["", "not_found", "", "validation"]


def test_no_requests_have_no_answers(ann: User) -> None:
    assert suspend(ann) == []


# --- what is refused ------------------------------------------------------------------------------


def test_a_refused_request_changes_nothing_and_stops_nothing(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    """The owner stands above Ann: what she may do is done, before and after."""
    owner = world.agent(acme, "oona", role="owner")

    responses = suspend(ann, owner.id, bob.id)

    assert error_types(responses) == ["authorization", ""]
    assert suspended() == {bob.id}


def test_an_error_is_what_the_action_alone_would_answer(ann: User) -> None:
    (response,) = suspend(ann, "nobody@example.com")

    with pytest.raises(Refused) as alone:
        ann.configuration.call("suspend_agent", id="nobody@example.com")
    assert response == {"error": {"type": alone.value.type, "message": alone.value.message}}


@pytest.mark.parametrize("malformed", [None, "text", 5, [], {}, {"id": ""}, {"id": 5}])
def test_a_malformed_request_refuses_itself_alone(ann: User, bob: User, malformed: Any) -> None:
    requests = [malformed, {"id": bob.id}]

    answer = ann.configuration.call("batch_suspend_agents", requests=requests)

    assert error_types(answer["responses"]) == ["validation", ""]
    assert suspended() == {bob.id}


@pytest.mark.parametrize("payload", [{}, {"requests": None}, {"requests": {}}, {"requests": "x"}])
def test_a_malformed_batch_is_refused_as_a_whole(ann: User, payload: dict[str, Any]) -> None:
    assert ann.configuration.refused("batch_suspend_agents", **payload) == "validation"


def test_a_batch_is_bounded(ann: User, bob: User) -> None:
    full = [{"id": "nobody@example.com"}] * (batches.MAX_REQUESTS - 1) + [{"id": bob.id}]

    assert len(ann.configuration.call("batch_suspend_agents", requests=full)["responses"]) == 100
    longer = [*full, {"id": bob.id}]
    assert ann.configuration.refused("batch_suspend_agents", requests=longer) == "validation"


def test_a_token_without_the_scopes_is_refused_as_a_whole(bob: User, eve: User) -> None:
    asked = {"requests": [{"id": eve.id}]}

    assert bob.configuration.refused("batch_suspend_agents", **asked) == "authorization"


def test_what_a_token_reaches_is_looked_at_for_each_request(bob: User, eve: User) -> None:
    """Bob may delete his own seat, and no other."""
    requests = [{"id": eve.id}, {"id": bob.id}]

    responses = bob.configuration.call("batch_delete_agents", requests=requests)["responses"]

    assert error_types(responses) == ["authorization", ""]
    assert set(Agent.objects.values_list("public_id", flat=True)) == {eve.id}


def test_each_request_counts_for_the_rate_limit(ann: User, bob: User, eve: User) -> None:
    with override_settings(RATE_LIMIT_BURST=2, RATE_LIMIT_PER_SECOND=1):
        responses = suspend(ann, bob.id, eve.id, ann.id)

    assert error_types(responses) == ["", "", "too_many_requests"]
    assert suspended() == {bob.id, eve.id}


def test_what_fails_for_our_own_reasons_is_that_requests_error(
    ann: User, bob: User, eve: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = agents.suspend_agent

    def failing(organization_id: Any, agent_id: str, by: Any = None) -> None:
        really(organization_id, agent_id, by)
        if agent_id == bob.id:
            raise OperationalError("gone")

    monkeypatch.setattr(agents, "suspend_agent", failing)

    responses = suspend(ann, bob.id, eve.id)

    assert error_types(responses) == ["service_unavailable", ""]
    assert suspended() == {eve.id}


# --- time -----------------------------------------------------------------------------------------


def call_with(deadline: Deadline, user: User, *ids: str) -> Any:
    """Suspend agents in one call with a deadline of ours, and return the outcome."""
    call = Call(
        api="configuration",
        action="batch_suspend_agents",
        version="3.7",
        transport=WEB,
        payload={"requests": [{"id": one} for one in ids]},
        credentials=user.credentials,
        deadline=deadline,
    )
    return user.world.act(lambda: dispatch(call))


def test_when_time_is_up_the_rest_is_not_done_and_says_so(
    ann: User, bob: User, eve: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time runs out inside the second request; the third is not begun."""
    begun = []
    deadline = Deadline(3600)
    really = agents.suspend_agent

    def slow(organization_id: Any, agent_id: str, by: Any = None) -> None:
        begun.append(agent_id)
        really(organization_id, agent_id, by)
        if agent_id == eve.id:
            monkeypatch.setattr(batches.time, "monotonic", lambda: deadline.ends_at)

    monkeypatch.setattr(agents, "suspend_agent", slow)

    outcome = call_with(deadline, ann, bob.id, eve.id, ann.id)

    responses = outcome.payload["responses"]
    assert error_types(responses) == ["", "request_timeout", "request_timeout"]
    assert begun == [bob.id, eve.id]
    assert suspended() == {bob.id}


def test_once_something_is_done_nobody_gives_the_call_up(ann: User, bob: User) -> None:
    deadline = Deadline(3600)

    call_with(deadline, ann, bob.id)

    assert deadline.expire() is False


def test_a_call_that_was_given_up_does_nothing(ann: User, bob: User, eve: User) -> None:
    deadline = Deadline(3600)
    assert deadline.expire() is True

    outcome = call_with(deadline, ann, bob.id, eve.id)

    assert error_types(outcome.payload["responses"]) == ["request_timeout", "request_timeout"]
    assert suspended() == set()


def test_a_call_that_did_nothing_can_still_be_given_up(ann: User) -> None:
    deadline = Deadline(3600)

    call_with(deadline, ann, "nobody@example.com")

    assert deadline.expire() is True
    assert time.monotonic() < deadline.ends_at


# --- versions and descriptions --------------------------------------------------------------------

ALL = [action for action in registry.actions("configuration") if action.batch_of is not None]


def test_batches_came_with_3_5(ann: User, bob: User) -> None:
    with pytest.raises(Refused, match="not_found: unknown action"):
        ann.configuration.web("batch_suspend_agents", {"requests": []}, version="3.4")
    for version in ("3.5", "3.6", "3.7"):
        body = {"requests": []}
        answer = ann.configuration.web("batch_suspend_agents", body, version=version)
        assert answer == {"responses": []}


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
def test_a_batch_asks_for_the_scopes_of_its_action(action: Any) -> None:
    single = action.batch_of

    assert (action.scopes, action.every_scope) == (single.scopes, single.every_scope)


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
@pytest.mark.parametrize("version", ["3.5", "3.6", "3.7"])
def test_a_batch_is_described_by_its_action(action: Any, version: str) -> None:
    from chatplatform.transports.openapi import request_schema, response_schema

    def described(of: Any, kind: str) -> Any:
        newest = request_schema(of) if kind == versions.REQUESTS else response_schema(of)
        return versions.downgrade_schema(of, kind, version, newest)

    asked = described(action, versions.REQUESTS)
    answered = described(action, versions.RESPONSES)

    requests = asked["properties"]["requests"]
    assert asked["required"] == ["requests"]
    assert requests["maxItems"] == batches.MAX_REQUESTS
    assert requests["items"] == described(action.batch_of, versions.REQUESTS)
    answer, refusal = answered["properties"]["responses"]["items"]["anyOf"]
    assert answer == described(action.batch_of, versions.RESPONSES)
    assert refusal["required"] == ["error"]
    assert refusal["properties"]["error"]["required"] == ["type", "message"]
