"""The outgoing client: where it goes, where it never goes, and how long it stays."""

import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from chatplatform.net.client import Limits, Unreachable, request
from tests.net.site import INSIDE, ODD_SPELLINGS, Site

LIMITS = Limits(seconds=3, max_bytes=1_000, redirects=3)
HERE = {"pages.example"}


def test_it_brings_what_is_there(site: Site) -> None:
    site.page("/a?b=c", b"Hello", status=404, X_Kind="test")

    answer = request("GET", f"{site.url}/a?b=c", LIMITS, allowed_hosts=HERE)

    assert (answer.url, answer.status, answer.body) == (f"{site.url}/a?b=c", 404, b"Hello")
    assert answer.headers["x-kind"] == "test"
    ((method, path, headers, body),) = site.asked
    assert (method, path, body) == ("GET", "/a?b=c", b"")
    assert headers["host"] == f"pages.example:{site.server_port}"
    assert headers["accept-encoding"] == "identity"
    assert "chatplatform" in headers["user-agent"].lower()


def test_it_takes_a_body_along(site: Site) -> None:
    site.page("/hook", b"{}", content_type="application/json")

    request(
        "POST",
        f"{site.url}/hook",
        LIMITS,
        headers={"Content-Type": "application/json"},
        body=b'{"a": 1}',
        allowed_hosts={f"PAGES.example:{site.server_port}"},
    )

    ((method, _, headers, body),) = site.asked
    assert (method, headers["content-type"], body) == ("POST", "application/json", b'{"a": 1}')


@pytest.mark.parametrize("address", INSIDE)
def test_it_never_goes_inside(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names["inside.example"] = address

    def connect(*args: Any, **more: Any) -> None:
        raise AssertionError("it tried")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    literal = f"[{address}]" if ":" in address else address

    for host in ("inside.example", literal):
        for scheme in ("http", "https"):
            with pytest.raises(Unreachable, match="leads inside"):
                request("GET", f"{scheme}://{host}/", LIMITS)


@pytest.mark.parametrize("host", ODD_SPELLINGS)
def test_odd_spellings_of_inside_addresses_do_not_help(site: Site, host: str) -> None:
    with pytest.raises(Unreachable):
        request("GET", f"http://{host}:{site.server_port}/", LIMITS)

    assert site.asked == []


def test_only_named_hosts_may_be_inside(site: Site, names: dict[str, str]) -> None:
    site.page("/", b"")
    names["other.example"] = "127.0.0.1"

    with pytest.raises(Unreachable, match="leads inside"):
        request("GET", f"http://other.example:{site.server_port}/", LIMITS, allowed_hosts=HERE)
    with pytest.raises(Unreachable, match="leads inside"):
        request("GET", f"{site.url}/", LIMITS, allowed_hosts={"pages.example:1"})

    assert site.asked == []


def test_a_name_that_looks_like_an_allowed_one_is_another(
    site: Site, names: dict[str, str]
) -> None:
    """Older rules wrote ``ß`` as ``ss``: whoever owns the one name does not own the other."""
    names["xn--fu-hia.example"] = "127.0.0.1"

    with pytest.raises(Unreachable, match="leads inside"):
        request(
            "GET", f"http://fuß.example:{site.server_port}/", LIMITS, allowed_hosts={"fuss.example"}
        )

    assert site.asked == []


def test_a_name_with_any_inside_address_leads_nowhere(site: Site, names: dict[str, str]) -> None:
    site.page("/", b"")

    for addresses in ("93.184.216.34 127.0.0.1", "127.0.0.1 93.184.216.34"):
        names["both.example"] = addresses
        with pytest.raises(Unreachable, match="leads inside"):
            request("GET", f"http://both.example:{site.server_port}/", LIMITS)

    assert site.asked == []


def test_an_address_that_was_checked_is_the_one_connected_to(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second answer of a resolver that changes its mind is never asked for."""
    connected = []

    def connect(address: tuple[str, int], *args: Any, **more: Any) -> None:
        connected.append(address)
        raise OSError("not today")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    names["turning.example"] = "93.184.216.34"

    with pytest.raises(Unreachable):
        request("GET", "http://turning.example/", LIMITS)

    assert connected == [("93.184.216.34", 80)]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://pages.example/",
        "file:///etc/passwd",
        "gopher://pages.example/",
        "//pages.example/",
        "pages.example",
        "http://",
        "http://user:secret@pages.example/",
        "http://pages.example:99999/",
        "http://[::1/",
        "http://pages.example/" + "x" * 2048,
        "http://nowhere.example/",
        "http://" + "a" * 300 + ".example/",
    ],
)
def test_what_is_no_place_to_go(url: str) -> None:
    with pytest.raises(Unreachable):
        request("GET", url, LIMITS, allowed_hosts=HERE)


# --- redirects ------------------------------------------------------------------------------------


def test_it_follows_redirects(site: Site) -> None:
    site.page("/a", b"", status=302, location="/b?c")
    site.page("/b?c", b"", status=301, location=f"{site.url}/d")
    site.page("/d", b"There")

    answer = request("GET", f"{site.url}/a", LIMITS, allowed_hosts=HERE)

    assert (answer.url, answer.body) == (f"{site.url}/d", b"There")


def test_a_redirect_is_an_answer_to_who_follows_none(site: Site) -> None:
    site.page("/a", b"", status=302, location="/b")

    answer = request("POST", f"{site.url}/a", Limits(3, 1_000), body=b"x", allowed_hosts=HERE)

    assert answer.status == 302
    assert [path for _, path, _, _ in site.asked] == ["/a"]


@pytest.mark.parametrize(
    "onward",
    [
        "http://inside.example/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:{port}/secret",
        "file:///etc/passwd",
        "ftp://pages.example/",
    ],
)
def test_a_redirect_leads_nowhere_a_call_would_not_go(
    site: Site, names: dict[str, str], onward: str
) -> None:
    names["inside.example"] = "10.0.0.1"
    site.page("/secret", b"")
    site.page("/a", b"", status=302, location=onward.format(port=site.server_port))

    with pytest.raises(Unreachable):
        request("GET", f"{site.url}/a", LIMITS, allowed_hosts=HERE)

    assert [path for _, path, _, _ in site.asked] == ["/a"]


def test_redirects_end(site: Site) -> None:
    site.page("/a", b"", status=302, location="/a")

    with pytest.raises(Unreachable, match="too many redirects"):
        request("GET", f"{site.url}/a", LIMITS, allowed_hosts=HERE)

    assert len(site.asked) == LIMITS.redirects + 1


# --- what it takes --------------------------------------------------------------------------------


def test_it_takes_no_more_than_it_may(site: Site) -> None:
    site.page("/", b"x" * 1_001)

    with pytest.raises(Unreachable, match="too large"):
        request("GET", f"{site.url}/", LIMITS, allowed_hosts=HERE)

    cut = Limits(seconds=3, max_bytes=1_000, cut=True)
    assert request("GET", f"{site.url}/", cut, allowed_hosts=HERE).body == b"x" * 1_000


def test_it_takes_only_what_was_asked_for(site: Site) -> None:
    site.page("/", b"GIF89a", content_type="image/gif")
    site.page("/packed", b"\x1f\x8b", content_encoding="gzip")

    for path in ("/", "/packed"):
        with pytest.raises(Unreachable):
            request("GET", site.url + path, LIMITS, content_type="text/html", allowed_hosts=HERE)


@pytest.mark.parametrize("drips", ["headers", "body", "nothing"])
def test_nobody_holds_it_longer_than_its_time(site: Site, drips: str) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if drips == "body":
            handler.send_response(200)
            handler.end_headers()
        elif drips == "headers":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            if drips != "nothing":
                handler.wfile.write(b"x")

    site.answers["/"] = drip
    began = time.monotonic()

    with pytest.raises(Unreachable):
        request("GET", f"{site.url}/", Limits(0.5, 10**6), allowed_hosts=HERE)

    over.set()
    assert time.monotonic() - began < 10


def test_a_name_with_many_addresses_takes_no_longer(
    names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(address: object, seconds: float, **more: object) -> None:
        time.sleep(seconds)
        raise TimeoutError("nobody answers")

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    names["many.example"] = " ".join(f"93.184.216.{number}" for number in range(1, 9))
    began = time.monotonic()

    with pytest.raises(Unreachable):
        request("GET", "http://many.example/", Limits(2, 100))

    assert time.monotonic() - began < 10


def test_neither_does_one_nobody_answers_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def resolve(host: str, port: int, **more: object) -> list[object]:
        over.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    began = time.monotonic()

    with pytest.raises(Unreachable, match="too long"):
        request("GET", "http://slow.example/", Limits(0.5, 100))

    over.set()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 10_000),
    ],
)
def test_what_never_comes_to_an_end_is_cut_off(site: Site, beginning: bytes, more: bytes) -> None:
    over = threading.Event()

    def speak(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(beginning)
        while not over.is_set():
            handler.wfile.write(more)

    site.answers["/"] = speak
    began = time.monotonic()

    with pytest.raises(Unreachable, match="never comes to an end"):
        request("GET", f"{site.url}/", replace(LIMITS, seconds=60), allowed_hosts=HERE)

    over.set()
    assert time.monotonic() - began < 10


def test_a_site_that_hangs_up_is_not_there(site: Site) -> None:
    with pytest.raises(Unreachable):
        request("GET", f"{site.url}/missing", LIMITS, allowed_hosts=HERE)


# --- TLS ------------------------------------------------------------------------------------------


def test_a_site_proves_its_name(site: Site, secure: int) -> None:
    site.page("/", b"Safe")

    answer = request("GET", f"https://pages.example:{secure}/", LIMITS)

    assert answer.body == b"Safe"


def test_a_site_under_another_name_is_not_believed(
    site: Site, secure: int, names: dict[str, str]
) -> None:
    names["other.example"] = "127.0.0.1"
    site.page("/", b"Safe")

    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        request("GET", f"https://other.example:{secure}/", LIMITS)

    assert site.asked == []


def test_nobody_holds_it_longer_than_its_time_over_tls_either(site: Site, secure: int) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not over.wait(0.05):
            handler.wfile.write(b"x")

    site.answers["/"] = drip
    began = time.monotonic()

    with pytest.raises(Unreachable):
        request("GET", f"https://pages.example:{secure}/", Limits(0.5, 10**6))

    over.set()
    assert time.monotonic() - began < 10
