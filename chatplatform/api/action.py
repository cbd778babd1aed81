"""What an action is, and the decorator that defines one."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from chatplatform.api import registry
from chatplatform.api.context import Context

Handler = Callable[[Any, Any], Any]


class Request(BaseModel):
    """Base of every request type: unknown fields are ignored, values are not coerced."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Empty(Request):
    """The request of an action that takes nothing."""


@dataclass(frozen=True, slots=True)
class Action:
    """An operation of one API, reachable through every door the catalogue gives it.

    ``web`` and ``rtm`` name the first wire version in which the door exists (``None``: never);
    ``until`` the last version of both. ``scopes``: any one suffices unless ``every_scope``;
    empty asks for none.
    ``writes``: the handler runs in one transaction; an action whose service commits by itself
    (``send_event``) leaves it off. ``public`` actions need no token; ``while_suspended`` ones are
    there for suspended agents, too.
    """

    api: str
    name: str
    handler: Handler
    request: type[Request]
    response: Any
    scopes: frozenset[str]
    every_scope: bool
    web: str | None
    rtm: str | None
    until: str | None
    writes: bool
    public: bool
    http_method: str
    upload: bool
    summary: str
    while_suspended: bool = False
    batch_of: Action | None = None
    """The action this one calls for each of several requests (``batches.py``)."""

    def permits(self, scopes: frozenset[str]) -> bool:
        """Tell whether a token that allows ``scopes`` may call the action."""
        if self.every_scope:
            return self.scopes <= scopes
        return not self.scopes or not self.scopes.isdisjoint(scopes)

    def exists(self, transport: str, version: str) -> bool:
        """Tell whether the action has this door in ``version``."""
        since = self.web if transport == "web" else self.rtm
        if since is None or version < since:
            return False
        return self.until is None or version <= self.until


def action(
    api: str,
    *,
    scopes: Iterable[str] = (),
    every_scope: bool = False,
    web: str | None = "3.4",
    rtm: str | None = "3.4",
    until: str | None = None,
    writes: bool = False,
    public: bool = False,
    while_suspended: bool = False,
    http_method: str = "POST",
    upload: bool = False,
    name: str | None = None,
) -> Callable[[Handler], Handler]:
    """Register the decorated ``handler(ctx, request) -> response`` as an action of ``api``.

    The action's name is the function's; request and response types are its annotations, the
    summary is the docstring's first line.
    """

    def register(handler: Handler) -> Handler:
        hints = typing.get_type_hints(handler)
        parameters = list(inspect.signature(handler).parameters)
        registry.register(
            Action(
                api=api,
                name=name or handler.__name__,
                handler=handler,
                request=hints[parameters[1]],
                response=hints["return"],
                scopes=frozenset(scopes),
                every_scope=every_scope,
                web=web,
                rtm=rtm,
                until=until,
                writes=writes,
                public=public,
                http_method=http_method,
                upload=upload,
                summary=(handler.__doc__ or "").strip().splitlines()[0],
                while_suspended=while_suspended,
            )
        )
        return handler

    return register


__all__ = ["Action", "Context", "Empty", "Handler", "Request", "action"]
