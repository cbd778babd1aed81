"""Threads are read for the archives, tagged and deleted at once."""

import pytest

from chatplatform.models import ArchiveEntry, Organization, Thread
from chatplatform.services import archives
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_several_workers_read_each_thread_of_the_archives(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "AT_ONCE", 3)
    for _ in range(12):
        make.chat(make.customer(acme), active=False, texts=["An order"])

    at_once(*[archives.index_due] * 3)
    archives.index_due()

    assert ArchiveEntry.objects.count() == 12
    assert not Thread.objects.filter(archived=False).exists()


def test_nobody_finds_what_is_deleted_while_a_worker_reads(
    acme: Organization, world: World
) -> None:
    ann = world.agent(acme, "ann")
    for _ in range(5):
        carl = world.customer(acme, "carl", online=False)
        text = {"thread": {"events": [make.message("My password")]}}
        started = carl.call("start_chat", continuous=True, chat=text)
        event_id = started.pop("event_ids")[0]

        def delete(carl: User = carl, ids: dict[str, str] = started, event: str = event_id) -> None:
            carl.call("delete_event", **ids, event_id=event)

        at_once(archives.index_due, delete)

        found = ann.call("list_archives", filters={"query": "password"})
        assert found["chats"] == []


def test_a_tag_is_made_once_however_its_name_is_written(boss: User) -> None:

    made = [lambda name=name: boss.web("create_tag", {"name": name}) for name in ("vip", "VIP") * 2]
    answers = at_once(*made)

    assert sorted(map(str, answers)) == ["already_exists"] * 3 + ["{}"]
    assert len(boss.web("list_tags")) == 1


def test_a_thread_is_tagged_once_however_many_try(acme: Organization, world: World) -> None:
    ann = world.agent(acme, "ann")
    make.tag(acme, "vip")
    chat = make.chat(make.customer(acme))
    asked = {"chat_id": chat.id, "thread_id": chat.last_thread_id, "tag": "vip"}

    answers = at_once(*[lambda: ann.call("tag_thread", **asked)] * 3)

    assert sorted(answers, key=str) == ["validation", "validation", {}]
    assert Thread.objects.get(chat=chat).tags == ["vip"]
