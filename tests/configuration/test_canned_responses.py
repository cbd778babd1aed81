"""Canned responses: kept, listed, and told to exactly who may see them (protocol.md 6.7)."""

import time
from typing import Any

import pytest

from chatplatform.markup import without_markup
from chatplatform.models import CannedResponse, Group, Organization
from chatplatform.services import agents, canned_responses, groups
from tests import make
from tests.world import Refused, User, World

ALL_ACTIONS = (
    "create_canned_response",
    "update_canned_response",
    "delete_canned_response",
    "list_canned_responses",
)


@pytest.fixture
def ann(world: World, acme: Organization, sales: Group) -> User:
    """Return an agent of sales."""
    return world.agent(acme, "ann", groups=[sales], online=True)


@pytest.fixture
def bob(world: World, acme: Organization, sales: Group) -> User:
    """Return a colleague of the same group."""
    return world.agent(acme, "bob", groups=[sales], online=True)


@pytest.fixture
def eve(world: World, acme: Organization, support: Group) -> User:
    """Return a colleague of another group."""
    return world.agent(acme, "eve", groups=[support], online=True)


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator, who is in no group but may do all."""
    return world.agent(acme, "boss", role="administrator", online=True)


@pytest.fixture
def lead(world: World, acme: Organization, sales: Group) -> User:
    """Return an administrator whose token opens only the responses of their groups, sales."""
    scopes = ["canned_responses--groups:rw", "canned_responses_write"]
    return world.agent(
        acme, "lead", role="administrator", groups=[sales], scopes=scopes, online=True
    )


def keep(author: User, group: Group | int, text: str = "Hello!", **more: Any) -> int:
    """Let an agent keep a response and return its id."""
    number = group if isinstance(group, int) else group.number
    given = {"text": text, "tags": ["greeting"], "group_id": number, **more}
    made: int = author.configuration.call("create_canned_response", **given)["id"]
    return made


def change(editor: User, response_id: int, **values: Any) -> None:
    assert editor.configuration.call("update_canned_response", id=response_id, **values) == {}


def delete(editor: User, response_id: int) -> None:
    assert editor.configuration.call("delete_canned_response", id=response_id) == {}


def listed(reader: User, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reader.configuration.call("list_canned_responses", **asked)[
        "canned_responses"
    ]
    return found


def ids(reader: User, **asked: Any) -> list[int]:
    """Return the ids of the responses somebody is listed."""
    return [response["id"] for response in listed(reader, **asked)]


# --- create_canned_response -------------------------------------------------------------------


def test_a_response_is_kept_as_it_was_given(sales: Group, ann: User) -> None:
    made = keep(ann, sales, "Thank you & goodbye!", tags=["thanks", "bye"])

    (response,) = listed(ann)

    assert response == {
        "id": made,
        "text": "Thank you & goodbye!",
        "tags": ["thanks", "bye"],
        "group_id": sales.number,
        "is_private": False,
        "author_id": ann.id,
        "created_at": response["created_at"],
        "updated_at": response["created_at"],
    }


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Hello\n", "Hello"),
        ("<p>Tom &amp; <b>Jerry</b></p>", "Tom &amp; Jerry"),
        ("a < b && c > d, 1<2", "a < b && c > d, 1<2"),
        ("https://shop.example/?a=1&copy=2", "https://shop.example/?a=1&copy=2"),
        ("Hi<script>alert(1)</script><!-- x -->", "Hi"),
        ("Hi <<b>script>alert(1)</script>", "Hi"),
        ("Hi <img src=x onerror=alert(1) ", "Hi img src=x onerror=alert(1)"),
        ("Hi <![if !mso]>you<![endif]>", "Hi you"),
        ("Hi <![>you<![x]>", "Hi you"),
        ("Hi <![CDATA[x > y]]>", "Hi  y]]>"),
    ],
    ids=[
        "blanks",
        "tags",
        "comparison",
        "link",
        "script",
        "nested",
        "unfinished",
        "sections",
        "sections of no name",
        "sections that end for browsers",
    ],
)
def test_markup_is_taken_out(sales: Group, ann: User, given: str, kept: str) -> None:
    made = keep(ann, sales, given)

    assert CannedResponse.objects.get(pk=made).text == kept


def test_taking_markup_out_ends_whatever_is_given() -> None:
    assert "<" not in without_markup("<" * 5_000 + "b>" * 5_000)


@pytest.mark.parametrize("part", ["<", "<a ", "<a b='", "<!--", "</a "])
def test_taking_markup_out_takes_no_time(part: str) -> None:
    """Whoever may keep a response would otherwise keep a whole process busy."""
    longest = part * (canned_responses.TEXT_LENGTH // len(part))
    began = time.process_time()

    without_markup(longest)

    assert time.process_time() - began < 0.2


def test_a_groups_agents_and_who_may_see_all_are_told(
    world: World, sales: Group, ann: User, bob: User, eve: User, boss: User, lead: User
) -> None:
    with world.capture_pushes() as pushes:
        made = keep(ann, sales)

    told = pushes.payload(bob, "canned_response_created")
    assert told == {
        "id": made,
        "created_at": told["created_at"],
        "updated_at": told["created_at"],
        "text": "Hello!",
        "tags": ["greeting"],
        "group_id": sales.number,
        "is_private": False,
        "author_id": ann.id,
    }
    told_to = ("ann", "bob", "boss", "lead")
    assert pushes.names == {name: ["canned_response_created"] for name in told_to}


def test_a_private_one_is_told_its_author_alone(
    world: World, sales: Group, ann: User, bob: User, boss: User
) -> None:
    with world.capture_pushes() as pushes:
        keep(ann, sales, is_private=True)

    assert pushes.names == {"ann": ["canned_response_created"]}


def test_the_scope_for_all_chats_opens_no_responses(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    scopes = ["chats--all:ro", "canned_responses--groups:ro"]
    world.agent(acme, "seer", role="administrator", scopes=scopes, online=True)

    with world.capture_pushes() as pushes:
        keep(ann, sales)

    assert pushes.names == {"ann": ["canned_response_created"]}


def test_without_the_scope_one_is_told_nothing_of_responses(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    world.agent(acme, "deaf", groups=[sales], scopes=["chats--access:ro"], online=True)

    with world.capture_pushes() as pushes:
        keep(ann, sales)

    assert pushes.names == {"ann": ["canned_response_created"]}


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
def test_before_3_7_nobody_is_told(
    world: World, acme: Organization, sales: Group, ann: User, version: str
) -> None:
    world.agent(acme, "old", groups=[sales], version=version, online=True)

    with world.capture_pushes() as pushes:
        keep(ann, sales)

    assert pushes.names == {"ann": ["canned_response_created"]}


MALFORMED: list[dict[str, Any]] = [
    {"text": ""},
    {"text": " \n"},
    {"text": "<b></b><script>alert(1)</script>"},
    {"text": "x" * 16_385},
    {"text": 7},
    {"text": "\x00"},
    {"tags": [""]},
    {"tags": ["x" * 129]},
    {"tags": ["x"] * 51},
    {"tags": "greeting"},
    {"group_id": -1},
    {"group_id": "1"},
    {"is_private": "yes"},
]


@pytest.mark.parametrize("values", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_response_is_refused(sales: Group, lead: User, values: dict[str, Any]) -> None:
    made = keep(lead, sales)
    given = {"text": "Hi", "tags": [], "group_id": sales.number, **values}

    assert lead.configuration.refused("create_canned_response", **given) == "validation"
    assert lead.configuration.refused("update_canned_response", id=made, **values) == "validation"


@pytest.mark.parametrize("name", ["text", "tags", "group_id"])
def test_what_is_required_must_be_given(ann: User, name: str) -> None:
    given: dict[str, Any] = {"text": "Hi", "tags": [], "group_id": 0}
    del given[name]

    assert ann.configuration.refused("create_canned_response", **given) == "validation"


def test_one_keeps_responses_for_ones_own_groups(
    ann: User, lead: User, boss: User, support: Group
) -> None:
    given: dict[str, Any] = {"text": "Hi", "tags": []}

    keep(ann, 0)
    keep(boss, support)
    for agent in (ann, lead):
        of_others = {**given, "group_id": support.number}
        refused = agent.configuration.refused("create_canned_response", **of_others)
        assert refused == "authorization"
    for agent in (ann, boss):
        of_none = {**given, "group_id": 99}
        refused = agent.configuration.refused("create_canned_response", **of_none)
        assert refused == "group_not_found"


def test_there_are_so_many_responses(
    sales: Group, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canned_responses, "MAX_RESPONSES", 1)
    keep(ann, sales)

    refused = ann.configuration.refused("create_canned_response", text="Hi", tags=[], group_id=0)
    assert refused == "limit_reached"


# --- update_canned_response -------------------------------------------------------------------


def test_an_update_changes_what_is_given_and_names_who_did_it(
    world: World, sales: Group, ann: User, bob: User, lead: User, eve: User
) -> None:
    made = keep(ann, sales)
    (before,) = listed(ann)

    with world.capture_pushes() as pushes:
        change(lead, made, text="Hi!<br>")

    (after,) = listed(ann)
    assert after == {
        **before,
        "text": "Hi!",
        "author_id": lead.id,
        "updated_at": after["updated_at"],
    }
    assert after["updated_at"] > before["updated_at"]
    told = {name: value for name, value in after.items() if name != "created_at"}
    assert pushes.to(ann) == pushes.to(bob) == [("canned_response_updated", told)]
    assert pushes.to(eve) == []


def test_who_can_not_see_it_any_more_is_told_that_it_is_gone(
    world: World, sales: Group, ann: User, bob: User, lead: User, boss: User
) -> None:
    made = keep(ann, sales)

    with world.capture_pushes() as pushes:
        change(lead, made, is_private=True)

    gone = ("canned_response_deleted", {"id": made})
    assert pushes.to(ann) == pushes.to(bob) == pushes.to(boss) == [gone]
    assert pushes.names["lead"] == ["canned_response_updated"]
    assert ids(ann, include_private=True) == []
    assert ids(lead, include_private=True) == [made]


def test_a_response_that_goes_to_another_group_is_gone_for_the_former_one(
    world: World,
    acme: Organization,
    sales: Group,
    support: Group,
    ann: User,
    eve: User,
    boss: User,
) -> None:
    world.agent(acme, "both", groups=[sales, support], online=True)
    made = keep(ann, sales)

    with world.capture_pushes() as pushes:
        change(boss, made, group_id=support.number)

    assert pushes.names == {
        "ann": ["canned_response_deleted"],
        "both": ["canned_response_updated"],
        "eve": ["canned_response_updated"],
        "boss": ["canned_response_updated"],
    }
    assert (ids(ann), ids(eve)) == ([], [made])


def test_a_private_one_that_is_shared_stays_with_its_author(
    world: World, sales: Group, bob: User, lead: User
) -> None:
    made = keep(lead, sales, is_private=True)

    with world.capture_pushes() as pushes:
        change(lead, made, is_private=False)

    assert pushes.names == {
        "lead": ["canned_response_updated"],
        "bob": ["canned_response_updated"],
    }


def test_a_private_one_that_an_administrator_changes_stays_its_authors(
    sales: Group, ann: User, boss: User
) -> None:
    made = keep(ann, sales, is_private=True)

    change(boss, made, text="Hi!")

    (response,) = listed(ann, include_private=True)
    assert (response["text"], response["author_id"]) == ("Hi!", ann.id)


def test_a_private_one_that_an_administrator_shares_is_gone_for_its_author_elsewhere(
    world: World, support: Group, sales: Group, ann: User, eve: User, boss: User
) -> None:
    made = keep(ann, sales, is_private=True)

    with world.capture_pushes() as pushes:
        change(boss, made, is_private=False, group_id=support.number)

    assert pushes.names["ann"] == ["canned_response_deleted"]
    assert pushes.names["eve"] == ["canned_response_updated"]


def test_one_changes_only_what_is_of_ones_groups_and_ones_own(
    sales: Group, support: Group, ann: User, eve: User, lead: User
) -> None:
    theirs, private = keep(eve, support), keep(ann, sales, is_private=True)
    ours = keep(ann, sales)

    for action in ("update_canned_response", "delete_canned_response"):
        assert lead.configuration.refused(action, id=theirs) == "authorization"
        assert lead.configuration.refused(action, id=private) == "not_found"
    moved = {"id": ours, "group_id": support.number}
    assert lead.configuration.refused("update_canned_response", **moved) == "authorization"
    nowhere = {"id": ours, "group_id": 99}
    assert lead.configuration.refused("update_canned_response", **nowhere) == "group_not_found"


# --- delete_canned_response -------------------------------------------------------------------


def test_a_deleted_one_is_gone(
    world: World, sales: Group, ann: User, bob: User, eve: User, lead: User
) -> None:
    made = keep(ann, sales)

    with world.capture_pushes() as pushes:
        delete(lead, made)

    gone = [("canned_response_deleted", {"id": made})]
    assert pushes.to(ann) == pushes.to(bob) == pushes.to(lead) == gone
    assert pushes.to(eve) == []
    assert ids(ann) == []


def test_private_ones_go_with_their_author_and_the_groups_stay(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    keep(ann, sales, is_private=True)
    shared = keep(ann, sales)

    world.act(lambda: agents.delete_agent(acme.id, ann.id))

    assert [response.pk for response in CannedResponse.objects.all()] == [shared]


def test_responses_go_with_their_group(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    keep(ann, sales)
    general = keep(ann, 0)

    world.act(lambda: groups.delete_group(acme.id, sales.number))

    assert ids(ann) == [general]


# --- list_canned_responses --------------------------------------------------------------------


def test_one_is_listed_the_shared_ones_of_ones_groups(
    sales: Group, support: Group, ann: User, eve: User, boss: User
) -> None:
    shared, theirs, general = keep(ann, sales), keep(eve, support), keep(eve, 0)
    keep(ann, sales, is_private=True)

    assert ids(ann) == [shared, general]
    assert ids(eve) == [theirs, general]
    assert ids(boss) == [shared, theirs, general]


def test_private_ones_are_listed_to_their_author_who_asks(
    sales: Group, ann: User, bob: User, boss: User
) -> None:
    mine, theirs = (keep(one, sales, is_private=True) for one in (ann, bob))

    assert ids(ann, include_private=True) == [mine]
    assert ids(boss, include_private=True) == []
    assert ids(boss, include_all_private=True) == [mine, theirs]


def test_private_ones_of_a_group_one_has_left_are_still_ones_own(
    world: World, acme: Organization, sales: Group, ann: User
) -> None:
    mine, shared = keep(ann, sales, is_private=True), keep(ann, sales)
    assert ids(ann, include_private=True) == [mine, shared]

    world.act(lambda: groups.update_group(acme.id, sales.number, {"agent_priorities": {}}))

    assert ids(ann, include_private=True) == [mine]


def test_a_list_can_be_of_some_groups(sales: Group, ann: User) -> None:
    shared, mine = keep(ann, sales), keep(ann, sales, is_private=True)
    keep(ann, 0)

    asked = {"group_ids": [sales.number], "include_private": True}
    assert ids(ann, **asked) == [shared, mine]


def test_a_list_comes_in_pages_that_keep_what_was_asked(sales: Group, ann: User) -> None:
    made = [keep(ann, sales, is_private=number == 2) for number in range(3)]
    keep(ann, 0)
    call = ann.configuration.call

    first = call("list_canned_responses", group_ids=[sales.number], include_private=True, limit=2)
    second = call("list_canned_responses", page_id=first["next_page_id"])

    assert [one["id"] for one in first["canned_responses"]] == made[:2]
    assert [one["id"] for one in second["canned_responses"]] == made[2:]
    assert first["found_canned_responses"] == second["found_canned_responses"] == 3
    assert second.keys() == {"canned_responses", "found_canned_responses"}


def test_a_page_of_long_responses_ends_early(acme: Organization, sales: Group, ann: User) -> None:
    first = CannedResponse.objects.get(pk=keep(ann, sales))
    about = {"organization": acme, "group": first.group, "author": first.author}
    moments = {"created_at": first.created_at, "updated_at": first.updated_at}
    long = {"text": "x" * 16_384, "tags": ["t" * 128]}
    rows = [CannedResponse(**about, **moments, **long) for _ in range(600)]
    made = [first.pk, *(one.pk for one in CannedResponse.objects.bulk_create(rows))]

    pages = [ann.configuration.call("list_canned_responses", limit=100_000)]
    while "next_page_id" in pages[-1]:
        page_id = pages[-1]["next_page_id"]
        pages.append(ann.configuration.call("list_canned_responses", page_id=page_id))

    assert [one["id"] for page in pages for one in page["canned_responses"]] == made
    assert [len(page["canned_responses"]) for page in pages] == [256, 255, 90]
    assert [page["found_canned_responses"] for page in pages] == [601] * 3


def test_a_page_holds_a_hundred_unless_asked_otherwise(
    acme: Organization, sales: Group, ann: User
) -> None:
    first = CannedResponse.objects.get(pk=keep(ann, sales))
    about = {"organization": acme, "group": first.group, "author": first.author}
    CannedResponse.objects.bulk_create(
        CannedResponse(**about, text=f"Hello {number}") for number in range(100)
    )

    assert len(ids(ann)) == 100
    assert len(ids(ann, limit=100_000)) == 101


def test_who_may_not_see_is_not_listed(
    acme: Organization, sales: Group, support: Group, ann: User, lead: User
) -> None:
    refused = ann.configuration.refused

    assert refused("list_canned_responses", group_ids=[support.number]) == "authorization"
    assert refused("list_canned_responses", include_all_private=True) == "authorization"
    assert (
        lead.configuration.refused("list_canned_responses", include_all_private=True)
        == "authorization"
    )
    assert refused("list_canned_responses", group_ids=[99]) == "group_not_found"


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 100_001},
        {"limit": "10"},
        {"group_ids": 0},
        {"page_id": "forged"},
    ],
    ids=str,
)
def test_a_list_that_can_not_be_is_refused(ann: User, asked: dict[str, Any]) -> None:
    assert ann.configuration.refused("list_canned_responses", **asked) == "validation"


@pytest.mark.parametrize(
    "beside", [{"limit": 1}, {"group_ids": [0]}, {"include_private": True}], ids=str
)
def test_a_page_id_stands_alone(ann: User, beside: dict[str, Any]) -> None:
    for _ in range(2):
        keep(ann, 0)
    page_id = ann.configuration.call("list_canned_responses", limit=1)["next_page_id"]

    refused = ann.configuration.refused("list_canned_responses", page_id=page_id, **beside)
    assert refused == "validation"


# --- who may ----------------------------------------------------------------------------------


def test_agents_keep_and_read_but_do_not_change(sales: Group, ann: User) -> None:
    made = keep(ann, sales)
    refused = ann.configuration.refused

    assert refused("update_canned_response", id=made, text="Hi") == "authorization"
    assert refused("delete_canned_response", id=made) == "authorization"


@pytest.mark.parametrize("action", ["update_canned_response", "delete_canned_response"])
def test_there_are_no_responses_but_ones_own_organisations(
    world: World, boss: User, action: str
) -> None:
    other = make.organization("Other")
    theirs = keep(world.agent(other, "otto"), 0)

    assert boss.configuration.refused(action, id=theirs) == "not_found"
    assert boss.configuration.refused(action, id=0) == "validation"
    assert boss.configuration.refused(action, id=2**63) == "validation"
    assert boss.configuration.refused(action) == "validation"


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6"])
@pytest.mark.parametrize("action", ALL_ACTIONS)
def test_before_3_7_there_were_no_responses(boss: User, action: str, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        boss.configuration.web(action, {}, version=version)
