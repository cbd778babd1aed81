"""Bodies that are too large are refused before they are kept."""

from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from chatplatform.transports.bodies import BodyLimit

LIMIT = 1_000
Message = dict[str, Any]


class Inner:
    """An application that reads the whole body, unless its client goes, and answers its length."""

    def __init__(self) -> None:
        self.read = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.read += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": str(self.read).encode()})


async def ask(inner: Any, chunks: Iterable[bytes], announced: bytes = b"") -> list[Message]:
    """Send the chunks and return what was answered."""
    waiting = list(chunks)
    sent: list[Message] = []
    scope = {"type": "http", "headers": [(b"content-length", announced)] if announced else []}

    async def receive() -> Message:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyLimit(inner, LIMIT)(scope, receive, send)
    return sent


def assert_refused(sent: list[Message]) -> None:
    start, body = sent
    assert start["status"] == 413
    assert dict(start["headers"])[b"content-type"] == b"application/json"
    assert orjson.loads(body["body"])["error"]["type"] == "entity_too_large"


@pytest.mark.parametrize("announced", [b"", b"1000"])
async def test_a_body_of_the_largest_size_passes(announced: bytes) -> None:
    start, body = await ask(Inner(), [b"x" * 400] * 2 + [b"x" * 200], announced)

    assert (start["status"], body["body"]) == (200, b"1000")


async def test_an_announced_larger_body_is_refused_unread() -> None:
    inner = Inner()

    assert_refused(await ask(inner, [b"x" * 1_001], b"1001"))
    assert inner.read == 0


@pytest.mark.parametrize("announced", [b"", b"10", b"ten"])
async def test_a_body_that_grows_larger_than_announced_is_cut_off(announced: bytes) -> None:
    inner = Inner()

    assert_refused(await ask(inner, [b"x" * 600] * 100, announced))
    assert inner.read == 600


async def test_an_answer_that_has_begun_is_not_followed_by_a_second_one() -> None:
    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        await send({"type": "http.response.body", "body": b"done"})

    sent = await ask(hasty, [b"x" * 1_001])

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 200
