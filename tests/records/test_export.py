"""A customer's copy of what is held on them: all of it, for programs and for people."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model

from chatplatform import clock
from chatplatform.models import (
    Agent,
    ApiCall,
    ArchiveEntry,
    ArchiveFact,
    AuditEntry,
    ChatChange,
    ChatListing,
    ConnectionLease,
    Customer,
    CustomerIdentity,
    Event,
    FileUse,
    Organization,
    SummaryRequest,
    Thread,
    WebhookAttempt,
)
from chatplatform.selectors.customer_data import SECTIONS, VERSION
from chatplatform.services import customer_data
from tests import make
from tests.records import planted as plants
from tests.records.planted import Planted, plant
from tests.records.test_erasure import leading_to_customers
from tests.world import User, World

NOT_IN_IT: dict[type[Model], str] = {
    ArchiveEntry: "the words of events, sorted to be searched: the events are there",
    ArchiveFact: "what can be filtered by, read off the events and visits that are there",
    ChatChange: "changes of the last ten minutes, for clients that missed one",
    ChatListing: "which list shows a chat",
    FileUse: "which event shows a file: the event names it",
    SummaryRequest: "that a summary is still to be made",
    ConnectionLease: "that a connection lives now, for seconds",
    ApiCall: "an application's last calls, without what they said",
    WebhookAttempt: "what a receiver answered",
}
"""What holds something of a customer and is not exported, and why."""


OURS = {
    "id",
    "organization",
    "customer",
    "checksum",
    "code_challenge",
    "code_challenge_method",
    "webhook",
    "endpoint",
}
"""Keys of ours, and what proves who somebody is."""
LEFT_OUT = {
    "customer": {"access_group_ids", "last_visit"},
    "visits": {"asked_group", "greetings_due_at"},
    "greetings": {"visit", "greeting", "current"},
    "welcome_messages": {"public_id"},
    "goals": {"visit"},
    "transcript_mails": {"attempts"},
    "chats": {
        "group_ids",
        "followers",
        "sequence",
        "changed_at",
        "previous_change_at",
        "active_thread_id",
        "last_thread_id",
        "last_thread_created_at",
        "next_position",
        "last_events",
        "idle",
        "unreplied",
        "anonymized",
    },
    "threads": {"group_ids", "queue_position", "archived"},
    "events": {"sequence", "repeat_key"},
    "files": {
        "origin",
        "content",
        "used",
        "thumbnail_of",
        "thumbnails_due_at",
        "width",
        "height",
    },
    "webhook_calls": {"cause", "attempts_count", "due_at", "finished_at", "given_up"},
    "audit": {
        "subject_type",
        "subject_id",
        "user_id",
        "account_id",
        "client_id",
        "door",
        "address",
        "user_agent",
    },
}
"""Columns that say how the platform works, or what agents did, and nothing about the customer."""


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Any) -> None:
    """Keep uploads where nobody else's are."""
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def zara(world: World, acme: Organization, ann: User) -> Planted:
    """A customer who left something everywhere."""
    return plant(world, acme, ann)


def export(zara: Planted) -> ZipFile:
    file = BytesIO()
    customer_data.export(zara.organization.pk, zara.customer.id, file)
    return ZipFile(file)


def data(zara: Planted) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(export(zara).read("data.json"))
    return found


class TestEverythingIsInIt:
    def test_every_model_that_leads_to_a_customer(self):
        exported = {section.model for section in SECTIONS}

        assert leading_to_customers() - exported - NOT_IN_IT.keys() == set()
        assert exported.isdisjoint(NOT_IN_IT)

    def test_every_table_that_holds_something_of_them(self, zara: Planted):
        holding = plants.tables_with(*plants.PLANTS, zara.customer.id)
        known = {section.model for section in SECTIONS} | NOT_IN_IT.keys()
        tables = {model._meta.db_table for model in known}

        assert {one for one in holding if "archivewords" not in one} <= tables

    def test_every_section_has_what_was_planted(self, zara: Planted):
        found = data(zara)

        assert {section.name for section in SECTIONS if not found[section.name]} <= {"audit"}
        assert (found["format"], found["version"]) == ("chatplatform.customer", VERSION)

    def test_every_column_or_a_reason(self):
        for section in SECTIONS:
            told = {column.partition("__")[0] for column in section.columns}
            columns = {
                one.name
                for one in section.model._meta.concrete_fields
                if not {one.name, one.attname} & told
            }
            assert columns <= OURS | LEFT_OUT.get(section.name, set()), section.name

    def test_the_conversation_with_whispers_and_the_file(self, zara: Planted):
        archive = export(zara)
        found = orjson.loads(archive.read("data.json"))

        said = [event["content"].get("text") for event in found["events"]]
        assert f"My name is {plants.NAME}" in said
        assert zara.whisper in said
        assert len(found["events"]) == Event.objects.filter(thread__chat=zara.chat_id).count()
        contents = [archive.read(one["path"]) for one in found["files"]]
        assert contents == [plants.FILE] * 3

    def test_people_can_read_it(self, zara: Planted):
        page = export(zara).read("index.html").decode()
        assert re.search(r"As of \d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC\.", page)
        assert re.search(r"conversation \d+, \d{1,2} [A-Z][a-z]+ \d{4}, \d\d:\d\d UTC", page)

        assert f"My name is {plants.NAME}" in page
        assert zara.whisper in page
        assert "seen by agents only" in page
        assert page.rstrip().endswith("</html>")


class TestWhatIsNot:
    def test_no_secret(self, zara: Planted):
        text = export(zara).read("data.json").decode()

        for checksum in CustomerIdentity.objects.values_list("checksum", flat=True):
            assert checksum not in text
        assert zara.customer.credentials.removeprefix("Bearer ") not in text

    def test_agents_are_named_as_customers_know_them(self, zara: Planted):
        agent = Agent.objects.get(public_id=zara.agent.id)

        text = export(zara).read("data.json").decode()

        assert zara.agent.id not in text
        assert {"id": agent.customer_facing_id, "name": agent.name, "job": agent.job_title} in (
            orjson.loads(text)["agents"]
        )

    def test_nothing_of_another_customer(self, world: World, zara: Planted, acme: Organization):
        otto = world.customer(acme, "otto")
        otto.call("start_chat", chat={"thread": {"events": [make.message("Otto was here")]}})

        archive = export(zara)

        assert b"Otto was here" not in archive.read("data.json") + archive.read("index.html")

    def test_no_call_in_which_others_merely_wrote_of_them(
        self, world: World, zara: Planted, acme: Organization
    ):
        otto = world.customer(acme, "otto")
        chat_id = otto.call("start_chat")["chat_id"]
        text = f"Otto's is a duplicate of {zara.chat_id} {zara.customer.id}"
        zara.agent.call("send_event", chat_id=chat_id, event=make.message(text))

        calls = data(zara)["webhook_calls"]

        assert text not in str(calls)
        assert {call["event"].get("chat_id", zara.chat_id) for call in calls} == {zara.chat_id}


def test_the_log_says_that_there_was_one(
    zara: Planted, log_of: Callable[[Callable[[], object]], list[AuditEntry]]
):
    (entry,) = log_of(lambda: export(zara))

    assert (entry.action, entry.subject_id) == ("export_customer", zara.customer.id)


def test_memory_does_not_grow_with_what_there_is(zara: Planted):
    def peak() -> int:
        tracemalloc.start()
        with open("/dev/null", "r+b") as nowhere:
            customer_data.export(zara.organization.pk, zara.customer.id, _Sink(nowhere))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak()  # what is imported and kept the first time
    talk(zara, 1_000)
    few = peak()
    talk(zara, 4_000)
    assert peak() < few * 1.5


class _Sink(BytesIO):
    """Takes bytes and keeps none of them; a ZIP is written to it as to a pipe."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self._target = target
        self._size = 0

    def write(self, some: Any) -> int:
        self._size += len(some)
        return len(some)

    def tell(self) -> int:
        return self._size

    def seekable(self) -> bool:
        return False


def talk(zara: Planted, messages: int) -> None:
    """Add messages to the customer's running thread, as if they had been sent."""
    thread = Thread.objects.get(chat_id=zara.chat_id, active=True)
    last = Event.objects.filter(thread=thread).order_by("-position")[0].position
    Event.objects.bulk_create(
        Event(
            organization=zara.organization,
            thread=thread,
            position=position,
            sequence=10_000 + position,
            type="message",
            author_id=zara.customer.id,
            content={"text": f"{plants.MARK} {position} " + "word " * 20},
            created_at=clock.now(),
        )
        for position in range(last + 1, last + 1 + messages)
    )


class TestTheCommands:
    def test_export(self, zara: Planted, tmp_path: Path):
        target, out = tmp_path / "copy.zip", StringIO()

        call_command(
            "export_customer",
            str(zara.organization.license_id),
            plants.EMAIL.upper(),
            output=str(target),
            stdout=out,
        )

        assert orjson.loads(ZipFile(target).read("data.json"))["customer"][0]["name"] == plants.NAME
        assert f"Wrote {target}" in out.getvalue()
        entry = AuditEntry.objects.latest("pk")
        assert (entry.action, entry.door, entry.user_id) == ("export_customer", "command", "")

    def test_export_overwrites_nothing(self, zara: Planted, tmp_path: Path):
        target = tmp_path / "copy.zip"
        target.write_text("mine")

        with pytest.raises(CommandError, match="can not be written"):
            call_command(
                "export_customer",
                str(zara.organization.pk),
                zara.customer.id,
                output=str(target),
            )

        assert target.read_text() == "mine"

    def test_erase(self, zara: Planted):
        out = StringIO()
        wanted = ("erase_customer", str(zara.organization.pk), zara.customer.id, "--no-input")

        call_command(*wanted, stdout=out)
        call_command(*wanted, stdout=out)

        assert plants.tables_with(*plants.PLANTS) == {}
        assert "Nothing is held on them any more" in out.getvalue()
        assert "was erased already" in out.getvalue()
        assert AuditEntry.objects.get(action="erase_customer").door == "command"

    def test_erase_asks_first(self, zara: Planted, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("builtins.input", lambda question: "no")

        with pytest.raises(CommandError, match="nothing was erased"):
            call_command(
                "erase_customer",
                str(zara.organization.pk),
                f"user-{plants.MARK}",
                stdout=StringIO(),
            )

        assert Customer.objects.filter(id=zara.customer.id, name=plants.NAME).exists()

    @pytest.mark.parametrize("name", ["export_customer", "erase_customer"])
    def test_whom_nobody_knows(self, name: str, zara: Planted):
        other = make.organization("Globex")

        for organization, customer in (
            ("nobody", zara.customer.id),
            ("1", zara.customer.id),
            (str(other.pk), zara.customer.id),
            (str(zara.organization.pk), "nobody@example.com"),
        ):
            with pytest.raises(CommandError):
                call_command(name, organization, customer, stdout=StringIO())

        assert Customer.objects.filter(id=zara.customer.id).exists()
