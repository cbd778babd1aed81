"""The audit log: who changed what, and who signed in. It is read, never written here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from django import forms
from django.contrib import admin
from django.core import validators
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform import clock
from chatplatform.admin import fields, visitors
from chatplatform.admin.keyset import Slice, Unending
from chatplatform.admin.nouns import Noun
from chatplatform.models import AuditEntry
from chatplatform.selectors import audit
from chatplatform.services.audit import HIDDEN, HIDDEN_NEW
from chatplatform.templatetags.admin_words import exact_moment, moment

EXPORTED: Final = 10_000
"""Rows of one export at most, the newest; whoever wants older ones names dates."""
EXPORTED_BYTES: Final = 32 * 1024 * 1024
BATCH: Final = 500
_DAYS: Final = (
    validators.MinValueValidator(date(1900, 1, 1)),
    validators.MaxValueValidator(date(9000, 1, 1)),
)
"""Where calendars end, no day has another before or after it."""
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""

_NAMES: Final = ("name", "text", "title", "description", "domain", "url", "email", "ip")
"""Which recorded value an object is known by, the likeliest first."""
_NAME_SHOWN: Final = 80

DOORS: Final = {
    AuditEntry.Door.WEB: _("Web API"),
    AuditEntry.Door.RTM: _("RTM API"),
    AuditEntry.Door.ADMIN: _("Administration"),
    AuditEntry.Door.CONSOLE: _("Developer console"),
    AuditEntry.Door.PAGES: _("Sign-in and account"),
    AuditEntry.Door.COMMAND: _("Command"),
    AuditEntry.Door.SYSTEM: _("The platform itself"),
}


# --- narrowing --------------------------------------------------------------------------------


COLUMNS_OFFERED: Final[tuple[audit.Column, ...]] = ("action", "subject_type")


class AuditNarrowing(forms.Form):
    """By what the log is narrowed. Names are offered as far as the organisation's log has them."""

    action = fields.choice(_("What"), required=False)
    subject_type = fields.choice(_("Kind of object"), required=False)
    subject_id = fields.text(_("Id of the object"), required=False, max_length=255)
    user_id = fields.text(_("Who (id or e-mail address)"), required=False, max_length=254)
    since = fields.day(_("From"), required=False, validators=_DAYS)
    until = fields.day(_("To, that day included"), required=False, validators=_DAYS)

    def prepare(self, noun: Unending, request: HttpRequest) -> None:
        """Offer what there is; what was asked for stays there to be seen.

        Of all organisations nothing is offered: only what was asked for can be taken back.
        """
        organization = visitors.organization(request)
        for name in COLUMNS_OFFERED:
            known = audit.different(organization.pk, name) if organization else []
            asked = self.data.get(name, "")
            if not known and not asked:
                del self.fields[name]
                continue
            values = sorted({*known, asked} - {""})
            field = self.fields[name]
            field.choices = [("", _("Any")), *((one, _plain(one)) for one in values)]  # type: ignore[attr-defined]


def _plain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _midnight(day: date | None, later: timedelta = timedelta()) -> datetime | None:
    """Return when ``day`` begins for whoever looks, or that many days later."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + later, time()))


# --- what changed -----------------------------------------------------------------------------


class Change(NamedTuple):
    """One field: what it was and what it is, as text; ``None``: it was not there."""

    label: str
    before: str | None
    after: str | None


def changes(entry: AuditEntry) -> list[Change]:
    """Return what an entry says of each field, under the labels that forms have for them."""
    before, after = entry.before or {}, entry.after or {}
    labels = _labels(entry.subject_type)
    return [
        Change(labels.get(name) or _plain(name), _text_at(before, name), _text_at(after, name))
        for name in sorted({**before, **after})
    ]


def _labels(subject_type: str) -> dict[str, str]:
    """Return how the form of such objects calls what is recorded of them; empty without a form."""
    for noun in admin.site._registry.values():
        if isinstance(noun, Noun) and noun.audited_type() == subject_type:
            form: Any = noun.form
            labels = {name: str(field.label or "") for name, field in form.base_fields.items()}
            asked_as = getattr(form, "asked_as", {})
            return labels | {name: labels[field] for name, field in asked_as.items()}
    return {}


def called(entry: AuditEntry) -> str:
    """Return the name that the object of an entry had then; its id where none was recorded."""
    for record in (entry.after or {}, entry.before or {}):
        for name in _NAMES:
            found = record.get(name)
            if isinstance(found, str) and found not in ("", HIDDEN, HIDDEN_NEW):
                return Truncator(found).chars(_NAME_SHOWN)
    return entry.subject_id


def _text_at(record: dict[str, Any], name: str) -> str | None:
    return _text(record[name]) if name in record else None


def _text(value: Any) -> str:
    if value in (HIDDEN, HIDDEN_NEW):
        return str(_("hidden") if value == HIDDEN else _("hidden; another than before"))
    if value is None or value == "":
        return str(_("empty"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


# --- the noun ---------------------------------------------------------------------------------


@admin.register(AuditEntry)
class AuditNoun(Unending):
    """The audit log of an organisation, or of the platform."""

    section = "records"
    icon = "history"
    empty_words = _(
        "Every change of the settings and every sign-in is written down here by itself."
    )
    menu_title = _("Audit log")
    order = 10
    can_add = can_change = can_remove = False
    narrowing = AuditNarrowing
    change_list_template = "admin/audit/list.html"
    change_form_template = "admin/audit/entry.html"
    list_display = ("when", "who", "what", "subject", "door_used", "from_where")
    list_display_links = ("when",)
    list_select_related = ("organization",)
    actions: ClassVar[list[Any]] = []

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return none: nothing can be done to what happened."""
        return {}

    # --- columns ---

    @display(description=_("When"))
    def when(self, entry: AuditEntry) -> str:
        """Return how long ago, and exactly when on hover."""
        return moment(entry.at)

    @display(description=_("Who"))
    def who(self, entry: AuditEntry) -> str:
        """Return who did it."""
        return entry.user_id or str(DOORS[AuditEntry.Door.SYSTEM])

    @display(description=_("What"))
    def what(self, entry: AuditEntry) -> str:
        """Return what was done, in words."""
        return _plain(entry.action)

    @display(description=_("Object"))
    def subject(self, entry: AuditEntry) -> str:
        """Return the kind of object, and what it was called then."""
        kind = _plain(entry.subject_type)
        return format_html('<span class="hint">{}</span> {}', kind, called(entry))

    @display(description=_("Through"))
    def door_used(self, entry: AuditEntry) -> str:
        """Return the way in that was used."""
        return str(DOORS[AuditEntry.Door(entry.door)])

    @display(description=_("From"))
    def from_where(self, entry: AuditEntry) -> str:
        """Return the network address."""
        return entry.address or "–"

    # --- reading ---

    def narrow(
        self, request: HttpRequest, rows: QuerySet[AuditEntry], values: dict[str, Any]
    ) -> QuerySet[AuditEntry]:
        """Return the entries asked for; days are those of whoever looks."""
        organization = visitors.organization(request)
        exact = {
            name: values.get(name) or ""
            for name in ("action", "subject_type", "subject_id", "user_id")
        }
        return audit.narrowed(
            rows,
            organization.pk if organization else None,
            since=_midnight(values.get("since")),
            until=_midnight(values.get("until"), timedelta(days=1)),
            **exact,
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the entry in words, in place of a form."""
        entry: AuditEntry = kwargs["obj"]
        context.update(
            entry=entry,
            changes=changes(entry),
            door=DOORS[AuditEntry.Door(entry.door)],
            kind=_plain(entry.subject_type),
            action=_plain(entry.action),
            called=called(entry),
            exactly=exact_moment(entry.at),
            title=f"{_plain(entry.action)}: {called(entry)}",
            original=None,
        )
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    # --- taking it away ---

    def get_urls(self) -> list[URLPattern]:
        """Add the export."""
        export = self.admin_site.admin_view(self.export)
        own = [path("export.csv", export, name="chatplatform_auditentry_export")]
        return [*own, *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the newest of what is shown, as a table for spreadsheets."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = self.narrowing_of(request)
        form.is_valid()
        # Rows are read while the answer is sent, when it is no longer known what a day is here.
        rows = self.narrow(request, self.get_queryset(request), form.cleaned_data)
        name = f"audit-{clock.now():%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            _lines(_exported(rows)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


COLUMNS: Final = (
    "at",
    "organization_id",
    "user_id",
    "account_id",
    "client_id",
    "door",
    "address",
    "user_agent",
    "action",
    "subject_type",
    "subject_id",
    "before",
    "after",
)


class _Echo:
    """What ``csv`` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def _exported(rows: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    """Yield the newest of ``rows``, a batch at a time."""
    before: int | None = None
    for _batch in range(EXPORTED // BATCH):
        found = Slice(BATCH, before=before).of(rows)
        yield from found
        if len(found) < BATCH:
            return
        before = found[-1].pk


def _lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    """Yield the table line by line, until it is too large for anybody's spreadsheet."""
    writer = csv.writer(_Echo())
    line: str = writer.writerow(COLUMNS)
    left = EXPORTED_BYTES
    yield line
    for entry in entries:
        line = writer.writerow([_cell(value) for value in _row(entry)])
        left -= len(line)
        if left < 0:
            return
        yield line


def _row(entry: AuditEntry) -> Iterator[object]:
    for name in COLUMNS:
        value = getattr(entry, name)
        if isinstance(value, datetime):
            yield clock.to_wire(value)
        elif isinstance(value, dict):
            yield json.dumps(value, ensure_ascii=False, sort_keys=True)
        else:
            yield "" if value is None else value


def _cell(value: object) -> str:
    """Return text that no spreadsheet runs."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULAS) else text
