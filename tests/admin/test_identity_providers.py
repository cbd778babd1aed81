"""Owners say in the admin how their people sign in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.models import IdentityProvider, Organization
from chatplatform.models.people import AgentRole
from tests.admin.conftest import Visitor, errors

pytestmark = pytest.mark.django_db

LIST = "chatplatform/identityprovider/"
VALUES = {
    "name": "Acme Login",
    "issuer": "https://login.example.com/",
    "client_id": "chat",
    "client_secret": "planted-secret",
    "enabled": "on",
}


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

    owner.post(f"{LIST}{made.pk}/change/", **{**VALUES, "client_secret": "", "required": "on"})

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
