"""The SockJS door over real sockets and requests (protocol.md 3.1)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chatplatform.transports import connection as connections
from chatplatform.transports import polling, sockjs
from chatplatform.transports.server import Server
from tests.transports import fakes
from tests.transports.fakes import said, until

DOOR = "/v3.6/agent/rtm/sjs"
SESSION = f"{DOOR}/042/abcdefgh"
ORIGIN = "https://shop.example.com"
LOGIN = {"request_id": "1", "action": "login", "payload": {"token": "ann"}}
WELCOME = {
    "request_id": "1",
    "action": "login",
    "type": "response",
    "success": True,
    "payload": {"welcome": "ann"},
}
PONG = {"action": "ping", "type": "response", "success": True, "payload": {}}


def request(frame: Any) -> str:
    """Return what a SockJS client sends for one message."""
    return orjson.dumps([orjson.dumps(frame).decode()]).decode()


def messages(frame: str | bytes) -> list[Any]:
    """Return what a frame of messages carries."""
    text = frame.decode() if isinstance(frame, bytes) else frame
    assert text.startswith("a"), text
    return [orjson.loads(message) for message in orjson.loads(text[1:])]


@pytest_asyncio.fixture
async def web(address: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the server's plain requests."""
    base = address.replace("ws://", "http://")
    async with httpx.AsyncClient(base_url=base, timeout=10) as client:
        yield client


async def opened(web: httpx.AsyncClient, session: str = SESSION) -> None:
    """Begin a session on requests."""
    answer = await web.post(f"{session}/xhr")
    assert (answer.status_code, answer.text) == (200, "o\n")


async def say(web: httpx.AsyncClient, frame: Any, session: str = SESSION) -> None:
    """Send one message."""
    answer = await web.post(f"{session}/xhr_send", content=request(frame))
    assert (answer.status_code, answer.content) == (204, b"")


async def heard(web: httpx.AsyncClient, session: str = SESSION) -> list[Any]:
    """Poll once; return the messages of the answer."""
    answer = await web.post(f"{session}/xhr")
    assert answer.status_code == 200
    return messages(answer.text.rstrip("\n"))


async def logged_in(web: httpx.AsyncClient, session: str = SESSION) -> None:
    """Begin a session on requests and log in."""
    await opened(web, session)
    await say(web, LOGIN, session)
    assert await heard(web, session) == [WELCOME]


def polled(server: Server) -> bool:
    """Tell whether a request fetches from the only session."""
    (session,) = server.sessions.values()
    return session._fetcher is not None


async def socket(address: str, path: str = f"{SESSION}/websocket") -> ClientConnection:
    """Open a session over a WebSocket."""
    client = await connect(f"{address}{path}", compression=None)
    assert await client.recv() == "o"
    return client


# --- what a client asks first -----------------------------------------------------------------


@pytest.mark.parametrize("path", [DOOR, f"{DOOR}/"])
async def test_the_door_itself_greets(web: httpx.AsyncClient, path: str) -> None:
    answer = await web.get(path)

    assert (answer.status_code, answer.text) == (200, "Welcome to SockJS!\n")
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"


async def test_info_says_what_there_is_to_choose_from(web: httpx.AsyncClient) -> None:
    answer, again = await web.get(f"{DOOR}/info"), await web.get(f"{DOOR}/info")

    body = answer.json()
    assert body == {
        "websocket": True,
        "origins": ["*:*"],
        "cookie_needed": False,
        "entropy": body["entropy"],
    }
    assert 0 <= body["entropy"] < 2**32
    assert again.json()["entropy"] != body["entropy"]
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (f"{DOOR}/info", "GET"),
        (f"{SESSION}/xhr", "POST"),
        (f"{SESSION}/xhr_streaming", "POST"),
        (f"{SESSION}/xhr_send", "POST"),
    ],
)
async def test_a_browser_of_any_site_may_ask(
    web: httpx.AsyncClient, path: str, method: str
) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Headers": "content-type"}

    answer = await web.options(path, headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-methods"] == f"OPTIONS, {method}"
    assert answer.headers["access-control-allow-headers"] == "content-type"


async def test_answers_name_the_origin_that_asked(web: httpx.AsyncClient) -> None:
    answer = await web.post(f"{SESSION}/xhr", headers={"Origin": ORIGIN})

    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{DOOR}/info", 405),
        ("GET", f"{SESSION}/xhr", 405),
        ("GET", f"{SESSION}/xhr_send", 405),
        ("POST", f"{DOOR}/0.4/abc/xhr", 404),
        ("POST", f"{DOOR}/042/a.b/xhr", 404),
        ("POST", f"{DOOR}/042/xhr", 404),
        ("POST", f"{DOOR}/042/{'x' * 65}/xhr", 404),
        ("POST", f"{DOOR}/{'0' * 65}/abc/xhr", 404),
        ("POST", f"/v{'3' * 17}/agent/rtm/sjs/042/abc/xhr", 404),
        ("POST", f"{SESSION}/jsonp", 404),
        ("POST", "/v3.6/configuration/rtm/sjs/042/abc/xhr", 404),
    ],
)
async def test_there_is_nothing_else_behind_the_door(
    web: httpx.AsyncClient, server: Server, method: str, path: str, status: int
) -> None:
    answer = await web.request(method, path)

    assert answer.status_code == status
    assert server.sessions == {}


# --- over a websocket -------------------------------------------------------------------------


async def test_a_websocket_speaks_in_frames_of_sockjs(address: str, server: Server) -> None:
    client = await socket(address)

    await client.send(request(LOGIN))
    assert messages(await client.recv()) == [WELCOME]
    server.publisher.publish([said("hello")])

    [push] = messages(await client.recv())
    assert (push["type"], push["action"]) == ("push", "incoming_event")
    assert push["payload"]["event"] == {"text": "hello"}
    await client.close()


async def test_a_frame_may_carry_several_messages_or_one_without_a_list(address: str) -> None:
    client = await socket(address)
    ping = orjson.dumps({"action": "ping"}).decode()

    await client.send("")
    await client.send(orjson.dumps([ping, ping]).decode())
    await client.send(orjson.dumps(ping).decode())

    assert [messages(await client.recv()) for _ in range(3)] == [[PONG]] * 3
    await client.close()


@pytest.mark.parametrize("frame", ["{", "[1]", '{"action":"ping"}', b"\x00"])
async def test_a_frame_that_is_no_list_of_messages_ends_its_session(
    address: str, frame: str | bytes
) -> None:
    client = await socket(address)

    await client.send(frame)

    assert await client.recv() == 'c[4002,"Go away!"]'
    with pytest.raises(ConnectionClosed):
        await client.recv()


async def test_the_reason_comes_before_the_close(address: str, server: Server) -> None:
    client = await socket(address)
    await client.send(request(LOGIN))
    await client.recv()

    server.say_goodbye()

    [push] = messages(await client.recv())
    assert (push["action"], push["payload"]) == (
        "agent_disconnected",
        {"reason": "internal_error"},
    )
    assert await client.recv() == 'c[4012,"Go away!"]'
    with pytest.raises(ConnectionClosed) as closed:
        await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4012


async def test_logout_ends_normally(address: str) -> None:
    client = await socket(address)
    await client.send(request(LOGIN))
    await client.recv()

    await client.send(request({"action": "logout"}))

    assert messages(await client.recv())[0]["success"] is True
    assert await client.recv() == 'c[1000,"Normal closure"]'


async def test_a_raw_websocket_has_no_frames_around_its_messages(address: str) -> None:
    async with connect(f"{address}{DOOR}/websocket") as client:
        await client.send(orjson.dumps(LOGIN).decode())

        assert orjson.loads(await client.recv()) == WELCOME


async def test_a_websocket_gets_heartbeats(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "HEARTBEAT_SECONDS", 0.02)
    client = await socket(address)

    assert [await client.recv() for _ in range(3)] == ["h", "h", "h"]
    await client.close()


async def test_who_stops_reading_a_websocket_is_cut_off(address: str, server: Server) -> None:
    client = await connect(f"{address}{SESSION}/websocket", compression=None, max_queue=1)
    assert await client.recv() == "o"
    await client.send(request(LOGIN))
    await client.recv()

    await _flood(server)

    assert fakes.users(server) == set()
    client.transport.abort()


async def _flood(server: Server) -> None:
    """Say more than anybody who does not read can be owed, until nobody is connected."""
    for sequence in range(1, 2 * connections.MAX_QUEUED_FRAMES):
        server.publisher.publish([said("x" * 15_000, sequence=sequence)])
        if sequence % 20 == 0:
            await asyncio.sleep(0.005)
        if not server._connections:
            return
    await until(lambda: not server._connections)


# --- over requests ----------------------------------------------------------------------------


async def test_a_session_on_requests_logs_in_and_hears_pushes(
    web: httpx.AsyncClient, server: Server
) -> None:
    await logged_in(web)

    server.publisher.publish([said("one", sequence=1), said("two", sequence=2)])
    polled = await heard(web)

    assert [frame["payload"]["event"]["text"] for frame in polled] == ["one", "two"]


async def test_a_poll_waits_for_what_comes(web: httpx.AsyncClient, server: Server) -> None:
    await logged_in(web)

    poll = asyncio.create_task(heard(web))
    await until(lambda: polled(server))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await say(web, {"action": "ping"})

    assert await poll == [PONG]


async def test_a_second_poll_beside_the_first_is_turned_away(
    web: httpx.AsyncClient, server: Server
) -> None:
    await logged_in(web)
    first = asyncio.create_task(heard(web))
    await until(lambda: polled(server))

    second = await web.post(f"{SESSION}/xhr")
    await say(web, {"action": "ping"})

    assert second.text == 'c[2010,"Another connection still open"]\n'
    assert await first == [PONG]


async def test_streaming_carries_frames_as_they_come_until_there_are_enough(
    web: httpx.AsyncClient, server: Server
) -> None:
    enough = sockjs.STREAM_BYTES // 10_000 + 1
    async with web.stream("POST", f"{SESSION}/xhr_streaming") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "h" * 2048
        assert await anext(lines) == "o"
        assert answer.headers["x-accel-buffering"] == "no"
        await say(web, LOGIN)
        assert messages(await anext(lines)) == [WELCOME]

        server.publisher.publish([said("x" * 10_000, sequence=n + 1) for n in range(enough)])
        told = [push async for line in lines for push in messages(line)]

    # the answer ended by itself, and the next one goes on where it stopped
    while len(told) < enough:
        told += await heard(web)
    assert [push["payload"]["sequence"] for push in told] == list(range(1, enough + 1))


async def test_a_session_that_ended_tells_why_to_every_poll(
    web: httpx.AsyncClient, server: Server
) -> None:
    await logged_in(web)

    server.say_goodbye()

    [push] = await heard(web)
    assert push["payload"] == {"reason": "internal_error"}
    ends = [(await web.post(f"{SESSION}/xhr")).text for _ in range(2)]
    assert ends == ['c[4012,"Go away!"]\n'] * 2
    assert (await web.post(f"{SESSION}/xhr_send", content=request(LOGIN))).status_code == 404


async def test_a_customers_session_needs_an_existing_organization(web: httpx.AsyncClient) -> None:
    session = "/v3.5/customer/rtm/sjs/042/customer"
    await opened(web, session)

    [push] = await heard(web, session)

    assert (push["version"], push["action"]) == ("3.5", "customer_disconnected")
    assert push["payload"] == {"reason": "license_not_found"}
    end = await web.post(f"{session}/xhr")
    assert end.text == 'c[4008,"Go away!"]\n'


async def test_the_organization_may_stand_in_the_first_requests_query(
    web: httpx.AsyncClient, server: Server
) -> None:
    session = "/v3.6/customer/rtm/sjs/042/customer"
    query = f"organization_id={fakes.ORGANIZATION}&bh=1"

    answer = await web.post(f"{session}/xhr?{query}")
    await say(web, {"action": "ping"}, session)

    assert answer.text == "o\n"
    assert await heard(web, session) == [PONG]
    [connection] = server._connections
    assert connection.query == {"organization_id": str(fakes.ORGANIZATION), "bh": "1"}


async def test_versions_apis_and_servers_keep_their_sessions_apart(
    web: httpx.AsyncClient, server: Server
) -> None:
    await opened(web, f"{DOOR}/042/abcdefgh")
    await opened(web, f"{DOOR}/043/abcdefgh")
    await opened(web, "/v3.5/agent/rtm/sjs/042/abcdefgh")

    assert len(server._connections) == 3


async def test_messages_for_a_session_of_another_process_are_refused(
    web: httpx.AsyncClient, server: Server
) -> None:
    answer = await web.post(f"{SESSION}/xhr_send", content=request(LOGIN))

    assert answer.status_code == 404
    assert server.sessions == {}


@pytest.mark.parametrize("way", ["xhr", "xhr_streaming"])
async def test_a_poll_for_a_session_of_another_process_begins_none(
    web: httpx.AsyncClient, server: Server, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async def taken(session: tuple[str, ...]) -> bool:
        return False

    monkeypatch.setattr(server.claims, "take", taken)

    answer = await web.post(f"{SESSION}/{way}")

    assert answer.status_code == 404
    assert server.sessions == {}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"{}", b'["a"', b"\xff"])
async def test_a_broken_body_is_refused_and_the_session_goes_on(
    web: httpx.AsyncClient, body: bytes
) -> None:
    await opened(web)

    answer = await web.post(f"{SESSION}/xhr_send", content=body)
    await say(web, {"action": "ping"})

    assert answer.status_code == 400
    assert await heard(web) == [PONG]


async def test_a_body_over_the_limit_of_a_frame_is_refused(
    web: httpx.AsyncClient, settings: Any
) -> None:
    settings.MAX_FRAME_BYTES = 1_000
    await opened(web)

    answer = await web.post(f"{SESSION}/xhr_send", content=b'["' + b"x" * 1_000 + b'"]')

    assert answer.status_code == 413


async def test_a_poll_gets_heartbeats(
    web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "HEARTBEAT_SECONDS", 0.02)
    await opened(web)

    assert [(await web.post(f"{SESSION}/xhr")).text for _ in range(2)] == ["h\n", "h\n"]


async def test_a_session_nobody_polls_ends(
    web: httpx.AsyncClient, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await logged_in(web)
    assert fakes.users(server) == {"ann"}

    monkeypatch.setattr(polling, "SESSION_SECONDS", 0.05)
    await say(web, {"action": "ping"})
    assert await heard(web) == [PONG]
    await until(lambda: not server.sessions)

    assert fakes.users(server) == set()
    assert server._connections == set()
    await opened(web)  # and its name begins another


async def test_an_interrupted_poll_ends_the_session(web: httpx.AsyncClient, server: Server) -> None:
    await logged_in(web)
    with pytest.raises(httpx.ReadTimeout):
        await web.post(f"{SESSION}/xhr", timeout=0.1)
    await until(lambda: not server._connections)

    answer = await web.post(f"{SESSION}/xhr")

    assert answer.text == 'c[1002,"Connection interrupted!"]\n'
    assert fakes.users(server) == set()


async def test_who_does_not_log_in_in_time_is_told_so(
    web: httpx.AsyncClient, server: Server, settings: Any
) -> None:
    settings.RTM_LOGIN_DEADLINE_SECONDS = 0
    await opened(web)

    [push] = await heard(web)

    assert push["payload"] == {"reason": "connection_timeout"}


async def test_a_process_keeps_so_many_sessions_and_no_more(
    web: httpx.AsyncClient, server: Server, settings: Any
) -> None:
    settings.SOCKJS_SESSIONS = 1
    await opened(web)

    refused = await web.post(f"{DOOR}/042/another/xhr")
    await say(web, {"action": "ping"})

    assert refused.status_code == 503
    assert await heard(web) == [PONG]


async def test_who_does_not_poll_is_cut_off_when_too_much_has_gathered(
    web: httpx.AsyncClient, server: Server
) -> None:
    await logged_in(web)
    [session] = server.sessions.values()

    await _flood(server)

    assert fakes.users(server) == set()
    assert (len(session._frames), session.over) == (0, True)
    assert (await web.post(f"{SESSION}/xhr")).text == 'c[4012,"Go away!"]\n'


async def test_who_does_not_read_a_stream_is_cut_off_and_leaves_nothing_behind(
    address: str, server: Server, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "SESSION_SECONDS", 0.05)
    monkeypatch.setattr(sockjs, "STREAM_BYTES", 1024**3)
    host, port = address.removeprefix("ws://").split(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    head = f"POST {SESSION}/xhr_streaming HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
    writer.write(head.encode())
    await until(lambda: bool(server.sessions))
    await say(web, LOGIN)
    await until(lambda: bool(fakes.users(server)))
    open_ones = len(asyncio.all_tasks())

    await _flood(server)

    assert fakes.users(server) == set()
    await until(lambda: not server.sessions)
    await until(lambda: len(asyncio.all_tasks()) <= open_ones - 2)  # its request, its watcher
    writer.transport.abort()
