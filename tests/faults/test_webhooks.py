"""Webhooks to receivers that are slow, dead, flapping or mad, from workers that die."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.faults.redis_server import RedisServer
from tests.live import free_port
from tests.webhooks.installation import Installation, installation
from tests.webhooks.receiver import HOST, Answer, Receiver, after, raw, receiver, status, until


@pytest.fixture
def running(tmp_path: Path, redis_server: RedisServer) -> Iterator[Installation]:
    """A server process without a worker."""
    apart = {"REDIS_URL": redis_server.url, "EMBEDDED_WORKER": "0"}
    with installation(tmp_path, **apart) as made:
        yield made


@pytest.fixture
def there() -> Iterator[Receiver]:
    """A receiver that answers at once."""
    with receiver() as made:
        yield made


def names(found: Receiver) -> list[str]:
    """Return which tags a receiver heard of, in order."""
    return [call.body["payload"]["name"] for call in list(found.received)]


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Answer without ever coming to an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        handler.close_connection = True


def answers(running: Installation) -> bool:
    """Tell whether the server has come round itself."""
    try:
        running.make_tags(1)
    except HTTPError:
        return False
    return True


@contextmanager
def black_hole() -> Iterator[str]:
    """Give an address where connections are taken, and nothing is ever said."""
    with socket.create_server((HOST, 0), backlog=64) as listening:
        yield f"http://{HOST}:{listening.getsockname()[1]}/"


def test_a_worker_that_is_killed_loses_nothing(running: Installation, there: Receiver) -> None:
    # Given: a worker at its work, with calls under way
    running.listen(there.url)
    there.answer = after(0.1)
    worker = running.start_worker()
    made = running.make_tags(40)
    until(lambda: len(there.received) >= 10)

    # When: it is killed, and another takes over what it had
    worker.kill()
    time.sleep(0.3)
    before = names(there)
    running.end_leases()
    running.start_worker()

    # Then: everything arrives, and nothing twice but what had arrived without being written down
    until(lambda: set(names(there)) == set(made))
    time.sleep(1)
    counts = Counter(there.ids())
    assert len(counts) == len(made)
    assert max(counts.values()) <= 2
    twice = [name for name, count in Counter(names(there)).items() if count > 1]
    assert set(twice) <= set(before)


def test_workers_beside_each_other_send_nothing_twice(running: Installation) -> None:
    with ExitStack() as stack:
        receivers = [stack.enter_context(receiver()) for _ in range(3)]
        for one in receivers:
            running.listen(one.url)
        for _ in range(3):
            running.start_worker()

        made = running.make_tags(100)

        for one in receivers:
            until(lambda one=one: set(names(one)) == set(made))
        time.sleep(1)
        assert [len(one.received) for one in receivers] == [100, 100, 100]


def test_a_worker_that_is_stopped_finishes_what_is_under_way(
    running: Installation, there: Receiver
) -> None:
    webhook = running.listen(there.url)
    there.answer = after(1)
    worker = running.start_worker()
    running.make_tags(10)
    until(lambda: there.received)

    began = time.monotonic()
    assert worker.stop() == 0

    assert time.monotonic() - began < 9
    under_way = len(there.received)
    left = {"delivered": under_way, "waiting": 10 - under_way}
    assert running.states(webhook) == {state: count for state, count in left.items() if count}
    there.answer = status(200)
    running.start_worker()
    until(lambda: running.states(webhook) == {"delivered": 10})
    assert len(set(there.ids())) == len(there.ids()) == 10


def test_a_worker_survives_its_database(running: Installation, there: Receiver) -> None:
    webhook = running.listen(there.url)
    running.start_worker()
    made = running.make_tags(5)
    until(lambda: len(there.received) == 5)

    for _ in range(3):
        running.cut_connections()
        time.sleep(0.2)
    until(lambda: answers(running))
    made += running.make_tags(5)

    until(lambda: set(names(there)) >= set(made))
    until(lambda: set(running.states(webhook)) == {"delivered"})


def test_no_bad_receiver_delays_a_good_one(running: Installation, there: Receiver) -> None:
    """Slow, dead, silent, mad: what they do to each other does not matter, but to others."""
    mad: dict[str, Answer] = {
        "slow": after(6),
        "redirecting": status(302, location="http://127.0.0.1/"),
        "gone": status(410),
        "endless": endless,
        "silent": raw(b""),
        "other": raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        "half": raw(b"HTTP/1.1 200 OK\r\nX-Half: "),
        "packed": status(200, gzip.compress(b"0" * 50_000_000), content_encoding="gzip"),
        "failing": status(500),
    }
    with ExitStack() as stack, black_hole() as hole:
        made: dict[str, Receiver] = {}
        for name, answer in mad.items():
            made[name] = stack.enter_context(receiver())
            made[name].answer = answer
        urls = {name: one.url for name, one in made.items()}
        urls |= {"dead": f"http://{HOST}:{free_port()}/", "hole": hole}
        # Given: webhooks at all of them, as many as an action may have, and at a good one
        actions = itertools.chain.from_iterable(
            itertools.repeat(action, 2 + (action != "tag_created"))
            for action in ("tag_created", "tag_deleted", "tag_updated", "group_created")
        )
        webhooks = {
            name: running.listen(url, action)
            for (name, url), action in zip(urls.items(), actions, strict=True)
        }
        running.listen(there.url)
        running.start_worker()
        running.make_tags(1)
        until(lambda: there.received)

        # When: everything happens
        happened: dict[str, float] = {}
        for number in range(30):
            (name,) = running.make_tags(1)
            happened[name] = time.monotonic()
            running.call("update_tag", name=name, group_ids=[0, 1])
            running.call("create_group", name=f"Group {number}", agent_priorities={})
            running.delete_tags([name])

        # Then: the good one hears of each change at once
        until(lambda: len(there.received) == 31)
        delays = [
            call.at - happened[call.body["payload"]["name"]]
            for call in there.received
            if call.body["payload"]["name"] in happened
        ]
        assert len(delays) == 30
        assert max(delays) < 5, sorted(delays)
        # and each of the others gets what it deserves
        for name in ("endless", "packed"):
            until(lambda name=name: running.states(webhooks[name]) == {"delivered": 30}, what=name)
        states = {name: running.states(webhook) for name, webhook in webhooks.items()}
        assert 5 <= states["redirecting"]["failed"] <= len(made["redirecting"].received) <= 12
        assert states["gone"].keys() == {"failed"}
        for name in ("silent", "other", "half", "failing", "dead", "hole"):
            assert states[name].keys() == {"waiting"}, name
        for name in ("silent", "other", "half", "failing"):
            assert len(made[name].received) <= 12, name
        assert made["slow"].most <= 4


def test_what_waits_for_a_flapping_receiver_arrives_in_the_end(
    running: Installation, there: Receiver
) -> None:
    # Given: a receiver that works every other while
    up = threading.Event()
    there.answer = lambda handler: status(200 if up.is_set() else 503)(handler)
    webhook = running.listen(there.url)
    running.start_worker()
    made: list[str] = []
    for is_up in (True, False, True, False):
        (up.set if is_up else up.clear)()
        made += running.make_tags(15)
        time.sleep(1)
    assert running.states(webhook).get("waiting", 0) > 0

    # When: it stays
    up.set()

    # Then: everything arrives, under the ids it had
    until(lambda: running.states(webhook) == {"delivered": 60}, 90)
    assert set(names(there)) == set(made)
    assert len(set(there.ids())) == 60


def test_nothing_is_sent_twice_to_a_receiver_that_closes_connections(
    running: Installation, there: Receiver
) -> None:
    there.answer = status(200, connection="close")
    running.listen(there.url)
    running.start_worker()

    running.make_tags(50)

    until(lambda: len(there.received) == 50)
    time.sleep(0.5)
    assert len(set(there.ids())) == len(there.ids()) == 50
