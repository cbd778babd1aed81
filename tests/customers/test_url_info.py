"""Customer Chat API: what a page behind a link says of itself."""

import time

import pytest
from pytest_django.fixtures import Settings

from chatplatform.services import url_info
from tests.internet import PAGE, Internet
from tests.world import User

SHOP = "https://shop.example/shoes?colour=red"


def page(*head: str) -> str:
    return f"<!doctype html><html><head>{''.join(head)}</head><body><h1>Hi</h1></body></html>"


def test_a_page_tells_its_title_description_and_image(carl: User, internet: Internet) -> None:
    internet.put(
        SHOP,
        page(
            "<title>Shop</title>",
            '<meta name="description" content="Everything for feet">',
            '<META content="Red &amp; fast" property="og:title"/>',
            "<meta property='og:description' content='Shoes\n  to run > in'>",
            '<meta property="og:image" content="/red.png">',
            '<meta property="og:image:width" content="640">',
            '<meta property="og:image:height" content="480">',
        ),
    )

    assert carl.call("get_url_info", url=SHOP) == {
        "url": SHOP,
        "title": "Red & fast",
        "description": "Shoes to run > in",
        "image_url": "https://shop.example/red.png",
        "image_original_url": "https://shop.example/red.png",
        "image_width": 640,
        "image_height": 480,
    }


def test_it_is_the_same_on_a_socket_and_in_every_version(carl: User) -> None:
    told = {"url": PAGE, "title": "A page"}

    for version in ("3.4", "3.5", "3.6", "3.7"):
        assert carl.web("get_url_info", {"url": PAGE}, version=version) == told
    assert carl.rtm("get_url_info", {"url": PAGE}) == told


@pytest.mark.parametrize(
    ("html", "told"),
    [
        (page("<title>\n A  &lt;b&gt; </title>"), {"title": "A <b>"}),
        (page('<meta name="description" content="D">'), {"description": "D"}),
        (page('<meta name="twitter:title" content="T">'), {"title": "T"}),
        ("", {}),
        ("<title>", {}),
        (page("<title>" + "x" * 400 + "</title>"), {"title": "x" * 300}),
        (page('<meta property="og:image" content="javascript:alert(1)">'), {}),
        (page('<meta property="og:image" content="http://[">'), {}),
        (page('<meta property="og:image" content="data:image/png;base64,x">'), {}),
        (page('<meta property="og:title">', "<meta content=x>", "<meta>"), {}),
    ],
)
def test_pages_of_all_kinds(
    carl: User, internet: Internet, html: str, told: dict[str, str]
) -> None:
    internet.put(SHOP, html)

    assert carl.call("get_url_info", url=SHOP) == {"url": SHOP, **told}


@pytest.mark.parametrize(
    "side", ["0", "-1", "1e3", "100001", "\u0661", "0000000001" + "9" * 30, "9" * 4000, "", "wide"]
)
def test_sizes_that_make_no_sense_are_left_out(carl: User, internet: Internet, side: str) -> None:
    image = '<meta property="og:image" content="/red.png">'
    width = f'<meta property="og:image:width" content="{side}">'
    height = '<meta property="og:image:height" content="0480">'
    internet.put(SHOP, page(image, width, height))

    told = carl.call("get_url_info", url=SHOP)

    assert "image_width" not in told
    assert told["image_height"] == 480


def test_relative_images_belong_to_where_the_link_led(carl: User, internet: Internet) -> None:
    html = page('<meta property="og:image" content="red.png">')
    internet.put("https://short.example/x", html, at="https://shop.example/shoes/")

    told = carl.call("get_url_info", url="https://short.example/x")

    assert (told["url"], told["image_url"]) == (
        "https://short.example/x",
        "https://shop.example/shoes/red.png",
    )


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/html; charset=iso-8859-2", "<title>Žluť</title>".encode("iso-8859-2")),
        ("text/html", "<title>Žluť</title>".encode()),
        ('text/html; charset="UTF-8"', "<title>Žluť</title>".encode()),
        ("text/html; charset=punycode", "<title>Žluť</title>".encode()),
        ("text/html; charset=nonsense", "<title>Žluť</title>".encode()),
    ],
)
def test_pages_in_other_encodings(
    carl: User, internet: Internet, content_type: str, content: bytes
) -> None:
    internet.put(SHOP, content, content_type=content_type)

    assert carl.call("get_url_info", url=SHOP)["title"] == "Žluť"


def test_a_page_that_can_not_be_read_is_not_found(carl: User, internet: Internet) -> None:
    internet.put("https://shop.example/gone", "<title>Gone</title>", status=404)

    for url in ("https://shop.example/gone", "https://nowhere.example/", "http://127.0.0.1/"):
        assert carl.refused("get_url_info", url=url) == "not_found"


@pytest.mark.parametrize("url", ["", "shop.example", "ftp://x.example", "http://", "http://[", 5])
def test_what_is_no_web_address_is_refused(carl: User, internet: Internet, url: object) -> None:
    assert carl.refused("get_url_info", url=url) == "validation"
    assert carl.refused("get_url_info", url="https://x.example/" + "x" * 2048) == "validation"
    assert internet.asked == []


def test_a_page_is_read_once_for_everybody(carl: User, internet: Internet) -> None:
    for _ in range(3):
        carl.call("get_url_info", url=PAGE)
        carl.refused("get_url_info", url=SHOP)

    assert [url for _, url, _ in internet.asked] == [PAGE, SHOP]


def test_only_so_many_pages_are_read_at_once(
    carl: User, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(url_info.AT_ONCE):
        url_info._slots.acquire()
    try:
        assert carl.refused("get_url_info", url=PAGE) == "too_many_requests"
    finally:
        for _ in range(url_info.AT_ONCE):
            url_info._slots.release()

    assert carl.call("get_url_info", url=PAGE)["title"] == "A page"


def test_a_customer_looks_up_only_so_many(carl: User, settings: Settings) -> None:
    settings.URL_INFO_LIMIT_BURST = 2
    settings.URL_INFO_LIMIT_PER_SECOND = 0.001

    for _ in range(2):
        carl.call("get_url_info", url=PAGE)

    assert carl.refused("get_url_info", url=PAGE) == "too_many_requests"


@pytest.mark.parametrize(
    "part",
    ["<meta ", "<meta a='", '<meta content="', "<!--", "<![CDATA[", "<title", "<", "<meta a=b c "],
)
def test_no_page_makes_the_reader_labour(part: str) -> None:
    html = (part * (256 * 1024 // len(part) + 1))[: 256 * 1024]
    began = time.process_time()

    url_info.about(html, SHOP)

    assert time.process_time() - began < 1
