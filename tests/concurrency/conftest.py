"""An organisation whose rows other threads can see, and that is in one piece at the end."""

from collections.abc import Iterator

import pytest

from chatplatform.models import (
    Application,
    Chat,
    ChatChange,
    ChatListing,
    Event,
    Organization,
    Thread,
)
from chatplatform.services import listings
from tests import make
from tests.world import User, World


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
def _sound(acme: Organization) -> Iterator[None]:
    """Assert in the end that every chat is in one piece."""
    yield
    waiting = []
    for chat in Chat.objects.filter(organization=acme):
        threads = list(Thread.objects.filter(chat=chat).order_by("number"))
        assert [thread.number for thread in threads] == list(range(1, len(threads) + 1))
        assert [t.id for t in threads if t.active] == (
            [chat.active_thread_id] if chat.active_thread_id else []
        )
        for thread in threads:
            events = Event.objects.filter(thread=thread).order_by("position")
            positions = list(events.values_list("position", flat=True))
            assert positions == list(range(1, len(positions) + 1))
            moments = list(events.values_list("created_at", flat=True))
            assert moments == sorted(moments)
            if thread.queued_at is not None:
                waiting.append(thread)
        numbers = {
            *ChatChange.objects.filter(chat=chat).values_list("sequence", flat=True),
            *Event.objects.filter(thread__chat=chat).values_list("sequence", flat=True),
        }
        assert numbers == set(range(1, chat.sequence + 1))
        rows = ChatListing.objects.filter(chat=chat)
        assert {row.reader: row.present for row in rows} == listings.readers(chat)
        assert {row.active for row in rows} == {chat.active_thread_id is not None}
    waiting.sort(key=lambda thread: (thread.queued_at, thread.id))
    places = [thread.queue_position for thread in waiting]
    assert places == list(range(1, len(waiting) + 1))


@pytest.fixture
def talk(world: World, acme: Organization) -> tuple[User, User, str]:
    """Ann and Carl in a chat."""
    ann = world.agent(acme, "ann", online=True)
    carl = world.customer(acme, "carl")
    return ann, carl, carl.rtm("start_chat")["chat_id"]


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application of an integration."""
    return make.application(acme)


@pytest.fixture
def boss(world: World, acme: Organization, shop: Application) -> User:
    """Return an administrator who configures through it."""
    seat = make.agent(acme, "administrator", name="Boss")
    return world.as_agent(seat, application=shop).configuration
