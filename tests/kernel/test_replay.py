"""State fetched once, plus every push since, is what a fresh fetch says: for everybody, always."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.models import Organization
from tests import make
from tests.kernel.replica import AgentReplica, CustomerReplica, Replica
from tests.world import User, World

LATER = "2035-01-01T00:00:00.000000Z"


class Shop:
    """Ann takes one chat; Bob, of sales, follows; Cleo sees all; Mia is of sales, Sam of support.

    Every one of them, and both customers, keeps a picture that is compared after every step.
    """

    def __init__(self, world: World, organization: Organization) -> None:
        self.world = world
        self.sales = make.group(organization, "Sales")
        self.support = make.group(organization, "Support")
        self.ann = world.agent(organization, "ann", limit=1, online=True)
        self.bob = world.agent(organization, "bob", online=True, accepting=False)
        self.cleo = world.agent(
            organization, "cleo", role="administrator", online=True, accepting=False
        )
        self.mia = world.agent(organization, "mia", groups=[self.sales], online=True)
        self.mia.call("set_routing_status", status="not_accepting_chats")
        self.sam = world.agent(
            organization, "sam", groups=[self.support], online=True, accepting=False
        )
        self.dora = world.customer(organization, "dora")
        self.emil = world.customer(organization, "emil")
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


@pytest.fixture
def shop(world: World, acme: Organization) -> Shop:
    return Shop(world, acme)


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
