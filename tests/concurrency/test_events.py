"""Both sides of a conversation write, mark and take back at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail

from chatplatform import clock
from chatplatform.models import Chat, ChatChange, Event, Organization, UploadedFile
from chatplatform.services import thumbnails, timers, transcript_mails
from tests import make
from tests.concurrency.together import at_once
from tests.images import PIXEL
from tests.world import Refused, User, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_event_is_lost_and_none_is_stored_twice(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk

    def write(user: User, number: int) -> Callable[[], list[str]]:
        def send() -> list[str]:
            return [
                user.rtm(
                    "send_event",
                    {"chat_id": chat_id, "event": make.message(f"{number}.{part}")},
                )["event_id"]
                for part in range(10)
            ]

        return send

    answers = at_once(write(ann, 1), write(ann, 2), write(carl, 3), write(carl, 4))

    ids = [event_id for sent in answers for event_id in sent]
    assert len(set(ids)) == 40
    stored = Event.objects.order_by("position")
    assert {event.public_id for event in stored} == set(ids)
    for number in range(1, 5):
        own = [e.content["text"] for e in stored if e.content["text"].startswith(f"{number}.")]
        assert own == [f"{number}.{part}" for part in range(10)]


def test_a_repeat_at_the_same_time_is_a_repeat(talk: tuple[User, User, str]) -> None:
    _, carl, chat_id = talk
    payload = {"chat_id": chat_id, "event": make.message("Hi", custom_id="c1")}

    answers = at_once(*[lambda: carl.rtm("send_event", payload)] * 6)

    assert len({answer["event_id"] for answer in answers}) == 1
    assert Event.objects.count() == 1


def test_a_late_repeat_at_the_same_time_is_a_repeat(talk: tuple[User, User, str]) -> None:
    _, carl, chat_id = talk
    carl.rtm("deactivate_chat", {"id": chat_id})
    payload = {
        "chat_id": chat_id,
        "event": make.message("P.S.", custom_id="c1"),
        "attach_to_last_thread": True,
    }

    answers = at_once(*[lambda: carl.rtm("send_event", payload)] * 4)

    assert len({answer["event_id"] for answer in answers}) == 1
    assert Event.objects.count() == 2


def test_nothing_is_written_after_the_end(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk

    def write() -> int:
        written = 0
        for _ in range(20):
            try:
                carl.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
            except Refused as refused:
                if refused.type == "chat_inactive":
                    break
                raise
            written += 1
        return written

    written, _, _ = at_once(write, lambda: ann.rtm("deactivate_chat", {"id": chat_id}), lambda: 0)

    events = list(Event.objects.order_by("position"))
    assert [event.type for event in events] == ["message"] * written + ["system_message"]


def test_marks_move_forward_only(talk: tuple[User, User, str]) -> None:
    ann, carl, chat_id = talk
    for _ in range(8):
        ann.rtm("send_event", {"chat_id": chat_id, "event": make.message()})
    events = Event.objects.filter(author_id=ann.id).order_by("position")
    moments = [clock.to_wire(event.created_at) for event in events]

    at_once(
        *[
            lambda moment=moment: carl.rtm(
                "mark_events_as_seen", {"chat_id": chat_id, "seen_up_to": moment}
            )
            for moment in moments
        ]
    )

    assert Chat.objects.get().participants[carl.id]["seen"] == moments[-1]
    told = ChatChange.objects.filter(body__is="EventsMarkedAsSeen").order_by("sequence")
    seen = [change.body["seen_up_to"] for change in told]
    assert seen == sorted(seen)


def test_silence_is_noticed_once_and_ended_once(
    talk: tuple[User, User, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, carl, chat_id = talk
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(minutes=11))
    at_once(*[timers.notice_silence] * 3)
    assert Event.objects.count() == 1

    say = {"chat_id": chat_id, "event": make.message()}
    at_once(*[lambda user=user: user.rtm("send_event", say) for user in (ann, carl) * 2])

    told = ChatChange.objects.filter(body__is="ThreadPropertiesUpdated").order_by("sequence")
    said = [change.body["properties"]["routing"] for change in told]
    assert [one["idle"] for one in said if "idle" in one] == [True, False]
    assert [one["unreplied"] for one in said if "unreplied" in one] == [False]
    assert Chat.objects.get().idle is False


def test_everybody_who_presses_a_button_at_once_is_remembered(
    world: World, acme: Organization
) -> None:
    ann, carl = world.agent(acme, "ann", online=True), world.customer(acme, "carl")
    started = carl.rtm("start_chat")
    question = make.rich_message("Well?", "yes")
    sent = ann.rtm("send_event", {"chat_id": started["chat_id"], "event": question})
    press = {**started, **sent, "postback": {"id": "yes", "toggled": True}}
    people = [ann, carl]

    at_once(*[lambda one=one: one.rtm("send_rich_message_postback", press) for one in people * 2])

    event = Event.objects.get(type="rich_message")
    (button,) = event.content["elements"][0]["buttons"]
    assert sorted(button["user_ids"]) == sorted([ann.id, carl.id])


def test_an_event_is_taken_back_once(world: World, acme: Organization) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    event = make.message("Oops", custom_id="c")
    about = {"chat_id": started["chat_id"], "event": event}
    named = {**started, **carl.rtm("send_event", about)}

    delete = lambda: carl.rtm("delete_event", named)  # noqa: E731
    answers = at_once(*[delete] * 4)

    assert sorted(map(str, answers)) == ["not_found", "not_found", "not_found", "{}"]


def test_several_workers_make_one_pair_of_thumbnails_and_send_one_mail(
    world: World, acme: Organization
) -> None:
    carl = world.customer(acme, "carl")
    started = carl.rtm("start_chat", {"continuous": True})
    event = {"type": "file", "url": carl.upload("cat.png", PIXEL)}
    carl.rtm("send_event", {"chat_id": started["chat_id"], "event": event})
    wish = {"routing": {"transcript_email": "carl@example.com"}}
    carl.rtm("update_thread_properties", {**started, "properties": wish})
    carl.rtm("deactivate_chat", {"id": started["chat_id"]})

    at_once(*[thumbnails.make_due] * 3, *[transcript_mails.send_due] * 3)

    assert UploadedFile.objects.filter(thumbnail_of__isnull=False).count() == 2
    assert [message.to for message in mail.outbox] == [["carl@example.com"]]
