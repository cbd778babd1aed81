"""Ready-made choices of scopes for a personal access token."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from chatplatform.scopes import allowed

EVERYTHING: Final = "everything"
READ: Final = "read"
CHAT: Final = "chat"
CHOOSE: Final = "choose"

CHOICES: Final = (
    (EVERYTHING, _("Everything my role allows")),
    (READ, _("Read only: see what I see, change nothing")),
    (CHAT, _("Chat as me: take part in chats, see customers and colleagues")),
    (CHOOSE, _("Only what I choose below")),
)

_CHATTING: Final = frozenset(
    {
        "agents--all:ro",
        "agents--my:rw",
        "canned_responses--all:ro",
        "canned_responses--groups:ro",
        "chats--access:rw",
        "chats--all:rw",
        "customers:rw",
        "groups--all:ro",
        "multicast:rw",
        "tags--all:ro",
        "tags--groups:ro",
    }
)


def scopes(preset: str, role: str) -> list[str]:
    """Return what a preset is for somebody with ``role``, sorted."""
    may = allowed(role)
    if preset == READ:
        may = frozenset(one for one in may if one.endswith((":ro", "_read")))
    elif preset == CHAT:
        may &= _CHATTING
    return sorted(may)
