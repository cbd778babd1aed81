"""Actions of the tests' own, and a client that calls them over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NotRequired

import pytest
from django.test import Client
from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api import registry
from chatplatform.api.action import Action, Empty, Request, action
from chatplatform.api.context import Context


class Number(Request):
    """A request with a rule."""

    number: int = Field(ge=1, le=9)
    note: str | None = None
    loud: bool = False
    share: float = 0.5


class Doubled(TypedDict):
    """What ``double`` answers."""

    number: int
    note: NotRequired[str]


@pytest.fixture
def empty_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no action registered, and forget those of the test afterwards."""
    monkeypatch.setattr(registry, "_actions", {})


@pytest.fixture
def define(empty_registry: None) -> Callable[..., Action]:
    """Return a function that registers a handler and returns its action."""

    def register(api: str, handler: Callable[..., Any], **terms: Any) -> Action:
        action(api, **terms)(handler)
        (made,) = (a for a in registry.actions(api) if a.handler is handler)
        return made

    return register


@dataclass
class Web:
    """An HTTP client of the Web API."""

    client: Client

    def call(
        self,
        name: str,
        body: bytes | str = b"{}",
        *,
        api: str = "agent",
        version: str | None = "3.6",
        query: str = "",
        method: str = "POST",
        content_type: str = "application/json",
        **headers: str,
    ) -> Any:
        """Call an action and return Django's response."""
        path = f"/{api}/action/{name}{query}"
        if version is not None:
            path = f"/v{version}{path}"
        return self.client.generic(
            method,
            path,
            body,
            content_type=content_type,
            headers={key.replace("_", "-"): value for key, value in headers.items()},
        )


@pytest.fixture
def web() -> Web:
    """Return a client without cookies or credentials."""
    return Web(Client(raise_request_exception=False))


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Gather what the web door publishes instead of sending it."""
    gathered: list[Any] = []
    monkeypatch.setattr(
        "chatplatform.transports.web.publish",
        lambda events, origin=None: gathered.extend(events),
    )
    return gathered


def double(ctx: Context[Any], request: Number) -> Doubled:
    """Double a number."""
    answer: Doubled = {"number": 2 * request.number}
    if request.note is not None:
        answer["note"] = request.note
    return answer


def nothing(ctx: Context[Any], request: Empty) -> None:
    """Do nothing."""
