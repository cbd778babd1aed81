"""Public identifiers in the shapes the protocol's clients know (protocol.md 2.2)."""

import secrets
import string

_ALPHABET = string.ascii_uppercase + string.digits


def chat_id() -> str:
    """Return a fresh chat id: ten upper-case alphanumerics (51 random bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


thread_id = chat_id
"""Return a fresh thread id, which looks like a chat's."""


def event_id(thread: str, position: int) -> str:
    """Return the id of the event at ``position`` (from 1) of a thread."""
    return f"{thread}_{position}"


def opaque_id() -> str:
    """Return 32 hexadecimal digits: an agent towards customers, a bot, a client."""
    return secrets.token_hex(16)


def secret(length: int = 32) -> str:
    """Return an URL-safe secret carrying ``length`` random bytes."""
    return secrets.token_urlsafe(length)
