"""What the query of an authorization says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from chatplatform.oauth_errors import InvalidRequest
from chatplatform.services.grants import Asked

CONSENT: Final = "consent"
BUTTON: Final = "button"
_ASKED: Final = tuple(Asked.__dataclass_fields__)
_OTHERS: Final = ("state", "prompt", "flow", "email")


@dataclass(frozen=True, slots=True)
class Query:
    """An authorization's query; what it does not name is ignored."""

    asked: Asked
    state: str
    email: str
    always_ask: bool
    """Whether the person is asked even for what they allowed before."""
    by_message: bool
    """Whether the page that opened this one awaits a message, and no redirect."""

    @classmethod
    def read(cls, query: QueryDict) -> Query:
        """Return what ``query`` says; the first value of what is there more than once."""
        values = {name: query.getlist(name)[:1] for name in (*_ASKED, *_OTHERS)}
        first = {name: found[0] for name, found in values.items() if found}
        return cls(
            asked=Asked(**{name: first[name] for name in _ASKED if name in first}),
            state=first.get("state", ""),
            email=first.get("email", ""),
            always_ask=first.get("prompt") == CONSENT,
            by_message=first.get("flow") == BUTTON,
        )


def refuse_repeated(query: QueryDict) -> None:
    """Raise :class:`InvalidRequest` where a parameter is there more than once."""
    for name in (*_ASKED, *_OTHERS):
        if len(query.getlist(name)) > 1:
            raise InvalidRequest(f"{name} is there more than once")
