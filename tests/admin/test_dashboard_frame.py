"""The frame of lists and forms: what it says, and what it offers where."""

from __future__ import annotations

import re

import pytest

from chatplatform.admin.nouns import Noun
from chatplatform.admin.site import site
from chatplatform.models import Agent, Group, Organization, Tag
from tests import make
from tests.admin.conftest import Visitor

ADD_LINK = 'class="addlink '


class TestTheAddButton:
    def test_a_list_has_it_with_its_name(self, owner: Visitor):
        html = owner.get("chatplatform/tag/").content.decode()

        assert html.count(ADD_LINK) == 1
        assert 'aria-label="Add tag"' in html

    def test_a_page_of_one_has_it(self, owner: Visitor, acme: Organization):
        tag = make.tag(acme)

        html = owner.get(f"chatplatform/tag/{tag.pk}/change/").content.decode()

        assert html.count(ADD_LINK) == 1

    def test_on_the_page_that_adds_it_would_lose_the_form(self, owner: Visitor):
        assert ADD_LINK not in owner.get("chatplatform/tag/add/").content.decode()


def test_the_search_of_a_list_has_a_label(owner: Visitor):
    html = owner.get("chatplatform/tag/").content.decode()

    (field,) = re.findall(r'<input[^>]*id="searchbar"[^>]*>', html)
    assert 'aria-label="Search this list"' in field


def test_a_long_name_is_whole_on_hover_of_the_title(owner: Visitor, acme: Organization):
    tag = make.tag(acme, "W" * 180)

    html = owner.get(f"chatplatform/tag/{tag.pk}/change/").content.decode()

    assert f'<h1 title="{tag.name}">' in html


class TestThePagesThatAskBeforeDeleting:
    def test_one_is_named_with_what_follows_and_a_button_that_says_it(
        self, owner: Visitor, acme: Organization
    ):
        tag = make.tag(acme, "vip")

        response = owner.get(f"chatplatform/tag/{tag.pk}/delete/")

        html = response.content.decode()
        assert response.context["deleted_objects"] == [
            (
                tag,
                ["Chats that carry it keep it, and can be found by it; no other chat gets it."],
            )
        ]
        assert re.findall(r"<button[^>]*bg-red-600[^>]*>\s*(.*?)\s*</button>", html) == [
            "Delete tag"
        ]
        assert f'href="/admin/chatplatform/tag/{tag.pk}/change/"' in html
        for words in ("Summary", "Objects", "All of the following", "Yes, I"):
            assert words not in html

    @pytest.mark.parametrize(("number", "button"), [(1, "Delete 1 tag"), (2, "Delete 2 tags")])
    def test_several_are_named_and_counted(
        self, owner: Visitor, acme: Organization, number: int, button: str
    ):
        tags = [make.tag(acme, f"tag {place}") for place in range(number)]
        chosen = [tag.pk for tag in tags]

        response = owner.post(
            "chatplatform/tag/", action="delete_selected", _selected_action=chosen
        )

        html = response.content.decode()
        assert re.findall(r"<button[^>]*bg-red-600[^>]*>\s*(.*?)\s*</button>", html) == [button]
        assert re.findall(r"concerned-name[^>]*>(.*?)<", html) == [tag.name for tag in tags]
        assert "<h1>Delete</h1>" in html
        assert Tag.objects.count() == number

    def test_the_button_deletes_all_of_them(self, owner: Visitor, acme: Organization):
        chosen = [make.tag(acme, name).pk for name in ("one", "two")]
        kept = make.tag(acme, "three")

        owner.post(
            "chatplatform/tag/", action="delete_selected", post="yes", _selected_action=chosen
        )

        assert list(Tag.objects.all()) == [kept]

    def test_nothing_is_said_of_what_there_is_none_of(self, owner: Visitor, acme: Organization):
        group = make.group(acme)

        response = owner.get(f"chatplatform/group/{group.pk}/delete/")

        [(_row, consequences)] = response.context["deleted_objects"]
        assert consequences == [
            "Its translations and its welcome message are deleted with it.",
            "Its members stay; tags and access rules only lose the group.",
        ]


def test_of_an_agent_only_what_they_have_is_said_to_go(owner: Visitor, acme: Organization):
    agent = make.agent(acme)
    make.pat(agent)

    response = owner.get(f"chatplatform/agent/{agent.pk}/delete/")

    [(_row, consequences)] = response.context["deleted_objects"]
    assert consequences == [
        "They can not sign in any more.",
        "1 personal access token is revoked.",
        "Old chats still show their name. Their seat is free for somebody else.",
    ]


class TestEmptyLists:
    @pytest.mark.parametrize(
        "noun", [one for one in site()._registry.values() if isinstance(one, Noun)], ids=str
    )
    def test_each_list_says_what_will_appear(self, noun: Noun):
        is_never_empty = noun.model in (Agent, Group)

        assert is_never_empty or str(noun.empty_words) != str(Noun.empty_words)

    def test_one_is_led_to_the_first(self, owner: Visitor):
        html = owner.get("chatplatform/cannedresponse/").content.decode()

        assert "Answers you give often stand here" in html
        assert re.search(
            r'<a href="/admin/chatplatform/cannedresponse/add/" class="main-button">', html
        )

    def test_where_nothing_is_added_by_hand_it_says_how_entries_come(self, owner: Visitor):
        html = owner.get("chatplatform/customer/").content.decode()

        assert "Customers appear here by themselves" in html
        assert "main-button" not in html
