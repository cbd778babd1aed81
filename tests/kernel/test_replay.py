"""State fetched once, plus every push since, is what a fresh fetch says: for everybody, always."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from chatplatform import clock
from chatplatform.api import versions
from chatplatform.models import ConnectionLease, Group, Organization
from chatplatform.services import deletion, thumbnails, timers
from tests import make
from tests.images import PIXEL
from tests.kernel.replica import AgentReplica, CustomerReplica, Replica
from tests.world import User, World

LATER = "2035-01-01T00:00:00.000000Z"


class Shop:
    """Ann takes one chat; Bob, of sales, follows; Cleo sees all; Mia is of sales, Sam of support.

    Every one of them, and both customers, keeps a picture that is compared after every step. All
    speak the same wire version.
    """

    def __init__(self, world: World, organization: Organization, version: str) -> None:
        self.world = world
        self.sales = make.group(organization, "Sales")
        self.support = make.group(organization, "Support")
        self.ann = world.agent(organization, "ann", limit=1, version=version, online=True)
        self.bob = world.agent(organization, "bob", version=version, online=True, accepting=False)
        self.cleo = world.agent(
            organization,
            "cleo",
            role="administrator",
            version=version,
            online=True,
            accepting=False,
        )
        self.mia = world.agent(
            organization, "mia", groups=[self.sales], version=version, online=True
        )
        self.mia.call("set_routing_status", status="not_accepting_chats")
        self.sam = world.agent(
            organization,
            "sam",
            groups=[self.support],
            version=version,
            online=True,
            accepting=False,
        )
        self.dora = world.customer(organization, "dora", version=version)
        self.emil = world.customer(organization, "emil", version=version)
        agents = (self.ann, self.bob, self.cleo, self.mia, self.sam)
        self.replicas: list[Replica] = [AgentReplica(agent) for agent in agents]
        self.replicas += [CustomerReplica(customer) for customer in (self.dora, self.emil)]
        self.compare()

    def compare(self) -> None:
        for replica in self.replicas:
            replica.compare()

    def step(self, user: User, action: str, /, **payload: Any) -> Any:
        answer = user.call(action, **payload)
        self.compare()
        return answer

    def does(self, what: Callable[[], Any]) -> None:
        what()
        self.compare()


OLDER = [version for version in versions.VERSIONS if version != versions.NEWEST]


@pytest.fixture(
    params=[*(pytest.param(one, marks=pytest.mark.slow) for one in OLDER), versions.NEWEST]
)
def shop(request: pytest.FixtureRequest, world: World, acme: Organization) -> Shop:
    return Shop(world, acme, request.param)


def text(value: str = "Hello") -> dict[str, Any]:
    return {"thread": {"events": [make.message(value)]}}


def test_a_conversation_from_hello_to_hello_again(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    shop.step(shop.ann, "send_event", chat_id=chat_id, event=make.message("Hi"))
    shop.step(shop.ann, "send_event", chat_id=chat_id, event=make.message("?", visibility="agents"))
    shop.step(shop.dora, "mark_events_as_seen", chat_id=chat_id, seen_up_to=LATER)
    shop.step(shop.ann, "mark_events_as_seen", chat_id=chat_id, seen_up_to=LATER)
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("Bye", custom_id="c"))
    shop.step(shop.bob, "unfollow_chat", id=chat_id)
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("Really"))
    shop.step(shop.dora, "deactivate_chat", id=chat_id)
    late = {"chat_id": chat_id, "event": make.message("P.S."), "attach_to_last_thread": True}
    shop.step(shop.dora, "send_event", **late)
    shop.step(shop.dora, "resume_chat", chat={"id": chat_id, **text("Again")})
    shop.step(shop.ann, "deactivate_chat", id=chat_id)
    shop.step(shop.cleo, "resume_chat", chat={"id": chat_id, **text("We call")})
    shop.step(shop.cleo, "send_event", chat_id=chat_id, event=make.message("Now"))
    shop.step(shop.cleo, "deactivate_chat", id=chat_id)


def test_people_come_and_go(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    about = {"chat_id": chat_id, "user_type": "agent"}
    join = {**about, "ignore_requester_presence": True}

    shop.step(shop.ann, "add_user_to_chat", **about, user_id=shop.bob.id, visibility="all")
    shop.step(shop.bob, "send_event", chat_id=chat_id, event=make.message("Hi"))
    shop.step(shop.cleo, "add_user_to_chat", **join, user_id=shop.cleo.id, visibility="agents")
    whisper = make.message("Psst", visibility="agents")
    shop.step(shop.cleo, "send_event", chat_id=chat_id, event=whisper)
    shop.step(shop.cleo, "mark_events_as_seen", chat_id=chat_id, seen_up_to=LATER)
    shop.step(shop.cleo, "add_user_to_chat", **join, user_id=shop.cleo.id, visibility="all")
    shop.step(shop.bob, "add_user_to_chat", **join, user_id=shop.bob.id, visibility="agents")
    shop.step(shop.ann, "remove_user_from_chat", **about, user_id=shop.bob.id)
    shop.step(shop.ann, "remove_user_from_chat", **about, user_id=shop.ann.id)
    shop.step(shop.cleo, "remove_user_from_chat", **about, user_id=shop.cleo.id)
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("Anybody?"))
    shop.step(shop.sam, "add_user_to_chat", **join, user_id=shop.sam.id, visibility="all")
    shop.step(shop.dora, "deactivate_chat", id=chat_id)


def test_a_customer_joins_a_chat(shop: Shop) -> None:
    chat_id = shop.step(shop.ann, "start_chat", chat=text("Prepared"))["chat_id"]
    added = {"chat_id": chat_id, "user_id": shop.dora.id, "user_type": "customer"}

    shop.step(shop.ann, "add_user_to_chat", **added, visibility="all")
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message())


def test_waiting_moving_up_and_being_taken(shop: Shop) -> None:
    first = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    second = shop.step(shop.emil, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=second)
    shop.step(shop.ann, "set_routing_status", status="not_accepting_chats")
    about = {"chat_id": first, "user_id": shop.ann.id, "user_type": "agent"}
    shop.step(shop.ann, "remove_user_from_chat", **about)
    shop.step(shop.emil, "deactivate_chat", id=second)
    shop.step(shop.emil, "resume_chat", chat={"id": second}, continuous=True)
    shop.step(shop.ann, "set_routing_status", status="accepting_chats")
    shop.step(shop.ann, "deactivate_chat", id=first)
    shop.step(shop.emil, "send_event", chat_id=second, event=make.message("At last"))
    taken = shop.emil.call("get_chat", chat_id=second)["thread"]
    assert "queue" not in taken


def test_the_line_of_one_group_moves_without_the_other(shop: Shop) -> None:
    chats = {}
    for customer, group in ((shop.dora, shop.sales), (shop.emil, shop.support)):
        chat = {"access": {"group_ids": [group.number]}, **text()}
        chats[customer.name] = shop.step(customer, "start_chat", chat=chat, continuous=True)[
            "chat_id"
        ]

    shop.step(shop.mia, "set_routing_status", status="accepting_chats")
    shop.step(shop.mia, "send_event", chat_id=chats["dora"], event=make.message())
    shop.step(shop.sam, "set_routing_status", status="accepting_chats")


def test_agents_get_lost_and_come_back(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]

    shop.does(shop.ann.lose_connections)
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("Hello?"))
    shop.step(shop.bob, "set_routing_status", status="accepting_chats")
    shop.does(shop.ann.login)
    shop.does(shop.bob.lose_connections)
    shop.step(shop.ann, "send_event", chat_id=chat_id, event=make.message("Here again"))
    shop.does(lambda: shop.ann.rtm("logout"))
    shop.does(shop.dora.lose_connections)
    shop.does(shop.dora.login)
    shop.does(shop.bob.login)
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("You too"))


def test_a_chat_nobody_takes_over_is_closed(shop: Shop, acme: Organization) -> None:
    acme.properties = {"chats": {"queue.enabled": False}}
    acme.save()
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)

    shop.does(shop.ann.lose_connections)

    assert shop.dora.call("get_chat", chat_id=chat_id)["thread"]["active"] is False


def sent(shop: Shop, user: User, chat_id: str, event: Any) -> dict[str, str]:
    """Let a user send an event and return what names it."""
    event_id = shop.step(user, "send_event", chat_id=chat_id, event=event)["event_id"]
    thread_id = event_id.rpartition("_")[0]
    return {"chat_id": chat_id, "thread_id": thread_id, "event_id": event_id}


def press(shop: Shop, user: User, question: dict[str, str], name: str, toggled: bool) -> None:
    postback = {"id": name, "toggled": toggled}
    shop.step(user, "send_rich_message_postback", **question, postback=postback)


def test_buttons_are_pressed_and_pictures_shrink(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    question = sent(shop, shop.ann, chat_id, make.rich_message("Good?", "yes", "no"))
    sent(shop, shop.dora, chat_id, {"type": "file", "url": shop.dora.upload("cat.png", PIXEL)})

    press(shop, shop.dora, question, "yes", True)
    press(shop, shop.ann, question, "no", True)
    press(shop, shop.ann, question, "no", True)
    shop.does(lambda: shop.world.act(thumbnails.make_due))
    press(shop, shop.dora, question, "yes", False)
    shop.step(shop.dora, "deactivate_chat", id=chat_id)
    press(shop, shop.dora, question, "no", True)
    shop.step(shop.dora, "resume_chat", chat={"id": chat_id})
    press(shop, shop.dora, question, "no", False)

    thread_id = question["thread_id"]
    earlier = shop.bob.call("get_chat", chat_id=chat_id, thread_id=thread_id)["thread"]
    assert "thumbnail2x_url" in str(earlier)


@pytest.mark.parametrize("shop", ["3.6", "3.7"], indirect=True)
def test_events_are_taken_back(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    password = sent(shop, shop.dora, chat_id, make.message("12345", custom_id="c"))
    upload = {"type": "file", "url": shop.dora.upload("cat.png", PIXEL)}
    picture = sent(shop, shop.dora, chat_id, upload)

    shop.step(shop.dora, "delete_event", **password)
    shop.step(shop.cleo, "follow_chat", id=chat_id)
    shop.does(lambda: shop.world.act(thumbnails.make_due))
    shop.step(shop.dora, "delete_event", **picture)
    late = sent(shop, shop.dora, chat_id, make.message("12345", custom_id="c"))
    shop.step(shop.dora, "deactivate_chat", id=chat_id)
    shop.step(shop.dora, "resume_chat", chat={"id": chat_id})
    shop.step(shop.dora, "delete_event", **late)

    assert "12345" not in str(shop.dora.call("list_threads", chat_id=chat_id))


def test_chats_go_from_hand_to_hand(shop: Shop) -> None:
    def to_group(*groups: Group) -> dict[str, Any]:
        return {"type": "group", "ids": [group.number for group in groups]}

    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    hand = {"id": chat_id, "ignore_requester_presence": True}
    wait = {**hand, "ignore_agents_availability": True}
    shop.step(shop.ann, "transfer_chat", **wait, target=to_group(shop.sales))
    shop.step(shop.mia, "transfer_chat", **hand, target={"type": "agent", "ids": [shop.mia.id]})
    shop.step(shop.mia, "send_event", chat_id=chat_id, event=make.message("Hi"))
    shop.step(shop.cleo, "transfer_chat", **wait, target=to_group(shop.support, shop.sales))
    shop.step(shop.sam, "set_routing_status", status="accepting_chats")
    shop.step(shop.sam, "transfer_chat", **wait, target=to_group(shop.support))
    shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("And now?"))
    shop.step(shop.sam, "deactivate_chat", id=chat_id)
    resumed = {"id": chat_id, "access": {"group_ids": [shop.sales.number]}}
    shop.step(shop.dora, "resume_chat", chat=resumed, continuous=True)
    shop.step(shop.mia, "transfer_chat", **hand, target={"type": "agent", "ids": [shop.mia.id]})


def test_properties_come_and_go(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    event = sent(shop, shop.ann, chat_id, make.message("Rate me"))
    thread = {name: event[name] for name in ("chat_id", "thread_id")}
    some = {"test": {"string_property": "x", "int_property": 1}}
    one = {"test": ["int_property"]}

    for user in (shop.ann, shop.dora):
        shop.step(user, "update_chat_properties", id=chat_id, properties=some)
        shop.step(user, "delete_chat_properties", id=chat_id, properties=one)
        shop.step(user, "update_thread_properties", **thread, properties=some)
        shop.step(user, "delete_thread_properties", **thread, properties=one)
        shop.step(user, "update_event_properties", **event, properties=some)
        shop.step(user, "delete_event_properties", **event, properties=one)
    shop.step(shop.dora, "update_thread_properties", **thread, properties={"rating": {"score": 1}})
    shop.step(shop.dora, "delete_thread_properties", **thread, properties={"rating": ["score"]})
    rest = {"test": ["string_property"]}
    shop.step(shop.ann, "delete_event_properties", **event, properties=rest)
    shop.step(shop.ann, "delete_chat_properties", id=chat_id, properties=rest)


def test_a_chat_falls_silent_and_speaks_again(shop: Shop) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        ConnectionLease.objects.update(expires_at=clock.now() + timedelta(hours=1))
        shop.does(lambda: shop.world.act(timers.notice_silence))
        shop.step(shop.ann, "send_event", chat_id=chat_id, event=make.message("Are you there?"))
        shop.step(shop.dora, "send_event", chat_id=chat_id, event=make.message("Yes"))


def test_threads_are_tagged(shop: Shop, acme: Organization) -> None:
    make.tag(acme, "vip")
    make.tag(acme, "late")
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    shop.step(shop.bob, "follow_chat", id=chat_id)
    thread_id = shop.ann.call("get_chat", chat_id=chat_id)["thread"]["id"]

    for action, tag in (("tag_thread", "vip"), ("tag_thread", "late"), ("untag_thread", "vip")):
        shop.step(shop.ann, action, chat_id=chat_id, thread_id=thread_id, tag=tag)
    shop.step(shop.dora, "deactivate_chat", id=chat_id)
    shop.step(shop.ann, "untag_thread", chat_id=chat_id, thread_id=thread_id, tag="late")


def test_threads_and_chats_are_deleted(shop: Shop, acme: Organization) -> None:
    chat_id = shop.step(shop.dora, "start_chat", chat=text())["chat_id"]
    first = shop.ann.call("get_chat", chat_id=chat_id)["thread"]["id"]
    shop.step(shop.dora, "deactivate_chat", id=chat_id)
    shop.step(shop.dora, "resume_chat", chat={"id": chat_id, **text("Again")})
    # Customers are not told: nobody deletes what they look at in this protocol.
    shop.replicas = [one for one in shop.replicas if isinstance(one, AgentReplica)]

    def act(do: Callable[[], None]) -> None:
        shop.does(lambda: shop.world.act(do))

    act(lambda: deletion.delete_thread(acme.pk, chat_id, first))
    act(lambda: deletion.delete_chat(acme.pk, chat_id))
