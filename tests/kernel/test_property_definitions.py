"""Applications register properties, publish them for good, and take private ones back."""

from typing import Any

import pytest

from chatplatform.errors import AlreadyExists, LimitReached, NotFound, Validation
from chatplatform.models import Application, Organization, PropertyDefinition
from chatplatform.requester import AgentRequester
from chatplatform.selectors import properties as selectors
from chatplatform.services import properties as services
from tests import make


@pytest.fixture
def owner(acme: Organization) -> Application:
    return make.application(acme)


AGENTS = {"chat": {"agent": ["read", "write"]}}
LICENSE = {"license": {"agent": ["read", "write"]}}


def register(owner: Application, name: str = "plan", **more: Any) -> PropertyDefinition:
    more.setdefault("kind", "string")
    more.setdefault("access", AGENTS)
    return services.register_property(owner.organization, owner.client_id, name, **more)


def test_a_registration_is_kept_as_given(acme: Organization, owner: Application) -> None:
    register(
        owner,
        "level",
        kind="int",
        access={"license": {"customer": ["write", "read"]}, "thread": {"agent": ["read"]}},
        value_range={"from": 1, "to": 2},
        default_value=2,
        description="How far they got",
    )
    register(owner, "a.first_one")

    first, level = selectors.owned_by(acme.id, owner.client_id)

    assert (first.name, first.public_access, first.default_value) == ("a.first_one", None, None)
    assert (level.namespace, level.name, level.type) == (owner.client_id, "level", "int")
    assert level.access == {
        "license": {"customer": ["read", "write"]},
        "thread": {"agent": ["read"]},
    }
    assert (level.domain, level.range) == (None, {"from": 1, "to": 2})
    assert (level.default_value, level.description) == (2, "How far they got")
    assert level.public_access is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "1st"},
        {"name": "x" * 101},
        {"name": "with space"},
        {"name": "naïve"},
        {"kind": "float"},
        {"access": {}},
        {"access": {"chat": {}}},
        {"access": {"chat": {"agent": []}}},
        {"access": {"chat": {"agent": ["delete"]}}},
        {"access": {"chat": {"robot": ["read"]}}},
        {"access": {"nowhere": {"agent": ["read"]}}},
        {"domain": []},
        {"domain": [1]},
        {"domain": ["x"] * 101},
        {"value_range": {"from": 1}},
        {"kind": "int", "value_range": {}},
        {"kind": "int", "value_range": {"from": 2, "to": 1}},
        {"kind": "int", "value_range": {"from": True}},
        {"kind": "int", "value_range": {"to": 2**31}},
        {"kind": "int", "value_range": {"from": 1, "until": 2}},
        {"kind": "int", "domain": [1], "value_range": {"from": 1}},
        {"default_value": "x"},
        {"access": LICENSE, "default_value": 1},
        {"access": LICENSE, "default_value": "x", "domain": ["y"]},
        {"access": LICENSE, "kind": "int", "default_value": 1, "value_range": {"from": 2}},
        {"description": "x" * 1001},
    ],
    ids=repr,
)
def test_a_registration_must_make_sense(owner: Application, wrong: dict[str, Any]) -> None:
    with pytest.raises(Validation):
        register(owner, **wrong)

    assert not PropertyDefinition.objects.exists()


def test_a_name_is_taken_once(owner: Application) -> None:
    register(owner)

    with pytest.raises(AlreadyExists):
        register(owner, kind="int")

    assert PropertyDefinition.objects.get().type == "string"


def test_only_an_organisations_own_applications_have_properties(
    acme: Organization, owner: Application
) -> None:
    foreign = make.application(make.organization("Beta"))

    for client_id in (foreign.client_id, "nobody", "test", ""):
        with pytest.raises(NotFound):
            services.register_property(acme, client_id, "plan", kind="string", access=AGENTS)


def test_an_application_has_so_many_properties(
    owner: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_DEFINITIONS", 2)
    register(owner, "one")
    register(owner, "two")

    with pytest.raises(LimitReached):
        register(owner, "three")


def test_a_private_property_can_be_taken_back(acme: Organization, owner: Application) -> None:
    register(owner)

    services.unregister_property(acme, owner.client_id, "plan")

    assert selectors.owned_by(acme.id, owner.client_id) == []
    with pytest.raises(NotFound):
        services.unregister_property(acme, owner.client_id, "plan")


def test_publication_is_for_good(acme: Organization, owner: Application) -> None:
    register(owner)

    services.publish_property(acme, owner.client_id, "plan", ["read"])

    for rights in (["read"], ["read", "write"]):
        with pytest.raises(Validation):
            services.publish_property(acme, owner.client_id, "plan", rights)
    with pytest.raises(Validation):
        services.unregister_property(acme, owner.client_id, "plan")
    assert PropertyDefinition.objects.get().public_access == ["read"]


@pytest.mark.parametrize("rights", [[], ["delete"], ["read", "own"]])
def test_a_property_is_published_to_be_read_or_written(
    acme: Organization, owner: Application, rights: list[str]
) -> None:
    register(owner)

    with pytest.raises(Validation):
        services.publish_property(acme, owner.client_id, "plan", rights)


def test_another_organisation_publishes_nothing(owner: Application) -> None:
    register(owner)

    with pytest.raises(NotFound):
        services.publish_property(make.organization("Beta"), owner.client_id, "plan", ["read"])


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({"kind": "string", "domain": ["a", "b"]}, {"a": True, "b": True, "c": False}),
        ({"kind": "int", "domain": [1, 3]}, {1: True, 2: False, 3: True}),
        (
            {"kind": "int", "value_range": {"from": 1, "to": 3}},
            {0: False, 1: True, 3: True, 4: False},
        ),
        ({"kind": "int", "value_range": {"from": 1}}, {0: False, 2**31 - 1: True}),
        ({"kind": "int", "value_range": {"to": 3}}, {4: False, -(2**31): True}),
        ({"kind": "bool", "domain": [True]}, {True: True, False: False}),
    ],
    ids=repr,
)
def test_values_stay_within_domain_and_range(
    acme: Organization, given: dict[str, Any], fits: dict[Any, bool]
) -> None:
    agent = make.agent(acme)
    requester = make.requester(agent)
    assert isinstance(requester, AgentRequester)
    owner = Application.objects.get(client_id=requester.client_id)
    register(owner, access=LICENSE, **given)

    for value, admitted in fits.items():
        update = {owner.client_id: {"plan": value}}
        if admitted:
            services.update_license_properties(requester, update)
        else:
            with pytest.raises(Validation):
                services.update_license_properties(requester, update)


@pytest.mark.parametrize("value", [0, -1, True, "2", 1.5])
def test_a_customer_may_have_one_chat_at_least(acme: Organization, value: Any) -> None:
    requester = make.requester(make.agent(acme))
    assert isinstance(requester, AgentRequester)

    with pytest.raises(Validation):
        services.update_license_properties(
            requester, {"routing": {"max_customer_chats_count": value}}
        )

    services.update_license_properties(requester, {"routing": {"max_customer_chats_count": 1}})
    acme.refresh_from_db()
    assert acme.properties == {"routing": {"max_customer_chats_count": 1}}
