"""Configuration fetched once, plus every push since, is what a fresh fetch says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.api import versions
from chatplatform.models import Agent, Organization
from tests import make
from tests.world import Listener, Refused, User, World

Record = dict[str, Any]

AGENT_FIELDS = [
    *("work_scheduler", "groups", "email_subscriptions", "notifications", "job_title", "mobile"),
    *("max_chats_count", "suspended", "awaiting_approval"),
]
BOT_FIELDS = ["groups", "job_title", "max_chats_count", "work_scheduler"]
GROUP_FIELDS = ["agent_priorities"]
GENERAL = 0


class Office:
    """An administrator's picture of who works here and how: agents, bots, groups, tags, rules.

    It is fetched through the Configuration API and kept by the Agent API's pushes, both in the
    administrator's version. Places in groups are told of with agents and bots, or with the group,
    whichever was changed: clients keep both views by either.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.connection: Listener = user.connections[-1]
        self.applied = len(self.connection.heard)
        self.known = self.fetched()

    def fetched(self) -> dict[str, dict[Any, Record]]:
        """Return everything as the Configuration API answers it now."""
        ask = self.user.configuration.call
        found = {
            "agents": by("id", ask("list_agents", fields=AGENT_FIELDS)),
            "bots": by("id", ask("list_bots", all=True, fields=BOT_FIELDS)),
            "groups": by("id", ask("list_groups", fields=GROUP_FIELDS)),
            "rules": by("id", ask("list_auto_accesses")),
        }
        if self.user.version >= "3.6":
            found["properties"] = {"license": ask("list_license_properties")}
        if self.user.version >= "3.5":
            found["tags"] = by("name", ask("list_tags"))
        if self.user.version >= "3.7":
            answer = ask("list_canned_responses", include_private=True)
            found["responses"] = by("id", answer["canned_responses"])
        return found

    def compare(self) -> None:
        """Apply what was heard, and assert that a fresh fetch says the same."""
        for push in self.connection.heard[self.applied :]:
            change = getattr(self, f"on_{push.action}", None)
            if change is not None:
                change(push.payload)
        self.applied = len(self.connection.heard)
        fresh = self.fetched()
        known = {kind: self.shown(kind, fresh[kind]) for kind in fresh}
        assert known == fresh

    def shown(self, kind: str, fresh: dict[Any, Record]) -> dict[Any, Record]:
        """Return what is known of a kind, as far as lists answer it: pushes may tell more."""
        if kind not in ("agents", "bots", "groups"):
            return self.known[kind]
        return {
            key: {name: value for name, value in record.items() if name in fresh.get(key, record)}
            for key, record in self.known[kind].items()
        }

    def place(self, user_id: str, places: list[Record]) -> None:
        """Note in the groups what an agent's or bot's places are."""
        for number, group in self.known["groups"].items():
            group["agent_priorities"].pop(user_id, None)
            if number == GENERAL:
                group["agent_priorities"][user_id] = "normal"
        for one in places:
            self.known["groups"][one["id"]]["agent_priorities"][user_id] = one["priority"]

    def fill(self, number: int, priorities: dict[str, str]) -> None:
        """Note with agents and bots who is in a group."""
        for user_id, user in {**self.known["agents"], **self.known["bots"]}.items():
            others = [one for one in user["groups"] if one["id"] != number]
            own = [{"id": number, "priority": priorities[user_id]}] if user_id in priorities else []
            user["groups"] = sorted(others + own, key=lambda one: one["id"])

    # --- people -----------------------------------------------------------------------------------

    def created(self, kind: str, payload: Record, *twins: tuple[str, str]) -> None:
        """Take in a new agent or bot; ``twins`` are second names that lists answer beside."""
        more = {second: payload[first] for second, first in twins}
        self.known[kind][payload["id"]] = {**payload, **more}
        self.place(payload["id"], payload["groups"])

    def updated(self, kind: str, payload: Record) -> None:
        self.known[kind][payload["id"]].update(payload)
        if "groups" in payload:
            self.place(payload["id"], payload["groups"])

    def deleted(self, kind: str, user_id: str) -> None:
        del self.known[kind][user_id]
        for group in self.known["groups"].values():
            group["agent_priorities"].pop(user_id, None)

    def on_agent_created(self, payload: Record) -> None:
        twins = ("avatar_path", "avatar"), ("summaries", "email_subscriptions")
        self.created("agents", payload, *twins)

    def on_agent_updated(self, payload: Record) -> None:
        self.updated("agents", payload)

    def on_agent_deleted(self, payload: Record) -> None:
        self.deleted("agents", payload["id"])

    def on_agent_suspended(self, payload: Record) -> None:
        self.known["agents"][payload["id"]]["suspended"] = True

    def on_agent_unsuspended(self, payload: Record) -> None:
        self.known["agents"][payload["id"]]["suspended"] = False

    def on_agent_approved(self, payload: Record) -> None:
        self.known["agents"][payload["id"]]["awaiting_approval"] = False

    def on_bot_created(self, payload: Record) -> None:
        self.created("bots", payload, ("avatar_path", "avatar"))

    def on_bot_updated(self, payload: Record) -> None:
        self.updated("bots", payload)

    def on_bot_deleted(self, payload: Record) -> None:
        self.deleted("bots", payload["id"])

    # --- groups, tags, rules ------------------------------------------------------------------

    def on_group_created(self, payload: Record) -> None:
        self.known["groups"][payload["id"]] = payload
        self.fill(payload["id"], payload["agent_priorities"])

    def on_group_updated(self, payload: Record) -> None:
        self.known["groups"][payload["id"]].update(payload)
        if "agent_priorities" in payload:
            self.fill(payload["id"], payload["agent_priorities"])

    def on_group_deleted(self, payload: Record) -> None:
        del self.known["groups"][payload["id"]]
        self.fill(payload["id"], {})

    def on_groups_status_updated(self, payload: Record) -> None:
        for group in payload["groups"]:
            if group["id"] in self.known["groups"]:
                self.known["groups"][group["id"]]["routing_status"] = group["status"]

    def on_tag_created(self, payload: Record) -> None:
        self.known["tags"][payload["name"]] = payload

    def on_tag_updated(self, payload: Record) -> None:
        self.known["tags"][payload["name"]].update(payload)

    def on_tag_deleted(self, payload: Record) -> None:
        del self.known["tags"][payload["name"]]

    def on_auto_accesses_updated(self, payload: list[Record]) -> None:
        for entry in payload:
            change = {name: value for name, value in entry.items() if name != "status"}
            if entry["status"] == "deleted":
                del self.known["rules"][entry["id"]]
            else:
                self.known["rules"].setdefault(entry["id"], {}).update(change)

    def on_auto_access_added(self, payload: Record) -> None:
        self.known["rules"][payload["id"]] = payload

    def on_auto_access_updated(self, payload: Record) -> None:
        self.known["rules"][payload["id"]].update(payload)

    def on_auto_access_deleted(self, payload: Record) -> None:
        del self.known["rules"][payload["id"]]

    # --- the rest -----------------------------------------------------------------------------

    def on_canned_response_created(self, payload: Record) -> None:
        self.known["responses"][payload["id"]] = payload

    def on_canned_response_updated(self, payload: Record) -> None:
        self.known["responses"].setdefault(payload["id"], {}).update(payload)

    def on_canned_response_deleted(self, payload: Record) -> None:
        self.known["responses"].pop(payload["id"], None)

    def on_license_properties_updated(self, payload: Record) -> None:
        known = self.known["properties"]["license"]
        for namespace, values in payload["properties"].items():
            there = {**known.get(namespace, {}), **values}
            known[namespace] = {name: value for name, value in there.items() if value is not None}
            if not known[namespace]:
                del known[namespace]


def by(name: str, records: list[Record]) -> dict[Any, Record]:
    """Return records by one of their fields."""
    return {record[name]: record for record in records}


@pytest.fixture(params=versions.VERSIONS)
def office(request: pytest.FixtureRequest, world: World, acme: Organization) -> Office:
    """Return Ann's picture of her organisation, which holds one of everything."""
    version: str = request.param
    make.group(acme, "Sales")
    make.tag(acme, "vip")
    make.access_rule(acme, 0)
    ann = world.agent(acme, "ann", role="administrator", version=version, online=True)
    return Office(ann)


HOURS = {
    "timezone": "Europe/Warsaw",
    "schedule": [{"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}],
}


def does(office: Office) -> Callable[..., Any]:
    """Return a function that changes something in the newest version and compares."""

    def do(action: str, /, **payload: Any) -> Any:
        answer = office.user.configuration.web(action, payload, version=versions.NEWEST)
        office.compare()
        return answer

    return do


def test_agents(office: Office) -> None:
    do = does(office)
    bob = "bob@example.com"

    do("create_agent", id=bob, name="Bob", groups=[{"id": 1, "priority": "first"}])
    do("update_agent", id=bob, job_title="Hero", max_chats_count=3, role="administrator")
    do("update_agent", id=bob, groups=[], notifications=["new_visitor"])
    do("update_agent", id=bob, work_scheduler=HOURS)
    do("suspend_agent", id=bob)
    do("unsuspend_agent", id=bob)
    Agent.objects.filter(public_id=bob).update(awaiting_approval=True)
    office.known["agents"][bob]["awaiting_approval"] = True
    do("approve_agent", id=bob)
    do("delete_agent", id=bob)
    with pytest.raises(Refused, match="not_found"):
        do("update_agent", id=bob, job_title="Nobody")


def test_bots(office: Office) -> None:
    do = does(office)

    made = do("create_bot", name="Robot", groups=[{"id": 1, "priority": "first"}])
    do("update_bot", id=made["id"], name="Robbie", max_chats_count=7)
    do("update_bot", id=made["id"], groups=[])
    do("delete_bot", id=made["id"])


def test_groups(office: Office) -> None:
    do = does(office)
    ann = office.user.id

    made = do("create_group", name="Support", agent_priorities={ann: "normal"})
    do("update_group", id=made["id"], name="Help", language_code="pl")
    do("update_group", id=made["id"], agent_priorities={ann: "first"})
    office.user.call("set_routing_status", status="not_accepting_chats")
    office.compare()
    do("delete_group", id=made["id"])


def test_tags_and_rules(office: Office) -> None:
    do = does(office)
    place = {"url": {"values": [{"value": "/sales", "exact_match": True}]}}

    do("create_tag", name="new", group_ids=[0])
    do("update_tag", name="new", group_ids=[0, 1])
    do("delete_tag", name="new")
    first = do("add_auto_access", access={"groups": [1]}, conditions=place, description="Sales")
    second = do("add_auto_access", access={"groups": [0]}, conditions=place, next_id=first["id"])
    do("update_auto_access", id=first["id"], next_id=second["id"])
    do("update_auto_access", id=first["id"], description="Selling", access={"groups": [0, 1]})
    do("delete_auto_access", id=second["id"])


def test_responses_and_properties(office: Office) -> None:
    do = does(office)

    made = do("create_canned_response", text="Hello", tags=["hi"], group_id=1)
    do("update_canned_response", id=made["id"], text="Hi", is_private=True)
    do("update_canned_response", id=made["id"], is_private=False, group_id=0)
    do("delete_canned_response", id=made["id"])
    do("update_license_properties", properties={"test": {"string_property": "x"}})
    do("update_license_properties", properties={"routing": {"max_customer_chats_count": 2}})
    do("delete_license_properties", properties={"test": ["string_property"]})
