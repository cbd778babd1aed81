"""Forms: asked before, after and while waiting for chats, and what answers to them change."""

from typing import Any

import pytest
from pydantic import ValidationError

from chatplatform.errors import GroupNotFound, Validation
from chatplatform.models import Chat, Customer, Event, Form, Group, Organization, Ticket
from chatplatform.services import forms
from tests import make
from tests.world import User, World

NAME = {"id": "n", "type": "name", "label": "Name"}
EMAIL = {"id": "e", "type": "email", "label": "E-mail", "required": True}
TOPIC = {
    "id": "t",
    "type": "radio",
    "label": "Topic",
    "options": [{"id": "0", "label": "Price"}, {"id": "1", "label": "Other"}],
}


def answer(field: dict[str, Any], said: Any) -> dict[str, Any]:
    """Return an answered field."""
    kind = "answers" if field["type"] == "checkbox" else "answer"
    return {"id": field["id"], "type": field["type"], "label": field["label"], kind: said}


def filled(form: Form | None, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a filled form as clients send it; without ``form`` one of somebody else's."""
    form_id = form.public_id if form else "theirs"
    return {"type": "filled_form", "form_id": form_id, "fields": list(answers), **more}


def chooser(*groups: Group) -> dict[str, Any]:
    options = [
        {"id": str(place), "label": group.name, "group_id": group.number}
        for place, group in enumerate(groups)
    ]
    return {"id": "g", "type": "group_chooser", "label": "Team", "options": options}


def prechat(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"chat": {"thread": {"events": list(events)}, **more}}


# --- get_form ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["prechat", "postchat", "ticket"])
def test_nothing_is_asked_unless_it_is_configured(carl: User, kind: str) -> None:
    assert carl.call("get_form", group_id=0, type=kind) == {"enabled": False}


@pytest.mark.parametrize("kind", ["prechat", "postchat", "ticket"])
def test_a_form_is_answered_with_its_fields(acme: Organization, carl: User, kind: str) -> None:
    header = {"type": "header", "label": "Welcome"}
    form = make.form(acme, header, NAME, EMAIL, TOPIC, kind=kind)

    answered = carl.call("get_form", group_id=0, type=kind)

    assert answered == {
        "enabled": True,
        "form": {
            "id": form.public_id,
            "fields": [
                {"id": form.fields[0]["id"], "type": "header", "label": "Welcome"},
                {**NAME, "required": False},
                EMAIL,
                {**TOPIC, "required": False},
            ],
        },
    }


def test_a_form_that_is_switched_off_is_not_shown(acme: Organization, carl: User) -> None:
    make.form(acme, enabled=False)

    assert carl.call("get_form", group_id=0, type="prechat") == {"enabled": False}


def test_each_group_asks_for_itself(acme: Organization, carl: User) -> None:
    sales = make.group(acme)
    make.form(acme, group=sales.number)

    assert carl.call("get_form", group_id=0, type="prechat")["enabled"] is False
    assert carl.call("get_form", group_id=sales.number, type="prechat")["enabled"] is True
    assert carl.refused("get_form", group_id=7, type="prechat") == "group_not_found"
    assert carl.refused("get_form", group_id=0, type="ask_for_email") == "validation"


# --- kept -------------------------------------------------------------------------------------


def test_a_changed_form_has_another_id(acme: Organization) -> None:
    first = make.form(acme, NAME).public_id

    assert make.form(acme, NAME, enabled=False).public_id == first
    assert make.form(acme, NAME, EMAIL).public_id != first
    assert Form.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [NAME] * 101,
        [{**NAME, "id": ""}],
        [{**NAME, "type": "poem"}],
        [{**NAME, "label": "x" * 1025}],
        [{**NAME, "options": [{"label": "x"}]}],
        [{**TOPIC, "options": []}],
        [{**TOPIC, "options": [{"label": "x"}] * 101}],
        [{**TOPIC, "options": [{"label": "x", "group_id": 0}]}],
        [{**TOPIC, "type": "group_chooser"}],
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_impossible_fields_are_refused(acme: Organization, fields: list[Any]) -> None:
    with pytest.raises(ValidationError):
        forms.set_form(acme, 0, "prechat", enabled=True, fields=fields)

    assert not Form.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        [NAME, {**EMAIL, "id": "n"}],
        [NAME, {**NAME, "id": "other"}],
        [{**TOPIC, "options": [{"id": "0", "label": "x"}, {"id": "0", "label": "y"}]}],
    ],
    ids=["two of an id", "two names", "two options of an id"],
)
def test_fields_are_told_apart(acme: Organization, fields: list[Any]) -> None:
    with pytest.raises(Validation):
        forms.set_form(acme, 0, "prechat", enabled=True, fields=fields)


def test_forms_name_groups_there_are(acme: Organization) -> None:
    unknown = {**chooser(), "options": [{"label": "x", "group_id": 7}]}

    with pytest.raises(GroupNotFound):
        make.form(acme, unknown)
    with pytest.raises(GroupNotFound):
        make.form(acme, group=7)
    with pytest.raises(Validation):
        make.form(acme, kind="poem")


# --- answers ----------------------------------------------------------------------------------


@pytest.fixture
def form(acme: Organization) -> Form:
    return make.form(
        acme, NAME, EMAIL, TOPIC, {**TOPIC, "id": "c", "type": "checkbox", "label": "Which"}
    )


GOOD = answer(EMAIL, "carl@example.com")
PRICE = {"id": "0", "label": "Price"}


@pytest.mark.parametrize(
    "answers",
    [
        [GOOD],
        [answer(NAME, ""), GOOD],
        [GOOD, answer(TOPIC, PRICE)],
        [GOOD, {"id": "c", "type": "checkbox", "label": "Which", "answers": [PRICE]}],
        [GOOD, {"id": "c", "type": "checkbox", "label": "Which", "answers": []}],
        [GOOD, {"id": "t", "type": "radio", "label": "Topic"}],
    ],
    ids=str,
)
def test_answers_that_fit_are_kept(
    ann: User, carl: User, form: Form, answers: list[dict[str, Any]]
) -> None:
    started = carl.call("start_chat", **prechat(filled(form, *answers, form_type="prechat")))

    assert len(started["event_ids"]) == 1


BAD_ANSWERS = [
    [],
    [answer(EMAIL, "")],
    [answer(EMAIL, "  ")],
    [answer(NAME, "Carl")],
    [answer(EMAIL, "nonsense")],
    [answer(EMAIL, f"{'x' * 250}@example.com")],
    [answer(EMAIL, PRICE)],
    [GOOD, GOOD],
    [GOOD, {**GOOD, "id": "other"}],
    [GOOD, {**answer(NAME, "x"), "type": "subject"}],
    [GOOD, answer(TOPIC, {"id": "7", "label": "Price"})],
    [GOOD, answer(TOPIC, {"id": "0", "label": "Price", "group_id": 0})],
    [GOOD, answer(TOPIC, "Price")],
    [GOOD, {"id": "c", "type": "checkbox", "label": "Which"}],
    [GOOD, {"id": "c", "type": "checkbox", "label": "Which", "answers": [{**PRICE, "id": "7"}]}],
    [GOOD, {"id": "x", "type": "poem", "label": "x", "answer": "x"}],
]


@pytest.mark.parametrize("answers", BAD_ANSWERS, ids=str)
def test_answers_that_do_not_fit_are_refused(
    ann: User, carl: User, form: Form, answers: list[dict[str, Any]]
) -> None:
    said = filled(form, *answers, form_type="prechat")

    assert carl.refused("start_chat", **prechat(said)) == "validation"
    chat_id = carl.call("start_chat")["chat_id"]
    assert carl.refused("send_event", chat_id=chat_id, event=said) == "validation"


def test_of_others_forms_only_the_shape_is_known(ann: User, carl: User, form: Form) -> None:
    theirs = filled(None, answer({**NAME, "id": "any"}, "Carl"))

    carl.call("start_chat", **prechat(theirs))

    wrong = filled(None, answer(EMAIL, "nonsense"))
    chat_id = Chat.objects.get().id
    assert carl.refused("send_event", chat_id=chat_id, event=wrong) == "validation"


def test_a_form_of_another_organisation_is_others(
    world: World, ann: User, carl: User, form: Form
) -> None:
    other = make.organization("Other")
    eve = world.customer(other, "eve")

    eve.call("start_chat", continuous=True, **prechat(filled(form, answer(NAME, "Eve"))))

    assert Event.objects.filter(type="filled_form").exists()


# --- what answers change ----------------------------------------------------------------------


def test_name_and_address_given_before_a_chat_are_the_customers(
    world: World, ann: User, carl: User, form: Form
) -> None:
    said = filled(form, answer(NAME, " Carla "), GOOD, form_type="prechat")

    with world.capture_pushes() as pushes:
        carl.call("start_chat", **prechat(said))

    row = Customer.objects.get(id=carl.id)
    assert (row.name, row.email) == ("Carla", "carl@example.com")
    assert pushes.payload(carl, "customer_updated")["name"] == "Carla"
    (user,) = [
        one
        for one in pushes.payload(ann, "incoming_chat")["chat"]["users"]
        if one["type"] == "customer"
    ]
    assert (user["name"], user["email"]) == ("Carla", "carl@example.com")


def test_so_are_those_given_in_a_chat(world: World, ann: User, carl: User, form: Form) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        carl.call("send_event", chat_id=chat_id, event=filled(form, answer(NAME, "Carla"), GOOD))

    assert Customer.objects.get(id=carl.id).name == "Carla"
    assert [name for name, _ in pushes.to(carl)][-1] == "incoming_event"


def test_a_refused_form_changes_nobodys_name(ann: User, carl: User, form: Form) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    said = filled(form, answer(NAME, "Carla"), GOOD)

    assert carl.refused("send_event", chat_id=chat_id, event=said) == "chat_inactive"


def test_an_agent_who_fills_a_form_in_changes_no_names(ann: User, carl: User, form: Form) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    ann.call("send_event", chat_id=chat_id, event=filled(form, answer(NAME, "X"), GOOD))

    assert Customer.objects.get(id=carl.id).name == "Carl"


def test_a_chosen_group_gets_the_chat(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    sales = make.group(acme, "Sales")
    bob = world.agent(acme, "bob", groups=[sales], online=True)
    general = Group.objects.get(number=0)
    form = make.form(acme, chooser(general, sales))
    chosen = {"id": "1", "label": "Sales", "group_id": sales.number}
    said = filled(form, answer(chooser(general, sales), chosen), form_type="prechat")

    with world.capture_pushes() as pushes:
        carl.call("start_chat", **prechat(said))

    assert Chat.objects.get().group_ids == [sales.number]
    assert "incoming_chat" in [name for name, _ in pushes.to(bob)]


def test_named_access_wins_over_a_chosen_group(acme: Organization, ann: User, carl: User) -> None:
    sales = make.group(acme, "Sales")
    chosen = {"id": "0", "label": "Sales", "group_id": sales.number}
    said = filled(None, answer(chooser(sales), chosen))

    carl.call("start_chat", **prechat(said, access={"group_ids": [0]}))

    assert Chat.objects.get().group_ids == [0]


@pytest.mark.parametrize("number", [-1, 2**31, 2**64 - 1])
def test_what_can_be_no_group_can_not_be_chosen(ann: User, carl: User, number: int) -> None:
    option = {"id": "0", "label": "Sales", "group_id": number}

    said = filled(None, answer(chooser(), option))

    assert carl.refused("start_chat", **prechat(said)) == "validation"


def test_a_group_there_is_not_can_not_be_chosen(ann: User, carl: User) -> None:
    chosen = {"id": "0", "label": "Sales", "group_id": 7}
    unclear = {"id": "0", "label": "Sales"}

    for option, error in ((chosen, "group_not_found"), (unclear, "validation")):
        said = filled(None, answer(chooser(), option))
        assert carl.refused("start_chat", **prechat(said)) == error


# --- asked by the server ----------------------------------------------------------------------


def test_a_closing_chat_asks_what_comes_after(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    form = make.form(acme, NAME, kind="postchat")
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        ann.call("deactivate_chat", id=chat_id)

    told = [(name, body.get("event", {}).get("type")) for name, body in pushes.to(carl)]
    assert told[:3] == [
        ("incoming_event", "system_message"),
        ("incoming_event", "form"),
        ("chat_deactivated", None),
    ]
    asked = pushes.to(carl)[1][1]["event"]
    assert (asked["form_id"], asked["form_type"], asked["fields"]) == (
        form.public_id,
        "postchat",
        form.fields,
    )
    assert "author_id" not in asked
    carl.call(
        "send_event",
        chat_id=chat_id,
        attach_to_last_thread=True,
        event=filled(form, answer(NAME, "Carla"), form_type="postchat"),
    )
    assert Event.objects.filter(type="filled_form").count() == 1


@pytest.mark.parametrize("with_customer", [True, False])
def test_no_form_comes_after_chats_that_ask_none_or_have_no_customer(
    acme: Organization, ann: User, carl: User, with_customer: bool
) -> None:
    make.form(acme, kind="postchat", enabled=not with_customer)
    by = carl if with_customer else ann
    chat_id = by.call("start_chat")["chat_id"]

    ann.call("deactivate_chat", id=chat_id, ignore_requester_presence=True)

    assert not Event.objects.filter(type="form").exists()


def test_who_waits_without_an_address_is_asked_for_it(
    world: World, acme: Organization, carl: User
) -> None:
    form = make.form(acme, EMAIL, kind="ask_for_email")

    with world.capture_pushes() as pushes:
        carl.call("start_chat", continuous=True, **prechat(make.message()))

    events = pushes.payload(carl, "incoming_chat")["chat"]["thread"]["events"]
    assert [event["type"] for event in events] == ["message", "form"]
    assert (events[1]["form_id"], events[1]["form_type"]) == (form.public_id, "ask_for_email")


def test_who_has_an_address_or_need_not_wait_is_not_asked(
    world: World, acme: Organization, carl: User
) -> None:
    make.form(acme, EMAIL, kind="ask_for_email")
    dora = world.customer(acme, "dora")
    dora.call("update_customer", email="dora@example.com")
    dora.call("start_chat", continuous=True)
    world.agent(acme, "ann", online=True)
    carl.call("start_chat")

    assert not Event.objects.filter(type="form").exists()


# --- tickets ----------------------------------------------------------------------------------


@pytest.fixture
def ticket_form(acme: Organization) -> Form:
    """What is asked while nobody is in."""
    return make.form(acme, EMAIL, kind="ticket")


def left_by(ann: User, carl: User) -> tuple[list[dict[str, Any]], int]:
    """Return the customer's tickets and their count, as an agent reads them."""
    customer = ann.call("get_customer", id=carl.id)
    return customer.get("tickets", []), customer["statistics"]["tickets_count"]


def test_an_answered_ticket_form_leaves_a_ticket(
    world: World, ann: User, carl: User, ticket_form: Form
) -> None:
    answered = filled(ticket_form, answer(EMAIL, "carl@example.com"))

    with world.capture_pushes() as pushes:
        carl.call("start_chat", **prechat(answered))

    kept = Ticket.objects.get()
    assert kept.form == {
        "form_id": ticket_form.public_id,
        "form_type": "ticket",
        "fields": [answer(EMAIL, "carl@example.com")],
    }
    shown, count = left_by(ann, carl)
    assert ([ticket["ticket_id"] for ticket in shown], count) == ([str(kept.id)], 1)
    assert pushes.payload(ann, "ticket_created")["ticket_id"] == str(kept.id)


def test_so_does_one_that_is_answered_in_a_chat_once(
    world: World, ann: User, carl: User, ticket_form: Form
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    answered = filled(ticket_form, answer(EMAIL, "carl@example.com"), custom_id="once")

    with world.capture_pushes() as pushes:
        first = carl.call("send_event", chat_id=chat_id, event=answered)
        second = carl.call("send_event", chat_id=chat_id, event=answered)

    assert first == second
    assert left_by(ann, carl)[1] == 1
    assert pushes.names["ann"].count("ticket_created") == 1


def test_a_resumed_chat_leaves_a_ticket_too(ann: User, carl: User, ticket_form: Form) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    answered = filled(ticket_form, answer(EMAIL, "carl@example.com"))

    carl.call("resume_chat", chat={"id": chat_id, "thread": {"events": [answered]}})

    assert left_by(ann, carl)[1] == 1


def test_other_forms_leave_none_whatever_they_are_called(
    acme: Organization, ann: User, carl: User, ticket_form: Form
) -> None:
    globex = make.organization("Globex")
    theirs = make.form(globex, EMAIL, kind="ticket")
    ours = make.form(acme, EMAIL)
    said = answer(EMAIL, "carl@example.com")

    carl.call(
        "start_chat",
        **prechat(
            filled(ours, said, form_type="ticket"),
            filled(theirs, said, form_type="ticket"),
            filled(None, said, form_type="ticket"),
        ),
    )

    assert left_by(ann, carl) == ([], 0)
    assert not Ticket.objects.exists()


def test_a_refused_ticket_form_leaves_none(ann: User, carl: User, ticket_form: Form) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    carl.call("deactivate_chat", id=chat_id)
    answered = filled(ticket_form, answer(EMAIL, "carl@example.com"))

    assert carl.refused("send_event", chat_id=chat_id, event=answered) == "chat_inactive"

    assert left_by(ann, carl) == ([], 0)


def test_an_agent_who_answers_a_ticket_form_leaves_none(
    ann: User, carl: User, ticket_form: Form
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    answered = filled(ticket_form, answer(EMAIL, "carl@example.com"))
    ann.call("send_event", chat_id=chat_id, event=answered)

    assert left_by(ann, carl) == ([], 0)
