"""Which pages a registered redirect URI covers (protocol.md 5.1)."""

import pytest

from chatplatform import redirect_uris


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://shop.example", "http://shop.example"),
        ("http://shop.example", "http://shop.example/"),
        ("http://shop.example/", "http://shop.example"),
        ("http://shop.example", "http://shop.example/archives"),
        ("http://shop.example/archives", "http://shop.example/archives"),
        ("http://shop.example/archives", "http://shop.example/archives/chats"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000/page"),
        ("https://shop.example:443", "https://SHOP.example"),
        ("https://shop.example/app/", "https://shop.example/app"),
        ("https://shop.example/app", "https://shop.example/app/"),
        ("myapp://done", "myapp://done"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://BÜCHER.example"),
    ],
)
def test_the_same_origin_and_a_path_that_begins_the_same_are_covered(
    registered: str, requested: str
):
    assert redirect_uris.covers(registered, redirect_uris.parse(requested))


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://shop.example/archives", "http://shop.example"),
        ("http://localhost:3000", "http://localhost:4000"),
        ("https://shop.example", "http://shop.example"),
        ("http://shop.example", "https://shop.example"),
        ("https://shop.example", "https://shop.example.evil.example"),
        ("https://shop.example", "https://www.shop.example"),
        ("https://shop.example/app", "https://shop.example/application"),
        ("https://shop.example/app/", "https://shop.example/app-of-another"),
        ("myapp://done", "myapp://else"),
        ("https://faß.example", "https://fass.example"),
    ],
)
def test_another_origin_or_a_shorter_path_is_not_covered(registered: str, requested: str):
    assert not redirect_uris.covers(registered, redirect_uris.parse(requested))


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "shop.example",
        "/chat",
        "null",
        "https://",
        "https://shop.example/archives/../",
        "https://shop.example/archives/%2e%2E/",
        "https://shop.example/archives/%2e%2e%2fx",
        "https://shop.example/archives/..;a=b/",
        "https://shop.example;script-src/",
        "https://shop.example'/",
        "https://shop,example/",
        "https://shop.example/a\\..\\b",
        "https://shop.example/?size=20",
        "https://shop.example/#part",
        "https://shop.example@evil.example/",
        "https://shop.example:port/",
        "https://shop.example:99999/",
        "https://[::1",
        "https://shop.example/\x00",
        "https://shop.example/a b",
        "https://shop.example/" + 2048 * "a",
        "javascript://shop.example/%0aalert(1)",
        "data://shop.example/",
        "https://bü_cher.example/",
        "https://ü" + 63 * "a" + ".example/",
    ],
)
def test_anything_that_is_no_plain_page_address_is_refused(malformed: str):
    with pytest.raises(ValueError):
        redirect_uris.parse(malformed)


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://Shop.example/chat", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("https://shop.example:8443/", "https://shop.example:8443"),
        ("http://[::1]:3000/x", "http://[::1]:3000"),
        ("http://bücher.example/", "http://xn--bcher-kva.example"),
        ("https://Faß.example/", "https://xn--fa-hia.example"),
        ("myapp://done", ""),
    ],
)
def test_the_origin_of_a_page_is_written_as_browsers_do(uri: str, origin: str):
    assert redirect_uris.parse(uri).web_origin == origin
