"""The protocol's scopes: which exist, what each includes, and which a role may carry (5.5).

A token *carries* scopes; what it may do is :func:`effective`: everything those scopes include,
cut down to what the agent's role allows at the moment of the request.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from chatplatform.models.people import AgentRole

_MEMBER: Final = frozenset(
    {
        "accounts--all:rc",
        "accounts--all:ro",
        "accounts--my:ro",
        "accounts--my:rw",
        "accounts.roles--all:ro",
        "sessions--my:ro",
        "sessions--my:rw",
    }
)
"""What every account may do to itself, whatever its seat in the chat product."""

_NORMAL: Final = _MEMBER | {
    "agents--all:ro",
    "agents--my:ro",
    "agents--my:rw",
    "agents-bot--all:ro",
    "banlist_read",
    "banlist_write",
    "canned_responses--groups:ro",
    "canned_responses_write",
    "chats--access:ro",
    "chats--access:rw",
    "chats--my:ro",
    "chats--my:rw",
    "chats.conversation--access:rw",
    "chats.conversation--my:rw",
    "customers.ban:rw",
    "customers:ro",
    "customers:rw",
    "greetings:ro",
    "groups--all:ro",
    "groups--my:ro",
    "languages_read",
    "multicast:ro",
    "multicast:rw",
    "tags--groups:ro",
}

_ADMINISTRATOR: Final = _NORMAL | {
    "access_rules:ro",
    "access_rules:rw",
    "accounts.roles.lc--all:rw",
    "agents--all:rw",
    "agents-bot--all:rw",
    "agents-bot--my:ro",
    "agents-bot--my:rw",
    "bots.templates:rw",
    "canned_responses--all:ro",
    "canned_responses--all:rw",
    "canned_responses--groups:rw",
    "chats--all:ro",
    "chats--all:rw",
    "chats.conversation--all:rw",
    "customers:own",
    "domain_manage",
    "greetings:rw",
    "groups--all:rw",
    "groups--my:rw",
    "languages_write",
    "properties--all:ro",
    "properties--my:ro",
    "properties--my:rw",
    "properties.configuration:rw",
    "properties.group.value--all:ro",
    "properties.group.value--all:rw",
    "properties.group.value--my:ro",
    "properties.group.value--my:rw",
    "properties.license.value--all:ro",
    "properties.license.value--all:rw",
    "properties.license.value--my:ro",
    "properties.license.value--my:rw",
    "reports_read",
    "sessions--all:rw",
    "subscription.lc:rw",
    "tags--all:ro",
    "tags--all:rw",
    "tags--groups:rw",
    "webhooks--all:ro",
    "webhooks--all:rw",
    "webhooks--my:ro",
    "webhooks--my:rw",
    "webhooks.configuration:rw",
    "webhooks.state:ro",
    "webhooks.state:rw",
}

_VICEOWNER: Final = _ADMINISTRATOR | {"accounts--all:rw", "accounts.roles--all:rw"}

_OWNER: Final = _VICEOWNER | {"organization--my:rw"}

ALL: Final[frozenset[str]] = _OWNER
"""Every scope the platform knows."""

_BY_ROLE: Final[dict[str, frozenset[str]]] = {
    AgentRole.NORMAL: _NORMAL,
    AgentRole.ADMINISTRATOR: _ADMINISTRATOR,
    AgentRole.VICEOWNER: _VICEOWNER,
    AgentRole.OWNER: _OWNER,
}

_INCLUDES: Final = (
    (":rw", ":ro"),
    ("--all:", "--access:"),
    ("--all:", "--my:"),
    ("--access:", "--my:"),
)


def allowed(role: str) -> frozenset[str]:
    """Return every scope a token of an agent with ``role`` may carry."""
    return _BY_ROLE[role]


def expand(carried: Iterable[str]) -> frozenset[str]:
    """Return the known ones of ``carried`` with everything they include.

    Writing includes reading; ``all`` includes ``access``, and both include ``my``.
    """
    found = ALL.intersection(carried)
    while True:
        wider = found | {
            scope.replace(left, right)
            for scope in found
            for left, right in _INCLUDES
            if left in scope
        }
        wider &= ALL
        if wider == found:
            return found
        found = wider


@lru_cache(maxsize=4096)
def effective(role: str, carried: frozenset[str]) -> frozenset[str]:
    """Return what a token carrying ``carried`` allows an agent whose role is ``role``."""
    return expand(carried) & expand(allowed(role))


def cut(wanted: Iterable[str], *limits: Iterable[str]) -> frozenset[str]:
    """Return the shortest list of scopes that says what ``wanted`` and every limit include.

    What is wanted and allowed stays as it is; of what is not, what lies within it and is allowed.
    """
    wanted = frozenset(wanted)
    reach = expand(wanted)
    for limit in limits:
        reach &= expand(limit)
    return (wanted & reach) | frozenset(
        scope for scope in reach if not any(scope in expand({o}) for o in reach - {scope})
    )
