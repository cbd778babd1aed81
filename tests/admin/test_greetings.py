"""Greetings in the admin: made, changed and counted by the same rules as the API's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chatplatform.models import Greeting, Group, Organization, ShownGreeting, Visit
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.html_forms import form_of

ADD = "chatplatform/greeting/add/"
RULE = {"condition": "and", "type": "visit_time_page", "operator": "greater_than", "value": "10"}


def change(greeting: Greeting) -> str:
    return f"chatplatform/greeting/{greeting.pk}/change/"


def rows(prefix: str, *found: dict[str, Any]) -> dict[str, Any]:
    """Return a list of the form as it is sent."""
    sent = {f"{prefix}-TOTAL_FORMS": len(found), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(found):
        sent |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return sent


def shown(owner: Visitor, greeting: Greeting, **typed: Any) -> dict[str, Any]:
    """Return what the form of a greeting sends as it stands, with ``typed`` in some fields."""
    return {**form_of(owner.get(change(greeting))), **typed}


def button(text: str, **more: Any) -> dict[str, Any]:
    """Return a button as the API takes it."""
    return {"text": text, "postback_id": text.lower(), **more}


def cards(*elements: dict[str, Any]) -> dict[str, Any]:
    """Return cards as the API takes them."""
    return {"template_id": "cards", "elements": list(elements)}


def placed(greeting: Greeting) -> list[tuple[str, list[str]]]:
    """Return the title of each stored card, and the words on its buttons."""
    greeting.refresh_from_db()
    return [
        (one.get("title", ""), [found["text"] for found in one.get("buttons", [])])
        for one in greeting.rich_message["elements"]
    ]


def filled(**values: Any) -> dict[str, Any]:
    """Return what the form sends for a plain greeting, and ``values``."""
    rules = values.pop("rules", [RULE])
    cards, buttons = values.pop("cards", []), values.pop("buttons", [])
    return {
        "name": "Welcome",
        "group": 0,
        "active": "on",
        "type": "normal",
        "says": "text",
        "message": "Do you need a hand?",
        **rows("rules", *rules),
        **rows("cards", *cards),
        **rows("buttons", *buttons),
        **values,
    }


class TestMaking:
    def test_a_plain_greeting_is_made(self, owner: Visitor, acme: Organization, sales: Group):
        response = owner.post(ADD, **filled(group=sales.number, exit_intent="on"))

        assert response.status_code == 302
        greeting = Greeting.objects.get(organization=acme)
        assert (greeting.name, greeting.group, greeting.active) == ("Welcome", sales, True)
        assert greeting.rules == [RULE]
        assert greeting.properties == {
            "is_exit_intent": "true",
            "greeting-message_text": "Do you need a hand?",
        }
        assert greeting.rich_message == {}

    def test_cards_have_their_pictures_and_buttons(self, owner: Visitor, acme: Organization):
        card = {
            "title": "Check",
            "subtitle": "Now",
            "image_url": "https://x.example/a.png",
            "image_alt": "A bike",
        }
        book = {
            "card": 1,
            "text": "Book",
            "action": "url",
            "value": "https://x.example/",
            "role": "primary",
        }

        owner.post(ADD, **filled(says="cards", message="", cards=[card], buttons=[book]))

        rich = Greeting.objects.get().rich_message
        (element,) = rich["elements"]
        (button,) = element.pop("buttons")
        assert rich["template_id"] == "cards"
        assert element == {
            "title": "Check",
            "subtitle": "Now",
            "image": {"url": "https://x.example/a.png", "alternative_text": "A bike"},
        }
        assert button.pop("button_id")
        assert button == {
            "text": "Book",
            "postback_id": "button-1",
            "type": "url",
            "value": "https://x.example/",
            "role": "primary",
        }

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            (
                {"type": "url_current", "operator": "contains", "value": "/pricing"},
                {"type": "url_current", "operator": "contains", "value": "/pricing"},
            ),
            (
                {"type": "custom_variable", "operator": "equals", "key": "plan", "value": "pro"},
                {"type": "custom_variable", "operator": "equals", "session_field": {"plan": "pro"}},
            ),
            (
                {"type": "url_funnel", "operator": "contains", "urls": "/a\r\n\r\n/b", "value": ""},
                {
                    "type": "url_funnel",
                    "urls": [
                        {"url": "/a", "operator": "contains"},
                        {"url": "/b", "operator": "contains"},
                    ],
                },
            ),
            (
                {
                    "type": "url_match_page_view_number",
                    "operator": "greater_or_equal",
                    "urls": "/a",
                    "value": "3",
                },
                {
                    "type": "url_match_page_view_number",
                    "operator": "greater_or_equal",
                    "value": "3",
                    "urls": [{"url": "/a", "operator": "contains"}],
                },
            ),
        ],
    )
    def test_a_rule_has_what_its_kind_needs(
        self, sent: dict[str, Any], stored: dict[str, Any], owner: Visitor, acme: Organization
    ):
        owner.post(ADD, **filled(rules=[{"condition": "or", **sent}]))

        assert Greeting.objects.get().rules == [{"condition": "or", **stored}]

    def test_its_days_are_those_of_who_made_it(self, owner: Visitor, acme: Organization):
        owner.client.cookies["admin-zone"] = "Europe/Berlin"

        owner.post(ADD, **filled(active_from="2027-01-01T09:00", active_until="2027-02-01T09:00"))

        greeting = Greeting.objects.get()
        assert greeting.active_from == datetime(2027, 1, 1, 8, tzinfo=UTC)
        assert greeting.active_until == datetime(2027, 2, 1, 8, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"message": ""}, "__all__"),
            ({"rules": []}, "rules"),
            ({"rules": [{**RULE, "value": "soon"}]}, "rules"),
            ({"rules": [RULE] * 11}, "rules"),
            ({"active_from": "2027-02-01T09:00", "active_until": "2027-01-01T09:00"}, "__all__"),
            ({"says": "cards", "message": "", "buttons": [{"card": 2, "text": "Go"}]}, "buttons"),
        ],
    )
    def test_one_that_makes_no_sense_is_shown_again(
        self, values: dict[str, Any], field: str, owner: Visitor, acme: Organization
    ):
        response = owner.post(ADD, **filled(**values))

        assert response.status_code == 200
        assert list(errors(response)) == [field]
        assert not Greeting.objects.exists()


class TestNotInUse:
    @pytest.mark.parametrize(("active", "said"), [("on", 0), ("", 1)])
    def test_is_said_when_it_is_saved(
        self, active: str, said: int, owner: Visitor, acme: Organization
    ):
        response = owner.post(ADD, follow=True, **filled(active=active))

        told = [str(one) for one in response.context["messages"]]
        warned = "It is not in use: no visitor sees it until “In use” is switched on."
        assert told.count(warned) == said
        assert Greeting.objects.get().active == bool(active)


class TestChanging:
    def test_changes_what_is_sent_and_keeps_what_forms_do_not_show(
        self, owner: Visitor, acme: Organization
    ):
        opens = {"type": "webview", "value": "https://x.example/", "webview_height": "tall"}
        rich = cards({"title": "Old", "buttons": [button("Go", **opens)]})
        greeting = make.greeting(acme, rich_message=rich, properties={"addon": "seasonal"})
        (before,) = greeting.rich_message["elements"][0]["buttons"]

        response = owner.post(
            change(greeting),
            **shown(
                owner, greeting, **{"name": "New", "cards-0-title": "New", "buttons-0-text": "Come"}
            ),
        )

        assert response.status_code == 302
        greeting.refresh_from_db()
        assert (greeting.name, greeting.properties) == ("New", {"addon": "seasonal"})
        assert greeting.rich_message["elements"] == [
            {"title": "New", "buttons": [{**before, "text": "Come"}]}
        ]

    @pytest.mark.parametrize(
        ("kind", "field"),
        [("custom_variable", {"plan": "pro"}), ("ads_traffic", {"google": "May"})],
    )
    def test_a_field_that_is_compared_as_usual_stays_so(
        self, kind: str, field: dict[str, str], owner: Visitor, acme: Organization
    ):
        rule = {"condition": "and", "type": kind, "session_field": field}
        greeting = make.greeting(acme, rule)

        owner.post(change(greeting), **shown(owner, greeting))

        greeting.refresh_from_db()
        assert greeting.rules == [{**rule, "operator": "equals"}]

    def test_a_time_that_is_not_touched_keeps_its_seconds(self, owner: Visitor, acme: Organization):
        until = datetime(2027, 1, 1, 23, 59, 59, 999_000, tzinfo=UTC)
        greeting = make.greeting(acme, active_from=until.replace(year=2026), active_until=until)

        owner.post(change(greeting), **shown(owner, greeting, active_from="2026-02-01T09:00"))

        greeting.refresh_from_db()
        assert greeting.active_from == datetime(2026, 2, 1, 9, tzinfo=UTC)
        assert greeting.active_until == until

    def test_a_time_is_taken_away(self, owner: Visitor, acme: Organization):
        greeting = make.greeting(acme, active_until=datetime(2027, 1, 1, tzinfo=UTC))

        owner.post(change(greeting), **shown(owner, greeting, active_until=""))

        greeting.refresh_from_db()
        assert greeting.active_until is None

    def test_addresses_are_compared_as_they_were(self, owner: Visitor, acme: Organization):
        joined = {"condition": "and"}
        paths = [
            {"url": "https://x.example/a", "operator": "equals"},
            {"url": "/b", "operator": "contains"},
        ]
        rules = [
            {**joined, "type": "url_funnel", "urls": paths},
            {
                **joined,
                "type": "url_match_page_view_number",
                "operator": "greater_than",
                "value": "2",
                "urls": paths,
            },
        ]
        greeting = make.greeting(acme, rules=rules)
        form = owner.get(change(greeting)).context["adminform"].form

        owner.post(change(greeting), **filled(name="New", rules=form.initial["rules"]))

        greeting.refresh_from_db()
        assert greeting.name == "New"
        assert greeting.rules == rules

    def test_words_take_the_place_of_cards(self, owner: Visitor, acme: Organization):
        greeting = make.greeting(acme, rich_message={"template_id": "sticker", "elements": []})

        owner.post(change(greeting), **filled(message="Hello"))

        greeting.refresh_from_db()
        assert greeting.rich_message == {}
        assert greeting.properties == {"greeting-message_text": "Hello"}

    def test_the_form_shows_what_is_stored(self, owner: Visitor, acme: Organization):
        owner.post(
            ADD,
            **filled(
                rules=[
                    {
                        **RULE,
                        "type": "custom_variable",
                        "operator": "equals",
                        "key": "plan",
                        "value": "pro",
                    }
                ]
            ),
        )

        form = owner.get(change(Greeting.objects.get())).context["adminform"].form

        assert form.initial["message"] == "Do you need a hand?"
        assert form.initial["rules"][0]["key"] == "plan"
        assert form.initial["rules"][0]["value"] == "pro"

    def test_the_group_stays(self, owner: Visitor, acme: Organization, sales: Group):
        greeting = make.greeting(acme)

        owner.post(change(greeting), **filled(group=sales.number))

        greeting.refresh_from_db()
        assert greeting.group.number == 0


class TestCards:
    """Buttons stay who they are, and on their cards."""

    def test_a_button_in_the_place_of_another_is_a_new_one(
        self, owner: Visitor, acme: Organization
    ):
        stays = button("Stay", postback_id="button-2")
        rich = cards({"title": "A", "buttons": [button("Go", postback_id="button-1"), stays]})
        greeting = make.greeting(acme, rich_message=rich)
        before, same = greeting.rich_message["elements"][0]["buttons"]

        owner.post(
            change(greeting),
            **shown(owner, greeting, **{"buttons-0-DELETE": "on", "buttons-2-text": "Come"}),
        )

        greeting.refresh_from_db()
        kept, new = greeting.rich_message["elements"][0]["buttons"]
        assert kept == same
        assert (new["text"], new["postback_id"]) == ("Come", "button-3")
        assert new["button_id"] not in (before["button_id"], same["button_id"])

    def test_buttons_that_report_the_same_stay_apart(self, owner: Visitor, acme: Organization):
        opens = {"type": "webview", "value": "https://x.example/"}
        rich = cards(
            {"title": "A", "buttons": [button("Go", **opens, webview_height="tall")]},
            {"title": "B", "buttons": [button("Go", **opens, webview_height="full")]},
        )
        greeting = make.greeting(acme, rich_message=rich)
        before = greeting.rich_message

        owner.post(change(greeting), **shown(owner, greeting))

        greeting.refresh_from_db()
        assert greeting.rich_message == before

    def test_buttons_move_with_their_card(self, owner: Visitor, acme: Organization):
        rich = cards(
            {"title": "A", "buttons": [button("On A")]},
            {"title": "B", "buttons": [button("On B")]},
        )
        greeting = make.greeting(acme, rich_message=rich)

        moved = {"cards-0-ORDER": "2", "cards-1-ORDER": "1"}
        owner.post(change(greeting), **shown(owner, greeting, **moved))

        assert placed(greeting) == [("B", ["On B"]), ("A", ["On A"])]

    def test_buttons_stay_on_their_card_when_one_before_it_is_left_empty(
        self, owner: Visitor, acme: Organization
    ):
        rich = cards({"title": "A"}, {"title": "B", "buttons": [button("On B")]})
        greeting = make.greeting(acme, rich_message=rich)

        owner.post(change(greeting), **shown(owner, greeting, **{"cards-0-title": ""}))

        assert placed(greeting) == [("B", ["On B"])]

    def test_a_card_of_buttons_alone_stays(self, owner: Visitor, acme: Organization):
        rich = cards({"buttons": [button("Alone")]}, {"title": "B", "buttons": [button("On B")]})
        greeting = make.greeting(acme, rich_message=rich)

        owner.post(change(greeting), **shown(owner, greeting))

        assert placed(greeting) == [("", ["Alone"]), ("B", ["On B"])]

    def test_as_many_buttons_as_the_api_takes_are_kept(self, owner: Visitor, acme: Organization):
        full = [button(f"B{number}") for number in range(13)]
        greeting = make.greeting(acme, rich_message=cards(*[{"buttons": full}] * 10))
        before = greeting.rich_message

        response = owner.post(change(greeting), **shown(owner, greeting, name="Full"))

        assert response.status_code == 302
        greeting.refresh_from_db()
        assert (greeting.name, greeting.rich_message) == ("Full", before)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"cards-1-DELETE": "on"}, "there is no card 2"),
            ({"buttons-0-card": "9"}, "there is no card 9"),
            ({"buttons-0-card": ""}, "say which card “Go” is on"),
        ],
    )
    def test_a_button_on_no_card_is_refused(
        self, typed: dict[str, str], said: str, owner: Visitor, acme: Organization
    ):
        rich = cards({"title": "A"}, {"title": "B", "buttons": [button("Go")]})
        greeting = make.greeting(acme, rich_message=rich)
        before = greeting.rich_message

        response = owner.post(change(greeting), **shown(owner, greeting, name="New", **typed))

        assert errors(response) == {"buttons": [said]}
        greeting.refresh_from_db()
        assert (greeting.name, greeting.rich_message) == ("May we help?", before)


class TestList:
    def test_counts_what_came_of_each(self, owner: Visitor, acme: Organization):
        greeting = make.greeting(acme, name="Welcome")
        other = make.greeting(acme, name="Farewell")
        for accepted in (None, datetime(2026, 1, 1, tzinfo=UTC)):
            customer = make.customer(acme)
            visit = Visit.objects.create(customer=customer)
            ShownGreeting.objects.create(
                customer=customer, visit=visit, greeting=greeting, content={}, accepted_at=accepted
            )

        result = owner.get("chatplatform/greeting/").context["cl"].result_list

        counts = {row.pk: row.counted for row in result}
        assert counts == {greeting.pk: (2, 1, 0), other.pk: (0, 0, 0)}


class TestRemoving:
    def test_a_greeting_is_forgotten(self, owner: Visitor, acme: Organization):
        greeting = make.greeting(acme)

        response = owner.post(f"chatplatform/greeting/{greeting.pk}/delete/", post="yes")

        assert response.status_code == 302
        assert not Greeting.objects.exists()


class TestOthers:
    def test_another_organisations_greetings_are_not_there(self, owner: Visitor):
        foreign = make.greeting(make.organization("Globex"), name="secret-plan")

        assert b"secret-plan" not in owner.get("chatplatform/greeting/").content
        assert owner.post(change(foreign), **filled()).status_code == 302
        assert (
            owner.post(f"chatplatform/greeting/{foreign.pk}/delete/", post="yes").status_code == 302
        )

        foreign.refresh_from_db()
        assert foreign.name == "secret-plan"

    def test_a_superuser_who_looks_at_all_has_the_form_without_a_preview(
        self, superuser: Visitor, acme: Organization
    ):
        greeting = make.greeting(acme)

        page = superuser.get(change(greeting))

        assert page.status_code == 200
        assert b"data-preview" not in page.content
