"""``manage.py demo``: what it prints works, and printing it again changes nothing."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command

from chatplatform import clock
from chatplatform.errors import Authentication
from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Group,
    Organization,
    PersonalAccessToken,
)
from chatplatform.scopes import ALL, allowed
from chatplatform.services import agent_tokens, authentication, bots
from tests import make

pytestmark = pytest.mark.django_db

COUNTED = (Organization, Account, Agent, Group, Application, AccessToken, PersonalAccessToken)


def demo(*options: str) -> dict[str, Any]:
    output = StringIO()
    call_command("demo", "--json", *options, stdout=output)
    printed: dict[str, Any] = json.loads(output.getvalue())
    return printed


def rows() -> list[int]:
    return [model._default_manager.count() for model in COUNTED]


def test_prints_exactly_the_agreed_object():
    printed = demo()

    assert list(printed) == [
        "license_id",
        "organization_id",
        "client_id",
        "client_secret",
        "agents",
        "bots",
        "groups",
    ]
    assert [list(agent) for agent in printed["agents"]] == 3 * [
        ["id", "account_id", "password", "role", "pat", "access_token"]
    ]
    assert [agent["role"] for agent in printed["agents"]] == ["owner", "normal", "normal"]
    assert [list(bot) for bot in printed["bots"]] == [["id", "secret"]]
    assert printed["groups"] == [
        {"id": 0, "name": "General"},
        {"id": 1, "name": "Sales"},
        {"id": 2, "name": "Support"},
    ]
    organization = Organization.objects.get(name="Demo")
    assert printed["license_id"] == organization.license_id
    assert printed["organization_id"] == str(organization.pk)


def test_every_credential_works():
    assert_everything_works(demo())


def assert_everything_works(printed: dict[str, Any]) -> None:
    application = Application.objects.get(client_id=printed["client_id"])
    assert check_password(printed["client_secret"], application.client_secret)
    for agent in printed["agents"]:
        account = authenticate(username=agent["id"], password=agent["password"])
        assert str(account.pk) == agent["account_id"]
        seat = Agent.objects.get(public_id=agent["id"])
        by_bearer = authentication.authenticate_agent(f"Bearer {agent['access_token']}")
        by_basic = authentication.authenticate_agent(make.basic(seat, agent["pat"]))
        assert by_bearer.client_id == printed["client_id"]
        assert by_bearer.agent_id == by_basic.agent_id == seat.pk
        assert by_bearer.scopes == by_basic.scopes >= allowed(agent["role"])
    organization_id = UUID(printed["organization_id"])
    for bot in printed["bots"]:
        issued = bots.issue_token(organization_id, bot["id"], printed["client_id"], bot["secret"])
        assert authentication.authenticate_agent(f"Bearer {issued.token}").public_id == bot["id"]


def test_its_agents_accept_chats_once_they_sign_in():
    demo()

    people = Agent.objects.filter(kind=Agent.Kind.HUMAN)
    statuses = people.values_list("login_status", flat=True)
    assert list(statuses) == 3 * ["accepting_chats"]


def test_a_second_run_prints_the_same_and_stores_nothing():
    first = demo()
    before = rows()

    assert demo() == first
    assert rows() == before


def test_its_application_may_ask_for_everything_from_a_developers_machine():
    demo()

    application = Application.objects.get(name="Demo integration")
    assert set(application.scopes) == ALL
    assert "http://localhost:3000" in application.redirect_uris.split()


def test_an_application_of_an_older_version_gets_what_it_lacks():
    demo()
    Application.objects.filter(name="Demo integration").update(scopes=[], redirect_uris="")

    demo()

    application = Application.objects.get(name="Demo integration")
    assert set(application.scopes) == ALL
    assert application.redirect_uris.split()[0] == "http://localhost:3000"


def test_what_was_changed_about_its_application_stays():
    demo()
    Application.objects.filter(name="Demo integration").update(scopes=["customers:ro"])

    demo()

    assert Application.objects.get(name="Demo integration").scopes == ["customers:ro"]


def test_an_access_token_with_less_than_an_hour_left_is_replaced():
    first = demo()

    with time_machine.travel(clock.now() + timedelta(hours=7, seconds=1)):
        second = demo()

        for old, new in zip(first["agents"], second["agents"], strict=True):
            assert new["access_token"] != old["access_token"]
            expires_at = authentication.authenticate_agent(
                f"Bearer {new['access_token']}"
            ).expires_at
            assert expires_at is not None
            assert expires_at >= clock.now() + timedelta(hours=1)
            assert {**new, "access_token": ""} == {**old, "access_token": ""}


def test_what_was_revoked_is_replaced_and_stays_revoked():
    owner = demo()["agents"][0]
    agent_tokens.revoke_access_token(owner["access_token"])
    make.revoke_pat(owner["pat"])

    again = demo()["agents"][0]

    seat = Agent.objects.get(public_id=owner["id"])
    assert again["access_token"] != owner["access_token"]
    assert again["pat"] != owner["pat"]
    authentication.authenticate_agent(f"Bearer {again['access_token']}")
    authentication.authenticate_agent(make.basic(seat, again["pat"]))
    with pytest.raises(Authentication):
        authentication.authenticate_agent(f"Bearer {owner['access_token']}")
    with pytest.raises(Authentication):
        authentication.authenticate_agent(make.basic(seat, owner["pat"]))


def test_a_changed_password_or_client_secret_is_set_back_to_what_is_printed():
    printed = demo()
    account = Account.objects.get(email=printed["agents"][0]["id"])
    account.set_password("something else entirely")
    account.save()
    Application.objects.filter(client_id=printed["client_id"]).update(client_secret="changed")

    assert demo() == printed
    assert_everything_works(printed)


def test_a_changed_bot_secret_is_set_back_and_a_deleted_bot_stays_away():
    printed = demo()
    (bot,) = printed["bots"]
    organization_id = UUID(printed["organization_id"])
    bots.reset_secret(organization_id, bot["id"])

    assert demo() == printed
    assert_everything_works(printed)

    bots.delete_bot(organization_id, bot["id"])
    assert demo()["bots"] == []


def test_another_organisation_is_separate():
    first = demo()

    second = demo("--organization", "Ünïcode & Sons")

    assert second["organization_id"] != first["organization_id"]
    assert second["license_id"] != first["license_id"]
    assert second["client_id"] != first["client_id"]
    secrets = [
        {agent[field] for agent in printed["agents"] for field in agent if field != "role"}
        for printed in (first, second)
    ]
    assert secrets[0].isdisjoint(secrets[1])
    assert demo("--organization", "Ünïcode & Sons") == second
    assert demo() == first


def test_organisations_whose_names_look_alike_are_separate():
    names = ["Acme", "acme", "Acme!", "Дом", "家"]

    ids = {demo("--organization", name)["organization_id"] for name in names}

    assert len(ids) == len(names)


def test_somebody_elses_organisation_of_the_same_name_is_left_alone():
    foreign = make.organization("Demo")

    printed = demo()

    assert printed["organization_id"] != str(foreign.pk)
    assert not foreign.agents.exists()


@pytest.mark.parametrize("name", ["", "x" * 181, "two\nlines"])
def test_a_name_no_organisation_can_have_is_refused(name: str):
    with pytest.raises(CommandError):
        demo("--organization", name)

    assert rows() == 7 * [0]


def test_without_json_it_shows_addresses_and_credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "9001")
    printed = demo()
    output = StringIO()

    call_command("demo", stdout=output)

    shown = output.getvalue()
    assert "http://localhost:9001/demo/" in shown
    assert "http://localhost:9001/workspace/" in shown
    for agent in printed["agents"]:
        assert agent["id"] in shown
        assert agent["password"] in shown
        assert agent["pat"] not in shown
