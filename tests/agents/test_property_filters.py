"""Lists are narrowed by properties the reader may read, through an index where there is one."""

from typing import Any

import pytest
from django.db import connection

from chatplatform.models import Application, Chat, Organization, Thread
from chatplatform.selectors.properties import Condition, narrowed_by
from tests import make
from tests.world import User, World


@pytest.fixture
def owner(acme: Organization) -> Application:
    return make.application(acme, ["https://owner.example"])


@pytest.fixture
def boss(world: World, acme: Organization, owner: Application) -> User:
    """Return an administrator through the application that owns properties."""
    return world.as_agent(make.agent(acme, "administrator"), application=owner)


def chats(acme: Organization, *values: dict[str, Any]) -> list[str]:
    """Make a chat for each and return their ids, oldest first."""
    found = []
    for properties in values:
        chat = make.chat(make.customer(acme))
        Chat.objects.filter(id=chat.id).update(properties={**chat.properties, **properties})
        found.append(chat.id)
    return found


def listed(user: User, namespace: str, name: str, **condition: Any) -> list[str]:
    filters = {"properties": {namespace: {name: condition}}}
    return [chat["id"] for chat in user.call("list_chats", filters=filters)["chats_info"]][::-1]


@pytest.mark.parametrize("name", ["plan", "exact", "has_key", "a.b", "a-b", "isnull__gt"])
@pytest.mark.parametrize("role", ["normal", "administrator"])
def test_any_registered_name_can_be_filtered_by(
    world: World, acme: Organization, owner: Application, name: str, role: str
) -> None:
    make.definition(owner, name)
    user = world.as_agent(make.agent(acme, role), application=owner)
    gold, silver, plain = chats(
        acme, {owner.client_id: {name: "gold"}}, {owner.client_id: {name: "silver"}}, {}
    )

    def found(**condition: Any) -> list[str]:
        return listed(user, owner.client_id, name, **condition)

    assert found(exists=True) == [gold, silver]
    assert found(exists=False) == [plain]
    assert found(values=["gold"]) == [gold]
    assert found(values=["gold", "silver", "lead"]) == [gold, silver]
    assert found(values=["lead"]) == []
    assert found(exclude_values=["gold"]) == [silver, plain]


@pytest.mark.parametrize(
    ("kind", "held", "others"),
    [
        ("int", 1, [True, "1", 1.0, 2]),
        ("bool", True, [1, "true", False]),
        ("string", "1", [1, True, "'1'", "%", ""]),
        ("tokenized_string", "one two", ["one", 1]),
    ],
)
def test_values_match_by_type_and_whole(
    acme: Organization, owner: Application, boss: User, kind: str, held: Any, others: list[Any]
) -> None:
    make.definition(owner, kind=kind)
    (chat_id,) = chats(acme, {owner.client_id: {"plan": held}})

    assert listed(boss, owner.client_id, "plan", values=[held]) == [chat_id]
    assert listed(boss, owner.client_id, "plan", values=others) == []
    assert listed(boss, owner.client_id, "plan", exclude_values=others) == [chat_id]


def test_all_conditions_must_be_met(acme: Organization, owner: Application, boss: User) -> None:
    make.definition(owner)
    both, *_ = chats(
        acme,
        {owner.client_id: {"plan": "gold"}, "test": {"int_property": 1}},
        {owner.client_id: {"plan": "gold"}},
        {"test": {"int_property": 1}},
    )
    filters = {
        "properties": {
            owner.client_id: {"plan": {"values": ["gold"]}},
            "test": {"int_property": {"values": [1]}, "string_property": {"exists": False}},
        }
    }

    answer = boss.call("list_chats", filters=filters)

    assert [chat["id"] for chat in answer["chats_info"]] == [both]
    assert answer["found_chats"] == 1


def test_to_filter_is_to_read(world: World, acme: Organization, owner: Application) -> None:
    make.definition(owner, "private")
    make.definition(owner, "written", access={"chat": {"agent": ["write"]}}, public=["write"])
    make.definition(owner, "elsewhere", access={"thread": {"agent": ["read"]}}, public=["read"])
    other = make.application(acme, ["https://other.example"])
    ann = world.as_agent(make.agent(acme), application=other)

    for namespace, name, refused in (
        (owner.client_id, "private", "authorization"),
        (owner.client_id, "written", "authorization"),
        (owner.client_id, "elsewhere", "authorization"),
        (owner.client_id, "nothing", "validation"),
        ("nobody", "plan", "validation"),
        ("chats", "resolved", "authorization"),
    ):
        filters = {"properties": {namespace: {name: {"exists": True}}}}
        assert ann.refused("list_chats", filters=filters) == refused, name


def test_filters_cost_one_read_more(
    acme: Organization, owner: Application, boss: User, django_assert_max_num_queries: Any
) -> None:
    make.definition(owner)
    held = {owner.client_id: {"plan": "gold"}, "test": {"string_property": "x"}}
    chats(acme, *[held for _ in range(3)])

    counted = []
    for namespace, name in (("test", "string_property"), (owner.client_id, "plan")):
        with django_assert_max_num_queries(100) as queries:
            assert len(listed(boss, namespace, name, exists=True)) == 3
        counted.append(len(queries))

    assert counted[1] == counted[0] + 1


def many(acme: Organization, rare: str) -> None:
    """Store 3,000 chats and threads, of which one has a rare property."""
    rows = [
        Chat(organization=acme, properties={"test": {"int_property": number}}, last_thread_id="X")
        for number in range(3000)
    ]
    rows[1234].properties = {"test": {"string_property": rare}}
    Chat.objects.bulk_create(rows)
    Thread.objects.bulk_create(
        Thread(organization=acme, chat=row, number=1, active=False, properties=row.properties)
        for row in rows
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # what is not yet put in its place costs look-ups
            cursor.execute(
                "SELECT gin_clean_pending_list(indexrelid) FROM pg_index JOIN pg_class "
                "ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam "
                "WHERE amname = 'gin' AND indrelid = ANY(%s::regclass[])",
                [["chatplatform_chat", "chatplatform_thread"]],
            )
        cursor.execute("ANALYZE")


@pytest.mark.parametrize("model", [Chat, Thread])
@pytest.mark.parametrize(
    ("kind", "value"), [("exists", True), ("values", ("rare",)), ("values", ("no", "rare"))]
)
def test_rare_properties_are_found_through_an_index(
    acme: Organization, model: Any, kind: Any, value: Any
) -> None:
    """On PostgreSQL; SQLite has none and looks through the rows."""
    many(acme, "rare")
    condition = Condition("test", "string_property", kind, value)
    rows = model.objects.filter(narrowed_by([condition]), organization=acme)

    plan = rows.order_by().explain()

    table = f"chatplatform_{model.__name__.lower()}"
    index = "property_names" if kind == "exists" else "properties"
    expected = {"postgresql": f"Bitmap Index Scan on {table}_{index}", "sqlite": f"SCAN {table}"}
    assert expected[connection.vendor] in plan
    (found,) = rows
    assert found.properties == {"test": {"string_property": "rare"}}
