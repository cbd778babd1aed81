"""Bans: customers and addresses that are turned away for a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform import clock, ip_addresses
from chatplatform.admin import fields
from chatplatform.admin.nouns import NounForm
from chatplatform.models import CustomerBan
from chatplatform.templatetags.admin_words import moment
from configuration.actions.bans import MAX_SECONDS, READ, WRITE
from configuration.admin.deeds import Deed, DeedNoun

_DAY: Final = timedelta(days=1) // timedelta(seconds=1)


class BanForm(NounForm):
    """Somebody who is to be turned away."""

    customer_id = fields.text(
        _("Customer's id"),
        _(
            "From the details of their chat. Their running chat is closed, and the chat does not "
            "open for them."
        ),
        max_length=64,
        required=False,
    )
    address = fields.text(
        _("IP address"),
        _(
            "Turns away everybody who comes from there: in an office or with a phone company that "
            "can be many."
        ),
        max_length=180,
        required=False,
    )
    days = fields.number(
        _("For how many days"),
        _("Then they are let in again by themselves."),
        min_value=1,
        max_value=MAX_SECONDS // _DAY,
        initial=1,
    )

    class Meta:
        model = CustomerBan
        fields = ()

    def clean_address(self) -> str:
        """Return the address as it is kept; raise ``ValidationError`` for what is none."""
        given: str = self.cleaned_data["address"]
        address = ip_addresses.normal(given.strip())
        if given and not address:
            raise ValidationError(_("This is no IP address."))
        return address

    def clean(self) -> dict[str, Any]:
        """Check that somebody is named."""
        values = super().clean()
        if not self.errors and not (values.get("customer_id") or values.get("address")):
            raise ValidationError(_("Name a customer, an address, or both."))
        return values


class Unban(Deed):
    """Let somebody in again."""

    name = "unban"
    title = _("Let in again")
    done = _("They are let in again.")
    takes_away = True

    def consequences(self, request: HttpRequest, row: CustomerBan) -> Iterable[str]:
        """Say what they can do."""
        if row.customer_id is not None:
            yield _now("The customer can open the chat again; closed chats stay closed.")
        if row.ip:
            yield _now("So can everybody else from %(address)s.") % {"address": row.ip}

    def do(self, noun: DeedNoun, request: HttpRequest, row: CustomerBan) -> None:
        """Unban."""
        if row.customer_id is not None:
            payload = {"customer_id": str(row.customer_id)}
        else:
            payload = {"ip": str(row.ip)}
        noun.call(request, "unban_customer", payload, row)


@admin.register(CustomerBan)
class BanNoun(DeedNoun):
    """The bans that hold."""

    form = BanForm
    section = "website"
    icon = "block"
    empty_words = _(
        "Whom you ban can not write to you until the ban ends. Agents ban from a chat; here "
        "you do it by id or address."
    )
    menu_title = _("Bans")
    one = _("ban")
    labels: ClassVar[dict[str, Any]] = {
        "agent_id": _("Banned by"),
        "created_at": _("Banned"),
        "thread_id": _("In the chat's thread"),
    }
    order = 40
    scopes_to_view = READ
    scopes_to_change = WRITE
    can_change = False
    can_remove = False
    deeds: ClassVar[tuple[Deed, ...]] = (Unban(),)
    list_display = ("whom", "ip", "agent_id", "created_at", "until")
    search_fields = ("customer__name", "customer__email", "=customer__id", "ip", "agent_id")
    search_help_text = _("Customer, address, or who banned them")
    ordering = ("-pk",)

    def audited(self, row: CustomerBan) -> tuple[str, str]:
        """Return whom the audit log names: the customer, else the address."""
        if row.customer_id:
            return "customer", str(row.customer_id)
        return "address", str(row.ip)

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerBan]:
        """Return those that hold."""
        rows: QuerySet[CustomerBan] = super().get_queryset(request)
        return rows.filter(expires_at__gt=clock.now()).select_related("customer", "organization")

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return what is asked for, or what is known."""
        asked = ("customer_id", "address", "days")
        known = ("whom", "ip", "agent_id", "created_at", "until", "thread_id")
        return ((None, {"fields": asked if obj is None else known}),)

    def may_do(self, request: HttpRequest, row: Any | None = None) -> bool:
        """Tell whether whoever looks may let somebody in again."""
        return self._may_change(request)

    @display(description=_("Customer"), empty_value=_("Whoever comes from the address"))
    def whom(self, ban: CustomerBan) -> str | None:
        """Return who is turned away, by name where there is one."""
        if ban.customer is None:
            return None
        name = ban.customer.name or ban.customer.email
        return f"{name} ({ban.customer_id})" if name else str(ban.customer_id)

    @display(description=_("Until"), ordering="expires_at")
    def until(self, ban: CustomerBan) -> str:
        """Return when they are let in again."""
        return moment(ban.expires_at)

    def store(self, request: HttpRequest, row: Any | None, values: dict[str, Any]) -> CustomerBan:
        """Turn somebody away."""
        payload = {"seconds": values["days"] * _DAY}
        if values["customer_id"]:
            payload["customer_id"] = values["customer_id"].strip()
        if values["address"]:
            payload["ip"] = values["address"]
        self.call(request, "ban_customer", payload)
        newest = self.get_queryset(request).order_by("-pk").first()
        assert newest is not None  # it was made in this transaction
        return newest
