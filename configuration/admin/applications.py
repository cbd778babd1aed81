"""Applications: which there are and what they hold. They are made and changed in the console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from chatplatform import clock, scope_words
from chatplatform.admin.nouns import NounForm
from chatplatform.models import Application, Installation
from chatplatform.selectors import applications as selectors
from chatplatform.services import application_tokens
from configuration.admin.deeds import Deed, DeedNoun

KEEPING: Final = ("agents--all:rw",)
"""What whoever keeps the organisation's people may do."""
PURPOSES: Final = {
    Application.Purpose.INTEGRATION: _("Integration"),
    Application.Purpose.WORKSPACE: _("The platform's: agent workspace"),
    Application.Purpose.WIDGET: _("The platform's: chat widget"),
}
TYPES: Final = {
    Application.CLIENT_CONFIDENTIAL: _("Server-side"),
    Application.CLIENT_PUBLIC: _("JavaScript"),
}


class ApplicationForm(NounForm):
    """Nothing can be changed here."""

    class Meta:
        model = Application
        fields = ()


class RevokeTokens(Deed):
    """End what people gave an application."""

    name = "revoke-tokens"
    title = _("Revoke people's tokens")
    done = _("The tokens are revoked.")
    dangerous = True
    for_several = False

    def is_offered(self, request: HttpRequest, row: Application) -> bool:
        """Tell whether there are any."""
        return selectors.live_tokens_of_people(row) > 0

    def consequences(self, request: HttpRequest, row: Application) -> Iterable[str]:
        """Say how many end."""
        count = selectors.live_tokens_of_people(row)
        yield ngettext(
            "%(count)d token ends at once, with its live connections.",
            "%(count)d tokens end at once, with their live connections.",
            count,
        ) % {"count": count}
        if row.purpose == Application.Purpose.INTEGRATION:
            yield _now("Whoever wants to go on with the application is asked for consent again.")
        else:
            yield _now("Open workspaces get new tokens by themselves while people are signed in.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Application) -> None:
        """Revoke them."""
        with noun.acting(request, row):
            application_tokens.revoke_of_people(row.organization_id, row)


@admin.register(Application)
class ApplicationNoun(DeedNoun):
    """The OAuth clients of the organisation, its own workspace and widget among them."""

    form = ApplicationForm
    section = "integrations"
    icon = "apps"
    empty_words = _(
        "Applications that act for your people appear here once the developer console has "
        "made one, or somebody let one in."
    )
    menu_title = _("Applications")
    order = 10
    scopes_to_view = KEEPING
    scopes_to_change = KEEPING
    audit_key = "client_id"
    can_add = can_change = can_remove = False
    deeds = (RevokeTokens(),)
    list_display = ("named", "purpose_shown", "type_shown", "installed_shown", "held", "console")
    list_display_links = ("named",)
    search_fields = ("name", "client_id")
    ordering = ("name", "pk")
    fields: ClassVar[tuple[str, ...]] = (
        "name",
        "description",
        "client_id",
        "purpose_shown",
        "type_shown",
        "installed_shown",
        "addresses",
        "allowed_scopes",
        "people",
        "console",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        """Return the applications with what the list shows of each, in one read."""
        installed = Installation.objects.filter(
            application=OuterRef("pk"), organization=OuterRef("organization"), removed_at=None
        )
        live = Q(accesstoken__expires__gt=clock.now())
        rows: QuerySet[Application] = super().get_queryset(request)
        return rows.annotate(
            installed=Exists(installed), live_tokens=Count("accesstoken", filter=live)
        )

    def may_do(self, request: HttpRequest, row: Any | None = None) -> bool:
        """Tell whether whoever looks may revoke tokens."""
        return self._may_change(request)

    @display(description=_("Name"), ordering="name")
    def named(self, row: Application) -> str:
        """Return what people call it."""
        return str(row.name)

    @display(description=_("Purpose"))
    def purpose_shown(self, row: Application) -> str:
        """Say what it is for."""
        return str(PURPOSES[Application.Purpose(row.purpose)])

    @display(description=_("Type"))
    def type_shown(self, row: Application) -> str:
        """Say where it runs."""
        return str(TYPES.get(row.client_type, row.client_type))

    @display(description=_("Installed"), boolean=True)
    def installed_shown(self, row: Any) -> bool:
        """Tell whether it is on the licence."""
        return bool(row.installed)

    @display(description=_("Live tokens of people"))
    def held(self, row: Any) -> int:
        """Return how many tokens it holds."""
        return int(row.live_tokens)

    @display(description=_("Developer console"))
    def console(self, row: Application) -> str:
        """Lead to where it is changed; the platform's own can not be."""
        if row.purpose != Application.Purpose.INTEGRATION:
            return "–"
        link = reverse("console-application", args=[row.client_id])
        return format_html('<a href="{}">{}</a>', link, _now("Open in the console"))

    @display(description=_("Redirect addresses"))
    def addresses(self, row: Application) -> str:
        """Return where people may be sent after sign-in."""
        return ", ".join(row.redirect_uris.split()) or "–"

    @display(description=_("What it may ask for"))
    def allowed_scopes(self, row: Application) -> str:
        """Return the scopes in plain words."""
        worded = [str(scope_words.words(scope)) for scope in row.scopes]
        return "; ".join(worded) or "–"

    @display(description=_("Whose tokens it holds"))
    def people(self, row: Application) -> str:
        """Return the people, and how many tokens of each."""
        held = selectors.people_with_tokens(row)
        return format_html_join("", "<div>{}: {}</div>", held) or "–"
