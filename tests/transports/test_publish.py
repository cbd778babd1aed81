"""Publishing: from the loop, from its threads, and from a process without one."""

import asyncio
import secrets
import threading
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import redis
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings as django_settings

from chatplatform import domain_events, transports
from chatplatform.transports import envelopes
from chatplatform.transports.envelopes import Origin
from chatplatform.transports.publish import Publisher, SyncPublisher, publish, ways
from tests.transports.fakes import ORGANIZATION, said, until

HERE = str(ORGANIZATION)


class Layer:
    """A channel layer that writes down what is sent; while ``busy``, a send does not return."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.free = asyncio.Event()
        self.free.set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Take one message."""
        self.sent.append((group, message["body"]))
        await self.free.wait()


def opened(layer: Layer) -> list[list[tuple[int, list[str]]]]:
    """Return, message by message, the numbers and texts of the envelopes in it."""
    return [
        [
            (envelope.number, [record["event"]["text"] for record in envelope.events])
            for envelope in envelopes.opened(body)
        ]
        for _, body in layer.sent
    ]


@pytest.fixture
def recorder() -> Layer:
    """Give a layer that writes down what is sent."""
    return Layer()


@pytest_asyncio.fixture
async def publisher(recorder: Layer) -> AsyncIterator[Publisher]:
    """Publish for this loop."""
    made = Publisher(recorder, asyncio.get_running_loop(), "process")
    ways.running = made
    yield made
    recorder.free.set()
    await made.stop()
    ways.running = None


async def test_envelopes_are_numbered_per_organization(
    publisher: Publisher, recorder: Layer
) -> None:
    elsewhere = uuid.uuid4()

    publisher.publish([said("a"), said("b"), said("c", organization=elsewhere)])
    await publisher.stop()
    publisher.publish([said("d")])
    await publisher.stop()

    assert [group for group, _ in recorder.sent] == [
        envelopes.group_name(HERE),
        envelopes.group_name(str(elsewhere)),
        envelopes.group_name(HERE),
    ]
    assert opened(recorder) == [[(1, ["a", "b"])], [(1, ["c"])], [(2, ["d"])]]


async def test_what_waits_while_a_send_is_under_way_leaves_as_one_message(
    publisher: Publisher, recorder: Layer
) -> None:
    recorder.free.clear()
    publisher.publish([said("a")])
    await until(lambda: recorder.sent != [])

    for text in "bcd":
        publisher.publish([said(text)])
    recorder.free.set()
    await publisher.stop()

    assert opened(recorder) == [[(1, ["a"])], [(2, ["b"]), (3, ["c"]), (4, ["d"])]]


async def test_an_envelope_carries_events_and_origin_unchanged(
    publisher: Publisher, recorder: Layer
) -> None:
    event = said("hello", present=["ann"], groups=[0, 3])

    publisher.publish([event], Origin("connection", "request"))
    await publisher.stop()

    ((_, body),) = recorder.sent
    (envelope,) = envelopes.opened(body)
    assert (envelope.process, envelope.origin) == ("process", Origin("connection", "request"))
    assert [domain_events.unpack(record) for record in envelope.events] == [event]


async def test_what_a_thread_tells_is_published_by_the_loop(
    publisher: Publisher, recorder: Layer
) -> None:
    transports.start()

    await asyncio.to_thread(domain_events._deliver, said("from a thread"))
    await until(lambda: recorder.sent != [])

    assert opened(recorder) == [[(1, ["from a thread"])]]


async def test_an_event_that_is_no_json_is_reported_and_stops_nothing(
    publisher: Publisher, recorder: Layer
) -> None:
    failed: list[str] = []
    publisher.on_failure = failed.append

    publisher.publish([said(object())])  # type: ignore[arg-type]
    publisher.publish([said("next")])
    await publisher.stop()

    assert failed == [HERE]
    assert opened(recorder) == [[(0, []), (2, ["next"])]]


def test_without_a_loop_and_without_redis_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "running", None)
    monkeypatch.setattr(ways, "synchronous", lambda: None)

    publish([said()])


if django_settings.REDIS_URL:

    async def test_a_process_without_a_loop_writes_the_layers_own_format() -> None:
        prefix = secrets.token_hex(4)
        layer = RedisPubSubChannelLayer(hosts=[django_settings.REDIS_URL], prefix=prefix)
        channel = await layer.new_channel()
        await layer.group_add(envelopes.group_name(HERE), channel)
        with redis.Redis.from_url(django_settings.REDIS_URL) as client:
            await until(lambda: client.pubsub_channels(f"{prefix}__group__*") != [])
        without_loop = SyncPublisher(layer, "worker")

        def work() -> None:
            without_loop.publish([said("one")])
            without_loop.publish([said("two")], Origin("c", 7))

        await asyncio.to_thread(work)
        messages = [await asyncio.wait_for(layer.receive(channel), 5) for _ in range(2)]
        await layer.flush()

        found = [envelopes.opened(message["body"])[0] for message in messages]
        assert [message["organization_id"] for message in messages] == [HERE, HERE]
        assert [(sealed.process, sealed.number, sealed.origin) for sealed in found] == [
            ("worker", 1, None),
            ("worker", 2, Origin("c", 7)),
        ]
        assert [sealed.events[0]["event"] for sealed in found] == [{"text": "one"}, {"text": "two"}]

    def test_numbers_of_many_threads_leave_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
        layer = RedisPubSubChannelLayer(hosts=[django_settings.REDIS_URL])
        without_loop = SyncPublisher(layer, "worker")
        numbers: list[int] = []

        def written(channel: str, message: bytes) -> None:
            body = layer.deserialize(message)["body"]
            numbers.extend(envelope.number for envelope in envelopes.opened(body))

        monkeypatch.setattr(without_loop._clients[0], "publish", written)
        threads = [
            threading.Thread(target=lambda: [without_loop.publish([said()]) for _ in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert numbers == list(range(1, 81))

    def test_while_redis_is_away_only_one_caller_waits_and_the_hole_is_told(
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        layer = RedisPubSubChannelLayer(hosts=[django_settings.REDIS_URL])
        without_loop = SyncPublisher(layer, "worker")
        tried: list[list[int]] = []
        away = threading.Event()
        away.set()

        def publish(channel: str, message: bytes) -> None:
            body = layer.deserialize(message)["body"]
            tried.append([envelope.number for envelope in envelopes.opened(body)])
            if away.is_set():
                raise redis.ConnectionError

        monkeypatch.setattr(without_loop._clients[0], "publish", publish)
        monkeypatch.setattr(without_loop, "_beat_again", lambda organization_id: None)

        for _ in range(3):
            without_loop.publish([said()])
        away.clear()
        without_loop._failed.clear()
        for _ in range(2):
            without_loop.publish([said()])

        assert tried == [[1], [0, 4], [5]]

    def test_a_publisher_that_can_not_reach_redis_does_not_fail_its_caller() -> None:
        layer = RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"])
        without_loop = SyncPublisher(layer, "worker")

        without_loop.publish([said()])

        assert without_loop._numbers == {HERE: 1}
