"""Customers: who is known, a copy of what is held on them, and leaving nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import Any, ClassVar, Final
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from chatplatform import clock
from chatplatform.admin import fields, visitors
from chatplatform.admin.keyset import Slice, Unending
from chatplatform.models import Customer
from chatplatform.selectors import customer_search
from chatplatform.services import customer_data
from chatplatform.templatetags.admin_words import moment
from configuration.admin.deeds import Deed, DeedNoun

READ: Final = ("customers:ro",)
WRITE: Final = ("customers:rw",)


class Export(Deed):
    """Hand out a copy."""

    name = "export"
    title = _("Export everything")
    done = _("The archive was downloaded.")
    for_several = False
    in_steps = True

    def consequences(self, request: HttpRequest, row: Customer) -> Iterable[str]:
        """Say what is in it."""
        yield from _counted(customer_data.held(row))
        yield _now(
            "You download a ZIP archive with all of it, for people and for programs. Notes that "
            "only agents saw are in it: they are about the customer, too. So are calls to webhooks."
        )
        yield _now("The audit log notes that you did.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Customer) -> FileResponse:
        """Answer with the archive."""
        file = TemporaryFile()  # noqa: SIM115 - the answer closes it, once it was sent
        with noun.acting(request, row):
            customer_data.export(row.organization_id, str(row.pk), file)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"customer-{row.pk}.zip")


class Erase(Deed):
    """Leave nothing of somebody."""

    name = "erase"
    title = _("Erase")
    done = _("Nothing is held on the customer any more.")
    dangerous = True
    for_several = False
    takes_away = True
    in_steps = True

    def consequences(self, request: HttpRequest, row: Customer) -> Iterable[str]:
        """Name what goes, and how many."""
        yield from _counted(customer_data.held(row))
        yield _now(
            "Their chats stay in the archives with times, groups, tags and agents, and without a "
            "word of what anybody said; a running chat is closed."
        )
        yield _now("Calls to webhooks that tell of them go, too, sent or not.")
        yield _now("They are signed out everywhere.")
        yield _now(
            "Bans of them are lifted, and so are bans of nothing but an address they came from: "
            "everybody there can come again. Bans of other customers stay."
        )
        yield _now("It can not be undone.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Customer) -> None:
        """Erase."""
        with noun.acting(request, row):
            customer_data.erase(row.organization_id, str(row.pk))


def _counted(held: customer_data.Held) -> Iterable[str]:
    """Return what is held in words, without what there is none of."""
    numbers = {
        ngettext("%(n)d chat", "%(n)d chats", held.chats): held.chats,
        ngettext("%(n)d message or event", "%(n)d messages and events", held.events): held.events,
        ngettext("%(n)d file", "%(n)d files", held.files): held.files,
        ngettext("%(n)d visit", "%(n)d visits", held.visits): held.visits,
        ngettext("%(n)d ticket", "%(n)d tickets", held.tickets): held.tickets,
    }
    return [words % {"n": number} for words, number in numbers.items() if number]


class CustomerNarrowing(forms.Form):
    """Who is looked for."""

    q = fields.search(_("Who"), required=False, max_length=255)

    def prepare(self, noun: Unending, request: HttpRequest) -> None:
        """Say who can be found."""
        if visitors.organization(request) is None:
            asked = _now("Their whole id. Choose an organisation to find them by more.")
        else:
            asked = _now(
                "Their whole id, the one your own system knows them by, or e-mail address; of the "
                "newest %(count)s also a part of the name or address."
            ) % {"count": intcomma(customer_search.SEARCHED)}
        self.fields["q"].help_text = asked


@admin.register(Customer)
class CustomerNoun(DeedNoun, Unending):
    """Everybody who came to the pages or was made known. They are changed in the workspace."""

    section = "people"
    icon = "person_search"
    empty_words = _(
        "Customers appear here by themselves, as soon as somebody opens a page with the widget."
    )
    menu_title = _("Customers")
    labels: ClassVar[dict[str, Any]] = {"created_at": _("First seen")}
    order = 60
    scopes_to_view = READ
    scopes_to_change = WRITE
    can_add = False
    can_change = False
    can_remove = False
    audit_subject = "customer"
    deeds: ClassVar[tuple[Deed, ...]] = (Export(), Erase())
    list_display = ("who", "email", "seen", "chats_count", "visits_count", "created_at")
    narrowing = CustomerNarrowing
    fieldsets = (
        (None, {"fields": ("id", "name", "email", "email_verified", "phone_number", "known_as")}),
        (
            _("Activity"),
            {"fields": ("created_at", "seen", "visits_count", "page_views_count", "chats_count")},
        ),
        (_("Last visit"), {"fields": ("ip_address", "place", "page", "browser", "session")}),
    )

    def may_do(self, request: HttpRequest, row: Any | None = None) -> bool:
        """Tell whether whoever looks may export and erase."""
        return self._may_change(request)

    def key_of(self, row: Customer) -> str:
        """Return the customer's place."""
        return "_".join(str(one) for one in customer_search.place_of(row))

    def key(self, text: str) -> customer_search.Place | None:
        """Return the place of a customer."""
        made, _between, customer_id = text.partition("_")
        try:
            return clock.to_wire(clock.from_wire(made)), UUID(customer_id)
        except ValueError:
            return None

    def slice(
        self, request: HttpRequest, values: dict[str, Any], wanted: Slice
    ) -> Sequence[Customer]:
        """Return a page of an organisation's customers. Those of all are in no order of age."""
        organization, sought = visitors.organization(request), values.get("q", "")
        before, after = wanted.before, wanted.after
        if organization is not None:
            return customer_search.page(organization.pk, sought, wanted.limit, before, after)
        rows = self.get_queryset(request).select_related("organization", "last_visit")
        by_id = Slice(wanted.limit, before and before[1], after and after[1])
        return by_id.of(customer_search.with_id(rows, sought) if sought else rows)

    @display(description=_("Customer"))
    def who(self, customer: Customer) -> str:
        """Return the name, or what there is in its place."""
        return customer.name or customer.email or str(customer.pk)

    @display(description=_("Last seen"), empty_value=_("Never"))
    def seen(self, customer: Customer) -> str | None:
        """Return when they were last on the pages."""
        if customer.online_since is not None:
            return _now("Now")
        return moment(customer.last_seen_at) if customer.last_seen_at is not None else None

    @display(description=_("Id in your own system"))
    def known_as(self, customer: Customer) -> str | None:
        """Return the id the organisation's server knows them by."""
        found = getattr(customer, "external_identity", None)
        return found.external_id if found is not None else None

    @display(description=_("IP address"))
    def ip_address(self, customer: Customer) -> str | None:
        """Return the address of the last visit, as it is stored."""
        return customer.last_visit.ip if customer.last_visit else None

    @display(description=_("Place"))
    def place(self, customer: Customer) -> str | None:
        """Return where that address is."""
        found = customer.last_visit.geolocation if customer.last_visit else {}
        named = [found[name] for name in ("city", "region", "country") if found.get(name)]
        return ", ".join(named) or None

    @display(description=_("Page"))
    def page(self, customer: Customer) -> str | None:
        """Return the last page they opened."""
        pages = customer.last_visit.last_pages if customer.last_visit else []
        return pages[-1]["url"] if pages else None

    @display(description=_("Browser"))
    def browser(self, customer: Customer) -> str | None:
        """Return how their browser names itself."""
        return customer.last_visit.user_agent if customer.last_visit else None

    @display(description=_("Session fields"))
    def session(self, customer: Customer) -> str | None:
        """Return what their session carries, in one line."""
        pairs = [
            f"{name}: {value}" for one in customer.session_fields for name, value in one.items()
        ]
        return ", ".join(pairs) or None
