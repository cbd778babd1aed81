"""Personal access tokens of the organisation's people: seen and revoked, never read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform import scope_words
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.models import PersonalAccessToken
from chatplatform.services import personal_access_tokens
from chatplatform.templatetags.admin_words import moment
from configuration.admin.applications import KEEPING


class TokenForm(NounForm):
    """Nothing can be changed here."""

    class Meta:
        model = PersonalAccessToken
        fields = ()


@admin.register(PersonalAccessToken)
class PersonalAccessTokenNoun(Noun):
    """Who can call the APIs as themselves, with what, and since when they last did."""

    form = TokenForm
    section = "integrations"
    icon = "key"
    empty_words = _(
        "Tokens appear here once somebody makes one in the developer console, to call the "
        "APIs as themselves."
    )
    menu_title = _("Personal access tokens")
    order = 20
    tenant = "account__organization"
    scopes_to_view = KEEPING
    scopes_to_change = KEEPING
    audit_subject = "personal_access_token"
    can_add = can_change = False
    list_display = ("name", "person", "ending_shown", "scopes_count", "made", "used")
    list_select_related = ("account__organization",)
    search_fields = ("name", "account__email")
    ordering = ("-pk",)
    fields: ClassVar[tuple[str, ...]] = (
        "name",
        "person",
        "ending_shown",
        "allowed_scopes",
        "made",
        "used",
    )
    readonly_fields = fields

    @display(description=_("Person"), ordering="account__email")
    def person(self, row: PersonalAccessToken) -> str:
        """Return whom it acts as."""
        return row.account.email

    @display(description=_("Ends in"))
    def ending_shown(self, row: PersonalAccessToken) -> str:
        """Return the last characters."""
        return f"…{row.ending}" if row.ending else "–"

    @display(description=_("Scopes"))
    def scopes_count(self, row: PersonalAccessToken) -> int:
        """Return how many scopes it has."""
        return len(row.scopes)

    @display(description=_("What it may do"))
    def allowed_scopes(self, row: PersonalAccessToken) -> str:
        """Return the scopes in plain words."""
        return "; ".join(str(scope_words.words(scope)) for scope in row.scopes) or "–"

    @display(description=_("Made"), ordering="created_at")
    def made(self, row: PersonalAccessToken) -> str:
        """Return when it was made."""
        return moment(row.created_at)

    @display(description=_("Last used"), ordering="last_used_at")
    def used(self, row: PersonalAccessToken) -> str:
        """Return when it was last used, to the minute."""
        return moment(row.last_used_at) if row.last_used_at else _now("never")

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether ``obj`` can be revoked: nobody revokes the tokens of who stands above."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or personal_access_tokens.may_revoke(self.asking(request, obj), obj)

    def consequences(self, request: HttpRequest, row: PersonalAccessToken) -> Iterable[str]:
        """Say what ends."""
        yield _now("Whatever uses it is refused at once, and its live connections end.")

    def remove(self, request: HttpRequest, row: PersonalAccessToken) -> None:
        """Revoke it."""
        with self.acting(request, row):
            personal_access_tokens.revoke(self.asking(request, row), row.pk)
