"""What several pages of the admin let one choose is read the same way by all of them."""

from __future__ import annotations

import pytest

from chatplatform.models import Organization
from tests import make
from tests.admin.conftest import Visitor

ODD = ["1_0", "+1", " 1", "\u0661", "-0", "9" * 5000]
"""What Python takes for a number, or would if it were shorter."""


@pytest.fixture(autouse=True)
def _groups(acme: Organization) -> None:
    """Have a group of every number that these could be."""
    for _ in range(10):
        make.group(acme)


class TestTheGroupInAQuery:
    @pytest.mark.parametrize("path", ["chats/routing/group/", "property-values/"])
    @pytest.mark.parametrize("odd", ODD)
    def test_what_is_no_number_is_nowhere(self, path: str, odd: str, owner: Visitor):
        assert owner.get(path, group=odd).status_code == 404

    @pytest.mark.parametrize("odd", ["", *ODD])
    def test_words_are_those_of_general_then(self, odd: str, owner: Visitor):
        assert owner.get("words/", group=odd).context["group"].number == 0

    @pytest.mark.parametrize("path", ["chats/routing/group/", "words/"])
    def test_a_number_is_that_group(self, path: str, owner: Visitor):
        assert owner.get(path, group="10").context["group"].number == 10


def test_a_group_visitors_choose_is_written_as_a_number(owner: Visitor):
    refused = owner.post(
        "chatplatform/form/add/",
        **{
            "group": 0,
            "type": "prechat",
            "fields_asked-TOTAL_FORMS": 1,
            "fields_asked-INITIAL_FORMS": 0,
            "fields_asked-0-type": "group_chooser",
            "fields_asked-0-label": "Whom?",
            "fields_asked-0-options": "\u0661: Them",
        },
    )

    assert b"its number, a colon" in refused.content


def test_applications_are_offered_in_one_order(owner: Visitor, acme: Organization):
    """Two of one name stand in the order they were made, wherever one chooses."""
    made = [make.application(acme) for _ in range(4)]
    pages = {
        "chatplatform/bot/add/": "owner",
        "chatplatform/bottemplate/add/": "owner",
        "chatplatform/propertydefinition/add/": "owner",
        "chatplatform/webhook/add/": "owner_client_id",
    }

    for path, name in pages.items():
        field = owner.get(path).context["adminform"].form.fields[name]
        assert [value for value, _title in field.choices if value] == [
            one.client_id for one in made
        ]
