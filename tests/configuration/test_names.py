"""Names and addresses as people and machines write them: which scripts pass, and what hides."""

from __future__ import annotations

import pytest

from chatplatform.models import Agent, Application, Bot, Group, Organization, Tag
from tests.world import Refused, User, World

WRITTEN = {
    "persian": "علی\u200cرضا",
    "malayalam": "അവന്\u200d",
    "japanese": "山田\u3000太郎",
    "french": "Jean\u00a0Paul",
    "hebrew": "דוד\u200e (Tel Aviv)",
    "a family": "👨\u200d👩\u200d👧",
}
HIDING = {
    "turned around": "gnp\u202eexe",
    "isolated": "a\u2066b",
    "of no width": "a\u200bb",
    "on two lines": "a\nb",
    "on two lines of Unicode's": "a\u2028b",
    "a control": "a\x1bb",
    "nothing that shows": "\u200d\u200c",
}


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator, on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


@pytest.mark.parametrize("name", WRITTEN.values(), ids=WRITTEN)
def test_names_are_taken_in_every_script(boss: User, shop: Application, name: str) -> None:
    boss.call("create_agent", id="smith@example.com", name=name, job_title=name)
    group = boss.call("create_group", name=name, agent_priorities={})
    boss.call("create_tag", name=name)
    bot = boss.call("create_bot", name=name, job_title=name, owner_client_id=shop.client_id)

    smith = boss.call("get_agent", id="smith@example.com", fields=["job_title"])
    assert (smith["name"], smith["job_title"]) == (name, name)
    assert boss.call("get_group", id=group["id"])["name"] == name
    assert [tag["name"] for tag in boss.call("list_tags")] == [name]
    shown = boss.call("get_bot", id=bot["id"], fields=["job_title"])
    assert (shown["name"], shown["job_title"]) == (name, name)


@pytest.mark.parametrize("name", HIDING.values(), ids=HIDING)
def test_names_hide_nothing(world: World, boss: User, shop: Application, name: str) -> None:
    for action, payload in (
        ("create_agent", {"id": "smith@example.com"}),
        ("create_group", {"agent_priorities": {}}),
        ("create_bot", {"owner_client_id": shop.client_id}),
        ("create_tag", {}),
    ):
        with world.nothing_changes(), pytest.raises(Refused) as refused:
            boss.call(action, **payload, name=name)
        assert refused.value.type == "validation"
    assert not Bot.objects.exists()
    assert not Tag.objects.exists()
    assert Group.objects.count() == Agent.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "smith@example.com\u200b",
        "smith@exam\u00adple.com",
        "smith@ｅxample.com",
        "ſmith@example.com",
        "smith@example.com\u202e",
    ],
)
def test_an_address_looks_like_no_other(world: World, boss: User, address: str) -> None:
    boss.call("create_agent", id="smith@example.com", name="Agent Smith")

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        boss.call("create_agent", id=address, name="Agent Smith")
    assert refused.value.type == "validation"


def test_an_address_may_be_of_a_domain_in_other_letters(boss: User) -> None:
    made = boss.call("create_agent", id="Smith@BÜCHER.example", name="Agent Smith")

    assert made == {"id": "smith@bücher.example"}
