"""Allowed domains: whose pages may show the chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from chatplatform.admin import fields, visitors
from chatplatform.admin.nouns import NounForm
from chatplatform.models import AllowedDomain
from chatplatform.selectors import domains as selectors
from chatplatform.services.domains import MAX_LENGTH
from configuration.actions.domains import MANAGE
from configuration.admin import agreements
from configuration.admin.deeds import DeedNoun


class DomainForm(NounForm):
    """A domain."""

    domain = fields.text(
        _("Domain"),
        _(
            "Such as shop.example; subdomains like www.shop.example are included. With the first "
            "one you name, the chat disappears from every other website."
        ),
        max_length=MAX_LENGTH,
    )

    class Meta:
        model = AllowedDomain
        fields = ("domain",)


def _the_first(domain: str) -> agreements.Question:
    """Return what is asked before the first domain is named."""
    return agreements.Question(
        title=_("Show the chat on this website alone?"),
        about=domain,
        consequences=[
            _now(
                "It is the first domain you name: the chat disappears from every website but "
                "this one and its subdomains."
            ),
            _now("Name your other websites next; without any domain the chat shows on all."),
        ],
        button=_("Show the chat there alone"),
        means="the only website",
    )


@admin.register(AllowedDomain)
class DomainNoun(agreements.AskingNoun, DeedNoun):
    """The domains whose pages may show the chat."""

    form = DomainForm
    section = "website"
    audit_subject = "allowed_domain"
    audit_key = "domain"
    icon = "language"
    empty_words = _(
        "Now pages of every website may show your chat. Add a domain, and only those listed "
        "here may."
    )
    menu_title = _("Allowed domains")
    order = 30
    scopes_to_view = MANAGE
    scopes_to_change = MANAGE
    can_change = False
    list_display = ("domain",)
    search_fields = ("domain",)
    search_help_text = _("Domain")
    ordering = ("domain",)
    list_before_template = "admin/people/domains.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Serve the list, and say above it what it means for other websites."""
        organization = visitors.organization(request)
        named = organization and selectors.allowed_domains(organization.pk)
        about = {"restricted": bool(named), "looked_at": organization is not None}
        return super().changelist_view(request, {**about, **(extra_context or {})})

    def store(
        self, request: HttpRequest, row: AllowedDomain | None, values: dict[str, Any]
    ) -> AllowedDomain | None:
        """Allow the domain; ask before the first, which shuts all other websites out."""
        organization = self.organization_of(request, row)
        assert organization is not None  # whoever may add one looks at one
        is_first = not selectors.allowed_domains(organization.pk)
        self.call(request, "add_allowed_domain", values)
        made = AllowedDomain.objects.filter(organization=organization).latest("pk")
        if is_first:
            agreements.require(request, _the_first(made.domain))  # undoes it, if nobody agreed
        return made

    def remove(self, request: HttpRequest, row: AllowedDomain) -> None:
        """Take the domain from the list."""
        self.call(request, "delete_allowed_domain", {"domain": row.domain}, row)

    def consequences(self, request: HttpRequest, row: AllowedDomain) -> Iterable[str]:
        """Say where the chat shows then."""
        if len(selectors.allowed_domains(row.organization_id)) == 1:
            yield _now("It is the only one: then pages of every website may show the chat.")
        else:
            yield _now("Pages of %(domain)s do not show the chat any more.") % {
                "domain": row.domain
            }
