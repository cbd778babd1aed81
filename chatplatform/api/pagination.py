"""Keyset pages behind opaque, signed ``page_id`` values (protocol.md 4.4).

A list action needs two calls::

    page = pagination.read(ctx.requester, "list_chats", request, default_limit=10, max_limit=100)
    rows = selectors.chats.newest(..., page.filters, after=page.position,
                                  ascending=page.ascending, limit=page.limit + 1)
    rows, page_ids = pagination.finish(ctx.requester, "list_chats", page, rows,
                                       lambda chat: [to_wire(chat.created_at), chat.id])
    return {"chats_info": [...], **page_ids}

``request`` is the action's request; of its fields ``page_id``, ``limit``, ``sort_order`` and
``filters`` are read, where it has them (``None`` counts as not given). The selector
reads ``limit + 1`` rows strictly beyond
``page.position`` (a keyset: JSON values that name one row), ascending when ``page.ascending``,
descending otherwise; :func:`finish` notices by the extra row that there is more, drops it, and
puts the rows into the order the client asked for.

Where a request has its filters beside ``limit`` instead of in ``filters``, ``filters=`` names the
model that holds those fields: ``page.filters`` is then one of it.

Where the request also has ``min_events_count`` (``list_threads``), ``page.min_events_count`` says
how many events the page is to hold at least; the caller then reads whole threads until it has
them, gives exactly those rows to :func:`finish`, and says itself whether there are ``more``.

A ``page_id`` is bound to the organisation, the requester, the action and ``subject`` (e.g. the
chat whose threads are listed): anywhere else it is as invalid as a forged or expired one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal, TypeVar

import orjson
from django.core import signing
from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypedDict

from chatplatform.errors import Validation
from chatplatform.requester import Requester

Row = TypeVar("Row")
Position = list[Any]


class PageIds(TypedDict, total=False):
    """The neighbours of a page, ready to be merged into an answer."""

    next_page_id: str
    previous_page_id: str


SortOrder = Literal["asc", "desc"]

MAX_AGE = timedelta(days=31)
MAX_MIN_EVENTS_COUNT = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which rows a client wants.

    ``filters`` is of the type the request declares, or ``None``. ``position`` is the row beyond
    which the page begins (``None``: at the very start); ``backwards`` pages lie before it.
    """

    sort_order: SortOrder
    limit: int
    filters: Any
    position: Position | None
    backwards: bool
    min_events_count: int | None = None

    @property
    def ascending(self) -> bool:
        """Whether to read rows in ascending order, away from ``position``."""
        return (self.sort_order == "asc") != self.backwards


def read(
    requester: Requester,
    action: str,
    request: BaseModel,
    *,
    default_limit: int,
    max_limit: int,
    default_sort_order: SortOrder = "desc",
    subject: str = "",
    filters: type[BaseModel] | None = None,
) -> PageRequest:
    """Return the page ``request`` asks for; ``filters`` holds those of its fields that narrow.

    Raise :class:`Validation` for a ``page_id`` that is forged, older than 31 days, somebody
    else's, made for another ``action`` or ``subject``, or given together with filters, limit or
    sort order (those start a new listing); and for a limit outside 1 to ``max_limit``.
    """
    page_id = getattr(request, "page_id", None)
    min_events_count = getattr(request, "min_events_count", None)
    if min_events_count is not None:
        _refuse_beside(request, "min_events_count", ("limit", "filters"))
        _check_range("min_events_count", min_events_count, MAX_MIN_EVENTS_COUNT)
    if page_id is not None:
        narrowing = tuple(filters.model_fields) if filters else ("filters",)
        _refuse_beside(request, "page_id", ("limit", "sort_order", *narrowing))
        salt = _salt(requester, action, subject)
        page = _unsign(salt, page_id, _filters_of(type(request), filters))
        return (
            page if min_events_count is None else replace(page, min_events_count=min_events_count)
        )
    limit = getattr(request, "limit", None)
    limit = default_limit if limit is None else limit
    _check_range("limit", limit, max_limit)
    return PageRequest(
        sort_order=getattr(request, "sort_order", None) or default_sort_order,
        limit=limit,
        filters=_flat(request, filters) if filters else getattr(request, "filters", None),
        position=None,
        backwards=False,
        min_events_count=min_events_count,
    )


def finish(
    requester: Requester,
    action: str,
    page: PageRequest,
    rows: Sequence[Row],
    position_of: Callable[[Row], Position],
    *,
    subject: str = "",
    more: bool | None = None,
) -> tuple[list[Row], PageIds]:
    """Return the page's rows in the client's order, and the ids of its neighbours.

    ``rows`` are up to ``page.limit + 1`` rows as the selector read them; ``position_of`` names a
    row by JSON values. Where ``more`` is given, all ``rows`` are the page's, and it says whether
    there
    are others beyond them. The ids, ready to be merged into an answer, are ``next_page_id`` and
    ``previous_page_id``, each present only when there is such a page.
    """
    shown = list(rows if more is not None else rows[: page.limit])
    if more is None:
        more = len(rows) > page.limit
    if page.backwards:
        shown.reverse()
    came_from = page.position is not None and bool(shown)
    has_next, has_previous = (came_from, more) if page.backwards else (more, came_from)
    found: PageIds = {}
    salt = _salt(requester, action, subject)
    if has_next:
        found["next_page_id"] = _sign(salt, page, position_of(shown[-1]), backwards=False)
    if has_previous:
        found["previous_page_id"] = _sign(salt, page, position_of(shown[0]), backwards=True)
    return shown, found


def _flat(request: BaseModel, filters: type[BaseModel]) -> BaseModel:
    return filters.model_validate(request.model_dump(include=set(filters.model_fields)))


def _refuse_beside(request: BaseModel, name: str, others: tuple[str, ...]) -> None:
    given = [other for other in others if getattr(request, other, None) is not None]
    if given := [other for other in given if other in request.model_fields_set]:
        raise Validation(f"`{name}` can not be used together with `{'`, `'.join(given)}`")


def _check_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise Validation(f"`{name}` must be between 1 and {most}")


def _salt(requester: Requester, action: str, subject: str) -> str:
    bound = [str(requester.organization_id), requester.user_id, action, subject]
    return "chatplatform.page_id:" + orjson.dumps(bound).decode()


def _sign(salt: str, page: PageRequest, position: Position, *, backwards: bool) -> str:
    filters = page.filters
    if isinstance(filters, BaseModel):
        filters = filters.model_dump(mode="json", exclude_unset=True, by_alias=True)
    content = [page.sort_order, page.limit, filters, position, backwards, page.min_events_count]
    return signing.dumps(content, salt=salt, compress=True)


def _unsign(salt: str, page_id: str, filters_type: TypeAdapter[Any] | None) -> PageRequest:
    try:
        sort_order, limit, filters, position, backwards, min_events_count = signing.loads(
            page_id, salt=salt, max_age=MAX_AGE
        )
    except signing.SignatureExpired:
        raise Validation("`page_id` has expired") from None
    except (signing.BadSignature, ValueError):
        raise Validation("`page_id` is invalid") from None
    if filters is not None and filters_type is not None:
        filters = filters_type.validate_json(orjson.dumps(filters))
    return PageRequest(sort_order, limit, filters, position, backwards, min_events_count)


@lru_cache(maxsize=64)
def _filters_of(
    request_type: type[BaseModel], flat: type[BaseModel] | None
) -> TypeAdapter[Any] | None:
    field = request_type.model_fields.get("filters")
    declared = flat or (field.annotation if field is not None else None)
    return TypeAdapter(declared) if declared is not None else None
