"""What travels through the channel layer: numbered envelopes of domain events.

A process numbers its envelopes per organisation from 1, without holes. All that wait while a send
is under way leave together as one layer message to the organisation's group. An envelope without
events is a beat: it only proves that the way is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from chatplatform import domain_events
from chatplatform.domain_events import DomainEvent, Record

MESSAGE_TYPE = "hub.envelopes"


class Origin(NamedTuple):
    """The connection whose request caused something, and that request's id as it was sent."""

    connection_id: str
    request_id: str | int | None = None


class Envelope(NamedTuple):
    """One arrived envelope; ``events`` are still packed."""

    process: str
    number: int
    origin: Origin | None
    events: list[Record]


def group_name(organization_id: str) -> str:
    """Return the layer group that carries an organisation's envelopes."""
    return f"organization.{organization_id}"


def seal(
    process: str, number: int, events: Sequence[DomainEvent], origin: Origin | None = None
) -> bytes:
    """Return an envelope ready to travel."""
    packed = [domain_events.pack(event) for event in events]
    return orjson.dumps((process, number, tuple(origin) if origin else None, packed))


def message(organization_id: str, sealed: Sequence[bytes]) -> dict[str, Any]:
    """Return the layer message that carries ``sealed`` envelopes in this order."""
    return {
        "type": MESSAGE_TYPE,
        "organization_id": organization_id,
        "body": b"[" + b",".join(sealed) + b"]",
    }


def following(
    organization_id: str, process: str, sent: int, batch: Sequence[tuple[int, bytes]]
) -> dict[str, Any]:
    """Return the layer message of sealed envelopes with their numbers, whose last was ``sent``.

    Where a number is missing in between, a beat with that of the last one begins the message.
    """
    sealed = [one for _, one in batch]
    if batch[0][0] > sent + 1:
        sealed.insert(0, seal(process, sent, ()))
    return message(organization_id, sealed)


def opened(body: bytes) -> list[Envelope]:
    """Return the envelopes in a layer message's body."""
    return [
        Envelope(process, number, Origin(*origin) if origin else None, events)
        for process, number, origin, events in orjson.loads(body)
    ]
