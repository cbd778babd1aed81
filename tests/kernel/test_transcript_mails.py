"""Transcripts by mail: who gets one, when, and what it holds."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from chatplatform import clock
from chatplatform.models import Organization, TranscriptMail
from chatplatform.services import transcript_mails
from tests import make
from tests.world import User, World


@pytest.fixture
def chat(ann: User, carl: User) -> dict[str, str]:
    """What names a running chat of Ann and Carl."""
    said = {"thread": {"events": [make.message("Hello")]}}
    started = carl.call("start_chat", chat=said)
    return {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}


def ask(carl: User, chat: dict[str, str], email: str = "carl@example.com") -> None:
    properties = {"routing": {"transcript_email": email}}
    carl.call("update_thread_properties", **chat, properties=properties)


def last(user: User, chat: dict[str, str]) -> dict[str, Any]:
    return dict(user.call("get_chat", **chat)["thread"]["events"][-1])


def addresses() -> list[str]:
    return [address for message in mail.outbox for address in message.to]


def test_a_customer_gets_the_transcript_once_the_thread_is_closed(
    world: World, ann: User, carl: User, chat: dict[str, str]
) -> None:
    ask(carl, chat)
    asked = last(carl, chat)
    assert (asked["system_message_type"], asked["text_vars"]) == (
        "transcript_requested",
        {"customer": "Carl", "email": "carl@example.com"},
    )
    ann.call("send_event", chat_id=chat["chat_id"], event=make.message("Hi"))
    world.act(transcript_mails.send_due)
    assert mail.outbox == []

    carl.call("deactivate_chat", id=chat["chat_id"])
    with world.capture_pushes() as pushes:
        world.act(transcript_mails.send_due)

    (message,) = mail.outbox
    assert message.to == ["carl@example.com"]
    assert message.subject == "Your chat with Acme"
    assert "UTC Carl: Hello\n" in message.body
    assert "UTC Ann: Hi\n" in message.body
    assert last(carl, chat)["system_message_type"] == "transcript_sent"
    assert pushes.names == {"ann": ["incoming_event"], "carl": ["incoming_event"]}


def test_it_leaves_once(world: World, carl: User, chat: dict[str, str]) -> None:
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat["chat_id"])

    for _ in range(2):
        world.act(transcript_mails.send_due)

    assert addresses() == ["carl@example.com"]


def test_it_holds_what_everybody_saw(
    world: World, ann: User, carl: User, chat: dict[str, str]
) -> None:
    chat_id = chat["chat_id"]
    ann.call("send_event", chat_id=chat_id, event=make.message("Psst", visibility="agents"))
    secret = carl.call("send_event", chat_id=chat_id, event=make.message("12345"))
    carl.call("delete_event", **chat, event_id=secret["event_id"])
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat_id)

    world.act(transcript_mails.send_due)

    (message,) = mail.outbox
    for hidden in ("Psst", "12345", ann.id):
        assert hidden not in message.body


def test_what_people_write_stays_text(world: World, carl: User, chat: dict[str, str]) -> None:
    carl.call("send_event", chat_id=chat["chat_id"], event=make.message("{{ 1 }} <b> & co"))
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat["chat_id"])

    world.act(transcript_mails.send_due)

    assert "{{ 1 }} <b> & co" in mail.outbox[0].body
    assert mail.outbox[0].content_subtype == "plain"


def test_who_asks_after_the_end_gets_it_at_once(
    world: World, carl: User, chat: dict[str, str]
) -> None:
    carl.call("deactivate_chat", id=chat["chat_id"])
    ask(carl, chat)

    world.act(transcript_mails.send_due)

    assert addresses() == ["carl@example.com"]


def test_asking_twice_for_the_same_is_asking_once(
    world: World, carl: User, chat: dict[str, str]
) -> None:
    carl.call("deactivate_chat", id=chat["chat_id"])

    for _ in range(2):
        ask(carl, chat)
    world.act(transcript_mails.send_due)

    assert addresses() == ["carl@example.com"]


@pytest.mark.parametrize("email", ["", "nobody", "a@example.com, b@example.com", "x\n@y.example"])
def test_what_is_no_address_gets_nothing(
    world: World, carl: User, chat: dict[str, str], email: str
) -> None:
    ask(carl, chat, email)
    carl.call("deactivate_chat", id=chat["chat_id"])

    world.act(transcript_mails.send_due)

    assert mail.outbox == []


def test_the_licences_addresses_get_every_transcript(
    world: World, acme: Organization, carl: User, chat: dict[str, str]
) -> None:
    named = "a@example.com, b@example.com,a@example.com,,nobody"
    acme.properties = {"core": {"transcript_emails": named}}
    acme.save()
    carl.call("deactivate_chat", id=chat["chat_id"])

    world.act(transcript_mails.send_due)

    assert sorted(addresses()) == ["a@example.com", "b@example.com"]
    assert last(carl, chat)["system_message_type"] != "transcript_sent"


def test_nobody_who_did_not_ask_gets_one(world: World, carl: User, chat: dict[str, str]) -> None:
    carl.call("deactivate_chat", id=chat["chat_id"])

    world.act(transcript_mails.send_due)

    assert mail.outbox == []


def test_an_address_gets_so_many_a_day(
    world: World, carl: User, chat: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_mails, "MAILS_A_DAY", 2)
    carl.call("deactivate_chat", id=chat["chat_id"])
    for email in ("victim@example.com", "carl@example.com") * 3:
        ask(carl, chat, email)

    world.act(transcript_mails.send_due)

    assert addresses().count("victim@example.com") == 2


def test_a_mail_that_fails_is_tried_again_three_times_in_all(
    world: World, carl: User, chat: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(message: Any) -> None:
        tried.append(message.to)
        raise OSError("no connection")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat["chat_id"])

    for _ in range(5):
        world.act(transcript_mails.send_due)
        TranscriptMail.objects.exclude(due_at=None).update(due_at=clock.now())

    assert len(tried) == transcript_mails.ATTEMPTS
    assert last(carl, chat)["system_message_type"] != "transcript_sent"


def test_a_chat_that_goes_on_is_not_told_of_the_mail(
    world: World, carl: User, chat: dict[str, str]
) -> None:
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat["chat_id"])
    carl.call("resume_chat", chat={"id": chat["chat_id"]})

    with world.capture_pushes() as pushes:
        world.act(transcript_mails.send_due)

    assert addresses() == ["carl@example.com"]
    assert pushes.names == {}


def test_mails_that_left_are_forgotten_after_a_day(
    world: World, carl: User, chat: dict[str, str]
) -> None:
    ask(carl, chat)
    carl.call("deactivate_chat", id=chat["chat_id"])
    TranscriptMail.objects.update(created_at=clock.now() - timedelta(days=2))
    transcript_mails.forget_old()
    assert TranscriptMail.objects.exists()

    world.act(transcript_mails.send_due)
    transcript_mails.forget_old()

    assert not TranscriptMail.objects.exists()
