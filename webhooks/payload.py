"""How the payload of a webhook is defined: a domain event in, the newest payload out.

Which webhooks there are, and which events make them, says ``chatplatform.webhook_actions``; the
modules of ``webhooks/payloads/`` hold a payload for each of these pairs. Most are what agents are
told (``chatplatform.api.told``); the others differ from that in every version.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatplatform.domain_events import DomainEvent

Translator = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Payload:
    """What one webhook says of one type of event.

    ``translate`` returns the payload in the newest shape, private hints among it, or ``None``:
    this event causes none. ``needs`` is a field without which there is nothing to say: where it is
    empty, as the webhook's client is shown it, nothing is sent either.
    """

    action: str
    translate: Translator
    needs: str = ""


_payloads: dict[tuple[str, type[DomainEvent]], Payload] = {}


def payload(action: str, *, needs: str = "") -> Callable[[Translator], Translator]:
    """Register the decorated translator; its argument's annotation says which event it reads."""

    def register(translate: Translator) -> Translator:
        hints = typing.get_type_hints(translate)
        hints.pop("return", None)
        (event_type,) = hints.values()
        _payloads[action, event_type] = Payload(action, translate, needs)
        return translate

    return register


def payload_of(action: str, event_type: type[DomainEvent]) -> Payload:
    """Return what the webhook ``action`` says of such events; raise ``KeyError``."""
    return _payloads[action, event_type]
