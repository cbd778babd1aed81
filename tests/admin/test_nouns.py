"""What every list and form of the admin has in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.core.management import call_command
from django.db.models import Model
from django.urls import reverse
from django.utils.html import strip_tags

from chatplatform.admin.nouns import Noun
from chatplatform.models import Agent, Group, Organization, Tag
from chatplatform.services import bots, identity_keys
from tests import make
from tests.admin.conftest import Visitor, said

NOUNS: dict[str, Any] = {
    model.__name__: noun for model, noun in admin.site._registry.items() if isinstance(noun, Noun)
}
TOO_LARGE = "9" * 23
"""No column of numbers holds it."""
OF_THE_CODE = re.compile(r"^is_|_at$|_count$|_code$|^(agent|author|group|thread)_id$|^ip$")


def at(noun: Noun) -> str:
    """Return where a noun's pages begin, below ``/admin/``."""
    return reverse(noun.changelist_name()).removeprefix("/admin/")


@pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
class TestWhatIsNotThere:
    @pytest.mark.parametrize("page", ["change", "delete", "history"])
    def test_a_key_no_column_holds_is_nobodys(self, noun: Noun, page: str, superuser: Visitor):
        assert superuser.get(f"{at(noun)}{TOO_LARGE}/{page}/").status_code in (302, 403, 404)

    def test_a_choice_no_column_holds_is_refused(self, noun: Noun, superuser: Visitor):
        sent = {"action": "delete_selected", "_selected_action": TOO_LARGE}

        assert superuser.post(at(noun), **sent).status_code < 500

    def test_it_leads_to_the_list(self, noun: Noun, superuser: Visitor):
        key = "00000000-0000-4000-8000-000000000000"

        response = superuser.get(f"{at(noun)}{key}/change/")

        assert (response.status_code, response.url) == (302, f"/admin/{at(noun)}")


def test_what_is_not_there_is_said_in_a_sentence(owner: Visitor):
    response = owner.client.get("/admin/chatplatform/tag/1/change/", follow=True)

    assert [str(one) for one in response.context["messages"]] == [
        "Tag “1” is not there. It may have been deleted."
    ]


def group_of(organization: Organization) -> Model:
    return make.group(organization, "Old")


def key_of(organization: Organization) -> Model:
    return identity_keys.create_identity_key(organization.pk, "Old").key


def bot_of(organization: Organization) -> Model:
    return bots.create_bot(make.application(organization), "Old").agent.bot


@pytest.mark.parametrize("made", [group_of, key_of, bot_of])
def test_what_is_renamed_is_called_by_its_new_name(
    made: Callable[[Organization], Model], owner: Visitor, acme: Organization
):
    row = made(acme)
    page = f"chatplatform/{row._meta.model_name}/{row.pk}/change/"

    owner.post(page, **{**typed(owner, page), "name": "Quite another"})

    (told,) = said(owner)
    assert "“Quite another”" in strip_tags(told)


def typed(visitor: Visitor, page: str) -> dict[str, Any]:
    """Return what a form holds, as a browser sends it."""
    form = visitor.get(page).context["adminform"].form
    sent: dict[str, Any] = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if isinstance(value, dict):
            sent |= {f"{name}-{key}": one for key, one in value.items()}
        elif value not in (None, False):
            sent[name] = "on" if value is True else value
    return sent


class TestDeletingSeveral:
    def test_what_stays_is_named_before_anything_is_asked(
        self, owner: Visitor, acme: Organization, sales: Group
    ):
        general = Group.objects.get(organization=acme, number=0)

        asked = owner.post(
            "chatplatform/group/",
            action="delete_selected",
            _selected_action=[general.pk, sales.pk],
        )

        assert [row.name for row in asked.context["queryset"]] == ["Sales"]
        assert [str(one) for one in asked.context["messages"]] == [
            "“General” is not deleted: It is General, the group everybody belongs to, and can not "
            "be deleted."
        ]

    def test_nothing_is_asked_where_all_stays(self, owner: Visitor, acme: Organization):
        seat = owner.agent
        assert seat is not None

        response = owner.post(
            "chatplatform/agent/", action="delete_selected", _selected_action=[seat.pk]
        )

        assert response.status_code == 302
        assert said(owner) == [
            f"“{seat}” is not deleted: This is the owner, of whom there is exactly one, and who "
            "can not be deleted."
        ]
        assert Agent.objects.filter(pk=seat.pk, deleted_at=None).exists()

    def test_what_goes_is_deleted_beside_what_stays(
        self, owner: Visitor, acme: Organization, sales: Group
    ):
        general = Group.objects.get(organization=acme, number=0)

        owner.post(
            "chatplatform/group/",
            action="delete_selected",
            _selected_action=[general.pk, sales.pk],
            post="yes",
        )

        assert [*Group.objects.filter(organization=acme).values_list("number", flat=True)] == [0]

    def test_who_stands_above_is_left_with_the_reason(
        self, acme: Organization, visitor: Callable[..., Visitor]
    ):
        vice = make.agent(acme, "viceowner")
        admin_ = visitor(acme, "administrator")

        admin_.post("chatplatform/agent/", action="delete_selected", _selected_action=[vice.pk])

        assert said(admin_) == [f"“{vice}” is not deleted: your role does not allow it."]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            lambda acme: Group.objects.get(organization=acme, number=0),
            "It is General, the group everybody belongs to, and can not be deleted.",
        ),
        (make.form, "A form is not deleted. Switch it off, and nobody is asked."),
    ],
    ids=["General", "a form"],
)
def test_what_can_not_be_deleted_says_why(
    made: Callable[[Organization], Model], words: str, owner: Visitor, acme: Organization
):
    row = made(acme)
    at_row = f"chatplatform/{row._meta.model_name}/{row.pk}"

    response = owner.get(f"{at_row}/delete/")

    assert (response.status_code, response.url) == (302, f"/admin/{at_row}/change/")
    assert said(owner) == [words]


@pytest.mark.parametrize("path", ["chats/routing/", "company/"])
def test_a_page_about_one_asks_for_an_organisation(path: str, superuser: Visitor, db: None):
    response = superuser.get(path)

    assert (response.status_code, response.url) == (302, "/admin/")
    assert said(superuser) == ["Choose an organisation first: this page is about one."]


def test_tags_are_all_that_is_deleted(owner: Visitor, acme: Organization):
    tags = [make.tag(acme, name) for name in ("a", "b")]

    owner.post(
        "chatplatform/tag/",
        action="delete_selected",
        _selected_action=[tag.pk for tag in tags],
        post="yes",
    )

    assert not Tag.objects.exists()


def pretty(name: str) -> str:
    """Return what Django makes of a field's name."""
    return name.replace("_", " ")


class TestNames:
    """What things are called wherever they stand, which is what menu and forms call them."""

    @pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
    def test_the_menu_and_sentences_say_the_same(self, noun: Noun):
        several = str(noun.opts.verbose_name_plural)

        assert several.casefold() == noun.title().casefold()

    @pytest.mark.parametrize("noun", NOUNS.values(), ids=NOUNS)
    def test_no_column_or_field_has_a_name_of_the_code(self, noun: Noun):
        columns = {*noun.list_display, *noun.readonly_fields}
        of_the_code = {name for name in columns if OF_THE_CODE.search(str(name))}

        labels = {name: str(label_for_field(name, noun.model, noun)) for name in of_the_code}

        assert [name for name, label in labels.items() if label.casefold() == pretty(name)] == []

    @pytest.mark.parametrize(
        ("model", "field", "label"),
        [
            ("Agent", "avatar", "Address of a picture"),
            ("Agent", "mobile", "Mobile number"),
            ("Group", "language_code", "Language"),
            ("CannedResponse", "is_private", "For me only"),
            ("Customer", "created_at", "First seen"),
        ],
    )
    def test_fields_are_called_as_forms_ask_for_them(self, model: str, field: str, label: str):
        noun = NOUNS[model]

        assert str(label_for_field(field, noun.model, noun)) == label

    @pytest.mark.parametrize(
        ("model", "one"),
        [
            ("CustomerBan", "ban"),
            ("Organization", "organisation"),
            ("PropertyDefinition", "property"),
            ("IdentityKey", "identity key"),
        ],
    )
    def test_one_of_them_is_called_as_several(self, model: str, one: str):
        assert str(NOUNS[model].opts.verbose_name) == one

    def test_migrations_keep_to_the_models(self, db: None):
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_who_is_banned_is_named(owner: Visitor, acme: Organization):
    kim = make.customer(acme, name="Kim")

    owner.post("chatplatform/customerban/add/", customer_id=str(kim.id), address="", days=1)

    assert said(owner) == ["The ban “Kim” was added successfully."]


def test_a_property_that_was_made_is_called_by_its_name(owner: Visitor, acme: Organization):
    row = make.definition(make.application(acme), "tone")

    assert str(row) == "tone"
