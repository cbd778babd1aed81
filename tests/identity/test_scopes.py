"""Which scopes include which, and what a role may carry (protocol.md 5.5)."""

import itertools

import pytest

from chatplatform import scopes
from chatplatform.models.people import AgentRole


@pytest.mark.parametrize(
    ("carried", "included"),
    [
        ("customers:rw", {"customers:rw", "customers:ro"}),
        ("chats--access:ro", {"chats--access:ro", "chats--my:ro"}),
        (
            "chats--all:rw",
            {
                "chats--all:rw",
                "chats--all:ro",
                "chats--access:rw",
                "chats--access:ro",
                "chats--my:rw",
                "chats--my:ro",
            },
        ),
        ("agents--all:ro", {"agents--all:ro", "agents--my:ro"}),
        (
            "chats.conversation--access:rw",
            {"chats.conversation--access:rw", "chats.conversation--my:rw"},
        ),
        ("customers:own", {"customers:own"}),
        ("no such scope", set()),
    ],
)
def test_a_scope_includes_reading_and_every_narrower_reach(carried: str, included: set[str]):
    assert scopes.expand([carried]) == included


def test_each_role_may_carry_what_the_role_below_it_may():
    ladder = [AgentRole.NORMAL, AgentRole.ADMINISTRATOR, AgentRole.VICEOWNER, AgentRole.OWNER]

    allowed = [scopes.allowed(role) for role in ladder]

    assert all(lower < higher for lower, higher in itertools.pairwise(allowed))
    assert allowed[-1] == scopes.ALL


@pytest.mark.parametrize(
    "scope",
    [
        "chats--all:ro",
        "chats--all:rw",
        "customers:own",
        "agents--all:rw",
        "agents-bot--all:rw",
        "access_rules:ro",
        "webhooks--all:ro",
        "webhooks.state:rw",
        "properties.configuration:rw",
        "tags--all:rw",
        "groups--all:rw",
    ],
)
def test_only_administrators_may_carry(scope: str):
    assert scope not in scopes.allowed(AgentRole.NORMAL)
    assert scope in scopes.allowed(AgentRole.ADMINISTRATOR)


def test_a_token_keeps_the_part_of_its_scopes_that_the_role_still_allows():
    carried = frozenset({"chats--all:rw", "customers:own", "customers:ro"})

    effective = scopes.effective(AgentRole.NORMAL, carried)

    assert effective == {
        "chats--access:rw",
        "chats--access:ro",
        "chats--my:rw",
        "chats--my:ro",
        "customers:ro",
    }


@pytest.mark.parametrize(
    ("carried", "allowed", "common"),
    [
        (["chats--all:rw"], ["chats--access:ro"], ["chats--access:ro"]),
        (["chats--access:ro"], ["chats--all:rw"], ["chats--access:ro"]),
        (["chats--all:ro"], ["chats--access:rw"], ["chats--access:ro"]),
        (["customers:rw"], ["chats--all:rw"], []),
        (["customers:rw", "chats--my:ro"], ["customers:rw"], ["customers:rw"]),
    ],
)
def test_what_is_cut_to_a_limit_includes_what_both_do(
    carried: list[str], allowed: list[str], common: list[str]
):
    found = scopes.cut(carried, allowed)

    assert scopes.expand(found) == scopes.expand(carried) & scopes.expand(allowed)
    assert scopes.expand(found) == scopes.expand(common)
