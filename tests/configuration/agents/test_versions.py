"""Agents as older versions configure and show them."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.api import registry, versions
from chatplatform.api.call import WEB
from chatplatform.transports.openapi import request_schema, response_schema
from tests.configuration.seats import WEEK, configured
from tests.world import Refused, User


@pytest.mark.parametrize(("version", "most"), [("3.4", 100), ("3.5", 20), ("3.6", 20), ("3.7", 20)])
def test_how_many_chats_an_agent_may_have(ann: User, bob: User, version: str, most: int) -> None:
    asked = {"id": bob.id, "max_chats_count": most}
    assert ann.configuration.web("update_agent", asked, version=version) == {}

    more = {"id": bob.id, "max_chats_count": most + 1}
    with ann.world.nothing_changes(), pytest.raises(Refused, match="validation"):
        ann.configuration.web("update_agent", more, version=version)
    assert configured(ann, bob.id, "max_chats_count")["max_chats_count"] == most


@pytest.mark.parametrize(
    ("version", "taken"), [("3.4", True), ("3.5", True), ("3.6", False), ("3.7", False)]
)
def test_names_and_pictures_are_set_here_up_to_3_5(
    ann: User, bob: User, version: str, taken: bool
) -> None:
    picture = {"avatar": "https://example.com/a.png"}
    new = {"id": "smith@example.com", "name": "Smith", **picture}
    ann.configuration.web("create_agent", new, version=version)
    ann.configuration.web("update_agent", {"id": bob.id, "name": "Rob", **picture}, version=version)

    smith, rob = (configured(ann, one) for one in ("smith@example.com", bob.id))
    url = picture["avatar"] if taken else ""
    assert (smith["name"], smith["avatar"]) == ("Smith", url)
    assert (rob["name"], rob["avatar"]) == ("Rob" if taken else "Bob", url)


def test_up_to_3_4_hours_are_one_interval_a_day(ann: User, bob: User) -> None:
    week = {"monday": {"start": "08:30", "end": "12:30"}}
    asked = {"id": bob.id, "work_scheduler": week}
    ann.configuration.web("update_agent", asked, version="3.4")
    read = {"id": bob.id, "fields": ["work_scheduler"]}
    hours = {"day": "monday", "enabled": True, "start": "08:30", "end": "12:30"}

    older = ann.configuration.web("get_agent", read, version="3.4")
    newer = ann.configuration.web("get_agent", read, version="3.5")

    assert older["work_scheduler"] == week
    assert newer["work_scheduler"]["schedule"] == [hours]


def test_up_to_3_4_pauses_are_not_shown(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)
    asked = {"fields": ["work_scheduler"]}

    listed = ann.configuration.web("list_agents", asked, version="3.4")

    (found,) = (agent for agent in listed if agent["id"] == bob.id)
    assert found["work_scheduler"] == {"monday": {"start": "08:00", "end": "16:00"}}


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_hours_by_days_can_be_turned_off(ann: User, bob: User, version: str) -> None:
    hours = {"start": "08:30", "end": "12:30", "enabled": False}
    asked = {"id": bob.id, "work_scheduler": {"monday": hours}}

    ann.configuration.web("update_agent", asked, version=version)

    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown["schedule"] == [{"day": "monday", **hours}]


def test_in_3_4_an_empty_week_has_no_hours(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)

    ann.configuration.web("update_agent", {"id": bob.id, "work_scheduler": {}}, version="3.4")

    assert configured(ann, bob.id, "work_scheduler")["work_scheduler"]["schedule"] == []


def test_in_3_4_agents_have_neither_account_nor_last_logout(ann: User, bob: User) -> None:
    bob.login()
    bob.rtm("logout")
    fields = ["last_logout", "mobile"]

    one = ann.configuration.web("get_agent", {"id": bob.id, "fields": fields}, version="3.4")
    listed = ann.configuration.web("list_agents", {"fields": fields}, version="3.4")

    assert one.keys() == {"id", "name", "role", "avatar", "login_status", "mobile"}
    assert all(agent.keys() == {*one, "avatar_path"} for agent in listed)


def test_in_3_4_nobody_asks_for_the_suspended_alone(ann: User, bob: User) -> None:
    asked = {"filters": {"suspended": True}}

    assert len(ann.configuration.web("list_agents", asked, version="3.4")) == 2
    assert ann.configuration.web("list_agents", asked, version="3.5") == []


def described(kind: str, name: str, version: str) -> dict[str, Any]:
    """Return the published properties of an action's request or response in a version."""
    action = registry.find("configuration", name, WEB, "3.7")
    newest = request_schema(action) if kind == versions.REQUESTS else response_schema(action)
    schema = versions.downgrade_schema(action, kind, version, newest)
    properties: dict[str, Any] = schema.get("items", schema)["properties"]
    return properties


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_requests_are_described_as_their_version_takes_them(version: str) -> None:
    made = described(versions.REQUESTS, "create_agent", version)
    changed = described(versions.REQUESTS, "update_agent", version)
    fields = described(versions.REQUESTS, "list_agents", version)

    profiles = version <= "3.5"
    oldest = version == "3.4"
    assert ("avatar" in made, "name" in made) == (profiles, True)
    assert ("avatar" in changed, "name" in changed) == (profiles, profiles)
    assert made["max_chats_count"]["maximum"] == (100 if oldest else 20)
    assert ("monday" in made["work_scheduler"].get("properties", {})) is oldest
    assert ("last_logout" in fields["fields"]["items"]["enum"]) is not oldest
    assert ("suspended" in fields["filters"]["properties"]) is not oldest


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
@pytest.mark.parametrize("name", ["get_agent", "list_agents"])
def test_answers_are_described_as_their_version_shows_them(name: str, version: str) -> None:
    shown = described(versions.RESPONSES, name, version)

    oldest = version == "3.4"
    assert ("account_id" in shown) is not oldest
    assert ("last_logout" in shown) is not oldest
    assert ("monday" in shown["work_scheduler"]["properties"]) is oldest
