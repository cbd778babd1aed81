"""Applications register properties and publish them; agents set those of licence and groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chatplatform.models import (
    Agent,
    Application,
    Group,
    Organization,
    PropertyDefinition,
    Thread,
)
from tests import make
from tests.places import at
from tests.world import Refused, User, World

BOTH = {"agent": ["read", "write"], "customer": ["read", "write"]}
AGENTS = {"agent": ["read", "write"]}
EVERYWHERE = dict.fromkeys(("license", "group"), AGENTS)


@pytest.fixture
def other(acme: Organization) -> Application:
    """Another one."""
    return make.application(acme)


@pytest.fixture
def ada(world: World, acme: Organization, shop: Application) -> User:
    """An administrator, through the shop's client."""
    row = make.agent(acme, "administrator", name="Ada", login_status="not_accepting_chats")
    return world.as_agent(row, application=shop, name="ada", online=True)


@pytest.fixture
def elsewhere(world: World, ada: User, other: Application) -> User:
    """The same administrator, through another client."""
    return world.as_agent(row_of(ada), application=other, name="elsewhere", online=True)


def row_of(user: User) -> Agent:
    return Agent.objects.get(public_id=user.id)


def through(user: User, application: Application, *scopes: str) -> User:
    """Return the same agent through an application's client, with these scopes alone."""
    again = user.world.as_agent(row_of(user), application=application, scopes=scopes)
    return again.configuration


def register(user: User, owner: Application, name: str = "plan", **more: Any) -> None:
    definition = {"type": "string", "access": EVERYWHERE, **more}
    answer = user.configuration.call(
        "register_property", owner_client_id=owner.client_id, name=name, **definition
    )
    assert answer == {}


def about(owner: Application, name: str = "plan", **more: Any) -> dict[str, Any]:
    return {"owner_client_id": owner.client_id, "name": name, **more}


def listed(user: User, owner: Application) -> Any:
    return user.configuration.call("list_properties", owner_client_id=owner.client_id)


# --- which there are --------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_registered_properties_are_listed_by_name(
    ada: User, shop: Application, version: str
) -> None:
    register(
        ada,
        shop,
        "level",
        type="int",
        access={"group": {"agent": ["write", "read"]}, "chat": {"customer": ["read"]}},
        description="How far they got",
        range={"from": 1, "to": 3},
        default_value=2,
    )
    register(ada, shop, "event", type="tokenized_string", domain=["a", "b"])

    found = ada.configuration.web(
        "list_properties", {"owner_client_id": shop.client_id}, version=version
    )

    assert found == {
        "event": {
            "type": "tokenized_string",
            "description": "",
            "access": EVERYWHERE,
            "public_access": [],
            "domain": ["a", "b"],
        },
        "level": {
            "type": "int",
            "description": "How far they got",
            "access": {"group": {"agent": ["read", "write"]}, "chat": {"customer": ["read"]}},
            "public_access": [],
            "range": {"from": 1, "to": 3},
            "default_value": 2,
        },
    }


def test_an_application_of_the_organisation_is_named_with_any_token_and_version(
    ada: User, shop: Application, other: Application, acme: Organization
) -> None:
    for number, version in enumerate(("3.4", "3.5", "3.6", "3.7")):
        named = about(other, f"p{number}", type="bool", access=EVERYWHERE)
        assert ada.configuration.web("register_property", named, version=version) == {}
    pat = User(ada.world, "configuration", make.basic(row_of(ada), make.pat(row_of(ada))))
    pat.call("register_property", **about(other, "p4", type="bool", access=EVERYWHERE))

    assert list(listed(ada, other)) == ["p0", "p1", "p2", "p3", "p4"]
    assert listed(ada, shop) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "float"},
        {"type": None},
        {"access": {}},
        {"access": {"chat": {}}},
        {"access": {"chat": {"agent": []}}},
        {"access": {"chat": {"agent": ["delete"]}}},
        {"access": {"chat": {"robot": ["read"]}}},
        {"access": {"nowhere": AGENTS}},
        {"domain": []},
        {"domain": [1]},
        {"domain": "a"},
        {"range": {"from": 1}},
        {"type": "int", "range": {}},
        {"type": "int", "range": {"from": 2, "to": 1}},
        {"type": "int", "range": {"from": 1.5}},
        {"type": "int", "range": {"to": 2**31}},
        {"type": "int", "range": {"to": 3}, "domain": [1]},
        {"access": {"chat": AGENTS}, "default_value": "x"},
        {"default_value": 1},
        {"default_value": "x", "domain": ["y"]},
        {"type": "int", "default_value": 5, "range": {"to": 3}},
        {"description": "x" * 1001},
        {"name": ""},
        {"name": "1st"},
        {"name": "x" * 101},
        {"name": None},
    ],
    ids=repr,
)
def test_a_registration_must_make_sense(
    ada: User, shop: Application, wrong: dict[str, Any]
) -> None:
    payload = {**about(shop), "type": "string", "access": EVERYWHERE, **wrong}

    assert ada.configuration.refused("register_property", **payload) == "validation"


def test_a_name_is_taken_once(ada: User, shop: Application) -> None:
    register(ada, shop)

    again = ada.configuration.refused(
        "register_property", **about(shop, type="int", access=EVERYWHERE)
    )

    assert again == "already_exists"


def test_the_owner_must_be_an_application_of_the_organisation(ada: User, shop: Application) -> None:
    foreign = make.application(make.organization("Beta"))
    make.definition(foreign)
    more = {"type": "int", "access": EVERYWHERE, "access_type": ["read"]}

    for client_id in (foreign.client_id, "nobody", "test", ""):
        named = {**more, "owner_client_id": client_id, "name": "plan"}
        for action in (
            "register_property",
            "unregister_property",
            "publish_property",
            "list_properties",
        ):
            assert ada.configuration.refused(action, **named) == "not_found", (action, client_id)


def test_a_private_property_is_taken_back(ada: User, shop: Application) -> None:
    register(ada, shop)
    register(ada, shop, "mood")

    assert ada.configuration.call("unregister_property", **about(shop)) == {}

    assert list(listed(ada, shop)) == ["mood"]
    assert ada.configuration.refused("unregister_property", **about(shop)) == "not_found"


def test_what_was_set_is_unseen_without_its_definition(ada: User, shop: Application) -> None:
    register(ada, shop)
    set_license(ada, {shop.client_id: {"plan": "gold"}})

    ada.configuration.call("unregister_property", **about(shop))
    assert license_of(ada) == {}
    again = ada.configuration.refused(
        "update_license_properties", properties={shop.client_id: {"plan": "silver"}}
    )
    assert again == "validation"

    register(ada, shop, type="int", default_value=7)
    assert license_of(ada) == {shop.client_id: {"plan": 7}}

    ada.configuration.call("unregister_property", **about(shop))
    register(ada, shop)
    assert license_of(ada) == {shop.client_id: {"plan": "gold"}}


def test_publication_is_for_good(ada: User, shop: Application) -> None:
    register(ada, shop)

    assert ada.configuration.call("publish_property", **about(shop, access_type=["read"])) == {}

    for rights in (["read"], ["read", "write"]):
        again = ada.configuration.refused("publish_property", **about(shop, access_type=rights))
        assert again == "validation"
    assert ada.configuration.refused("unregister_property", **about(shop)) == "validation"
    assert listed(ada, shop)["plan"]["public_access"] == ["read"]


@pytest.mark.parametrize("rights", [[], ["delete"], "read", None])
def test_a_property_is_published_to_be_read_or_written(
    ada: User, shop: Application, rights: Any
) -> None:
    register(ada, shop)

    refused = ada.configuration.refused("publish_property", **about(shop, access_type=rights))

    assert refused == "validation"


def test_only_what_is_registered_can_be_published(ada: User, shop: Application) -> None:
    named = about(shop, access_type=["read"])

    assert ada.configuration.refused("publish_property", **named) == "not_found"


def test_agents_define_no_properties(world: World, acme: Organization, shop: Application) -> None:
    make.definition(shop)
    bob = world.agent(acme, "bob").configuration
    named = about(shop, type="int", access=EVERYWHERE, access_type=["read"])

    for action in (
        "register_property",
        "unregister_property",
        "publish_property",
        "list_properties",
    ):
        assert bob.refused(action, **named) == "authorization"


def test_default_values_come_to_64_kb(ada: User, shop: Application) -> None:
    """The licence and every group show them all."""
    for number in range(15):
        register(ada, shop, f"long{number}", default_value="x" * 4_096)
    register(ada, shop, "none")
    more = about(shop, "more", type="string", access=EVERYWHERE, default_value="x" * 4_096)

    assert ada.configuration.refused("register_property", **more) == "limit_reached"
    assert "more" not in listed(ada, shop)
    register(ada, shop, "short", default_value="x")


# --- whose they are ---------------------------------------------------------------------------


def test_a_private_property_is_its_own_applications(
    ada: User, elsewhere: User, shop: Application
) -> None:
    register(ada, shop)
    given = {shop.client_id: {"plan": "gold"}}
    set_license(ada, given)

    assert license_of(ada) == given
    assert license_of(elsewhere) == {}
    for action, properties in (
        ("update_license_properties", {shop.client_id: {"plan": "none"}}),
        ("delete_license_properties", {shop.client_id: ["plan"]}),
    ):
        refused = elsewhere.configuration.refused(action, properties=properties)
        assert refused == "authorization"


@pytest.mark.parametrize(
    ("registered", "published", "reads", "writes"),
    [
        (["read", "write"], ["read", "write"], True, True),
        (["read", "write"], ["read"], True, False),
        (["read", "write"], ["write"], False, True),
        (["read"], ["read", "write"], True, False),
        (["write"], ["read", "write"], False, True),
    ],
)
def test_publication_opens_no_more_than_the_registration(
    ada: User,
    elsewhere: User,
    shop: Application,
    registered: list[str],
    published: list[str],
    reads: bool,
    writes: bool,
) -> None:
    register(ada, shop, access={"license": {"agent": registered}})
    Organization.objects.update(properties={shop.client_id: {"plan": "gold"}})

    ada.configuration.call("publish_property", **about(shop, access_type=published))

    assert license_of(elsewhere) == ({shop.client_id: {"plan": "gold"}} if reads else {})
    given = {"properties": {shop.client_id: {"plan": "silver"}}}
    if writes:
        assert elsewhere.configuration.call("update_license_properties", **given) == {}
    else:
        refused = elsewhere.configuration.refused("update_license_properties", **given)
        assert refused == "authorization"


def test_a_property_holds_at_once_where_it_is_registered(
    world: World, ada: User, carl: User, acme: Organization, shop: Application
) -> None:
    """Agents write what customers read, in chats and not in threads."""
    owned = world.as_customer(make.customer(acme), application=shop, online=True)
    started = owned.call(
        "start_chat", continuous=True, chat={"thread": {"events": [make.message()]}}
    )
    ids = {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}
    given = {shop.client_id: {"plan": "gold"}}
    chat = at(ids, "chat")
    assert ada.refused("update_chat_properties", **chat, properties=given) == "validation"

    register(
        ada,
        shop,
        access={"chat": {"agent": ["read", "write"], "customer": ["read"]}},
        domain=["gold"],
    )

    assert ada.call("update_chat_properties", **chat, properties=given) == {}
    shown = owned.call("get_chat", chat_id=ids["chat_id"])
    assert shown["properties"][shop.client_id] == {"plan": "gold"}
    wrong = {shop.client_id: {"plan": "lead"}}
    for user, target, values, error in (
        (ada, "chat", wrong, "validation"),
        (owned, "chat", given, "authorization"),
        (ada, "thread", given, "authorization"),
    ):
        refused = user.refused(f"update_{target}_properties", **at(ids, target), properties=values)
        assert refused == error


# --- the licence's ----------------------------------------------------------------------------


def set_license(user: User, given: dict[str, dict[str, Any]]) -> None:
    assert user.configuration.call("update_license_properties", properties=given) == {}


def license_of(user: User, **narrowed: str) -> Any:
    """Return the licence's properties without what the platform itself says."""
    found = user.configuration.call("list_license_properties", **narrowed)
    return {name: held for name, held in found.items() if name not in ("limits", "statistics")}


def test_the_platform_says_what_limits_hold_and_how_the_licence_is_used(
    world: World, ada: User, acme: Organization
) -> None:
    moment = datetime(2024, 2, 29, 23, 59, tzinfo=UTC)
    Organization.objects.update(properties={"limits": {"queue.base": 7, "agents.base": 3}})
    chat = make.chat(make.customer(acme), active=False)
    Thread.objects.filter(chat=chat).update(created_at=moment)
    Organization.objects.update(website_last_activity=moment + timedelta(days=1))

    found = ada.configuration.call("list_license_properties")

    assert found["statistics"] == {
        "first_chat_date": "2024-02-29",
        "website_last_activity": "2024-03-01",
    }
    limits = found["limits"]
    assert (limits["queue.base"], limits["queue.hard"], limits["queue.additional"]) == (7, 200, 0)
    assert (limits["agents.base"], limits["queue_continuous.hard"]) == (3, -1)


def test_a_new_licence_has_limits_and_no_statistics(ada: User) -> None:
    found = ada.configuration.call("list_license_properties")

    assert list(found) == ["limits"]
    assert found["limits"]["banned.base"] == 100


def test_properties_of_the_licence_merge_and_only_these_are_told(
    world: World, ada: User, carl: User
) -> None:
    old = world.as_agent(row_of(ada), version="3.5", online=True, name="old")
    set_license(ada, {"test": {"int_property": 1, "string_property": "a"}})
    more = {"test": {"int_property": 2}, "chats": {"archive_chat_after_min": 5}}

    with world.capture_pushes() as pushes:
        set_license(ada, more)

    expected = {
        "test": {"int_property": 2, "string_property": "a"},
        "chats": {"archive_chat_after_min": 5},
    }
    assert license_of(ada) == expected
    assert pushes.to(ada) == [("license_properties_updated", {"properties": more})]
    assert pushes.to(carl) == pushes.to(old) == []


def test_deleted_properties_of_the_licence_have_their_default(
    world: World, ada: User, shop: Application
) -> None:
    register(ada, shop, default_value="free")
    set_license(ada, {shop.client_id: {"plan": "gold"}, "test": {"int_property": 1}})
    names = {shop.client_id: ["plan"], "test": ["int_property"]}

    with world.capture_pushes() as pushes:
        answer = ada.configuration.call("delete_license_properties", properties=names)

    assert answer == {}
    assert license_of(ada) == {shop.client_id: {"plan": "free"}}
    told = {"properties": {"test": {"int_property": None}, shop.client_id: {"plan": "free"}}}
    assert pushes.to(ada) == [("license_properties_updated", told)]


def test_what_an_application_keeps_to_itself_others_do_not_hear_of(
    world: World, ada: User, elsewhere: User, shop: Application
) -> None:
    register(ada, shop)
    private, public = {shop.client_id: {"plan": "gold"}}, {"test": {"int_property": 1}}

    with world.capture_pushes() as pushes:
        set_license(ada, {**private, **public})
        set_license(ada, private)

    assert pushes.to(ada) == [
        ("license_properties_updated", {"properties": {**public, **private}}),
        ("license_properties_updated", {"properties": private}),
    ]
    assert pushes.to(elsewhere) == [("license_properties_updated", {"properties": public})]


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_lists_of_the_licences_properties_are_narrowed(
    ada: User, shop: Application, version: str
) -> None:
    register(ada, shop, default_value="free")
    own, chats = {"plan": "free"}, {"queue.enabled": True, "manual_routing": False}
    set_license(ada, {"chats": chats})
    ada.version = version

    assert license_of(ada) == {shop.client_id: own, "chats": chats}
    assert license_of(ada, namespace="chats") == {"chats": chats}
    assert license_of(ada, name_prefix="queue.") == {"chats": {"queue.enabled": True}}
    assert license_of(ada, namespace=shop.client_id, name_prefix="pla") == {shop.client_id: own}
    assert license_of(ada, namespace="nobody") == {}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "validation"),
        ({"test": {}}, "validation"),
        ({"test": {"int_property": "1"}}, "validation"),
        ({"test": {"int_property": 2**31}}, "validation"),
        ({"test": {"int_property": None}}, "validation"),
        ({"test": {"nothing": 1}}, "validation"),
        ({"nobody": {"plan": "x"}}, "validation"),
        ({"test": ["int_property"]}, "validation"),
        ({"test": {"string_property": "x" * 4097}}, "validation"),
        ({"test": {"string_property": "x"}, "chats": {"queue.limit": 1}}, "authorization"),
        ({"limits": {"queue.base": 1}}, "authorization"),
        ({"rating": {"score": 1}}, "authorization"),
    ],
    ids=repr,
)
def test_what_the_licence_can_not_have(ada: User, given: Any, error: str) -> None:
    assert ada.configuration.refused("update_license_properties", properties=given) == error
    assert ada.configuration.refused("update_group_properties", group_id=0, properties=given) == (
        error
    )


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ({}, "validation"),
        ({"test": []}, "validation"),
        ({"test": ["nothing"]}, "validation"),
        ({"test": {"int_property": 1}}, "validation"),
        ({"limits": ["queue.base"]}, "authorization"),
    ],
    ids=repr,
)
def test_what_can_not_be_deleted(ada: User, names: Any, error: str) -> None:
    configure = ada.configuration
    assert configure.refused("delete_license_properties", properties=names) == error
    assert configure.refused("delete_group_properties", id=0, properties=names) == error


def test_agents_set_and_read_no_properties_of_the_licence(ann: User) -> None:
    configure = ann.configuration
    given, names = {"test": {"int_property": 1}}, {"test": ["int_property"]}

    assert configure.refused("update_license_properties", properties=given) == "authorization"
    assert configure.refused("delete_license_properties", properties=names) == "authorization"
    assert configure.refused("list_license_properties") == "authorization"


def test_a_property_of_the_licence_changes_routing_at_once(
    world: World, ada: User, acme: Organization
) -> None:
    """A customer who could wait for an agent no longer can."""
    carl, dora = world.customer(acme, "carl"), world.customer(acme, "dora")
    world.agent(acme, "ann", limit=1, online=True)
    carl.call("start_chat")

    set_license(ada, {"chats": {"queue.enabled": False}})
    assert dora.refused("start_chat") == "groups_offline"

    names = {"chats": ["queue.enabled"]}
    ada.configuration.call("delete_license_properties", properties=names)
    assert dora.call("start_chat")["chat_id"]


def test_a_limit_lifted_hands_out_waiting_chats_at_once(
    world: World, ada: User, acme: Organization
) -> None:
    set_license(ada, {"chats": {"max_agent_active_chats": 1}})
    ann = world.agent(acme, "ann", online=True)
    for name in ("carl", "dora"):
        world.customer(acme, name).call("start_chat")

    with world.capture_pushes() as pushes:
        set_license(ada, {"chats": {"max_agent_active_chats": 2}})

    assert pushes.payload(ann, "user_added_to_chat")["user"]["id"] == ann.id


# --- groups' ----------------------------------------------------------------------------------


def groups_of(user: User, *numbers: int, **narrowed: str) -> Any:
    return user.configuration.call("list_groups_properties", group_ids=list(numbers), **narrowed)


def set_group(user: User, group: int, given: dict[str, dict[str, Any]]) -> None:
    answer = user.configuration.call("update_group_properties", group_id=group, properties=given)
    assert answer == {}


def test_properties_of_a_group_merge_and_only_these_are_told(
    world: World, ada: User, carl: User, sales: Group
) -> None:
    set_group(ada, sales.number, {"test": {"int_property": 1, "bool_property": True}})
    more = {"test": {"int_property": 2}}

    with world.capture_pushes() as pushes:
        set_group(ada, sales.number, more)

    held = {"test": {"int_property": 2, "bool_property": True}}
    assert groups_of(ada) == [
        {"id": 0, "properties": {}},
        {"id": sales.number, "properties": held},
    ]
    told = {"group_id": sales.number, "properties": more}
    assert pushes.to(ada) == [("group_properties_updated", told)]
    assert pushes.to(carl) == []


def test_deleted_properties_of_a_group_have_their_default(
    world: World, ada: User, sales: Group, shop: Application
) -> None:
    register(ada, shop, default_value="calm")
    set_group(ada, sales.number, {shop.client_id: {"plan": "loud"}})
    names = {shop.client_id: ["plan"]}

    with world.capture_pushes() as pushes:
        answer = ada.configuration.call(
            "delete_group_properties", id=sales.number, properties=names
        )

    calm = {shop.client_id: {"plan": "calm"}}
    assert answer == {}
    assert groups_of(ada, sales.number) == [{"id": sales.number, "properties": calm}]
    told = {"group_id": sales.number, "properties": calm}
    assert pushes.to(ada) == [("group_properties_updated", told)]


def test_lists_of_groups_properties_are_narrowed(
    ada: User, sales: Group, support: Group, shop: Application
) -> None:
    register(ada, shop, default_value="calm")
    set_group(ada, support.number, {"test": {"int_property": 1, "bool_property": True}})
    calm = {shop.client_id: {"plan": "calm"}}

    def rows(**properties: Any) -> list[dict[str, Any]]:
        return [{"id": int(number[1:]), "properties": held} for number, held in properties.items()]

    one, two = f"g{sales.number}", f"g{support.number}"
    flag = {"test": {"bool_property": True}}
    assert groups_of(ada, namespace="test", name_prefix="bool") == rows(
        g0={}, **{one: {}, two: flag}
    )
    assert groups_of(ada, support.number, 0, name_prefix="p") == rows(g0=calm, **{two: calm})


@pytest.mark.parametrize("narrowed", [{}, {"namespace": "test"}, {"name_prefix": "int"}], ids=repr)
def test_up_to_3_4_one_group_is_asked(ada: User, sales: Group, narrowed: dict[str, str]) -> None:
    held = {"test": {"int_property": 1}}
    set_group(ada, sales.number, held)
    ada.version = "3.4"
    configure = ada.configuration

    assert configure.call("list_group_properties", id=sales.number, **narrowed) == held
    assert configure.call("list_group_properties", id=0, **narrowed) == {}
    assert configure.refused("list_group_properties", id=99, **narrowed) == "group_not_found"
    for version, action in (("3.4", "list_groups_properties"), ("3.5", "list_group_properties")):
        with pytest.raises(Refused, match="unknown action"):
            configure.web(action, {"id": 0, "group_ids": []}, version=version)


def test_there_must_be_such_a_group(ada: User) -> None:
    foreign = make.group(make.organization("Beta"))
    for _ in range(foreign.number):
        make.group(foreign.organization)
    number = foreign.number + 1
    configure = ada.configuration
    given, names = {"test": {"int_property": 1}}, {"test": ["int_property"]}

    assert [
        configure.refused("update_group_properties", group_id=number, properties=given),
        configure.refused("delete_group_properties", id=number, properties=names),
        configure.refused("list_groups_properties", group_ids=[0, number]),
    ] == ["group_not_found"] * 3


def test_agents_set_and_read_no_properties_of_groups(ann: User) -> None:
    configure = ann.configuration
    given, names = {"test": {"int_property": 1}}, {"test": ["int_property"]}

    assert [
        configure.refused("update_group_properties", group_id=0, properties=given),
        configure.refused("delete_group_properties", id=0, properties=names),
        configure.refused("list_groups_properties", group_ids=[]),
    ] == ["authorization"] * 3


def test_a_group_overrides_the_licence_at_once(
    world: World, ada: User, acme: Organization, sales: Group, support: Group
) -> None:
    """Nobody waits for Sales any more, while they may for Support."""
    set_group(ada, sales.number, {"chats": {"queue.enabled.override": 0}})
    world.agent(acme, "ann", limit=1, groups=[sales, support], online=True)
    world.customer(acme, "dora").call("start_chat")
    carl = world.customer(acme, "carl")

    def start(group: Group) -> dict[str, Any]:
        return {"chat": {"access": {"group_ids": [group.number]}}}

    assert carl.refused("start_chat", **start(sales)) == "groups_offline"
    assert carl.call("start_chat", **start(support))["chat_id"]


# --- one's own namespace alone ----------------------------------------------------------------

LICENSE, GROUP = "properties.license.value", "properties.group.value"


def test_the_scope_for_ones_own_opens_no_other_namespace(
    ada: User, shop: Application, other: Application
) -> None:
    own, public = {shop.client_id: {"plan": "gold"}}, {"test": {"int_property": 1}}
    for owner in (shop, other):
        make.definition(owner, public=["read", "write"], default_value="free")
    set_license(ada, public)
    set_group(ada, 0, public)
    mine = through(ada, shop, f"{LICENSE}--my:rw", f"{GROUP}--my:rw")

    assert mine.call("update_license_properties", properties=own) == {}
    assert mine.call("update_group_properties", group_id=0, properties=own) == {}
    assert mine.call("list_license_properties") == own  # and no limits
    assert mine.call("list_license_properties", namespace="test") == {}
    assert mine.web("list_group_properties", {"id": 0}, version="3.4") == own
    assert [
        mine.refused("update_license_properties", properties={**own, **public}),
        mine.refused("delete_license_properties", properties={"test": ["int_property"]}),
        mine.refused("update_group_properties", group_id=0, properties=public),
        mine.refused("delete_group_properties", id=0, properties={"test": ["int_property"]}),
        mine.refused("list_groups_properties", group_ids=[]),
    ] == ["authorization"] * 5
    everything = {**own, **public, other.client_id: {"plan": "free"}}
    assert license_of(ada) == everything
    assert groups_of(ada) == [{"id": 0, "properties": everything}]


def test_a_personal_token_has_no_namespace_of_its_own(ada: User, shop: Application) -> None:
    make.definition(shop, public=["read"])
    make.definition(shop, "secret")
    held = {shop.client_id: {"plan": "gold", "secret": "!"}}
    Organization.objects.update(properties=held)
    row = row_of(ada)
    scopes = {"my": (f"{LICENSE}--my:rw",), "all": (f"{LICENSE}--all:rw",)}

    def personal(whose: str) -> User:
        token = make.basic(row, make.pat(row, scopes[whose]))
        return User(ada.world, "configuration", token)

    assert personal("my").call("list_license_properties") == {}
    assert license_of(personal("all")) == {shop.client_id: {"plan": "gold"}}
    given = {"test": {"int_property": 1}}
    refused = personal("my").refused("update_license_properties", properties=given)
    assert refused == "authorization"
    assert personal("all").call("update_license_properties", properties=given) == {}


def test_bots_define_nothing(ada: User, shop: Application) -> None:
    assert not PropertyDefinition.objects.exists()
    through_bot = through(ada, shop, "agents-bot--my:rw", "chats--access:rw", "customers:rw")

    refused = through_bot.refused("list_properties", owner_client_id=shop.client_id)

    assert refused == "authorization"
