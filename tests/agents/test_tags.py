"""Tags: which there are, and on which threads."""

import pytest

from chatplatform.errors import AlreadyExists, GroupNotFound, LimitReached, NotFound, Validation
from chatplatform.models import Organization, Tag, Thread
from chatplatform.requester import AgentRequester
from chatplatform.services import tags
from tests import make
from tests.world import User, World


@pytest.fixture
def author(acme: Organization) -> AgentRequester:
    """Whoever manages tags."""
    found = make.requester(make.agent(acme, "administrator", email="boss@example.com"))
    assert isinstance(found, AgentRequester)
    return found


@pytest.fixture
def talk(ann: User, carl: User) -> dict[str, str]:
    """Ids of the chat and thread Ann and Carl talk in."""
    started = carl.call("start_chat")
    return {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}


def tags_of(thread_id: str) -> list[str]:
    found: list[str] = Thread.objects.get(id=thread_id).tags
    return found


# --- on threads ---------------------------------------------------------------------------------


def test_tagging_a_thread_tells_those_who_follow_the_chat(
    world: World, acme: Organization, ann: User, bob: User, carl: User, talk: dict[str, str]
) -> None:
    make.tag(acme, "vip")

    with world.capture_pushes() as heard:
        assert ann.call("tag_thread", **talk, tag="vip") == {}

    assert heard.to(ann) == [("thread_tagged", {**talk, "tag": "vip"})]
    assert heard.to(bob) == heard.to(carl) == []
    assert ann.call("get_chat", chat_id=talk["chat_id"])["thread"]["tags"] == ["vip"]


def test_taking_a_tag_off_tells_too(
    world: World, acme: Organization, ann: User, bob: User, talk: dict[str, str]
) -> None:
    for name in ("bug", "vip"):
        make.tag(acme, name)
        ann.call("tag_thread", **talk, tag=name)

    with world.capture_pushes() as heard:
        assert ann.call("untag_thread", **talk, tag="bug") == {}

    assert heard.to(ann) == [("thread_untagged", {**talk, "tag": "bug"})]
    assert heard.to(bob) == []
    assert tags_of(talk["thread_id"]) == ["vip"]


def test_closed_threads_can_be_tagged(
    acme: Organization, ann: User, carl: User, talk: dict[str, str]
) -> None:
    make.tag(acme, "vip")
    carl.call("deactivate_chat", id=talk["chat_id"])
    newer = carl.call("resume_chat", chat={"id": talk["chat_id"]})

    ann.call("tag_thread", **talk, tag="vip")

    assert tags_of(talk["thread_id"]) == ["vip"]
    assert tags_of(newer["thread_id"]) == []


def test_a_tag_is_known_by_its_exact_name(
    acme: Organization, ann: User, talk: dict[str, str]
) -> None:
    make.tag(acme, "VIP")

    assert ann.refused("tag_thread", **talk, tag="vip") == "not_found"
    assert ann.refused("tag_thread", **talk, tag="other") == "not_found"
    assert ann.refused("tag_thread", **talk, tag="") == "validation"


def test_a_thread_is_tagged_once(acme: Organization, ann: User, talk: dict[str, str]) -> None:
    make.tag(acme, "vip")
    ann.call("tag_thread", **talk, tag="vip")

    assert ann.refused("tag_thread", **talk, tag="vip") == "validation"
    assert ann.refused("untag_thread", **talk, tag="bug") == "not_found"


def test_tag_and_thread_share_a_group(
    world: World, acme: Organization, ann: User, talk: dict[str, str]
) -> None:
    sales = make.group(acme, "Sales")
    make.tag(acme, "deal", groups=[sales.number])
    chat = make.chat(make.customer(acme), groups=[sales.number])
    boss = world.agent(acme, "boss", role="administrator")

    assert ann.refused("tag_thread", **talk, tag="deal") == "validation"
    boss.call("tag_thread", chat_id=chat.id, thread_id=chat.last_thread_id, tag="deal")

    assert tags_of(chat.last_thread_id) == ["deal"]


def test_only_threads_one_has_access_to_can_be_tagged(
    acme: Organization, ann: User, talk: dict[str, str]
) -> None:
    sales = make.group(acme, "Sales")
    make.tag(acme, "vip")
    chat = make.chat(make.customer(acme), groups=[sales.number])
    hidden = {"chat_id": chat.id, "thread_id": chat.last_thread_id}

    for action in ("tag_thread", "untag_thread"):
        assert ann.refused(action, **hidden, tag="vip") == "authorization"
        crossed = {**talk, "thread_id": chat.last_thread_id}
        assert ann.refused(action, **crossed, tag="vip") == "not_found"
        unknown = {"chat_id": "NOSUCHCHAT", "thread_id": talk["thread_id"]}
        assert ann.refused(action, **unknown, tag="vip") == "not_found"


def test_a_thread_keeps_a_tag_that_is_no_more(
    acme: Organization, author: AgentRequester, ann: User, talk: dict[str, str]
) -> None:
    make.tag(acme, "vip")
    ann.call("tag_thread", **talk, tag="vip")
    tags.delete_tag(author, "vip")

    assert tags_of(talk["thread_id"]) == ["vip"]
    ann.call("untag_thread", **talk, tag="vip")

    assert tags_of(talk["thread_id"]) == []
    assert ann.refused("tag_thread", **talk, tag="vip") == "not_found"


# --- which there are ------------------------------------------------------------------------------


def test_making_a_tag_tells_every_agent(
    world: World, acme: Organization, author: AgentRequester, ann: User, carl: User
) -> None:
    with world.capture_pushes() as heard:
        tag = world.act(lambda: tags.create_tag(author, " vip ", [0]))

    told = heard.payload(ann, "tag_created")
    assert told.pop("created_at").endswith("Z")
    assert told == {"name": "vip", "group_ids": [0], "author_id": "boss@example.com"}
    assert heard.to(carl) == []
    assert (tag.name, tag.group_ids) == ("vip", [0])


def test_changing_and_deleting_a_tag_tell_the_agents_of_its_groups(
    world: World, acme: Organization, author: AgentRequester, ann: User
) -> None:
    sales = make.group(acme, "Sales")
    make.tag(acme, "vip")

    with world.capture_pushes() as heard:
        world.act(lambda: tags.update_tag(author, "vip", [0, sales.number]))
        world.act(lambda: tags.delete_tag(author, "vip"))

    assert heard.to(ann) == [
        ("tag_updated", {"name": "vip", "group_ids": [0, sales.number]}),
        ("tag_deleted", {"name": "vip"}),
    ]
    assert not Tag.objects.exists()


def test_clients_of_3_4_do_not_hear_of_tags(
    world: World, acme: Organization, author: AgentRequester
) -> None:
    old = world.agent(acme, "old", version="3.4", online=True)
    new = world.agent(acme, "new", version="3.5", online=True)

    with world.capture_pushes() as heard:
        world.act(lambda: tags.create_tag(author, "vip", [0]))

    assert heard.to(old) == []
    assert [name for name, _ in heard.to(new)] == ["tag_created"]


def test_names_differ_by_more_than_case(acme: Organization, author: AgentRequester) -> None:
    make.tag(acme, "Ärger")
    make.tag(make.organization("Other"), "vip")

    with pytest.raises(AlreadyExists):
        tags.create_tag(author, "äRGER", [0])
    tags.create_tag(author, "vip", [0])
    with pytest.raises(AlreadyExists):
        tags.create_tag(author, "VIP", [0])
    for change in (
        lambda: tags.update_tag(author, "VIP", [0]),
        lambda: tags.delete_tag(author, "VIP"),
    ):
        with pytest.raises(NotFound):
            change()


@pytest.mark.parametrize("name", ["", "  ", "x" * 256])
def test_a_tag_has_a_name(author: AgentRequester, name: str) -> None:
    with pytest.raises(Validation):
        tags.create_tag(author, name, [0])


def test_a_tag_belongs_to_groups_that_are_there(acme: Organization, author: AgentRequester) -> None:
    with pytest.raises(GroupNotFound):
        tags.create_tag(author, "vip", [0, 7])
    assert not Tag.objects.exists()


def test_there_are_as_many_tags_as_the_licence_allows(
    acme: Organization, author: AgentRequester
) -> None:
    acme.properties = {"limits": {"tags.base": 1}}
    acme.save()
    make.tag(acme, "vip")

    with pytest.raises(LimitReached):
        tags.create_tag(author, "bug", [0])
    assert Tag.objects.count() == 1
