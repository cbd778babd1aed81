"""Forms for visitors in the admin."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Form, Group, Organization
from tests import make
from tests.admin.conftest import Visitor, errors

ADD = "chatplatform/form/add/"


def asking(*rows: dict[str, Any], **values: Any) -> dict[str, Any]:
    sent = {
        "group": 0,
        "type": "prechat",
        "enabled": "on",
        "fields_asked-TOTAL_FORMS": len(rows),
        "fields_asked-INITIAL_FORMS": 0,
    }
    for number, row in enumerate(rows):
        sent |= {f"fields_asked-{number}-{name}": value for name, value in row.items()}
    return {**sent, **values}


def without_ids(form: Form) -> list[dict[str, Any]]:
    return [{name: one for name, one in field.items() if name != "id"} for field in form.fields]


def test_a_form_is_made_of_its_questions(owner: Visitor, acme: Organization, sales: Group):
    response = owner.post(
        ADD,
        **asking(
            {"type": "name", "label": "Your name", "required": "on"},
            {"type": "radio", "label": "What about?", "options": "A sale\n\nA repair"},
            {
                "type": "group_chooser",
                "label": "Whom?",
                "options": f"0: Anybody\n{sales.number}:Sales",
            },
        ),
    )

    assert response.status_code == 302
    form = Form.objects.get(organization=acme)
    assert (form.group.number, form.type, form.enabled) == (0, "prechat", True)
    assert without_ids(form) == [
        {"type": "name", "label": "Your name", "required": True},
        {
            "type": "radio",
            "label": "What about?",
            "required": False,
            "options": [{"id": "0", "label": "A sale"}, {"id": "1", "label": "A repair"}],
        },
        {
            "type": "group_chooser",
            "label": "Whom?",
            "required": False,
            "options": [
                {"id": "0", "label": "Anybody", "group_id": 0},
                {"id": "1", "label": "Sales", "group_id": sales.number},
            ],
        },
    ]


def test_questions_and_answers_that_stay_keep_their_ids(owner: Visitor, acme: Organization):
    form = make.form(
        acme,
        {"id": "n", "type": "name", "label": "Name"},
        {
            "id": "what",
            "type": "select",
            "label": "What?",
            "options": [{"id": "s", "label": "Sale"}, {"id": "r", "label": "Repair"}],
        },
    )

    owner.post(
        f"chatplatform/form/{form.pk}/change/",
        **asking(
            {"id": "what", "type": "select", "label": "What?", "options": "Repair\nOther"},
            {"id": "n", "type": "name", "label": "Your name"},
            {"id": "made-up", "type": "email", "label": "Mail"},
        ),
    )

    form.refresh_from_db()
    assert [field["id"] for field in form.fields][:2] == ["what", "n"]
    assert form.fields[0]["options"] == [
        {"id": "r", "label": "Repair"},
        {"id": "0", "label": "Other"},
    ]
    assert form.fields[2]["id"] != "made-up"


def test_a_second_form_of_a_kind_is_refused(owner: Visitor, acme: Organization):
    form = make.form(acme)

    response = owner.post(ADD, **asking({"type": "email", "label": "Mail"}))

    assert errors(response) == {"__all__": ["The group has such a form; change that one"]}
    form.refresh_from_db()
    assert [field["type"] for field in form.fields] == ["name"]


def test_a_group_of_another_organisation_can_not_be_offered(owner: Visitor, acme: Organization):
    theirs = make.organization("Globex")
    foreign = [make.group(theirs, f"Group {number}") for number in range(3)][-1]

    response = owner.post(
        ADD,
        **asking({"type": "group_chooser", "label": "Whom?", "options": f"{foreign.number}: Them"}),
    )

    assert errors(response) == {"__all__": ["Group not found"]}
    assert not Form.objects.exists()


def test_what_is_no_group_is_refused_in_words(owner: Visitor, db: None):
    response = owner.post(
        ADD, **asking({"type": "group_chooser", "label": "Whom?", "options": "Sales"})
    )

    assert "its number, a colon" in str(errors(response))
    assert not Form.objects.exists()
