"""Lists that grow without end: the newest first, a page at a time, and nothing is ever counted.

A page begins where the last one ended, at a key. So the thousandth costs what the first does, and
nothing that arrives meanwhile moves anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

from chatplatform.admin.nouns import Noun

OLDER, NEWER = "before", "after"
"""The parameters that name the key a page begins at, on its way to older or newer rows."""
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows are wanted: ``limit`` of those older than the key ``before``, or newer than
    ``after``."""

    limit: int
    before: Any = None
    after: Any = None

    def of(self, rows: QuerySet[Any]) -> list[Any]:
        """Return these of ``rows``, in the order of their primary keys, the greatest first."""
        if self.after is not None:
            found = rows.filter(pk__gt=self.after).order_by("pk")[: self.limit]
            return list(reversed(found))
        if self.before is not None:
            rows = rows.filter(pk__lt=self.before)
        return list(rows.order_by("-pk")[: self.limit])


class Unending(Noun):
    """A noun whose rows are too many to be counted. Its list is narrowed by a form of its own.

    A subclass says which rows there are by :meth:`slice`, or how to narrow them by :meth:`narrow`.
    Where they have another order than that of numbered rows, it says so by :meth:`key_of` and
    :meth:`key`, too.
    """

    narrowing: ClassVar[type[forms.Form]] = forms.Form
    """What the list is narrowed by; the form gets ``request``. All its fields may be left empty."""
    change_list_template = "admin/unending.html"
    sortable_by = ()
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return what reads a page."""
        return UnendingList

    def narrow(
        self, request: HttpRequest, rows: QuerySet[Any], values: dict[str, Any]
    ) -> QuerySet[Any]:
        """Return those of ``rows`` that the form's ``values`` ask for. Each needs an index."""
        return rows

    def slice(self, request: HttpRequest, values: dict[str, Any], wanted: Slice) -> Sequence[Any]:
        """Return the rows of a page, the newest first."""
        return wanted.of(self.narrow(request, self.get_queryset(request), values))

    def key_of(self, row: Any) -> str:
        """Return the key at which the page after ``row`` begins, as its address has it."""
        return str(row.pk)

    def key(self, text: str) -> Any | None:
        """Return a key as slices take it; ``None`` for what is none."""
        if not text.isascii() or not text.isdigit():
            return None
        number = int(text[:20])
        return number if number <= _LARGEST else None

    def narrowing_of(self, request: HttpRequest) -> forms.Form:
        """Return the form with what was asked for."""
        made = self.narrowing(request.GET)
        prepare = getattr(made, "prepare", None)
        if prepare is not None:
            prepare(self, request)
        return made


class _Uncounted(Paginator):  # type: ignore[type-arg]
    """What the list's templates take a paginator for."""

    template_name = "admin/unending_pages.html"


class UnendingList(ChangeList):
    """A page of an :class:`Unending` noun."""

    model_admin: Unending

    def get_filters(
        self, request: HttpRequest
    ) -> tuple[list[Any], bool, dict[str, Any], bool, bool]:
        """Return none: the form narrows."""
        return [], False, {}, False, False

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: list[str | None] | None = None
    ) -> QuerySet[Any]:
        """Return all rows one may see; actions take those that were ticked."""
        return cast("QuerySet[Any]", self.root_queryset.order_by("-pk"))

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, and find out whether there are others on either side."""
        self.form = self.model_admin.narrowing_of(request)
        self.form.is_valid()  # what is malformed narrows nothing, and the form says so
        values = self.form.cleaned_data
        self.is_narrowed = any(value not in ("", None, []) for value in values.values())
        rows, has_newer, has_older = self._page(request, values)
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = _Uncounted(rows, self.list_per_page)
        self.newest_query = self.get_query_string(remove=[OLDER, NEWER])
        self.newer_query = self.older_query = ""
        if rows and has_newer:
            key = self.model_admin.key_of(rows[0])
            self.newer_query = self.get_query_string({NEWER: key}, [OLDER])
        if rows and has_older:
            key = self.model_admin.key_of(rows[-1])
            self.older_query = self.get_query_string({OLDER: key}, [NEWER])

    def _page(self, request: HttpRequest, values: dict[str, Any]) -> tuple[list[Any], bool, bool]:
        """Return the rows, whether there are newer ones, and whether older."""
        size = self.list_per_page
        after, before = (self.model_admin.key(request.GET.get(one, "")) for one in (NEWER, OLDER))
        if after is not None:
            found = list(self.model_admin.slice(request, values, Slice(size + 1, after=after)))
            if len(found) > size:
                return found[1:], True, True
            before = None  # the newest page, whole
        found = list(self.model_admin.slice(request, values, Slice(size + 1, before=before)))
        return found[:size], before is not None, len(found) > size
