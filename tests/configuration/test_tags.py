"""Configuration API: the tags there are."""

from typing import Any

import orjson
import pytest

from chatplatform.models import Group, Organization, Tag
from tests import make
from tests.world import Refused, User, World


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """An administrator on the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def warden(world: World, acme: Organization, scope: str, *groups: Group) -> User:
    """Return an administrator of these groups with a token of one scope."""
    user = world.agent(acme, "warden", role="administrator", groups=groups, scopes=[scope])
    return user.configuration


def names(tags: list[dict[str, Any]]) -> list[str]:
    return [tag["name"] for tag in tags]


# --- what they do ---------------------------------------------------------------------------------


def test_a_tag_is_made_and_can_be_put_on_threads_at_once(
    world: World, acme: Organization, boss: User, ann: User, carl: User, sales: Group
) -> None:
    started = carl.call("start_chat")
    talk = {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}

    with world.capture_pushes() as heard:
        assert boss.call("create_tag", name=" vip ", group_ids=[0, sales.number, 0]) == {}

    (listed,) = boss.call("list_tags")
    assert heard.to(ann) == [("tag_created", listed)]
    created_at = listed.pop("created_at")
    assert (len(created_at), created_at[-1]) == (27, "Z")
    assert listed == {"name": "vip", "group_ids": [0, sales.number], "author_id": boss.id}
    assert ann.call("tag_thread", **talk, tag="vip") == {}


def test_a_tag_may_be_of_no_group_and_then_goes_on_no_thread(
    world: World, boss: User, ann: User, carl: User
) -> None:
    started = carl.call("start_chat")
    talk = {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}
    boss.call("create_tag", name="later")

    assert ann.refused("tag_thread", **talk, tag="later") == "validation"
    with world.capture_pushes() as heard:
        assert boss.call("update_tag", name="later", group_ids=[0]) == {}

    assert heard.to(ann) == [("tag_updated", {"name": "later", "group_ids": [0]})]
    assert ann.call("tag_thread", **talk, tag="later") == {}


def test_an_update_that_changes_nothing_is_not_told(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    make.tag(acme, "vip", [0])

    with world.nothing_changes():
        assert boss.call("update_tag", name="vip", group_ids=[0]) == {}
        assert boss.call("update_tag", name="vip") == {}


def test_a_deleted_tag_is_told_and_gone(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    make.tag(acme, "vip")

    with world.capture_pushes() as heard:
        assert boss.call("delete_tag", name="vip") == {}

    assert heard.to(ann) == [("tag_deleted", {"name": "vip"})]
    assert boss.call("list_tags") == []


def test_tags_are_listed_by_groups(
    acme: Organization, boss: User, sales: Group, support: Group
) -> None:
    make.tag(acme, "general", [0])
    make.tag(acme, "deal", [sales.number])
    make.tag(acme, "bug", [support.number, sales.number])
    make.tag(acme, "none", [])

    def of(*numbers: int) -> list[str]:
        return names(boss.call("list_tags", filters={"group_ids": list(numbers)}))

    assert names(boss.call("list_tags")) == ["general", "deal", "bug", "none"]
    assert of() == ["general", "deal", "bug", "none"]
    assert of(sales.number) == ["deal", "bug"]
    assert of(0, support.number) == ["general", "bug"]
    assert of(77) == []


def test_who_may_list_a_tag_hears_of_it(
    world: World, acme: Organization, boss: User, sales: Group, support: Group
) -> None:
    world.agent(acme, "watcher", role="administrator", online=True, accepting=False)
    for name, group in (("sue", sales), ("tom", support)):
        world.agent(acme, name, groups=[group], online=True, accepting=False)

    def who_hears(action: str, **payload: Any) -> list[str]:
        with world.capture_pushes() as heard:
            boss.call(action, **payload)
        return sorted(heard.names)

    assert who_hears("create_tag", name="deal", group_ids=[sales.number]) == ["sue", "watcher"]
    moved = who_hears("update_tag", name="deal", group_ids=[support.number])
    assert moved == ["sue", "tom", "watcher"]
    assert who_hears("update_tag", name="deal", group_ids=[]) == ["tom", "watcher"]
    assert who_hears("delete_tag", name="deal") == ["watcher"]
    assert who_hears("create_tag", name="vip", group_ids=[0]) == ["sue", "tom", "watcher"]


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"), [("vip", "VIP"), ("Ärger", "äRGER"), ("straße", "STRASSE")]
)
def test_a_name_that_is_known_is_known_in_any_case(boss: User, first: str, second: str) -> None:
    boss.call("create_tag", name=first)

    assert boss.refused("create_tag", name=second) == "already_exists"


def test_letters_only_some_databases_take_for_the_same_are_no_fault(boss: User) -> None:
    boss.call("create_tag", name="i")

    response = boss.http("create_tag", orjson.dumps({"name": "İ"}))

    assert response.status_code in (200, 409)


def test_a_tag_is_changed_by_its_exact_name(acme: Organization, boss: User) -> None:
    make.tag(acme, "VIP")

    assert boss.refused("update_tag", name="vip", group_ids=[0]) == "not_found"
    assert boss.refused("delete_tag", name="vip") == "not_found"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 256},
        {"name": 5},
        {"name": "a", "group_ids": None},
        {"name": "a", "group_ids": [-1]},
        {"name": "a", "group_ids": ["0"]},
        {"name": "a", "group_ids": [0] * 501},
    ],
    ids=lambda payload: str(payload)[:40],
)
def test_an_impossible_tag_is_refused(boss: User, payload: dict[str, Any]) -> None:
    assert boss.refused("create_tag", **payload) == "validation"


def test_groups_that_are_not_there_have_no_tags(acme: Organization, boss: User) -> None:
    make.tag(acme, "vip")
    for _ in range(2):
        theirs = make.group(make.organization("Other"))

    assert boss.refused("create_tag", name="x", group_ids=[0, 77]) == "group_not_found"
    assert boss.refused("create_tag", name="x", group_ids=[theirs.number]) == "group_not_found"
    assert boss.refused("update_tag", name="vip", group_ids=[77]) == "group_not_found"


def test_a_licence_has_so_many_tags(acme: Organization, boss: User) -> None:
    acme.properties = {"limits": {"tags.base": 1, "tags.additional": 1}}
    acme.save()
    for name in ("first", "second"):
        boss.call("create_tag", name=name)

    assert boss.refused("create_tag", name="third") == "limit_reached"


# --- who may --------------------------------------------------------------------------------------


def test_with_the_scope_for_groups_one_manages_tags_of_ones_own(
    world: World, acme: Organization, sales: Group, support: Group
) -> None:
    make.tag(acme, "bug", [support.number])
    make.tag(acme, "both", [sales.number, support.number])
    make.tag(acme, "none", [])
    sue = warden(world, acme, "tags--groups:rw", sales)

    assert sue.call("create_tag", name="deal", group_ids=[sales.number, 0]) == {}
    assert sue.call("update_tag", name="deal", group_ids=[sales.number]) == {}
    for groups in ([support.number], [sales.number, support.number], []):
        assert sue.refused("create_tag", name="x", group_ids=groups) == "authorization"
        assert sue.refused("update_tag", name="deal", group_ids=groups) == "authorization"
    for name in ("bug", "both", "none"):
        assert sue.refused("update_tag", name=name, group_ids=[sales.number]) == "authorization"
        assert sue.refused("delete_tag", name=name) == "authorization"
    assert names(sue.call("list_tags")) == ["both", "deal"]
    assert sue.call("list_tags", filters={"group_ids": [support.number]})[0]["name"] == "both"
    assert sue.call("delete_tag", name="deal") == {}


def test_a_normal_agent_sees_the_tags_of_their_groups(
    world: World, acme: Organization, sales: Group, support: Group
) -> None:
    make.tag(acme, "general", [0])
    make.tag(acme, "deal", [sales.number])
    make.tag(acme, "bug", [support.number])
    ann = world.agent(acme, "ann", groups=[sales]).configuration

    assert names(ann.call("list_tags")) == ["general", "deal"]
    assert ann.refused("create_tag", name="x", group_ids=[0]) == "authorization"
    assert ann.refused("update_tag", name="deal", group_ids=[0]) == "authorization"
    assert ann.refused("delete_tag", name="deal") == "authorization"


def test_tags_of_others_are_out_of_reach(acme: Organization, boss: User) -> None:
    other = make.organization("Other")
    make.tag(other, "theirs")

    assert boss.call("list_tags") == []
    assert boss.refused("update_tag", name="theirs", group_ids=[0]) == "not_found"
    assert boss.refused("delete_tag", name="theirs") == "not_found"
    assert Tag.objects.get(organization=other).name == "theirs"


@pytest.mark.parametrize("action", ["create_tag", "update_tag", "delete_tag", "list_tags"])
def test_3_4_knows_no_tags(boss: User, action: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        boss.web(action, {"name": "vip"}, version="3.4")
