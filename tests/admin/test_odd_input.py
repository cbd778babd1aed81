"""What nobody means to send, and names nobody expects, break no page of the admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import models
from django.urls import reverse

from chatplatform.models import Account, Form, Organization, Tag
from tests import make, samples
from tests.admin.conftest import Visitor, errors
from tests.tenants import TABLES, rows_of
from tests.world import World

ENDLESS = "9" * 5000
"""More digits than Python takes for a number."""


class TestAddresses:
    @pytest.mark.parametrize(
        ("page", "query"),
        [
            ("chatplatform/agent/", {"role__exact": "own\0er"}),
            ("chatplatform/propertydefinition/", {"owner": "\0"}),
            ("chatplatform/tag/", {"\0": "1"}),
        ],
    )
    def test_what_no_database_stores_is_not_looked_for(
        self, owner: Visitor, page: str, query: dict[str, str]
    ):
        assert owner.get(page, **query).status_code == 400

    def test_a_key_that_no_database_stores_is_nobodys(self, owner: Visitor):
        assert owner.get("chatplatform/webhook/_00/change/").status_code == 302

    def test_a_group_that_can_not_be_is_not_found(self, owner: Visitor):
        assert owner.get("property-values/", group=ENDLESS).status_code == 404
        assert owner.get("chatplatform/agent/", group=ENDLESS).status_code == 200

    @pytest.mark.parametrize("field", ["since", "until"])
    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_days_at_the_ends_of_the_calendar_are_refused(
        self, owner: Visitor, field: str, day: str
    ):
        response = owner.get("chatplatform/auditentry/", **{field: day})

        assert response.status_code == 200
        assert list(response.context["cl"].form.errors) == [field]
        assert owner.get("chatplatform/auditentry/export.csv", **{field: day}).status_code == 200


class TestForms:
    def test_rows_that_can_not_be_are_not_chosen(self, owner: Visitor, acme: Organization):
        tag = make.tag(acme)

        for key in ("nothing", ENDLESS, "\0"):
            response = owner.post(
                "chatplatform/tag/",
                action="delete_selected",
                _selected_action=[str(tag.pk), key],
                post="yes",
            )
            assert response.status_code == 400

        assert list(Tag.objects.values_list("pk", flat=True)) == [tag.pk]

    def test_a_group_to_choose_that_can_not_be_is_refused_in_words(self, owner: Visitor):
        response = owner.post(
            "chatplatform/form/add/",
            **{
                "group": 0,
                "type": "prechat",
                "fields_asked-TOTAL_FORMS": 1,
                "fields_asked-INITIAL_FORMS": 0,
                "fields_asked-0-type": "group_chooser",
                "fields_asked-0-label": "Whom?",
                "fields_asked-0-options": f"{ENDLESS}: Them",
            },
        )

        assert "its number, a colon" in str(errors(response))
        assert not Form.objects.exists()


# --- names --------------------------------------------------------------------------------------

NAMES = {
    "long": "Donaudampfschifffahrtsgesellschaft" * 6,
    "right-to-left": "\u202eשלום عليكم\u202c",
    "script": "<script>alert('&amp;\"')</script>{{ 7|add:7 }}",
}
NAMED = ("name", "job_title", "description", "text", "public_name")


def rename_everything(organization: Organization, name: str) -> None:
    """Give everything of an organisation that has a name, a title or a text this one."""
    for model in TABLES:
        rows = rows_of(organization).get(model.__name__, ())
        for field in model._meta.fields:
            if field.name not in NAMED or not isinstance(
                field, (models.CharField, models.TextField)
            ):
                continue
            for number, row in enumerate(rows):
                kept = f"{number}{name}"[: min(field.max_length or 180, 180)]
                model._default_manager.filter(pk=row[model._meta.pk.attname]).update(
                    **{field.name: kept}
                )


def pages_of(organization: Organization, group: int) -> Iterator[str]:
    """Yield every list of the admin, and the form of one thing of each."""
    rows = rows_of(organization)
    for model in admin.site._registry:
        at = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{at}_changelist")
        for row in rows[model.__name__][:1]:
            yield reverse(f"{at}_change", args=[quote(row[model._meta.pk.attname])])
            yield reverse(f"{at}_delete", args=[quote(row[model._meta.pk.attname])])
    for name in admin.site.pages:  # type: ignore[attr-defined]
        address = reverse(f"admin:{name}")
        yield f"{address}?group={group}" if name == "group_routing" else address


def test_everything_has_a_name_of_its_own(world: World) -> None:
    scene = samples.scene(world)
    visitor = Visitor(Account.objects.get(email=scene.oona.id))

    for address in pages_of(scene.organization, scene.group.number):
        html = visitor.client.get(address).content.decode()
        assert " object (" not in html, address


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_no_name_breaks_a_page_or_out_of_it(world: World, name: str) -> None:
    scene = samples.scene(world)
    rename_everything(scene.organization, name)
    visitor = Visitor(Account.objects.get(email=scene.oona.id))
    seen: set[str] = set()

    for address in pages_of(scene.organization, scene.group.number):
        response: Any = visitor.client.get(address)
        html = response.content.decode()
        assert response.status_code in (200, 302, 403), address
        assert "<script>alert" not in html, address
        if name[:20] in html or "&lt;script&gt;alert" in html:
            seen.add(address)

    assert len(seen) > 10
