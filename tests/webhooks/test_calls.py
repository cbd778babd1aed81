"""What is owed to whom, and how calls are composed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chatplatform import clock, domain_events
from chatplatform.domain_events.events import EventAppended
from chatplatform.models import Chat, WebhookDelivery
from chatplatform.selectors.properties import definitions_for
from chatplatform.services import authentication, events, installations, webhooks
from tests import make
from tests.samples import Scene
from tests.webhooks.hooks import Hooks, requester
from tests.world import User, World
from webhooks.calls import Composed, Unready, composed

Ids = dict[str, str]


def say(user: User, ids: Ids, text: str = "Hi") -> None:
    user.call("send_event", chat_id=ids["chat_id"], event=make.message(text))


def owed() -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.order_by("id"))


# --- a call ---------------------------------------------------------------------------------------


def test_where_it_goes_and_what_it_is_signed_with(hooks: Hooks, ann: User, ids: Ids) -> None:
    webhook = hooks.listen(
        "thread_tagged",
        url="https://hooks.example.com/tags",
        secret_key="very secret",
        additional_data=(),
    )
    make.tag(hooks.organization, "vip")

    ann.call("tag_thread", chat_id=ids["chat_id"], thread_id=ids["thread_id"], tag="vip")

    (delivery,) = owed()
    body = hooks.expected(
        webhook, {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"], "tag": "vip"}
    )
    expected = Composed("https://hooks.example.com/tags", "very secret", body)
    assert composed([delivery]) == {delivery.pk: expected}


def test_the_order_of_a_body_is_the_documented_one(hooks: Hooks, root: User) -> None:
    hooks.listen("group_created")

    root.configuration.call("create_group", name="Night", agent_priorities={})

    assert list(hooks.body()) == [
        "webhook_id",
        "action",
        "organization_id",
        "payload",
        "requester",
        "additional_data",
    ]
    assert hooks.body()["requester"] == requester(root)


def test_composed_twice_it_says_the_same(hooks: Hooks, ann: User, ids: Ids) -> None:
    hooks.listen("incoming_event")
    say(ann, ids)

    assert composed(owed()) == composed(owed())


def test_a_call_that_is_repeated_says_what_it_said(hooks: Hooks, ann: User, ids: Ids) -> None:
    hooks.listen("incoming_event", filters={"author_type": "customer"})
    say(ann, ids)
    (delivery,) = owed()
    assert composed([delivery]) == {delivery.pk: None}

    delivery.body = {"as it": "was"}

    call = composed([delivery])[delivery.pk]
    assert isinstance(call, Composed)
    assert call.body == {"as it": "was"}


def test_without_its_webhook_there_is_nobody_to_call(hooks: Hooks, ann: User, ids: Ids) -> None:
    webhook = hooks.listen("incoming_event")
    say(ann, ids)
    deliveries = owed()

    webhooks.unregister_webhook(hooks.application, webhook.id)

    assert [composed([one]) for one in deliveries] == [{one.pk: None} for one in deliveries]


def test_what_a_newer_release_wrote_is_left_to_it_and_holds_up_nobody(
    hooks: Hooks, ann: User, ids: Ids
) -> None:
    hooks.listen("incoming_event")
    for text in ("one", "two", "three", "four", "five"):
        say(ann, ids, text)
    first, second, third, fourth, fifth = owed()
    first.event = {"is": "NewEvent"}
    second.event = {**second.event, "new": 1}
    third.action = "new_action"
    fourth.action = "chat_deactivated"

    calls = composed([first, second, third, fourth, fifth])

    unread = Unready("what happened can not be read by this release")
    unknown = Unready("this release knows no such webhook")
    assert [calls[one.pk] for one in (first, second, third, fourth)] == [
        unread,
        unread,
        unknown,
        unknown,
    ]
    assert calls[fifth.pk] == composed([fifth])[fifth.pk]


# --- what is told besides -------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [(), ("chat_properties",), ("chat_presence_user_ids",)], ids=str)
def test_only_what_was_asked_for(
    hooks: Hooks, ann: User, ids: Ids, talking: dict[str, Any], asked: tuple[str, ...]
) -> None:
    hooks.listen("events_marked_as_seen", additional_data=asked)
    seen_up_to = "2035-01-01T00:00:00.000000Z"

    ann.call("mark_events_as_seen", chat_id=ids["chat_id"], seen_up_to=seen_up_to)

    assert hooks.body()["additional_data"] == {name: talking[name] for name in asked}


def test_what_is_about_no_chat_has_none(hooks: Hooks, ann: User) -> None:
    hooks.listen("routing_status_set", additional_data=("chat_properties",))

    ann.call("set_routing_status", status="not_accepting_chats")

    assert hooks.body()["additional_data"] == {}


def test_presence_is_that_of_the_moment(hooks: Hooks, ann: User, carl: User, ids: Ids) -> None:
    hooks.listen("incoming_event", filters={"author_type": "customer"})

    say(carl, ids)
    ann.call("remove_user_from_chat", chat_id=ids["chat_id"], user_id=ann.id, user_type="agent")

    present = hooks.body()["additional_data"]["chat_presence_user_ids"]
    assert present == [carl.id, ann.id]


def test_of_a_chat_that_is_gone_the_properties_are_too(
    hooks: Hooks, ann: User, carl: User, ids: Ids
) -> None:
    hooks.listen("incoming_event")
    say(ann, ids)

    Chat.objects.filter(id=ids["chat_id"]).delete()

    assert hooks.body()["additional_data"] == {"chat_presence_user_ids": [carl.id, ann.id]}


# --- what is owed, and to whom --------------------------------------------------------------------


def test_each_licence_is_told_of_its_own(hooks: Hooks, world: World, ann: User, ids: Ids) -> None:
    elsewhere = make.organization("Elsewhere")
    theirs = Hooks(elsewhere)
    emma = world.agent(elsewhere, "emma", online=True)
    chat = world.customer(elsewhere, "emil").call("start_chat")
    for one in (hooks, theirs):
        one.listen("incoming_event")

    say(ann, ids, "of Acme")
    say(emma, chat, "of others")

    for one, text in ((hooks, "of Acme"), (theirs, "of others")):
        body = one.body()
        assert body["organization_id"] == str(one.organization.id)
        assert body["payload"]["event"]["text"] == text


def test_one_registration_serves_every_licence(
    hooks: Hooks, world: World, ann: User, carl: User, ids: Ids
) -> None:
    elsewhere = make.organization("Elsewhere")
    installations.install(elsewhere, hooks.application)
    emma = world.agent(elsewhere, "emma", online=True)
    emil = world.customer(elsewhere, "emil")
    chat = emil.call("start_chat")
    hooks.listen("incoming_event")

    say(ann, ids, "of Acme")
    say(emma, chat, "of others")

    told = [
        (
            body["organization_id"],
            body["payload"]["event"]["text"],
            body["additional_data"]["chat_presence_user_ids"],
        )
        for body in hooks.bodies()
    ]
    assert told == [
        (str(hooks.organization.id), "of Acme", [carl.id, ann.id]),
        (str(elsewhere.id), "of others", [emil.id, emma.id]),
    ]


def test_a_change_that_is_taken_back_owes_nothing(hooks: Hooks, ann: User, ids: Ids) -> None:
    hooks.listen("incoming_event")
    hooks.listen("group_created")

    with transaction.atomic():
        say(ann, ids)
        make.group(hooks.organization, "Night")
        assert len(owed()) == 2
        transaction.set_rollback(True)

    assert owed() == []


@pytest.mark.parametrize("visibility", ["all", "agents"])
def test_what_is_owed_is_exactly_what_is_told(
    hooks: Hooks,
    ann: User,
    ids: Ids,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]],
    visibility: str,
) -> None:
    hooks.listen("incoming_event")
    definition = make.definition(hooks.application)
    draft = events.Draft(
        type="message",
        content={"text": "Hi \N{SNOWMAN} \"'%s"},
        author_id=ann.id,
        author_side="agent",
        visibility=visibility,
        custom_id="mine",
        properties={definition.namespace: {definition.name: "gold"}},
        definitions=definitions_for(hooks.organization.id, {definition.namespace: {}}),
    )

    with domain_events.collect() as told, django_capture_on_commit_callbacks(execute=True):
        events.append(authentication.authenticate_agent(ann.credentials), ids["chat_id"], draft)

    (delivery,) = owed()
    (appended,) = [event for event in told if isinstance(event, EventAppended)]
    assert domain_events.unpack(delivery.event) == appended
    assert delivery.cause == {}
    assert delivery.due_at <= clock.now()


def statements(do: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        do()
    return [query["sql"] for query in captured.captured_queries]


def of_webhooks(do: Callable[[], None]) -> tuple[int, list[str]]:
    """Return how many statements ``do`` sends, and the first words of those about webhooks.

    The one statement that stores a message on PostgreSQL is not among them.
    """
    found = statements(do)
    return len(found), [sql.split()[0] for sql in found if "webhook" in sql]


def test_a_message_without_listeners_costs_no_more(hooks: Hooks, ann: User, ids: Ids) -> None:
    say(ann, ids)  # ends waiting for a reply
    before, looks = of_webhooks(lambda: say(ann, ids))
    hooks.listen("chat_deactivated")

    assert of_webhooks(lambda: say(ann, ids)) == (before, looks)
    assert looks == ([] if connection.vendor == "postgresql" else ["SELECT"])
    assert owed() == []


def test_what_a_message_owes_is_stored_with_it(hooks: Hooks, ann: User, ids: Ids) -> None:
    say(ann, ids)
    hooks.listen("incoming_event")

    _, written = of_webhooks(lambda: say(ann, ids))

    assert written == ([] if connection.vendor == "postgresql" else ["SELECT", "INSERT"])
    assert len(owed()) == 1


# --- many at once ---------------------------------------------------------------------------------


def test_a_batch_costs_as_many_queries_as_one(hooks: Hooks, scene: Scene, beta: Scene) -> None:
    def listen(scene: Scene) -> Hooks:
        one = Hooks(scene.organization)
        make.definition(one.application)
        for _ in range(3):
            one.listen("incoming_event", filters={"chat_presence": {"my_bots": False}})
        one.listen("event_updated", filters={"chat_presence": {"my_bots": True}})
        return one

    def speak(scene: Scene, one: Hooks) -> None:
        plan = {one.application.client_id: {"plan": "gold"}}
        agent = make.Agent.objects.get(public_id=scene.ann.id)
        mine = scene.ann.world.as_agent(agent, application=one.application)
        mine.call("update_chat_properties", id=scene.running, properties=plan)
        say(mine, {"chat_id": scene.running})
        mine.call(
            "send_rich_message_postback",
            chat_id=scene.running,
            thread_id=scene.thread,
            event_id=scene.rich,
            postback={"id": "yes", "toggled": True},
        )

    for one in (scene, beta):
        mine = listen(one)
        speak(one, mine)
        say(one.carl, {"chat_id": one.running})
    few = [owed()[0], next(one for one in owed() if one.action == "event_updated")]
    many = owed()
    assert len(many) > 10

    assert len(statements(lambda: composed(few))) == 4
    assert len(statements(lambda: composed(many))) == 4
