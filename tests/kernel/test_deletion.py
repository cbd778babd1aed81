"""What is deleted is gone from everywhere, and those who could see it are told."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.errors import NotAllowed, NotFound
from chatplatform.models import (
    ArchiveEntry,
    ArchiveFact,
    Chat,
    ChatChange,
    ChatListing,
    Event,
    Goal,
    Organization,
    ReachedGoal,
    Thread,
    TranscriptMail,
    UploadedFile,
    WebhookDelivery,
)
from chatplatform.services import archives, deletion, expiry, files, transcript_mails
from tests import make
from tests.world import User, World


def talk(ann: User, carl: User, *texts: str, chat_id: str = "") -> dict[str, str]:
    """Let Carl begin a thread, say something, and close it; return its ids."""
    events = {"thread": {"events": [make.message(text) for text in texts]}}
    if chat_id:
        thread_id = carl.call("resume_chat", chat={"id": chat_id, **events})["thread_id"]
    else:
        started = carl.call("start_chat", chat=events)
        chat_id, thread_id = started["chat_id"], started["thread_id"]
    carl.call("deactivate_chat", id=chat_id)
    return {"chat_id": chat_id, "thread_id": thread_id}


def thread_ids(user: User, chat_id: str) -> list[str]:
    answer = user.call("list_threads", chat_id=chat_id, limit=100, sort_order="asc")
    assert answer["found_threads"] == len(answer["threads"])
    return [thread["id"] for thread in answer["threads"]]


def found(user: User, **filters: Any) -> list[str]:
    answer = user.call("list_archives", filters=filters)
    return [chat["thread"]["id"] for chat in answer["chats"]]


# --- chats --------------------------------------------------------------------------------------


def test_a_deleted_chat_leaves_nothing(
    world: World, acme: Organization, ann: User, bob: User, carl: User
) -> None:
    ids = talk(ann, carl, "Hello")
    archives.index_due()

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.delete_chat(acme.id, ids["chat_id"]))

    told = [("chat_deleted", {"chat_id": ids["chat_id"]})]
    assert heard.to(ann) == heard.to(bob) == told
    assert heard.to(carl) == []
    gone = (Chat, Thread, Event, ChatListing, ChatChange, ArchiveEntry, ArchiveFact)
    assert [model.__name__ for model in gone if model.objects.exists()] == []
    assert ann.call("list_chats")["chats_info"] == []
    assert found(ann) == found(ann, query="hello") == []
    assert ann.refused("get_chat", chat_id=ids["chat_id"]) == "not_found"
    assert carl.refused("get_chat", chat_id=ids["chat_id"]) == "not_found"
    assert carl.call("start_chat")["chat_id"]


def test_a_running_chat_closes_first(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.delete_chat(acme.id, chat_id))

    assert [name for name, _ in heard.to(ann)] == [
        "incoming_event",
        "chat_deactivated",
        "chat_deleted",
    ]
    assert [name for name, _ in heard.to(carl)] == ["incoming_event", "chat_deactivated"]


def test_its_files_are_not_served_any_more_and_go(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    url = carl.upload("a.txt", b"a", "text/plain")
    carl.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})
    path = url.removeprefix("http://testserver")
    assert b"".join(world.client.get(path).streaming_content) == b"a"

    world.act(lambda: deletion.delete_chat(acme.id, chat_id))

    assert world.client.get(path).status_code == 404
    files.delete_unused()
    assert not UploadedFile.objects.exists()


def test_nobody_deletes_what_is_anothers(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    other = make.organization("Other")
    ids = talk(ann, carl, "Hello")

    for delete in (
        lambda: deletion.delete_chat(other.id, ids["chat_id"]),
        lambda: deletion.delete_thread(other.id, ids["chat_id"], ids["thread_id"]),
        lambda: deletion.anonymize_chat(other.id, ids["chat_id"]),
    ):
        with world.nothing_changes(), pytest.raises(NotFound):
            delete()
    with world.nothing_changes():
        assert deletion.delete_threads(other.id) == 0


# --- threads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_deleted_thread_closes_the_gap_it_leaves(
    world: World, acme: Organization, ann: User, bob: User, carl: User, place: int
) -> None:
    first = talk(ann, carl, "One")
    chat_id = first["chat_id"]
    ids = [first["thread_id"]]
    ids += [talk(ann, carl, text, chat_id=chat_id)["thread_id"] for text in ("Two", "Three")]
    archives.index_due()

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.delete_thread(acme.id, chat_id, ids[place]))

    told = [("thread_deleted", {"chat_id": chat_id, "thread_id": ids[place]})]
    assert heard.to(ann) == heard.to(bob) == told
    assert heard.to(carl) == []
    left = [one for one in ids if one != ids[place]]
    assert thread_ids(ann, chat_id) == thread_ids(carl, chat_id) == left
    shown = ann.call("get_chat", chat_id=chat_id, thread_id=left[0])["thread"]
    assert shown["next_thread_id"] == left[1]
    newest = ann.call("get_chat", chat_id=chat_id)["thread"]
    assert (newest["id"], newest["previous_thread_id"]) == (left[1], left[0])
    (info,) = ann.call("list_chats")["chats_info"]
    assert info["last_thread_info"]["id"] == left[1]
    last = info["last_thread_info"]["last_event_per_type"]["message"]["event"]
    assert last["text"] == ("Two" if place == 2 else "Three")
    assert found(ann, query=("one", "two", "three")[place]) == []
    again = talk(ann, carl, "Four", chat_id=chat_id)
    assert thread_ids(ann, chat_id) == [*left, again["thread_id"]]


def test_a_chat_goes_on_in_the_thread_that_is_newest_now(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    older = talk(ann, carl, "One", "Two", "Three")
    newer = talk(ann, carl, "Four", chat_id=older["chat_id"])
    world.act(lambda: deletion.delete_thread(acme.id, **newer))

    carl.call("update_thread_properties", **older, properties={"rating": {"score": 1}})
    late = {"event": make.message("P.S."), "attach_to_last_thread": True}
    sent = carl.call("send_event", chat_id=older["chat_id"], **late)

    events = carl.call("get_chat", **older)["thread"]["events"]
    assert [event["text"] for event in events] == [
        "One",
        "Two",
        "Three",
        "Carl archived the chat",
        "Carl rated the chat as good",
        "P.S.",
    ]
    assert sent == {"event_id": f"{older['thread_id']}_6"}


def test_the_only_thread_takes_its_chat_along(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    ids = talk(ann, carl)

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.delete_thread(acme.id, ids["chat_id"], ids["thread_id"]))

    assert heard.to(ann) == [("chat_deleted", {"chat_id": ids["chat_id"]})]
    assert not Chat.objects.exists()


def test_a_running_thread_can_not_be_deleted(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    started = carl.call("start_chat")

    with world.nothing_changes(), pytest.raises(NotAllowed):
        deletion.delete_thread(acme.id, started["chat_id"], started["thread_id"])
    with world.nothing_changes(), pytest.raises(NotFound):
        deletion.delete_thread(acme.id, started["chat_id"], "NOSUCHTHRD")


def test_threads_of_a_time_are_deleted_together(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    first = talk(ann, carl, "One")
    chat_id = first["chat_id"]
    second, third = (talk(ann, carl, chat_id=chat_id)["thread_id"] for _ in range(2))
    began = Thread.objects.get(id=second).created_at

    with world.capture_pushes() as heard:
        count = world.act(lambda: deletion.delete_threads(acme.id, date_to=began))

    assert count == 2
    assert heard.to(ann) == [("threads_deleted", {"date_to": clock.to_wire(began)})]
    assert thread_ids(ann, chat_id) == [third]


def test_threads_with_a_tag_are_deleted_and_running_ones_stay(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    make.tag(acme, "spam")
    closed, kept = talk(ann, carl), talk(ann, world.customer(acme, "dora"))
    running = world.customer(acme, "emil").call("start_chat")
    running.pop("event_ids", None)
    for ids in (closed, running):
        ann.call("tag_thread", **ids, tag="spam")

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.delete_threads(acme.id, tag="spam"))

    assert heard.to(ann) == [
        ("chat_deleted", {"chat_id": closed["chat_id"]}),
        ("threads_deleted", {"tag": "spam"}),
    ]
    assert set(Thread.objects.values_list("id", flat=True)) == {
        kept["thread_id"],
        running["thread_id"],
    }


def test_many_threads_are_deleted_in_steps(
    acme: Organization, ann: User, carl: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "BATCH", 2)
    chat_id = talk(ann, carl)["chat_id"]
    for _ in range(4):
        talk(ann, carl, chat_id=chat_id)

    assert deletion.delete_threads(acme.id) == 5
    assert not Chat.objects.exists()


def test_nothing_to_delete_is_nothing_to_tell(world: World, acme: Organization, ann: User) -> None:
    with world.nothing_changes():
        assert world.act(lambda: deletion.delete_threads(acme.id, tag="spam")) == 0


# --- anonymous chats ------------------------------------------------------------------------------


def test_an_anonymous_chat_tells_nothing_of_anybody(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    ids = talk(ann, carl, "My name is Carl")
    thread = Thread.objects.get(id=ids["thread_id"])
    thread.properties = {
        "rating": {"score": 1, "comment": "from Carl"},
        "routing": {"continuous": False, "start_url": "https://x.example/carl"},
    }
    thread.customer_visit = {"ip": "192.0.2.7"}
    thread.save()
    goal = Goal.objects.create(organization=acme, name="Signed up", type="api")
    ReachedGoal.objects.create(goal=goal, customer_id=carl.id, thread=thread)
    archives.index_due()

    world.act(lambda: deletion.anonymize_chat(acme.id, ids["chat_id"]))
    archives.index_due()

    chat = ann.call("get_chat", chat_id=ids["chat_id"])
    shown = chat["thread"]
    assert [user["id"] for user in chat["users"]] == [ann.id]
    (stub,) = shown["events"]
    assert stub.keys() == {"id", "type", "created_at", "visibility", "deleted"}
    assert shown["user_ids"] == [ann.id]
    assert shown["properties"] == {"rating": {"score": 1}, "routing": {"continuous": False}}
    assert "customer_visit" not in shown
    assert found(ann, query="carl") == []
    assert found(ann) == [ids["thread_id"]]
    assert ReachedGoal.objects.get().thread is None
    assert not ChatChange.objects.filter(chat_id=ids["chat_id"]).exists()
    assert "arl" not in str(ann.call("list_chats"))


def test_an_anonymous_chat_can_not_go_on(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    make.tag(acme, "vip")
    ids = talk(ann, carl, "Hello")
    chat_id = ids["chat_id"]
    world.act(lambda: deletion.anonymize_chat(acme.id, chat_id))

    late = {"event": make.message(), "attach_to_last_thread": True}
    assert carl.refused("resume_chat", chat={"id": chat_id}) == "chat_anonymized"
    assert carl.refused("send_event", chat_id=chat_id, **late) == "chat_anonymized"
    assert carl.refused("get_chat", chat_id=chat_id) == "chat_anonymized"
    message = {"event": make.message()}
    assert ann.refused("send_event", chat_id=chat_id, **message) == "chat_anonymized"
    assert ann.refused("resume_chat", chat={"id": chat_id}) == "chat_anonymized"
    assert ann.refused("tag_thread", **ids, tag="vip") == "chat_anonymized"
    assert carl.call("list_chats")["chats_info"] == []
    assert carl.call("start_chat")["chat_id"] != chat_id


def test_an_anonymous_chat_is_mailed_to_nobody(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    started = carl.call("start_chat")
    ids = {"chat_id": started["chat_id"], "thread_id": started["thread_id"]}
    wish = {"routing": {"transcript_email": "carl@example.com"}}
    carl.call("update_thread_properties", **ids, properties=wish)
    carl.call("deactivate_chat", id=ids["chat_id"])

    world.act(lambda: deletion.anonymize_chat(acme.id, ids["chat_id"]))
    world.act(transcript_mails.send_due)

    assert mail.outbox == []
    assert not TranscriptMail.objects.exists()
    assert ann.call("get_chat", **ids)["thread"]["events"] == []


def test_a_running_chat_closes_before_it_becomes_anonymous(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as heard:
        world.act(lambda: deletion.anonymize_chat(acme.id, chat_id))

    assert [name for name, _ in heard.to(ann)] == ["incoming_event", "chat_deactivated"]
    with world.nothing_changes():
        world.act(lambda: deletion.anonymize_chat(acme.id, chat_id))


# --- retention ------------------------------------------------------------------------------------


def test_threads_are_kept_for_ever_unless_somebody_says_otherwise(
    world: World, ann: User, carl: User
) -> None:
    talk(ann, carl)
    Thread.objects.update(created_at=clock.now() - timedelta(days=5_000))

    with world.nothing_changes():
        world.act(expiry.forget_old)


@pytest.mark.parametrize("said_by", ["operator", "licence"])
def test_old_threads_go_after_the_days_they_are_kept(
    world: World, acme: Organization, ann: User, carl: User, settings: Settings, said_by: str
) -> None:
    old = talk(ann, carl)
    newer = talk(ann, carl, chat_id=old["chat_id"])["thread_id"]
    Thread.objects.filter(id=old["thread_id"]).update(created_at=clock.now() - timedelta(days=31))
    settings.ARCHIVES_RETENTION_DAYS = 30 if said_by == "operator" else 1_000
    if said_by == "licence":
        acme.properties = {"limits": {"archives_retention.base": 30}}
        acme.save()

    with world.capture_pushes() as heard:
        world.act(expiry.forget_old)

    ((name, told),) = heard.to(ann)
    assert (name, list(told)) == ("threads_deleted", ["date_to"])
    assert thread_ids(ann, old["chat_id"]) == [newer]


class TestCallsToWebhooks:
    """What a webhook was or is to be told of a thread goes with the thread."""

    @pytest.fixture(autouse=True)
    def _listening(self, acme: Organization) -> None:
        owner = make.application(acme)
        for action in ("incoming_chat", "incoming_event", "chat_properties_updated"):
            make.webhook(owner, action)

    def left(self, named: str) -> int:
        return sum(named in str(call.event) for call in WebhookDelivery.objects.all())

    @pytest.mark.parametrize("by", ["retention", "time", "itself"])
    def test_all_go_with_the_chats_only_thread(
        self, world: World, acme: Organization, ann: User, carl: User, by: str
    ):
        ids = talk(ann, carl, "My number is 4711")
        values = {"test": {"string_property": "4711"}}
        ann.call("update_chat_properties", id=ids["chat_id"], properties=values)
        assert self.left("4711") > 1

        if by == "retention":
            acme.retention = {"chats": 30}
            acme.save()
            Thread.objects.update(created_at=clock.now() - timedelta(days=31))
            world.act(expiry.forget_old)
        elif by == "time":
            world.act(lambda: deletion.delete_threads(acme.id))
        else:
            world.act(lambda: deletion.delete_thread(acme.id, **ids))

        assert not Thread.objects.exists()
        assert self.left("4711") == 0

    def test_those_of_the_chats_other_threads_stay(
        self, world: World, acme: Organization, ann: User, carl: User
    ):
        first = talk(ann, carl, "First words")
        second = talk(ann, carl, "Second words", chat_id=first["chat_id"])
        Thread.objects.filter(id=first["thread_id"]).update(tags=["spam"])
        kept = self.left(second["thread_id"])
        assert self.left("First words") > 0

        world.act(lambda: deletion.delete_threads(acme.id, tag="spam"))

        assert self.left("First words") == 0
        assert self.left(second["thread_id"]) == kept > 0

    @pytest.mark.parametrize("by", ["time", "itself", "chat"])
    def test_those_of_chats_in_which_it_is_named_stay(
        self, world: World, acme: Organization, ann: User, carl: User, by: str
    ):
        gone = talk(ann, carl, "First words")
        dora = world.customer(acme, "dora")
        other = dora.call("start_chat")["chat_id"]
        words = f"duplicate of {gone['chat_id']} {gone['thread_id']}"
        ann.call("send_event", chat_id=other, event=make.message(words))

        if by == "time":
            world.act(lambda: deletion.delete_threads(acme.id))
        elif by == "itself":
            world.act(lambda: deletion.delete_thread(acme.id, **gone))
        else:
            world.act(lambda: deletion.delete_chat(acme.id, gone["chat_id"]))

        assert self.left("First words") == 0
        assert self.left(words) == 1

    def test_they_are_read_once_for_many_threads(
        self, world: World, acme: Organization, ann: User, carl: User
    ):
        chat_id = ""
        for _ in range(3):
            chat_id = talk(ann, carl, "Again", chat_id=chat_id)["chat_id"]

        with CaptureQueriesContext(connection) as queries:
            deletion.delete_threads(acme.id)

        read = 'SELECT "chatplatform_webhookdelivery"."id"'
        assert sum("thread_id" in one["sql"] and read in one["sql"] for one in queries) == 1
