"""Organisations: made by whoever runs the platform, described by those who own one."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from chatplatform.models import Account, Agent, Organization
from chatplatform.models.people import StaffMail
from chatplatform.selectors import plans
from tests import make
from tests.admin.conftest import Visitor, errors, said

LIST = "chatplatform/organization/"
ADD = f"{LIST}add/"
NEW = {"name": "Globex", "owner_email": "hank@globex.example", "owner_name": "Hank Scorpio"}


class TestMakingOne:
    def test_its_owner_is_invited_and_one_works_in_it(
        self, superuser: Visitor, logged: Callable[..., Any]
    ):
        response = superuser.post(ADD, **NEW)

        assert response.status_code == 302
        made = Organization.objects.get(name="Globex")
        owner = Agent.objects.get(organization=made)
        account = make.account(owner)
        assert (owner.public_id, owner.role) == ("hank@globex.example", "owner")
        assert not account.has_usable_password()
        assert StaffMail.objects.filter(account=account, kind="invitation").count() == 1
        assert superuser.get("").context["looked_at"] == made
        first = logged(made)[0]
        assert (first["action"], first["user_id"], first["door"]) == (
            "create_organization",
            "root@example.com",
            "admin",
        )

    def test_an_address_that_is_taken_makes_nothing(self, superuser: Visitor, acme: Organization):
        make.agent(acme, email="hank@globex.example")

        response = superuser.post(ADD, **NEW)

        assert response.status_code == 200
        assert "__all__" in errors(response)
        assert list(Organization.objects.all()) == [acme]
        assert superuser.get("").context["looked_at"] is None

    @pytest.mark.parametrize("missing", ["name", "owner_email", "owner_name"])
    def test_each_field_is_needed(self, superuser: Visitor, missing: str):
        response = superuser.post(ADD, **{**NEW, missing: ""})

        assert list(errors(response)) == [missing]
        assert not Organization.objects.exists()

    @pytest.mark.parametrize("role", ["owner", "viceowner", "administrator"])
    def test_nobody_else_may(self, role: str, acme: Organization, visitor: Callable[..., Visitor]):
        someone = visitor(acme, role)

        assert someone.post(ADD, **NEW).status_code == 403
        assert someone.get(LIST).status_code == 403
        assert list(Organization.objects.all()) == [acme]


def test_all_are_listed_and_found_by_name_and_number(superuser: Visitor, acme: Organization):
    globex = make.organization("Globex")

    def found(**asked: Any) -> list[Organization]:
        return list(superuser.get(LIST, **asked).context["cl"].result_list)

    assert found() == [acme, globex]
    assert found(q="glob") == [globex]
    assert found(q=str(acme.license_id)) == [acme]


def test_none_is_removed(superuser: Visitor, acme: Organization):
    assert superuser.post(f"{LIST}{acme.pk}/delete/", post="yes").status_code == 403
    assert Organization.objects.filter(pk=acme.pk).exists()


class TestRenaming:
    def test_a_superuser_does_it_for_any(
        self, superuser: Visitor, acme: Organization, logged: Callable[..., Any]
    ):
        response = superuser.post(f"{LIST}{acme.pk}/change/", name="  Globex ")

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.name == "Globex"
        assert renamed(logged(acme)) == [("root@example.com", {"name": "Acme"}, {"name": "Globex"})]

    def test_an_owner_does_it_on_the_organisations_page(
        self, owner: Visitor, acme: Organization, logged: Callable[..., Any]
    ):
        owner.post("company/", name="Globex", company="Acme Corp.")

        acme.refresh_from_db()
        assert acme.name == "Globex"
        who = owner.agent.public_id
        assert renamed(logged(acme)) == [(who, {"name": "Acme"}, {"name": "Globex"})]

    @pytest.mark.parametrize("name", ["", " ", "x" * 181])
    def test_to_what_is_no_name_is_refused(self, name: str, owner: Visitor, acme: Organization):
        response = owner.post("company/", name=name, company="Acme Corp.")

        assert list(errors(response)) == ["name"]
        acme.refresh_from_db()
        assert (acme.name, acme.company_details) == ("Acme", {})

    def test_to_the_same_is_no_change(
        self, owner: Visitor, acme: Organization, logged: Callable[..., Any]
    ):
        owner.post("company/", name="Acme")

        assert renamed(logged(acme)) == []

    @pytest.mark.parametrize("role", ["administrator", "normal"])
    def test_is_for_keepers(self, role: str, acme: Organization, visitor: Callable[..., Visitor]):
        visitor(acme, role).post(f"{LIST}{acme.pk}/change/", name="Evil")

        acme.refresh_from_db()
        assert acme.name == "Acme"


def renamed(entries: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
    """Who gave which names, as the audit log has it."""
    return [
        (entry["user_id"], entry["before"], entry["after"])
        for entry in entries
        if entry["action"] == "rename_organization"
    ]


def test_superusers_are_made_by_command(db: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "keeper-of-the-platform")

    call_command("createsuperuser", interactive=False, email="Root@Example.com", stdout=StringIO())

    made = Account.objects.get()
    assert (made.email, made.is_superuser, made.organization) == ("root@example.com", True, None)
    assert made.check_password("keeper-of-the-platform")


class TestOnesOwn:
    def test_ids_and_use_are_shown(self, owner: Visitor, acme: Organization):
        html = owner.get("company/").content.decode()

        assert str(acme.pk) in html
        assert str(acme.license_id) in html
        assert "1 of 400" in html

    def test_details_are_stored_and_logged(
        self, owner: Visitor, acme: Organization, logged: Callable[..., Any]
    ):
        acme.company_details = {"city": "Springfield", "country": "US"}
        acme.save()

        response = owner.post("company/", name="Acme", company="Acme Corp.", city="", country="US")

        assert response.status_code == 302
        acme.refresh_from_db()
        kept = {name: value for name, value in acme.company_details.items() if value}
        assert kept == {"company": "Acme Corp.", "country": "US"}
        assert "update_company_details" in [entry["action"] for entry in logged(acme)]

    def test_a_detail_that_is_too_long_is_refused(self, owner: Visitor, acme: Organization):
        response = owner.post("company/", name="Acme", city="x" * 256)

        assert list(errors(response)) == ["city"]
        acme.refresh_from_db()
        assert acme.company_details == {}

    def test_a_superuser_has_to_choose_first(self, superuser: Visitor, acme: Organization):
        response = superuser.get("company/")

        assert (response.status_code, response.url) == (302, "/admin/")
        assert said(superuser) == ["Choose an organisation first: this page is about one."]

    def test_what_is_limited_is_counted(self, acme: Organization):
        make.agent(acme)
        make.group(acme)

        found = {use.resource: (use.used, use.limit) for use in plans.in_use(acme.pk, "starter")}

        assert found["agents"] == (1, 400)
        assert found["groups"] == (2, 1)
        assert found["access_rules"] == (0, 0)
