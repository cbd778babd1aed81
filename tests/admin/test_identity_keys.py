"""Identity keys in the admin: made, shown once, named, removed; and the examples beside them."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.test import Client

from chatplatform import clock
from chatplatform.models import Customer, IdentityKey, Organization
from chatplatform.selectors import organizations
from chatplatform.services import identity_keys
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.admin.conftest import Visitor, errors, shown_secret
from tests.customers.identity import TOKEN, send
from tests.records.planted import tables_with

LIST = "chatplatform/identitykey/"
ADD = f"{LIST}add/"

Logged = Callable[[Organization | None], list[dict[str, object]]]


@pytest.fixture
def key(acme: Organization) -> NewIdentityKey:
    return identity_keys.create_identity_key(acme.pk, "Shop")


def change(key: IdentityKey) -> str:
    return f"{LIST}{key.pk}/change/"


class TestMaking:
    def test_the_secret_is_shown_once(self, owner: Visitor, acme: Organization):
        made = owner.post(ADD, name="Web shop")

        key = IdentityKey.objects.get(organization=acme)
        assert key.name == "Web shop"
        assert key.secret is not None
        assert key.secret not in made.content.decode() + made.url + str(owner.client.cookies)
        assert tables_with(key.secret) == {}
        assert shown_secret(owner, made) == key.secret
        for path in (LIST, change(key), made.url.removeprefix("/admin/")):
            assert key.secret not in owner.get(path).content.decode()

    def test_opening_its_page_again_makes_nothing(self, owner: Visitor, acme: Organization):
        made = owner.post(ADD, name="Web shop")
        secret = shown_secret(owner, made)

        again = owner.client.get(made.url)

        html = again.content.decode()
        assert (again.status_code, again.context["secret"], secret in html) == (200, "", False)
        assert "It was shown once, and can not be shown again." in html
        assert IdentityKey.objects.count() == 1

    def test_it_is_shown_on_its_own_keys_page_alone(
        self, owner: Visitor, key: NewIdentityKey, acme: Organization
    ):
        made = owner.post(ADD, name="Web shop")

        elsewhere = owner.get(f"{LIST}{key.key.pk}/secret/")

        assert elsewhere.context["secret"] == ""
        assert shown_secret(owner, made) == IdentityKey.objects.get(name="Web shop").secret

    def test_asking_what_is_on_the_page_shows_nothing_and_forgets_nothing(
        self, owner: Visitor, acme: Organization
    ):
        made = owner.post(ADD, name="Web shop")

        owner.client.head(made.url)

        assert shown_secret(owner, made) == IdentityKey.objects.get().secret

    def test_it_is_written_down_without_the_secret(
        self, owner: Visitor, acme: Organization, logged: Logged
    ):
        owner.post(ADD, name="Web shop")

        (row,) = [one for one in logged(acme) if one["subject_type"] == "identity_key"]
        public_id = IdentityKey.objects.get().public_id
        assert row == {
            "action": "create_identity_key",
            "subject_type": "identity_key",
            "subject_id": public_id,
            "before": None,
            "after": {"public_id": public_id, "name": "Web shop"},
            "user_id": owner.agent.public_id if owner.agent else "",
            "door": "admin",
        }

    @pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\x00b"])
    def test_it_has_a_name(self, owner: Visitor, acme: Organization, name: str):
        response = owner.post(ADD, name=name)

        assert "name" in errors(response)
        assert not IdentityKey.objects.exists()

    def test_there_are_ten_at_most(self, owner: Visitor, acme: Organization):
        for number in range(10):
            identity_keys.create_identity_key(acme.pk, f"Key {number}")

        response = owner.post(ADD, name="One more")

        assert "at most 10" in errors(response)["__all__"][0]
        assert IdentityKey.objects.count() == 10


class TestKeeping:
    def test_it_may_be_called_otherwise(
        self, owner: Visitor, key: NewIdentityKey, acme: Organization, logged: Logged
    ):
        response = owner.post(change(key.key), name="Web shop")

        assert response.status_code == 302
        found = IdentityKey.objects.get()
        assert (found.name, found.secret) == ("Web shop", key.secret)
        assert [row["action"] for row in logged(acme)][-1] == "update_identity_key"

    @pytest.mark.parametrize("where", ["list", "page"])
    def test_when_it_was_used_last_is_said_by_ones_own_clock(
        self, where: str, owner: Visitor, key: NewIdentityKey
    ):
        at = clock.from_wire("2026-06-15T22:30:00Z")
        IdentityKey.objects.update(last_used_at=at)
        owner.client.cookies["admin-zone"] = "Europe/Warsaw"

        shown = owner.get(LIST if where == "list" else change(key.key)).content.decode()

        assert 'title="2026-06-16 00:30:00 CEST"' in shown

    def test_it_is_removed(
        self, owner: Visitor, key: NewIdentityKey, acme: Organization, logged: Logged
    ):
        asked = owner.get(f"{LIST}{key.key.pk}/delete/").content.decode()
        owner.post(f"{LIST}{key.key.pk}/delete/", post="yes")

        assert "Proofs signed with it are refused from now on." in asked
        assert not IdentityKey.objects.exists()
        assert [row["action"] for row in logged(acme)][-1] == "delete_identity_key"

    def test_another_organisations_are_not_there(
        self, key: NewIdentityKey, visitor: Callable[..., Visitor]
    ):
        stranger = visitor(make.organization("Globex"))

        assert key.key.public_id not in stranger.get(LIST).content.decode()
        for path in (change(key.key), f"{LIST}{key.key.pk}/delete/"):
            assert stranger.get(path).status_code == 302
            assert stranger.post(path, name="Mine", post="yes").status_code == 302
        assert IdentityKey.objects.get().name == "Shop"


def example(owner: Visitor, key: NewIdentityKey, name: str) -> str:
    """Return an example of the key's page, as one copies it."""
    page = owner.get(change(key.key)).content.decode()
    found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


class TestExamples:
    """Each is run as it stands on the page, where its language is at hand."""

    @pytest.mark.parametrize(
        ("name", "program", "call"),
        [
            (
                "py",
                (sys.executable, "-c"),
                '\nprint(identity_proof("user-1", "Kim", "kim@example.com", True))',
            ),
            (
                "js",
                ("node", "-e"),
                '\nconsole.log(identityProof("user-1", '
                '{ name: "Kim", email: "kim@example.com", emailVerified: true }));',
            ),
        ],
    )
    def test_what_it_signs_is_redeemed(
        self,
        owner: Visitor,
        acme: Organization,
        key: NewIdentityKey,
        name: str,
        program: tuple[str, str],
        call: str,
    ):
        assert shutil.which(program[0])
        code = example(owner, key, name) + call
        signed = subprocess.run(
            [*program, code],
            env={**os.environ, "CHAT_IDENTITY_SECRET": key.secret},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

        response = send(
            Client(),
            TOKEN,
            {
                "grant_type": "identity_proof",
                "client_id": organizations.widget_client_id(acme),
                "organization_id": str(acme.pk),
                "proof": signed,
            },
        )

        assert response.status_code == 200, response.content
        customer = Customer.objects.get(pk=response.json()["entity_id"])
        assert (customer.name, customer.email, customer.email_verified) == (
            "Kim",
            "kim@example.com",
            True,
        )

    @pytest.mark.parametrize("name", ["php", "rb"])
    def test_others_name_the_key_and_the_organisation(
        self, owner: Visitor, acme: Organization, key: NewIdentityKey, name: str
    ):
        code = example(owner, key, name)

        assert key.key.public_id in code
        assert str(acme.pk) in code

    def test_the_page_is_told_where_the_widget_is(
        self, owner: Visitor, acme: Organization, key: NewIdentityKey
    ):
        code = example(owner, key, "page")

        assert f'src="http://testserver/widget.js" data-organization-id="{acme.pk}"' in code
        assert "window.__lc.identity_proof" in code
        assert key.secret not in code
