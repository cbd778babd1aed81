"""The frame of lists and forms: what it says, and what it offers where."""

from __future__ import annotations

import re

from chatplatform.models import Organization
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
