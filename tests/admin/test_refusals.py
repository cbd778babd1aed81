"""What refuses a change stands beside its field, in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms

from chatplatform.admin.refusals import refuse
from chatplatform.errors import AlreadyExists, ProtocolError, Validation
from chatplatform.models import CannedResponse, Goal, Organization, Tag
from chatplatform.services.canned_responses import TAG_LENGTH
from tests import make
from tests.admin.conftest import Visitor, errors


class Asking(forms.Form):
    """A form that asks for what actions call otherwise, too."""

    asked_as = {"tags": "shortcuts"}
    name = forms.CharField(required=False)
    shortcuts = forms.CharField(required=False)
    operator = forms.CharField(required=False)
    value = forms.CharField(required=False)
    logo = forms.FileField(required=False)


@pytest.mark.parametrize(
    ("refusal", "shown"),
    [
        (
            Validation("`tags.1`: String should have at most 128 characters"),
            {"shortcuts": ["Number 2: This may have 128 characters at most."]},
        ),
        (
            Validation("`tags`: List should have at most 20 items after validation, not 21"),
            {"shortcuts": ["There may be 20 of these at most."]},
        ),
        (
            Validation("Value error, operator and value are required for url"),
            {"value": ["Say how it is compared, and with what."]},
        ),
        (
            AlreadyExists("There is a tag of that name"),
            {"name": ["There is a tag of that name already."]},
        ),
        (
            Validation("a name has 1 to 180 printable characters"),
            {"name": ["A name has 1 to 180 characters, in one line."]},
        ),
        (
            Validation("`name`: a key's name has 1 to 60 printable characters"),
            {"name": ["A name has 1 to 60 characters, in one line."]},
        ),
        (
            Validation("The file is not image/png"),
            {
                "logo": [
                    "This file is not what it seems to be (image/png). Save it anew, and try that."
                ]
            },
        ),
        (Validation("`value` must be longer"), {"value": ["must be longer"]}),
        (Validation("Nothing of the kind"), {"__all__": ["Nothing of the kind"]}),
    ],
    ids=str,
)
def test_it_is_said_where_it_belongs(refusal: ProtocolError, shown: dict[str, Any]):
    form = Asking({"operator": "equals"})
    assert form.is_valid()

    refuse(form, refusal)

    assert form.errors == shown


def test_a_shortcut_that_is_too_long_is_told_apart(owner: Visitor, acme: Organization):
    response = owner.post(
        "chatplatform/cannedresponse/add/",
        text="Hello",
        shortcuts=f"fine\n{'x' * (TAG_LENGTH + 1)}",
        group_id=0,
    )

    assert errors(response) == {
        "shortcuts": [f"Number 2: This may have {TAG_LENGTH} characters at most."]
    }
    assert not CannedResponse.objects.exists()


def test_a_goal_says_what_it_needs(owner: Visitor, acme: Organization):
    response = owner.post("chatplatform/goal/add/", name="Paid", type="url", active="on")

    assert errors(response) == {
        "operator": ["Say how it is compared, and with what."],
        "value": ["Say how it is compared, and with what."],
    }
    assert not Goal.objects.exists()


def test_a_second_tag_of_a_name_is_refused_at_its_name(owner: Visitor, acme: Organization):
    make.tag(acme, "vip")

    response = owner.post("chatplatform/tag/add/", name="VIP", group_ids=[0])

    assert errors(response) == {"name": ["There is a tag of that name already."]}
    assert Tag.objects.count() == 1
