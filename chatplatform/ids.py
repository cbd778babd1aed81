"""Public identifiers in the shapes the protocol's clients know (protocol.md 2.2)."""

import re
import secrets
import string

_ALPHABET = string.ascii_uppercase + string.digits
_DELIVERY = re.compile("msg_([0-7][0-9a-f]{15})")


def chat_id() -> str:
    """Return a fresh chat id: ten upper-case alphanumerics (51 random bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


thread_id = chat_id
"""Return a fresh thread id, which looks like a chat's."""


def event_id(thread: str, position: int) -> str:
    """Return the id of the event at ``position`` (from 1) of a thread."""
    return f"{thread}_{position}"


def delivery_id(number: int) -> str:
    """Return the id of a webhook's delivery, by which receivers know it again.

    It stays the same however often it is sent.
    """
    return f"msg_{number:016x}"


def delivery_number(public_id: str) -> int | None:
    """Return the number :func:`delivery_id` was given, or ``None`` for what is no such id."""
    match = _DELIVERY.fullmatch(public_id)
    return int(match[1], 16) if match else None


def opaque_id() -> str:
    """Return 32 hexadecimal digits: an agent towards customers, a bot, a client."""
    return secrets.token_hex(16)


def secret(length: int = 32) -> str:
    """Return an URL-safe secret carrying ``length`` random bytes."""
    return secrets.token_urlsafe(length)
