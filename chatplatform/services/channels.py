"""The channels customers really use, each written down when it is first seen (protocol.md 6.8).

Logins and starts of chats say through which client they come. What a process has seen it remembers
for an hour, so that they usually cost nothing; otherwise they cost two indexed reads.
"""

from __future__ import annotations

import time
from typing import Final
from uuid import UUID

from django.db import transaction

from chatplatform import clock
from chatplatform.models import Application, Channel
from chatplatform.models.channels import SUBTYPE_LENGTH
from chatplatform.requester import CustomerRequester, Requester

_REMEMBERED_SECONDS: Final = 3_600
_REMEMBERED_AT_MOST: Final = 10_000

_Use = tuple[UUID, str, str]
"""An organisation, the client, and the channel the widget is used through (empty: not said)."""

_seen: dict[_Use, float] = {}
"""What need not be looked up until that moment of the monotonic clock."""


def note_login(requester: CustomerRequester, said: str | None) -> None:
    """Note a customer's login; ``said`` is the ``channel_type`` their client named.

    The organisation's widget is ``code`` unless it says ``direct_link``; every other client is an
    integration, whatever it says. Written after the commit.
    """
    link = said == Channel.Type.DIRECT_LINK
    _note(requester, Channel.Type.DIRECT_LINK if link else Channel.Type.CODE)


def note_chat(requester: Requester) -> None:
    """Note that a chat with a customer began, which is how integrations without a socket are seen.

    What the widget is used through its login has said. Written after the commit.
    """
    _note(requester, "")


def _note(requester: Requester, widget: str) -> None:
    use = (requester.organization_id, requester.client_id, widget)
    if not requester.client_id or _seen.get(use, 0.0) > time.monotonic():
        return
    channel = _channel(*use)
    transaction.on_commit(lambda: _write(use, channel), robust=True)


def _channel(organization_id: UUID, client_id: str, widget: str) -> Channel | None:
    """Return the channel a client is; None for one that is no channel or is known already."""
    applications = Application.objects.filter(client_id=client_id)
    purpose = applications.values_list("purpose", flat=True).first()
    kind, subtype = widget, ""
    if purpose == Application.Purpose.INTEGRATION:
        kind, subtype = Channel.Type.INTEGRATION, client_id[:SUBTYPE_LENGTH]
    elif purpose != Application.Purpose.WIDGET or not widget:
        return None
    known = Channel.objects.filter(organization_id=organization_id, type=kind, subtype=subtype)
    if known.exists():
        return None
    return Channel(
        organization_id=organization_id,
        type=kind,
        subtype=subtype,
        first_activity_at=clock.now(),
    )


def _write(use: _Use, channel: Channel | None) -> None:
    if channel is not None:
        Channel.objects.bulk_create([channel], ignore_conflicts=True)
    if len(_seen) >= _REMEMBERED_AT_MOST:
        _seen.clear()
    _seen[use] = time.monotonic() + _REMEMBERED_SECONDS
