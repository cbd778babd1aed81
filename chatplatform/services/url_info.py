"""What a page says of itself, for a link in a conversation."""

from __future__ import annotations

import codecs
import hashlib
import re
import threading
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import structlog
from django.conf import settings
from django.core.cache import cache

from chatplatform.errors import NotFound, TooManyRequests, Validation
from chatplatform.net import client
from chatplatform.net.client import Limits, Unreachable
from chatplatform.records import Record

log = structlog.get_logger(__name__)

LIMITS = Limits(seconds=6.0, max_bytes=256 * 1024, redirects=4, cut=True)
AT_ONCE = 4
"""Pages one process reads at a time: each keeps a thread that could serve somebody else."""
KEPT_SECONDS = 600
FAILURE_KEPT_SECONDS = 60
MAX_TITLE = 300
MAX_DESCRIPTION = 1_000
MAX_META = 200
MAX_TAG = 4_096
"""Characters of one tag that are looked at; with :data:`MAX_META` it bounds the work of a page."""
MAX_SIDE = 100_000

_ENCODINGS = re.compile(
    r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|gb\w+|big5\w*|shift_jis\w*|euc_\w+"
)
_SIDE = re.compile(r"[0-9]{1,6}")
_slots = threading.BoundedSemaphore(AT_ONCE)


def describe(url: str) -> Record:
    """Return what the page behind ``url`` says of itself; fields it leaves out are missing.

    ``title``, ``description``, ``image_original_url`` and ``image_url`` (the same: images stay
    where they are), ``image_width`` and ``image_height`` in pixels if the page tells them, ``url``.
    Answers are kept for ten minutes, failures for one.

    Raise :class:`Validation` for what is no web address, :class:`NotFound` for a page that can not
    be read, whatever the reason, :class:`TooManyRequests` while too many are being read. Blocks
    for six seconds at most; never call it inside a transaction.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Validation("`url` must be a web address")
    key = f"url-info:{hashlib.sha256(url.encode(errors='replace')).hexdigest()}"
    known: Record | None = cache.get(key)
    if known is None:
        known = _read(url)
        cache.set(key, known, KEPT_SECONDS if known else FAILURE_KEPT_SECONDS)
    if not known:
        raise NotFound("The page could not be read")
    return known


def _read(url: str) -> Record:
    """Return what :func:`describe` does; an empty record for a page that can not be read."""
    if not _slots.acquire(blocking=False):
        raise TooManyRequests("Too many pages are being read, try again")
    try:
        page = client.request(
            "GET",
            url,
            LIMITS,
            headers={"Accept": "text/html"},
            content_type="text/html",
            allowed_hosts=settings.URL_INFO_ALLOWED_HOSTS,
        )
    except Unreachable as error:
        log.info("page not read", reason=str(error)[:200])
        return {}
    finally:
        _slots.release()
    if page.status != 200:
        return {}
    return {"url": url, **about(_text(page), page.url)}


def _text(page: client.Response) -> str:
    """Return a page's text, in the encoding its header names, else UTF-8."""
    named = re.search(r"charset=\"?([\w-]{1,40})", page.headers.get("content-type", ""))
    try:
        encoding = codecs.lookup(named.group(1)).name if named else "utf-8"
    except LookupError:
        encoding = "utf-8"
    if not _ENCODINGS.fullmatch(encoding):
        encoding = "utf-8"
    return page.body.decode(encoding, errors="replace")


def about(html: str, base: str) -> Record:
    """Return what the page ``html``, found at ``base``, says of itself."""
    meta = _meta(html)
    found: Record = {}
    title = meta.get("og:title") or meta.get("twitter:title") or _title(html)
    description = (
        meta.get("og:description") or meta.get("twitter:description") or meta.get("description")
    )
    if title:
        found["title"] = _squeezed(title, MAX_TITLE)
    if description:
        found["description"] = _squeezed(description, MAX_DESCRIPTION)
    if image := _image(meta, base):
        found["image_url"] = found["image_original_url"] = image
        for name in ("width", "height"):
            side = meta.get(f"og:image:{name}", "")
            if _SIDE.fullmatch(side) and 0 < int(side) <= MAX_SIDE:
                found[f"image_{name}"] = int(side)
    return found


def _squeezed(text: str, limit: int) -> str:
    return " ".join(text.split())[:limit]


def _image(meta: dict[str, str], base: str) -> str:
    named = meta.get("og:image") or meta.get("og:image:url") or meta.get("twitter:image") or ""
    try:
        image = urljoin(base, named.strip()) if named else ""
        is_web = urlsplit(image).scheme in ("http", "https")
    except ValueError:
        return ""
    return image if is_web and len(image) <= client.MAX_URL else ""


def _title(html: str) -> str:
    begin = re.search(r"<title[^>]{0,200}>", html, re.IGNORECASE)
    return unescape(html[begin.end() : begin.end() + MAX_TAG].partition("<")[0]) if begin else ""


def _meta(html: str) -> dict[str, str]:
    """Return the page's ``meta`` tags by name or property; the first of each counts.

    Each tag is cut out and parsed by itself, so that no page can make the parser labour.
    """
    found: dict[str, str] = {}
    at = 0
    beginning = re.compile(r"<meta\s", re.IGNORECASE)
    for _ in range(MAX_META):
        begin = beginning.search(html, at)
        if begin is None:
            break
        tag = _Tag()
        tag.feed(html[begin.start() : begin.start() + MAX_TAG])
        at = begin.end()
        name = tag.attributes.get("property") or tag.attributes.get("name") or ""
        found.setdefault(name.strip().lower(), tag.attributes.get("content", ""))
    return found


class _Tag(HTMLParser):
    """Reads the first tag of what it is fed."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, str] = {}
        self._read = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._read:
            self.attributes = {name: value or "" for name, value in attrs}
            self._read = True
