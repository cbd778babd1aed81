"""A customer writes, comes and is changed while they are erased."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from chatplatform.models import Customer, Organization
from chatplatform.services import archives, customer_data
from tests import make
from tests.concurrency.together import at_once
from tests.records.planted import tables_with
from tests.world import Refused, User, World

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "quixling"
REFUSALS = {"authentication", "not_found", "chat_anonymized", "chat_inactive", "authorization"}


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    """Return an organisation whose rows other threads can see."""
    return make.organization("Acme")


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr("chatplatform.transports.web.publish", made.deliver)
    return made


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Any) -> None:
    """Keep uploads where nobody else's are."""
    settings.MEDIA_ROOT = str(tmp_path)


def test_nothing_of_what_was_written_meanwhile_is_left(world: World, acme: Organization) -> None:
    ann = world.agent(acme, "ann", online=True, role="administrator")
    zara = world.customer(acme, MARK)
    chat_id = zara.call("start_chat", chat={"thread": {"events": [make.message(MARK)]}})["chat_id"]

    def say() -> list[Any]:
        return [
            _tried(zara, "send_event", chat_id=chat_id, event=make.message(f"{MARK} {number}"))
            for number in range(5)
        ]

    answers = at_once(
        lambda: customer_data.erase(acme.pk, zara.id),
        say,
        lambda: _tried(zara, "update_customer", name=MARK.title()),
        lambda: _tried(ann, "update_customer", id=zara.id, email=f"{MARK}@quix.example"),
        lambda: _uploaded(zara),
        lambda: _tried(zara, "update_customer_page", url=f"https://x.example/{MARK}", title=MARK),
    )

    assert answers[0]["chats"] == 1
    refused = [one for one in [*answers[1], *answers[2:]] if isinstance(one, str)]
    assert {one for one in refused if not one.startswith("http")} <= REFUSALS
    assert not Customer.objects.filter(id=zara.id).exists()
    assert tables_with(MARK) == {}


def test_a_chat_that_begins_meanwhile_is_anonymous_too(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    zara = world.customer(acme, MARK)
    begun = {"thread": {"events": [make.message(MARK)]}}

    erased, started = at_once(
        lambda: customer_data.erase(acme.pk, zara.id),
        lambda: _tried(zara, "start_chat", chat=begun),
    )

    assert erased["chats"] == (0 if isinstance(started, str) else 1)
    assert tables_with(MARK) == {}


def test_two_erase_at_once(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    zara = world.customer(acme, MARK)
    zara.call("start_chat", chat={"thread": {"events": [make.message(MARK)]}})

    def erase() -> Any:
        try:
            return customer_data.erase(acme.pk, zara.id)
        except customer_data.NotFound:
            return "not_found"

    answers = at_once(erase, erase)

    assert sum(isinstance(one, dict) for one in answers) == 1
    assert tables_with(MARK) == {}


def test_no_word_stays_in_the_search_index(world: World, acme: Organization) -> None:
    """SQLite's keeps deleted words until its parts are merged, once they are really written."""
    world.agent(acme, "ann", online=True)
    zara = world.customer(acme, MARK)
    zara.call("start_chat", chat={"thread": {"events": [make.message(f"{MARK} wrote")]}})
    archives.index_due()
    indexed = tables_with(MARK).keys()

    customer_data.erase(acme.pk, zara.id)

    assert "chatplatform_archiveentry" in indexed
    if connection.vendor == "sqlite":
        assert "chatplatform_archivewords_data" in indexed
    assert tables_with(MARK) == {}


def _uploaded(user: User) -> str:
    try:
        return user.upload(f"{MARK}.txt", MARK.encode(), "text/plain")
    except Refused as refused:
        return refused.type


def _tried(user: User, action: str, **payload: Any) -> Any:
    try:
        return user.web(action, payload)
    except Refused as refused:
        return refused.type
