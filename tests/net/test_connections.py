"""The outgoing client that keeps connections: what it shares with the other, and what is new."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler

import psutil
import pytest
from aiohttp import AddrInfoType

from chatplatform.net import connections
from chatplatform.net.addresses import acceptable
from chatplatform.net.client import Limits, Response, Unreachable
from chatplatform.net.connections import Connections
from tests.net.site import INSIDE, ODD_SPELLINGS, Site

LIMITS = Limits(seconds=2, max_bytes=100, cut=True)
PATIENT = Limits(seconds=60, max_bytes=100, cut=True)
HERE = ("pages.example",)

Speak = Callable[[socket.socket], None]


class Peer:
    """Whoever listens on a port and says what a test has it say, once to each connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.speak: Speak = lambda connection: None
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://pages.example:{self.port}/"

    def says(self, *parts: bytes, pause: float = 0.0) -> None:
        """Have it read a request, then say these, and hang up."""

        def speak(connection: socket.socket) -> None:
            connection.recv(65_536)
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)

        self.speak = speak

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.speak(connection)
            except OSError:
                return


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.fixture
async def kept() -> AsyncIterator[Connections]:
    """Connections to the site."""
    made = Connections(LIMITS, HERE)
    yield made
    await made.close()


async def post(
    url: str,
    kept: Connections | None = None,
    *,
    body: bytes = b"{}",
    limits: Limits = LIMITS,
    allowed: Sequence[str] = HERE,
) -> Response:
    """Send a request, by connections of its own unless some are given."""
    used = kept or Connections(limits, allowed)
    try:
        return await used.request("POST", url, headers={"X-Kind": "test"}, body=body)
    finally:
        if kept is None:
            await used.close()


async def test_it_takes_a_body_along_and_brings_what_came_back(
    site: Site, kept: Connections
) -> None:
    site.page("/hook?a=b", b"Hello", status=404, X_Kind="answer")

    answer = await post(f"{site.url}/hook?a=b", body=b'{"a": 1}')

    assert (answer.status, answer.body, answer.headers["x-kind"]) == (404, b"Hello", "answer")
    ((method, path, headers, body),) = site.asked
    assert (method, path, body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert headers["host"] == f"pages.example:{site.server_port}"
    assert headers["accept-encoding"] == "identity"
    assert headers["x-kind"] == "test"


def socket_count(port: int) -> int:
    """Return how many sockets of this process go to a port."""
    found = psutil.Process().net_connections("tcp")
    return sum(one.raddr != () and one.raddr[1] == port for one in found)


# --- kept connections -------------------------------------------------------------------------


def answers_with_number(peer: Peer, said: list[bytes]) -> None:
    """Have a peer answer every request of a connection, and note what it was asked."""

    def speak(connection: socket.socket) -> None:
        while request := connection.recv(65_536):
            said.append(request)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % len(said))

    peer.speak = speak


async def test_requests_follow_one_another_on_one_connection(peer: Peer, kept: Connections) -> None:
    answers_with_number(peer, [])

    answers = [await post(peer.url, kept) for _ in range(3)]

    assert [answer.body for answer in answers] == [b"1", b"2", b"3"]
    assert peer.connections == 1


async def test_a_name_is_looked_up_once_for_each_connection(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, kept: Connections
) -> None:
    answers_with_number(peer, [])
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *args: object, **more: object) -> object:
        looked_up.append(host)
        return real(host, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    for _ in range(3):
        await post(peer.url, kept)

    assert looked_up == ["pages.example"]


async def test_a_connection_that_was_closed_meanwhile_is_not_used(
    peer: Peer, kept: Connections
) -> None:
    peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    await post(peer.url, kept)
    await asyncio.sleep(0.05)

    answer = await post(peer.url, kept)

    assert (answer.status, peer.connections) == (200, 2)


async def test_a_connection_is_not_kept_for_long(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, kept: Connections
) -> None:
    answers_with_number(peer, [])
    monkeypatch.setattr(connections, "KEPT_SECONDS", 0.05)
    await post(peer.url, kept)
    await asyncio.sleep(0.1)

    await post(peer.url, kept)

    assert peer.connections == 2


async def test_a_request_that_may_have_arrived_is_not_sent_twice(
    peer: Peer, kept: Connections
) -> None:
    """The peer hangs up after it has read the second request of a connection."""
    said: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        said.append(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        said.append(connection.recv(65_536))

    peer.speak = speak
    await post(peer.url, kept)

    with pytest.raises(Unreachable):
        await post(peer.url, kept)

    assert (len(said), peer.connections) == (2, 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 Unasked\r\n\r\n",
    ],
)
async def test_some_answers_end_their_connection(
    peer: Peer, answer: bytes, kept: Connections
) -> None:
    peer.says(answer)

    for _ in range(2):
        assert (await post(peer.url, kept)).status == 200

    assert peer.connections == 2


async def test_what_nobody_asked_for_answers_nothing(peer: Peer, kept: Connections) -> None:
    asked: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        while request := connection.recv(65_536):
            asked.append(request)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            time.sleep(0.02)
            connection.sendall(b"HTTP/1.1 404 Unasked\r\nContent-Length: 0\r\n\r\n")

    peer.speak = speak
    await post(peer.url, kept)
    await asyncio.sleep(0.1)

    assert (await post(peer.url, kept)).status == 200
    assert (len(asked), peer.connections) == (2, 2)


@pytest.mark.parametrize("more", [b"no HTTP", b"<p>More than was announced</p>"])
async def test_an_answer_with_something_else_behind_it_is_none(
    peer: Peer, kept: Connections, more: bytes
) -> None:
    peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + more)

    for _ in range(2):
        with pytest.raises(Unreachable):
            await post(peer.url, kept)

    assert peer.connections == 2


async def test_of_many_connections_to_a_place_few_are_kept(peer: Peer, kept: Connections) -> None:
    """Ten at a time are answered when all of them have come; the next ten find four there."""
    together = threading.Barrier(10)

    def speak(connection: socket.socket) -> None:
        while connection.recv(65_536):
            together.wait(timeout=5)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    peer.speak = speak

    for opened in (10, 16):
        await asyncio.gather(*(post(peer.url, kept) for _ in range(10)))
        assert peer.connections == opened


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_whoever_reads_nothing_holds_nothing_open(peer: Peer, kept: Connections) -> None:
    """What is not sent when the time is up never will be."""
    over = threading.Event()
    left: list[int] = []

    def speak(connection: socket.socket) -> None:
        over.wait(5)
        while said := connection.recv(65_536):
            left.append(len(said))

    peer.speak = speak
    body = b"x" * 20_000_000

    with pytest.raises(Unreachable, match="too long"):
        await post(peer.url, kept, body=body)
    over.set()
    await asyncio.sleep(0.5)

    assert sum(left) < len(body)


async def test_it_ends_without_a_trace(
    peer: Peer, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    answers_with_number(peer, [])
    made = Connections(LIMITS, HERE)
    await post(peer.url, made)

    await made.close()

    del made
    gc.collect()
    assert (caplog.records, list(recwarn)) == ([], [])
    assert socket_count(peer.port) == 0


# --- names ------------------------------------------------------------------------------------


async def test_names_nobody_answers_for_keep_others_waiting_for_a_moment_only(
    peer: Peer, kept: Connections, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_with_number(peer, [])
    over = threading.Event()
    real = socket.getaddrinfo

    def resolve(host: str, *args: object, **more: object) -> object:
        if host.startswith("slow"):
            over.wait(20)
        return real(host, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(connections, "LOOKUP_SECONDS", 0.1)
    slow = [
        asyncio.ensure_future(post(f"http://slow{number}.example/", kept))
        for number in range(3 * connections.LOOKUPS)
    ]
    await asyncio.sleep(0.01)

    answer = await post(peer.url, kept)

    over.set()
    assert answer.status == 200
    assert {type(one) for one in await asyncio.gather(*slow, return_exceptions=True)} == {
        Unreachable
    }


# --- inside -----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", INSIDE)
async def test_it_never_goes_inside(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def connect(address: object) -> socket.socket:
        raise AssertionError("it tried")

    monkeypatch.setattr(connections, "_socket", connect)
    names["inside.example"] = address
    literal = f"[{address}]" if ":" in address else address

    for host in ("inside.example", literal):
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable, match="leads inside"):
                await post(f"{scheme}://{host}/")


@pytest.mark.parametrize("host", ODD_SPELLINGS)
async def test_odd_spellings_of_inside_addresses_do_not_help(site: Site, host: str) -> None:
    with pytest.raises(Unreachable):
        await post(f"http://{host}:{site.server_port}/")

    assert site.asked == []


async def test_only_named_hosts_may_be_inside(site: Site, names: dict[str, str]) -> None:
    site.page("/", b"")
    names["other.example"] = "127.0.0.1"

    for url, allowed in (
        (f"http://other.example:{site.server_port}/", HERE),
        (f"{site.url}/", ("pages.example:1",)),
        (f"{site.url}/", ("ages.example",)),
        (f"{site.url}/", ("example",)),
    ):
        with pytest.raises(Unreachable, match="leads inside"):
            await post(url, allowed=allowed)
    assert site.asked == []

    named = f"PAGES.example:{site.server_port}"
    assert (await post(f"{site.url}/", allowed=(named,))).status == 200


async def test_a_name_with_any_inside_address_leads_nowhere(
    site: Site, names: dict[str, str]
) -> None:
    for addresses in ("93.184.216.34 127.0.0.1", "127.0.0.1 93.184.216.34"):
        names["both.example"] = addresses
        with pytest.raises(Unreachable, match="leads inside"):
            await post(f"http://both.example:{site.server_port}/")

    assert site.asked == []


async def test_a_name_that_changes_its_mind_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between the look-up and the connection a name may come to mean another address."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected: list[tuple[object, ...]] = []

    def resolve(host: str, port: int, **more: object) -> object:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    def connect(address: AddrInfoType) -> socket.socket:
        connected.append(address[4])
        raise OSError("not today")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(connections, "_socket", connect)

    with pytest.raises(Unreachable, match="not today"):
        await post("http://turning.example/")

    assert connected == [("93.184.216.34", 80)]


async def test_a_redirect_is_an_answer_and_not_followed(site: Site) -> None:
    site.page("/a", b"", status=307, location=f"{site.url}/b")

    assert (await post(f"{site.url}/a")).status == 307
    assert [path for _, path, _, _ in site.asked] == ["/a"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://pages.example/",
        "file:///etc/passwd",
        "//pages.example/",
        "pages.example",
        "http://",
        "http://user:secret@pages.example/",
        "http://user@pages.example/",
        "http://pages.example:99999/",
        "http://pages.example:0/",
        "http://[::1/",
    ],
)
async def test_what_is_no_place_to_go(url: str) -> None:
    assert not acceptable(url)
    with pytest.raises(Unreachable):
        await post(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://pages.example/" + "x" * 500,
        "http://pages.example/a b",
        "http://pages.example/\r\nX-More: 1",
        "http://pages.example\\@other.example/",
    ],
)
def test_what_is_not_to_be_registered_either(url: str) -> None:
    assert not acceptable(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://pages.example",
        "http://pages.example:8080/a?b=c&d=%20",
        "https://[2606:2800:220:1::1]/",
        "https://bücher.example/",
        "HTTPS://Pages.Example/x",
    ],
)
def test_what_may_be_registered(url: str) -> None:
    assert acceptable(url)


async def test_a_name_is_written_as_browsers_write_it(site: Site, names: dict[str, str]) -> None:
    """``ß`` is a letter of its own: ``fuss.example`` may be somebody else."""
    site.page("/", b"")
    names["fuss.example"] = names["xn--fu-hia.example"] = "127.0.0.1"

    with pytest.raises(Unreachable, match=r"xn--fu-hia\.example leads inside"):
        await post(f"http://fuß.example:{site.server_port}/", allowed=("fuss.example",))
    with pytest.raises(Unreachable, match="leads inside"):
        await post(f"http://fuss.example:{site.server_port}/", allowed=("xn--fu-hia.example",))

    assert site.asked == []


async def test_a_path_says_nothing_but_a_path(peer: Peer) -> None:
    said: list[bytes] = []
    answers_with_number(peer, said)

    await post(f"{peer.url}a b/ü?q=1#part")

    assert said[0].startswith(b"POST /a%20b/%C3%BC?q=1 HTTP/1.1\r\n")


# --- what it takes ----------------------------------------------------------------------------


async def test_a_long_answer_is_cut(site: Site) -> None:
    site.page("/", b"x" * 5_000)

    assert (await post(f"{site.url}/")).body == b"x" * 100


async def test_nothing_is_unpacked(site: Site) -> None:
    packed = gzip.compress(b"0" * 10_000_000)
    site.page("/", packed, content_encoding="gzip")

    assert (await post(f"{site.url}/")).body == packed[:100]


async def test_an_endless_answer_is_cut_at_once(peer: Peer) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65_536)

    peer.speak = speak
    began = time.monotonic()

    answer = await post(peer.url, limits=PATIENT)

    assert (answer.status, answer.body) == (200, b"x" * 100)
    assert time.monotonic() - began < 10


async def test_an_answer_that_drips_on_is_cut_when_its_time_is_up(peer: Peer) -> None:
    peer.says(b"HTTP/1.1 500 No\r\n\r\n", *[b"x"] * 1_200, pause=0.05)
    began = time.monotonic()

    answer = await post(peer.url, limits=Limits(seconds=0.4, max_bytes=100, cut=True))

    assert answer.status == 500
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("drips", ["head", "nothing"])
async def test_nobody_holds_it_longer_than_its_time(site: Site, drips: str) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if drips == "head":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            if drips == "head":
                handler.wfile.write(b"x")

    site.answers["/"] = drip
    began = time.monotonic()

    with pytest.raises(Unreachable, match="too long"):
        await post(f"{site.url}/", limits=Limits(0.4, 100))

    over.set()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nX-Half: ",
        b"HTTP/1.1 hello OK\r\n\r\n",
        b"",
        b"\x00" * 1_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: many\r\n" * 10_000 + b"\r\n",
    ],
)
async def test_what_is_no_answer(peer: Peer, answer: bytes) -> None:
    peer.says(answer)

    with pytest.raises(Unreachable):
        await post(peer.url)


async def test_a_foreword_is_not_the_answer(peer: Peer) -> None:
    peer.says(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nX-Kind: answer\r\n\r\n")

    answer = await post(peer.url)

    assert (answer.status, answer.headers) == (204, {"x-kind": "answer"})


def endlessly(peer: Peer, beginning: bytes, more: bytes) -> None:
    """Have a peer say this, and then more and more."""

    def speak(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(beginning)
        while True:
            connection.sendall(more)

    peer.speak = speak


@pytest.mark.parametrize(
    "more",
    [
        b"HTTP/1.1 100 \r\n\r\n" * 4_000,
        (b"HTTP/1.1 103 Early Hints\r\n" + b"a: b\r\n" * 100 + b"\r\n") * 100,
        b"\r\n" * 30_000,
    ],
)
async def test_forewords_without_end_are_no_answer(peer: Peer, more: bytes) -> None:
    """Parsing them would take all of the loop's time, and others' calls with it."""
    endlessly(peer, b"", more)
    began = time.monotonic()

    with pytest.raises(Unreachable, match="never comes to an end"):
        await post(peer.url, limits=PATIENT)

    assert time.monotonic() - began < 10


async def test_trimmings_without_end_are_cut_at_once(peer: Peer) -> None:
    endlessly(peer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536)
    began = time.monotonic()

    assert (await post(peer.url, limits=PATIENT)).status == 200

    assert time.monotonic() - began < 10


async def test_long_answers_one_after_another_do_not_add_up(peer: Peer, kept: Connections) -> None:
    def speak(connection: socket.socket) -> None:
        while connection.recv(65_536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000)

    peer.speak = speak

    answers = [await post(peer.url, kept) for _ in range(5)]

    assert {(answer.status, answer.body) for answer in answers} == {(200, b"x" * 100)}
    assert peer.connections == 1


async def test_an_answer_that_ends_too_early_counts_by_its_head(peer: Peer) -> None:
    peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of")

    answer = await post(peer.url)

    assert (answer.status, answer.body) == (200, b"half of")


# --- TLS --------------------------------------------------------------------------------------


async def test_a_site_proves_its_name(site: Site, secure: int) -> None:
    site.page("/", b"Safe")

    assert (await post(f"https://pages.example:{secure}/")).body == b"Safe"


async def test_a_site_under_another_name_is_not_believed(
    site: Site, secure: int, names: dict[str, str]
) -> None:
    names["other.example"] = "127.0.0.1"
    site.page("/", b"Safe")

    with pytest.raises(Unreachable, match="certificate"):
        await post(f"https://other.example:{secure}/")

    assert site.asked == []


async def test_a_site_without_a_known_authority_is_not_believed(
    site: Site, secure: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = ssl.get_default_verify_paths()
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", paths.cafile)

    with pytest.raises(Unreachable, match="certificate"):
        await post(f"https://pages.example:{secure}/")

    assert site.asked == []
