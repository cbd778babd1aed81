"""Agents come and go while others do, and while they are issued tokens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import transaction

from chatplatform.errors import AlreadyExists, Authentication, LimitReached
from chatplatform.models import AccessToken, Account, Agent, Application, Organization
from chatplatform.services import agent_tokens, agents
from tests import make
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bob(acme: Organization) -> Agent:
    """Return an agent."""
    return make.agent(acme)


def while_it_lasts(first: Callable[[], object], then: Callable[[], object]) -> object:
    """Do ``then`` while what ``first`` did is not committed yet; return what came of it."""
    begun = threading.Event()

    def do_first() -> None:
        with transaction.atomic():
            first()
            begun.set()
            time.sleep(0.3)

    def do_then() -> object:
        begun.wait()
        return then()

    return at_once(do_first, do_then)[1]


def test_an_agent_goes_who_is_just_issued_a_token(
    acme: Organization, shop: Application, bob: Agent
) -> None:
    while_it_lasts(
        lambda: agent_tokens.issue_access_token(make.account(bob), shop, ["chats--my:ro"]),
        lambda: agents.delete_agent(acme.pk, bob.public_id),
    )

    assert not Account.objects.filter(email=bob.public_id).exists()
    assert AccessToken.objects.count() == 0


def test_an_agent_who_is_just_going_is_issued_none(
    acme: Organization, shop: Application, bob: Agent
) -> None:
    account = make.account(bob)

    def issue() -> str:
        try:
            return agent_tokens.issue_access_token(account, shop, ["chats--my:ro"]).token
        except Authentication as error:
            return error.type

    came = while_it_lasts(lambda: agents.delete_agent(acme.pk, bob.public_id), issue)

    assert came == "authentication"
    assert AccessToken.objects.count() == 0


def test_a_licence_has_so_many_agents_however_many_are_made_at_once(acme: Organization) -> None:
    Organization.objects.filter(pk=acme.pk).update(properties={"limits": {"agents.base": 3}})

    def make_one(number: int) -> str:
        try:
            return agents.create_agent(acme, f"smith{number}@example.com", "Smith").name
        except LimitReached as error:
            return error.type

    came = at_once(*[lambda number=number: make_one(number) for number in range(6)])

    assert sorted(came) == ["Smith"] * 3 + ["limit_reached"] * 3
    assert Agent.objects.count() == Account.objects.count() == 3


def test_an_address_is_given_once_however_many_ask_at_once(acme: Organization) -> None:
    def make_one(organization: Organization) -> str:
        try:
            return agents.create_agent(organization, "smith@example.com", "Smith").name
        except AlreadyExists as error:
            return error.type

    homes = [acme, *[make.organization(f"Other {number}") for number in range(3)]]
    came = at_once(*[lambda home=home: make_one(home) for home in homes])

    assert sorted(came) == ["Smith", *["already_exists"] * 3]
    assert Agent.objects.count() == 1
