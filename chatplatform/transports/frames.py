"""Frames in both directions: requests read, answers written (protocol.md 3.2).

What clients send may be anything. A frame that can not be understood raises :class:`Refusal`,
which becomes an answer; nothing a client sends closes its socket here.
"""

from __future__ import annotations

from typing import Any

import orjson

from chatplatform.api import payloads
from chatplatform.api.call import AUTHORS_UNTIL, Call
from chatplatform.errors import ProtocolError, UnsupportedVersion, Validation

RequestId = str | int | None


class Refusal(Exception):
    """A frame that gets an error at once; ``action`` and ``request_id`` as far as readable."""

    def __init__(self, error: ProtocolError, action: str = "", request_id: RequestId = None):
        super().__init__(str(error))
        self.error = error
        self.action = action
        self.request_id = request_id


class Request:
    """A request frame on its way; ``call`` is completed by whoever serves it."""

    __slots__ = ("action", "answered", "author_id", "call", "payload", "request_id", "version")

    def __init__(
        self,
        action: str,
        version: str,
        payload: Any,
        request_id: RequestId = None,
        author_id: str = "",
    ) -> None:
        self.action = action
        self.version = version
        self.payload = payload
        self.request_id = request_id
        self.author_id = author_id
        self.call: Call | None = None
        self.answered = False


def read(text: str, version: str) -> Request:
    """Return the request in ``text``, sent on a connection of ``version``; or raise a refusal.

    ``version`` in the frame may name a newer version than the connection's for this one request,
    never an older one (protocol.md 1.5): that is ``unsupported_version``. ``request_id`` may be a
    string or, as some clients send, an integer; it is echoed as it came.
    """
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal(Validation("a frame must be JSON")) from error
    if not isinstance(frame, dict):
        raise Refusal(Validation("a frame must be a JSON object"))
    request_id = frame.get("request_id")
    action = frame.get("action")
    named = action if isinstance(action, str) else ""
    if request_id is not None and (
        not isinstance(request_id, str | int) or isinstance(request_id, bool)
    ):
        raise Refusal(Validation("`request_id` must be a string"), named)
    if not named:
        raise Refusal(Validation("`action` must name an action"), "", request_id)
    wanted = frame.get("version")
    if wanted is None:
        wanted = version
    elif not isinstance(wanted, str):
        raise Refusal(Validation("`version` must be a string"), named, request_id)
    elif wanted < version:
        message = "a request's version can not be older than its connection's"
        raise Refusal(UnsupportedVersion(message), named, request_id)
    try:
        payloads.check(frame, text.encode())
    except Validation as error:
        raise Refusal(error, named, request_id) from None
    payload = frame.get("payload")
    author_id = frame.get("author_id") if wanted <= AUTHORS_UNTIL else None
    if not isinstance(author_id, str | None):
        raise Refusal(Validation("`author_id` must be a string"), named, request_id)
    return Request(named, wanted, {} if payload is None else payload, request_id, author_id or "")


def encoded(payload: Any) -> bytes:
    """Return ``payload`` as JSON."""
    return orjson.dumps(payload)


def answer(action: str, request_id: RequestId, payload: Any) -> str:
    """Return the response of a request that succeeded."""
    return _response(action, request_id, True, {} if payload is None else payload)


def refusal(action: str, request_id: RequestId, error: ProtocolError) -> str:
    """Return the response of a request that was refused."""
    return _response(action, request_id, False, {"error": error.body()})


def _response(action: str, request_id: RequestId, success: bool, payload: Any) -> str:
    frame: dict[str, Any] = {} if request_id is None else {"request_id": request_id}
    frame["action"] = action
    frame["type"] = "response"
    frame["success"] = success
    frame["payload"] = payload
    return orjson.dumps(frame).decode()


def push(version: str, action: str, payload: bytes, request_id: RequestId = None) -> str:
    """Return a push frame around an encoded payload."""
    identity = b"" if request_id is None else b'"request_id":%b,' % orjson.dumps(request_id)
    return (
        b'{"version":"%b",%b"action":"%b","type":"push","payload":%b}'
        % (version.encode(), identity, action.encode(), payload)
    ).decode()
