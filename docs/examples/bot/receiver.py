"""Taking webhooks over HTTP: only from the platform, and each once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_BYTES = 1024 * 1024
MAX_AGE_SECONDS = 5 * 60
REMEMBERED = 10_000

Webhook = dict[str, Any]

log = logging.getLogger(__name__)


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Tell whether a request was signed with ``secret`` (``whsec_…``) just now.

    Names of ``headers`` are in lower case, ``now`` is in Unix seconds. The signature is that of
    Standard Webhooks; there may be several, old and new, while a secret is being changed.
    """
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _is_number(timestamp) or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(one, expected) for one in given)


def _is_number(text: str) -> bool:
    """Tell whether a header is a number that is worth looking at; anybody may have sent it."""
    return text.isdecimal() and len(text) < 20


class Receiver(ThreadingHTTPServer):
    """Listens on all addresses. ``take`` is given each genuine webhook; raising means: again."""

    daemon_threads = True

    def __init__(self, port: int, secret: str, take: Callable[[Webhook], None]) -> None:
        """Begin to listen; :meth:`serve_forever` begins to answer."""
        super().__init__(("", port), _Handler)
        self._secret = secret
        self._take = take
        self._done: OrderedDict[str, None] = OrderedDict()

    def receive(self, headers: Mapping[str, str], body: bytes) -> int:
        """Do what a request asks for; return the status to answer with."""
        if not is_genuine(headers, body, self._secret, time.time()):
            return 401
        webhook = json.loads(body)
        if not hmac.compare_digest(webhook["secret_key"].encode(), self._secret.encode()):
            return 401
        message_id = headers["webhook-id"]
        if message_id in self._done:
            return 200
        try:
            self._take(webhook)
        except Exception:
            log.exception("could not take %s, it will come again", message_id)
            return 500
        self._done[message_id] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return 200


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = 10

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not _is_number(length) or int(length) > MAX_BYTES:
            self.send_error(413)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.receive(headers, self.rfile.read(int(length)))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        log.debug(format, *args)
