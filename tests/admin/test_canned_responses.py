"""Canned responses in the admin: the API's own rules, and nobody reads another's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chatplatform.domain_events.canned_responses import (
    CannedResponseCreated,
    CannedResponseDeleted,
    CannedResponseUpdated,
)
from chatplatform.models import Agent, CannedResponse, Group, Organization
from chatplatform.requester import AgentRequester
from chatplatform.services import canned_responses
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.html_forms import form_of

LIST = "chatplatform/cannedresponse/"
ADD = f"{LIST}add/"


def response(
    agent: Agent, text: str = "Hello!", tags: Sequence[str] = ("hi",), **more: Any
) -> CannedResponse:
    who = make.requester(agent)
    assert isinstance(who, AgentRequester)
    return canned_responses.create_canned_response(who, text, list(tags), 0, **more)


def page(row: CannedResponse, name: str = "change") -> str:
    return f"{LIST}{row.pk}/{name}/"


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


class TestMaking:
    def test_a_text_is_kept_with_its_shortcuts(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        with told() as events:
            answer = owner.post(
                ADD,
                text="Good <b>morning</b>",
                shortcuts="#hi\r\nmorning\r\nhi",
                group_id=sales.number,
            )

        assert answer.status_code == 302
        made = CannedResponse.objects.get(organization=acme)
        assert (made.text, made.tags) == ("Good morning", ["hi", "morning"])
        assert (made.group, made.author, made.is_private) == (sales, owner.agent, False)
        assert kinds(events) == [CannedResponseCreated]

    def test_a_text_of_markup_alone_is_refused(self, owner: Visitor, told: Told):
        with told() as events:
            answer = owner.post(ADD, text="<b></b>", shortcuts="hi", group_id=0)

        assert errors(answer) == {"__all__": ["a canned response says something beside markup"]}
        assert not CannedResponse.objects.exists()
        assert events == []

    def test_another_organisations_group_is_refused(self, owner: Visitor, told: Told):
        number = make.group(make.organization("Globex")).number

        with told() as events:
            answer = owner.post(ADD, text="Hello", shortcuts="hi", group_id=number)

        assert list(errors(answer)) == ["group_id"]
        assert not CannedResponse.objects.exists()
        assert events == []


class TestChanging:
    @pytest.mark.parametrize(
        "tags", [[], ["yes, please"], ["#1", "hi"], ["two\nlines", " spaced  out "], ["hi", "hi"]]
    )
    def test_shortcuts_that_are_not_touched_stay(
        self, tags: list[str], owner: Visitor, acme: Organization
    ):
        row = response(make.agent(acme), tags=tags)

        owner.post(page(row), **{**form_of(owner.get(page(row))), "text": "Welcome!"})

        row.refresh_from_db()
        assert (row.text, row.tags) == ("Welcome!", tags)

    def test_shortcuts_are_added_to_those_there_are(self, owner: Visitor, acme: Organization):
        row = response(make.agent(acme), tags=["#1", "a, b"])

        owner.post(page(row), text="Hello!", shortcuts="#1\r\na, b\r\n#2", group_id=0)

        row.refresh_from_db()
        assert row.tags == ["#1", "a, b", "2"]

    def test_a_text_is_changed_and_told(self, owner: Visitor, acme: Organization, told: Told):
        row = response(make.agent(acme))

        with told() as events:
            owner.post(page(row), text="Welcome!", shortcuts="hi", group_id=0)

        row.refresh_from_db()
        assert (row.text, row.author) == ("Welcome!", owner.agent)
        assert kinds(events) == [CannedResponseUpdated]

    def test_a_text_is_deleted_and_told(self, owner: Visitor, acme: Organization, told: Told):
        row = response(make.agent(acme))

        asked = owner.get(page(row, "delete"))
        with told() as events:
            owner.post(page(row, "delete"), post="yes")

        assert b"Agents of General do not find it any more" in asked.content
        assert not CannedResponse.objects.exists()
        assert kinds(events) == [CannedResponseDeleted]


class TestPrivateOnes:
    def test_ones_own_are_there_and_those_of_others_are_not(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        theirs = response(make.agent(acme), "My secret", is_private=True)
        own = response(owner.agent, "My own", is_private=True)

        listed = owner.get(LIST).content
        assert b"My own" in listed
        assert b"My secret" not in listed
        with told() as events:
            for name in ("change", "delete"):
                answer = owner.post(
                    page(theirs, name), text="x", shortcuts="x", group_id=0, post="yes"
                )
                assert answer.status_code == 302
        theirs.refresh_from_db()
        assert theirs.text == "My secret"
        assert owner.get(page(own)).status_code == 200
        assert events == []


class TestOthers:
    def test_another_organisations_texts_are_not_there(self, owner: Visitor, told: Told):
        foreign = response(make.agent(make.organization("Globex")), "Globex says")

        with told() as events:
            for name in ("change", "delete"):
                owner.post(page(foreign, name), text="x", shortcuts="x", group_id=0, post="yes")

        assert b"Globex says" not in owner.get(LIST).content
        foreign.refresh_from_db()
        assert foreign.text == "Globex says"
        assert events == []

    def test_a_superuser_looks_and_deletes_but_is_nobodys_author(
        self, superuser: Visitor, acme: Organization
    ):
        row = response(make.agent(acme))

        refused = superuser.post(page(row), text="Mine", shortcuts="hi", group_id=0)
        assert refused.status_code == 403
        assert superuser.get(page(row)).status_code == 200
        session = superuser.client.session
        session["admin_organization"] = str(acme.pk)
        session.save()
        assert superuser.get(ADD).status_code == 403
        superuser.post(page(row, "delete"), post="yes")
        assert not CannedResponse.objects.exists()
