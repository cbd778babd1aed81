"""Tags in the admin: the same rules as the API's, the same events."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatplatform.domain_events.tags import TagCreated, TagDeleted, TagUpdated
from chatplatform.models import Group, Organization, Tag
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told

ADD = "chatplatform/tag/add/"


def change(tag: Tag) -> str:
    return f"chatplatform/tag/{tag.pk}/change/"


class TestMaking:
    def test_a_tag_is_made_and_told(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        with told() as events:
            response = owner.post(ADD, name="refund", group_ids=[sales.number])

        assert response.status_code == 302
        tag = Tag.objects.get(organization=acme)
        assert (tag.name, tag.group_ids, tag.author_id) == (
            "refund",
            [sales.number],
            owner.agent.public_id,
        )
        assert [type(event) for event in events] == [TagCreated]

    def test_a_refused_one_is_shown_again_with_the_reason(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        make.tag(acme, "Refund")

        with told() as events:
            response = owner.post(ADD, name="refund")

        assert response.status_code == 200
        assert errors(response) == {"name": ["There is a tag of that name already."]}
        assert Tag.objects.count() == 1
        assert events == []


class TestChanging:
    def test_groups_are_changed_and_told(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        tag = make.tag(acme, "refund")

        with told() as events:
            response = owner.post(change(tag), group_ids=[sales.number])

        assert response.status_code == 302
        tag.refresh_from_db()
        assert tag.group_ids == [sales.number]
        assert [type(event) for event in events] == [TagUpdated]

    def test_the_name_stays(self, owner: Visitor, acme: Organization):
        tag = make.tag(acme, "refund")

        owner.post(change(tag), name="other", group_ids=tag.group_ids)

        tag.refresh_from_db()
        assert tag.name == "refund"


class TestRemoving:
    def test_a_tag_is_deleted_and_told(self, owner: Visitor, acme: Organization, told: Told):
        tag = make.tag(acme, "refund")

        with told() as events:
            response = owner.post(f"chatplatform/tag/{tag.pk}/delete/", post="yes")

        assert response.status_code == 302
        assert not Tag.objects.exists()
        assert [type(event) for event in events] == [TagDeleted]


class TestOthers:
    def test_another_organisations_tags_are_not_there(self, owner: Visitor, db: None, told: Told):
        foreign = make.tag(make.organization("Globex"), "secret-plan")

        assert b"secret-plan" not in owner.get("chatplatform/tag/").content
        for path in (change(foreign), f"chatplatform/tag/{foreign.pk}/delete/"):
            assert owner.get(path).status_code == 302
            assert owner.post(path, group_ids=[0], post="yes").status_code == 302
        foreign.refresh_from_db()
        assert foreign.group_ids == [0]

    def test_a_superuser_sees_all_and_changes_each_where_it_belongs(
        self, superuser: Visitor, acme: Organization
    ):
        here, there = make.tag(acme, "here"), make.tag(make.organization("Globex"), "there")

        listed = superuser.get("chatplatform/tag/").content
        assert b">here<" in listed
        assert b">there<" in listed
        superuser.post(change(there), group_ids=[])
        there.refresh_from_db()
        here.refresh_from_db()
        assert there.group_ids == []
        assert here.group_ids == [0]


@pytest.mark.parametrize("role", ["normal"])
def test_a_normal_agent_does_not_get_in(
    role: str, acme: Organization, visitor: Callable[..., Visitor]
):
    tag = make.tag(acme, "refund")
    agent = visitor(acme, role)

    assert agent.get("").status_code == 302
    assert agent.get("chatplatform/tag/").status_code == 302
    assert agent.post(change(tag), group_ids=[]).status_code == 302
    tag.refresh_from_db()
    assert tag.group_ids == [0]


def test_an_empty_list_says_so_in_plain_words(owner: Visitor):
    empty = owner.get("chatplatform/tag/").content.decode()
    narrowed = owner.get("chatplatform/tag/", q="nothing").content.decode()

    assert "Agents put tags on chats, to find and count them by. Add the first." in empty
    assert "Add tag" in empty
    assert "Nothing fits what you look for." in narrowed
    assert "Show everything" in narrowed
