"""Batches: one action for several requests in one call (protocol.md 6.2).

A batch is derived from its action and never written: it asks for the same scopes, exists in the
same versions (from 3.5 on, when batches came), and is described by the action's own types.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Final, NotRequired, Union

from pydantic import Field, GetJsonSchemaHandler, create_model
from typing_extensions import TypedDict

from chatplatform.api import ratelimit, registry
from chatplatform.api.action import Action, Handler, Request
from chatplatform.api.call import Deadline
from chatplatform.api.context import Context
from chatplatform.api.errors import as_protocol_error
from chatplatform.api.perform import perform
from chatplatform.api.wire import shapes
from chatplatform.errors import RequestTimeout

MAX_REQUESTS: Final = 100
"""Requests one batch may hold."""

_SINCE: Final = "3.5"


class RefusalShape(TypedDict):
    """Why a request was refused."""

    type: str
    message: str
    data: NotRequired[dict[str, Any]]


class RefusedShape(TypedDict):
    """What stands in the place of the answer to a request that was refused."""

    error: RefusalShape


def batch(name: str) -> Callable[[Handler], Handler]:
    """Register the batch action ``name`` beside the action the decorated handler is.

    One line above ``@action`` is all there is to it, and the handler stays as it is::

        @batch("batch_delete_bots")
        @action("configuration", scopes=("agents-bot--all:rw",), rtm=None, writes=True)
        def delete_bot(ctx: AgentContext, request: DeleteBot) -> shapes.Nothing:

    ``{requests}``, :data:`MAX_REQUESTS` at most, are answered ``{responses}`` in the same order,
    each what the action alone would answer or ``{error}``. They run one after another, each as a
    call of its own: upgraded from the call's version, validated, counted by the rate limit, in a
    transaction of its own. A refusal changes nothing and stops nothing; what was done stays done.
    Only what refuses the call as a whole (no valid token or scope, a malformed ``requests``) does
    so. The token is looked at once.

    When the call's time is up, the requests that have not committed are answered
    ``request_timeout`` and change nothing; the others say truly what became of them.
    """

    def register(handler: Handler) -> Handler:
        registry.register(_batch_of(_action_of(handler), name))
        return handler

    return register


def _action_of(handler: Handler) -> Action:
    for action in registry.actions():
        if action.handler is handler:
            return action
    raise TypeError(f"{handler.__name__} is not an action: @batch stands above @action")


def _batch_of(single: Action, name: str) -> Action:
    summary = f"Call `{single.name}` for each of several requests."

    def serve(ctx: Context[Any], request: Any) -> dict[str, Any]:
        return {"responses": _answers(single, ctx, request.requests)}

    serve.__name__, serve.__doc__ = name, summary
    return replace(
        single,
        name=name,
        handler=serve,
        request=_request_type(single, name),
        response=_response_type(single, name),
        web=max(single.web or _SINCE, _SINCE),
        rtm=None,
        writes=False,
        summary=summary,
        batch_of=single,
    )


def _request_type(single: Action, name: str) -> type[Request]:
    items = list[Annotated[Any, _DescribedAs(single.request)]]
    requests = Annotated[items, Field(max_length=MAX_REQUESTS)]
    made: type[Request] = create_model(
        f"{name}_request", __base__=Request, requests=(requests, ...)
    )
    return made


def _response_type(single: Action, name: str) -> Any:
    answer = shapes.Nothing if single.response in (None, type(None)) else single.response
    answers = list[Union[answer, RefusedShape]]  # type: ignore[valid-type] # noqa: UP007 - of values
    return create_model(f"{name}_response", responses=(answers, ...))


class _DescribedAs:
    """Any JSON for now, published as the request it will be read as.

    A request is validated when its turn comes, so that a malformed one refuses only itself.
    """

    def __init__(self, request: type[Request]) -> None:
        self._request = request

    def __get_pydantic_json_schema__(
        self, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(self._request.__pydantic_core_schema__)


# --- serving --------------------------------------------------------------------------------------


class _Share(Deadline):
    """One request's part in the deadline of its batch: it commits only while there is time.

    The call as a whole is past its commit point with the first request that is: from then on its
    transport waits for the answer.
    """

    __slots__ = ("_whole",)

    def __init__(self, whole: Deadline) -> None:
        super().__init__(0)
        self.ends_at = whole.ends_at
        self._whole = whole

    def is_over(self) -> bool:
        """Tell whether there is no time left."""
        return time.monotonic() >= self.ends_at

    def pass_commit(self) -> bool:
        """Return whether this request may be committed."""
        return not self.is_over() and self._whole.pass_commit()


def _answers(single: Action, ctx: Context[Any], requests: list[Any]) -> list[Any]:
    share = None if ctx.deadline is None else _Share(ctx.deadline)
    answers = []
    for number, payload in enumerate(requests):
        try:
            if share is not None and share.is_over():
                raise RequestTimeout
            if number:  # the call itself has counted for the first
                ratelimit.count(ctx.requester.rate_key)
            answers.append(perform(single, replace(ctx, deadline=share), payload))
        except Exception as error:
            refusal = as_protocol_error(error, action=single.name, api=single.api)
            answers.append({"error": refusal.body()})
    return answers
