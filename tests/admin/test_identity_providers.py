"""Owners say in the admin how their people sign in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from chatplatform.models import IdentityProvider, Organization
from chatplatform.models.people import AgentRole
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.internet import Internet

pytestmark = pytest.mark.django_db

LIST = "chatplatform/identityprovider/"
ISSUER = "https://login.example.com"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
REQUIRED = {"required": "on", "agreed": "the only way in"}
VALUES = {
    "name": "Acme Login",
    "issuer": "https://login.example.com/",
    "client_id": "chat",
    "client_secret": "planted-secret",
    "enabled": "on",
}


@pytest.fixture(autouse=True)
def answering(internet: Internet) -> Internet:
    """The internet, where the issuer says who it is."""
    internet.put(DISCOVERY, json.dumps({"issuer": ISSUER}))
    return internet


def test_an_owner_adds_one_and_reads_where_it_leads(owner: Visitor, acme: Organization) -> None:
    owner.post(f"{LIST}add/", **VALUES)

    made = IdentityProvider.objects.get(organization=acme)
    assert (made.name, made.issuer, made.client_secret, made.required) == (
        "Acme Login",
        "https://login.example.com",
        "planted-secret",
        False,
    )
    page = owner.get(f"{LIST}{made.pk}/change/").content.decode()
    assert f"http://testserver/account/provider/{made.slug}/callback/" in page
    assert "planted-secret" not in page


def test_addresses_are_those_the_outside_world_knows(
    owner: Visitor, acme: Organization, settings: Any
) -> None:
    owner.post(f"{LIST}add/", **VALUES)
    made = IdentityProvider.objects.get(organization=acme)
    settings.PUBLIC_URL = "https://chat.example"

    page = owner.get(f"{LIST}{made.pk}/change/").content.decode()

    for path in ("", "callback/"):
        assert f">https://chat.example/account/provider/{made.slug}/{path}<" in page


def test_an_empty_secret_keeps_the_one_there_is(owner: Visitor, acme: Organization) -> None:
    owner.post(f"{LIST}add/", **VALUES)
    made = IdentityProvider.objects.get()

    owner.post(f"{LIST}{made.pk}/change/", **{**VALUES, "client_secret": "", **REQUIRED})

    made.refresh_from_db()
    assert (made.client_secret, made.required) == ("planted-secret", True)


@pytest.mark.parametrize("issuer", ["login", "https://[x", "https://login.example.com:x"])
def test_what_is_no_address_is_refused(owner: Visitor, issuer: str) -> None:
    refused = owner.post(f"{LIST}add/", **{**VALUES, "issuer": issuer})
    assert "the issuer is an address" in str(errors(refused))
    assert not IdentityProvider.objects.exists()


def test_each_change_is_logged_without_the_secret(
    owner: Visitor, acme: Organization, logged: Callable[..., list[dict[str, Any]]]
) -> None:
    owner.post(f"{LIST}add/", **VALUES)
    made = IdentityProvider.objects.get()
    owner.post(f"{LIST}{made.pk}/delete/", post="yes")

    entries = [entry for entry in logged(acme) if entry["subject_type"] == "identity_provider"]
    assert [entry["action"] for entry in entries] == [
        "create_identity_provider",
        "delete_identity_provider",
    ]
    assert {entry["door"] for entry in entries} == {"admin"}
    assert "planted-secret" not in str(entries)


@pytest.mark.parametrize(
    ("role", "status"), [(AgentRole.ADMINISTRATOR, 403), (AgentRole.NORMAL, 302)]
)
def test_administrators_do_not_say_who_everybody_is(
    acme: Organization, visitor: Callable[..., Visitor], role: str, status: int
) -> None:
    somebody = visitor(acme, role)
    assert somebody.post(f"{LIST}add/", **VALUES).status_code == status
    refused = somebody.post("people/sign-in/", second_factor_required="on")
    assert refused.status_code == status
    assert not IdentityProvider.objects.exists()
    assert not Organization.objects.get(pk=acme.pk).second_factor_required


def test_an_owner_asks_everybody_for_a_second_factor(owner: Visitor, acme: Organization) -> None:
    owner.post("people/sign-in/", second_factor_required="on")
    assert Organization.objects.get(pk=acme.pk).second_factor_required
    owner.post("people/sign-in/")
    assert not Organization.objects.get(pk=acme.pk).second_factor_required


class TestTheIssuer:
    def test_that_does_not_answer_is_refused(
        self, owner: Visitor, acme: Organization, answering: Internet
    ) -> None:
        del answering.pages[DISCOVERY]

        refused = owner.post(f"{LIST}add/", **VALUES)

        assert errors(refused) == {
            "issuer": [
                f"Nothing usable was answered at {DISCOVERY}, so that nobody could sign in. Check "
                "the address, and that this server reaches it."
            ]
        }
        assert not IdentityProvider.objects.exists()

    @pytest.mark.parametrize("said", ["<html>", "[]", '"x"'])
    def test_that_answers_something_else_is_refused(
        self, owner: Visitor, answering: Internet, said: str
    ) -> None:
        answering.put(DISCOVERY, said)

        assert list(errors(owner.post(f"{LIST}add/", **VALUES))) == ["issuer"]
        assert not IdentityProvider.objects.exists()

    def test_that_names_another_is_refused(self, owner: Visitor, answering: Internet) -> None:
        answering.put(DISCOVERY, json.dumps({"issuer": "https://other.example"}))

        refused = owner.post(f"{LIST}add/", **VALUES)

        assert errors(refused) == {"issuer": ["What answers there says that it is another issuer."]}
        assert not IdentityProvider.objects.exists()

    def test_that_stays_is_not_asked_again(self, owner: Visitor, answering: Internet) -> None:
        owner.post(f"{LIST}add/", **VALUES)
        made = IdentityProvider.objects.get()
        del answering.pages[DISCOVERY]

        owner.post(f"{LIST}{made.pk}/change/", **{**VALUES, "name": "Acme"})

        made.refresh_from_db()
        assert made.name == "Acme"

    @pytest.mark.parametrize(
        "change", [{"issuer": "https://other.example"}, REQUIRED], ids=["another", "only way in"]
    )
    def test_that_silently_changes_or_becomes_required_is_refused(
        self, owner: Visitor, answering: Internet, change: dict[str, str]
    ) -> None:
        owner.post(f"{LIST}add/", **VALUES)
        made = IdentityProvider.objects.get()
        del answering.pages[DISCOVERY]

        refused = owner.post(f"{LIST}{made.pk}/change/", **{**VALUES, **change})

        assert list(errors(refused)) == ["issuer"]
        made.refresh_from_db()
        assert (made.issuer, made.required) == (ISSUER, False)

    @pytest.mark.django_db(transaction=True)
    def test_is_asked_while_nothing_is_locked(
        self, owner: Visitor, answering: Internet, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        within = []
        answer = answering.request

        def asked(*args: Any, **more: Any) -> Any:
            within.append(connection.in_atomic_block)
            return answer(*args, **more)

        monkeypatch.setattr("chatplatform.net.client.request", asked)

        owner.post(f"{LIST}add/", **VALUES)

        assert within == [False]


class TestTheOnlyWayIn:
    def test_is_asked_about_with_how_many_it_concerns(
        self, owner: Visitor, acme: Organization
    ) -> None:
        for role in (AgentRole.NORMAL, AgentRole.ADMINISTRATOR):
            make.account(make.agent(acme, role))

        asked = owner.post(f"{LIST}add/", **VALUES, required="on")

        assert asked.context["question"].consequences[0] == (
            "2 people can not sign in with a password or a passkey any more, only with this "
            "provider."
        )
        assert not IdentityProvider.objects.exists()

    def test_is_made_with_the_agreement(self, owner: Visitor, acme: Organization) -> None:
        owner.post(f"{LIST}add/", **VALUES, **REQUIRED)

        made = IdentityProvider.objects.get(organization=acme)
        assert (made.required, made.client_secret) == (True, "planted-secret")

    def test_is_not_asked_about_again(self, owner: Visitor) -> None:
        owner.post(f"{LIST}add/", **VALUES, **REQUIRED)
        made = IdentityProvider.objects.get()

        owner.post(f"{LIST}{made.pk}/change/", **{**VALUES, "name": "Acme"}, required="on")

        made.refresh_from_db()
        assert (made.name, made.required) == ("Acme", True)
