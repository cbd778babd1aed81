"""Bots as older versions configure and show them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chatplatform.models import Agent, Application
from tests.world import User, World


@pytest.mark.parametrize(("version", "fields"), [("3.4", ["id"]), ("3.5", ["id", "secret"])])
def test_a_bot_has_a_secret_from_3_5_on(boss: User, version: str, fields: list[str]) -> None:
    made = boss.configuration.web("create_bot", {"name": "Robin"}, version=version)

    assert sorted(made) == fields


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_bots_have_no_type(boss: User, version: str) -> None:
    new = {"name": "Robin", "type": "ai_agent"}
    made = boss.configuration.web("create_bot", new, version=version)
    update = {"id": made["id"], "type": "ai_agent"}
    boss.configuration.web("update_bot", update, version=version)

    assert "type" not in boss.configuration.web("get_bot", {"id": made["id"]}, version=version)
    assert boss.configuration.call("get_bot", id=made["id"])["type"] == "chatbot"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_no_push_tells_a_bots_type(
    boss: User, seat: Agent, shop: Application, world: World, version: str
) -> None:
    older = world.as_agent(seat, application=shop, version=version, online=True)

    made = boss.configuration.call("create_bot", name="Robin", type="ai_agent")
    boss.configuration.call("update_bot", id=made["id"], type="chatbot")
    boss.configuration.call("update_bot", id=made["id"], type="ai_agent", name="Robbie")

    created, updated = (push for push in older.heard if push.action.startswith("bot_"))
    assert "type" not in created.payload
    assert updated.payload == {"id": made["id"], "name": "Robbie"}


def test_up_to_3_4_hours_are_one_interval_a_day_with_the_time_zone_beside_them(
    boss: User, robin: dict[str, Any]
) -> None:
    old = {
        "id": robin["id"],
        "timezone": "Europe/Warsaw",
        "work_scheduler": {"monday": {"start": "08:00", "end": "16:00"}},
    }
    boss.configuration.web("update_bot", old, version="3.4")

    asked = {"id": robin["id"], "fields": ["work_scheduler", "timezone"]}
    assert boss.configuration.call("get_bot", **asked)["work_scheduler"] == {
        "timezone": "Europe/Warsaw",
        "schedule": [{"day": "monday", "enabled": True, "start": "08:00", "end": "16:00"}],
    }
    shown = boss.configuration.web("get_bot", asked, version="3.4")
    (listed,) = boss.configuration.web("list_bots", {"fields": asked["fields"]}, version="3.4")
    for bot in (shown, listed):
        assert bot["timezone"] == "Europe/Warsaw"
        assert bot["work_scheduler"] == {"monday": {"start": "08:00", "end": "16:00"}}


def test_up_to_3_4_a_time_zone_alone_leaves_the_hours(boss: User) -> None:
    hours = [{"day": "friday", "enabled": True, "start": "08:00", "end": "16:00"}]
    scheduler = {"timezone": "UTC", "schedule": hours}
    made = boss.configuration.call("create_bot", name="Robin", work_scheduler=scheduler)

    zone = {"id": made["id"], "timezone": "Europe/Warsaw"}
    boss.configuration.web("update_bot", zone, version="3.4")

    bot = boss.configuration.call("get_bot", id=made["id"], fields=["work_scheduler"])
    assert bot["work_scheduler"] == {"timezone": "Europe/Warsaw", "schedule": hours}


@pytest.mark.parametrize(
    "hours",
    [
        {"work_scheduler": {"monday": {"start": "08:00", "end": "16:00"}}},
        {"timezone": "UTC", "work_scheduler": {"someday": {"start": "08:00", "end": "16:00"}}},
        {"timezone": "UTC", "work_scheduler": {"monday": {"start": "08:00"}}},
        {"timezone": "UTC", "work_scheduler": {"monday": "always"}},
        {"timezone": "UTC", "work_scheduler": ["monday"]},
        {"timezone": 1},
    ],
    ids=str,
)
def test_up_to_3_4_hours_must_make_sense(
    world: World, boss: User, robin: dict[str, Any], hours: dict[str, Any]
) -> None:
    body = orjson.dumps({"id": robin["id"], **hours})

    with world.nothing_changes():
        response = boss.configuration.http("update_bot", body, "3.4")

    assert orjson.loads(response.content)["error"]["type"] == "validation"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_picture_has_both_its_names_in_every_version(boss: User, version: str) -> None:
    made = boss.configuration.call("create_bot", name="Robin", avatar="robin.png")

    bot = boss.configuration.web("get_bot", {"id": made["id"]}, version=version)
    (listed,) = boss.configuration.web("list_bots", version=version)

    assert (bot["avatar"], bot["avatar_path"]) == ("robin.png", "robin.png")
    assert (listed["avatar"], listed["avatar_path"]) == ("robin.png", "robin.png")
