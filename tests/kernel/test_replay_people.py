"""People fetched once, plus every push since, are what a fresh fetch says (see test_replay.py)."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.api import versions
from chatplatform.models import Organization
from tests import make
from tests.world import Listener, User, World

Record = dict[str, Any]

_VISIT = {"3.4": "last_visit", "3.5": "last_visit", "3.6": "visit", "3.7": "visit"}
_COMPARED = ("name", "email", "phone_number", "session_fields", "address", "group_ids")


class Watcher:
    """An agent's picture of the customers who are online, and of who accepts chats."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.visit = _VISIT[user.version]
        self.connection: Listener = user.connections[-1]
        self.applied = len(self.connection.heard)
        self.customers = self.fetched()
        self.statuses = self.fetched_statuses()

    def fetched(self) -> dict[str, Record]:
        """Return the customers a login would bring now."""
        self.user.login(customer_monitoring_level="online")
        another = self.user.connections[-1]
        (found,) = (push for push in another.heard if push.action == "incoming_customers")
        self.user.world.drop(another)
        return {customer["id"]: customer for customer in found.payload["customers"]}

    def fetched_statuses(self) -> dict[str, str]:
        answer = self.user.call("list_routing_statuses")
        return {one["agent_id"]: one["status"] for one in answer}

    def compare(self) -> None:
        """Apply what was heard, and assert that a fresh fetch says the same."""
        for push in self.connection.heard[self.applied :]:
            change = getattr(self, f"on_{push.action}", None)
            if change is not None:
                change(push.payload)
        self.applied = len(self.connection.heard)
        known = {key: self.shown(customer) for key, customer in self.customers.items()}
        assert known == {key: self.shown(one) for key, one in self.fetched().items()}
        assert self.statuses == self.fetched_statuses()

    def shown(self, customer: Record) -> Record:
        """Return what of a customer is compared; what is empty is as good as absent."""
        shown = {name: customer[name] for name in _COMPARED if customer.get(name)}
        shown["pages"] = [page["url"] for page in customer[self.visit]["last_pages"]]
        if self.user.version >= "3.6":
            shown["views"] = customer["statistics"]["page_views_count"]
            shown["chats"] = customer["statistics"]["chats_count"]
        return shown

    def on_incoming_customer(self, push: Record) -> None:
        self.customers[push["id"]] = push

    def on_customer_updated(self, push: Record) -> None:
        if push["id"] in self.customers:
            self.customers[push["id"]] |= push

    def on_customer_page_updated(self, push: Record) -> None:
        customer = self.customers[push["customer_id"]]
        customer["statistics"]["page_views_count"] += 1
        customer[self.visit]["last_pages"].append(
            {name: push[name] for name in ("opened_at", "url", "title")}
        )

    def on_customer_statistics_updated(self, push: Record) -> None:
        self.customers[push["customer_id"]]["statistics"] = push["statistics"]

    def on_customer_transferred(self, push: Record) -> None:
        del self.customers[push["id"]]  # to a group the agent does not watch

    def on_customer_left(self, push: Record) -> None:
        self.customers.pop(push["id"], None)

    def on_customer_banned(self, push: Record) -> None:
        self.customers.pop(push["customer_id"], None)

    def on_routing_status_set(self, push: Record) -> None:
        self.statuses[push["agent_id"]] = push["status"]


@pytest.mark.parametrize("version", versions.VERSIONS)
def test_who_watches_knows_the_customers_and_the_agents(
    world: World, acme: Organization, version: str
) -> None:
    sales = make.group(acme, "Sales")
    make.access_rule(acme, sales.number, url={"values": [{"value": "/sales"}]})
    ann = world.agent(acme, "ann", online=True)
    eve = world.agent(acme, "eve", role="administrator", version=version)
    eve.login(customer_monitoring_level="online")
    watcher = Watcher(eve)

    def step(do: Callable[[], Any]) -> Any:
        done = do()
        watcher.compare()
        return done

    carl = step(lambda: world.customer(acme, "carl"))
    dora = step(lambda: world.customer(acme, "dora"))
    for page in ("https://shop.example/", "https://shop.example/sales"):
        step(lambda page=page: carl.rtm("update_customer_page", {"url": page, "title": "x"}))
    step(lambda: carl.call("update_customer", name="Carl", email="carl@example.com"))
    step(lambda: carl.call("set_customer_session_fields", session_fields=[{"a": "b"}]))
    step(lambda: ann.call("update_customer", id=carl.id, name="Carl C."))
    text = {"thread": {"events": [make.message()]}}
    chat_id = step(lambda: dora.call("start_chat", chat=text))["chat_id"]
    step(lambda: dora.call("deactivate_chat", id=chat_id))
    step(lambda: dora.call("resume_chat", chat={"id": chat_id}))
    step(lambda: ann.call("set_routing_status", status="not_accepting_chats"))
    step(ann.lose_connections)
    step(carl.lose_connections)
    step(carl.login)
    step(lambda: eve.call("ban_customer", id=carl.id, ban={"days": 1}))
    step(lambda: dora.call("deactivate_chat", id=chat_id))
    step(dora.lose_connections)
    step(ann.login)


@pytest.mark.parametrize("version", versions.VERSIONS)
def test_a_customer_knows_themself_their_group_and_their_greeting(
    world: World, acme: Organization, version: str
) -> None:
    make.greeting(acme, make.rule("url_current", "contains", "/sales"))
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl", version=version)
    connection = carl.connections[-1]
    itself, groups, greeting = dict(carl.call("get_customer")), {"0": "online"}, None
    applied = len(connection.heard)

    def step(do: Callable[[], Any]) -> None:
        nonlocal greeting, applied
        do()
        for push in connection.heard[applied:]:
            if push.action == "customer_updated":
                itself.update(push.payload)
            elif push.action == "groups_status_updated":
                groups.update({str(one["id"]): one["status"] for one in push.payload["groups"]})
            elif push.action == "incoming_greeting":
                greeting = {**push.payload, "accepted": False}
            elif push.action == "greeting_accepted":
                greeting["accepted"] = True
            elif push.action == "greeting_canceled":
                greeting = None
        applied = len(connection.heard)
        fresh = carl.call("get_customer")
        for name in ("name", "email", "session_fields"):
            assert itself.get(name) == fresh.get(name)
        if version >= "3.5":  # earlier clients ask
            assert groups == carl.call("list_group_statuses", all=True)["groups_status"]
        shown = carl.login().get("greeting")
        world.drop(carl.connections[-1])
        assert (greeting and greeting["unique_id"]) == (shown and shown["unique_id"])
        assert (greeting and greeting["accepted"]) == (shown and shown["accepted"])

    step(lambda: carl.call("update_customer", name="Carl", email="carl@example.com"))
    step(lambda: ann.call("update_customer", id=carl.id, session_fields=[{"a": "b"}]))
    step(ann.lose_connections)
    step(ann.login)
    page = {"url": "https://shop.example/sales", "title": "Sales"}
    step(lambda: carl.rtm("update_customer_page", page))
    about = {"greeting_id": greeting["id"], "unique_id": greeting["unique_id"]}
    step(lambda: carl.call("accept_greeting", **about))
    step(lambda: carl.call("cancel_greeting", unique_id=about["unique_id"]))
