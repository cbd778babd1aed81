"""Organisations: all of them for whoever runs the platform, one's own for its owner."""

from __future__ import annotations

from typing import Any, Final, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.admin import fields, pages, visitors
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.admin.shown import PageForm
from chatplatform.domain_events import caused_by
from chatplatform.models import Organization
from chatplatform.plans import Plan, Resource
from chatplatform.selectors import plans
from chatplatform.services import founding, organizations
from chatplatform.services.organizations import NAME_LENGTH
from chatplatform.transports.addresses import base_url
from configuration.actions.company import DETAIL_LENGTH, OF_THE_ORGANIZATION

# --- all of them ------------------------------------------------------------------------------


_NAME_HELP: Final = _("Visitors read it above the chat, unless the chat widget has another name.")


class OrganizationForm(NounForm):
    """A new organisation and its first owner, or the name of one that is there."""

    name = fields.text(_("Name"), _NAME_HELP, max_length=NAME_LENGTH)
    owner_email = fields.email(
        _("Owner's e-mail address"),
        _("They get an invitation by e-mail, and set their own password."),
    )
    owner_name = fields.text(_("Owner's name"), max_length=NAME_LENGTH)

    class Meta:
        model = Organization
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new():
            del self.fields["owner_email"], self.fields["owner_name"]


@admin.register(Organization)
class OrganizationNoun(Noun):
    """Every organisation of the platform; for superusers only."""

    form = OrganizationForm
    section = "platform"
    icon = "domain"
    empty_words = _(
        "Each organisation has its own agents, customers and chats. Make the first, and its "
        "owner is invited."
    )
    menu_title = _("Organisations")
    one = _("organisation")
    order = 10
    tenant = ""
    can_remove = False
    list_display = ("name", "licence", "plan", "created_at", "works_here")
    search_fields = ("name", "=license_id")
    search_help_text = _("Name or licence number")
    ordering = ("name", "license_id")

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether a superuser looks."""
        return visitors.may_enter(request) and visitors.account_of(request).is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether a superuser looks."""
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether a superuser looks."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """Return all, whichever one works in."""
        rows = Organization.objects.all()
        return rows if self.has_view_permission(request) else rows.none()

    def organization_of(self, request: HttpRequest, row: Any | None) -> Organization | None:
        """Return the organisation itself."""
        return cast("Organization | None", row)

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Show the three fields of a new one, and what is known of one that is there."""
        known = ("name", *self.get_readonly_fields(request, obj))
        fields = known if obj else ("name", "owner_email", "owner_name")
        return ((None, {"fields": fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return what is known of one that is there."""
        return ("licence", "id", "plan", "created_at") if obj else ()

    @display(description=_("Licence"), ordering="license_id")
    def licence(self, organization: Organization) -> str:
        """Return the licence's number, without marks between its digits."""
        return str(organization.license_id)

    @display(description=_("Work here"))
    def works_here(self, organization: Organization) -> str:
        """Return a button that chooses the organisation."""
        return format_html(
            '<button type="submit" class="link-button" formaction="{}" name="organization"'
            ' value="{}">{}<span class="visually-hidden"> {}</span></button>',
            reverse("admin:choose_organization"),
            organization.pk,
            _("Work in it"),
            organization.name,
        )

    def store(self, request: HttpRequest, row: Any | None, values: dict[str, Any]) -> Organization:
        """Rename one, or make one and invite its owner; one works in it from then on."""
        if row is not None:
            with self.acting(request, row):
                return organizations.rename_organization(row.pk, values["name"])
        with caused_by(visitors.platform_cause(request)):
            made, owner = founding.found_organization(
                values["name"],
                values["owner_email"],
                values["owner_name"],
                invite_from=base_url(request),
            )
        visitors.choose(request, made)
        messages.success(
            request,
            _("%(email)s was invited to own %(name)s. You work in it now.")
            % {"email": owner.public_id, "name": made.name},
        )
        return made


# --- one's own --------------------------------------------------------------------------------

RESOURCES: Final[dict[Resource, str | Promise]] = {
    "agents": _("Agents and bots"),
    "groups": _("Groups"),
    "banned": _("Bans"),
    "queue": _("Waiting customers"),
    "queue_continuous": _("Waiting customers who may leave and come back"),
    "groups_per_agent": _("Groups of one agent, at most"),
    "access_rules": _("Access rules"),
    "group_chooser_groups": _("Groups a form lets customers choose from, at most"),
}


class CompanyForm(PageForm):
    """The organisation's name, and what the company says of itself: the fields of
    ``update_company_details``."""

    name = fields.text(_("Name of the organisation"), _NAME_HELP, max_length=NAME_LENGTH)
    company = fields.text(_("Company"), max_length=DETAIL_LENGTH, required=False)
    url = fields.text(_("Website"), max_length=2048, required=False)
    phone = fields.text(_("Phone"), max_length=DETAIL_LENGTH, required=False)
    street = fields.text(_("Street"), max_length=DETAIL_LENGTH, required=False)
    postal_code = fields.text(_("Postal code"), max_length=DETAIL_LENGTH, required=False)
    city = fields.text(_("City"), max_length=DETAIL_LENGTH, required=False)
    province = fields.text(_("Province"), max_length=DETAIL_LENGTH, required=False)
    state = fields.text(_("State"), max_length=DETAIL_LENGTH, required=False)
    country = fields.text(_("Country"), max_length=DETAIL_LENGTH, required=False)
    nip = fields.text(_("Tax number"), max_length=DETAIL_LENGTH, required=False)
    invoice_name = fields.text(_("Name on invoices"), max_length=DETAIL_LENGTH, required=False)
    invoice_email = fields.text(_("Invoices go to"), max_length=DETAIL_LENGTH, required=False)
    company_size = fields.text(_("How many work there"), max_length=DETAIL_LENGTH, required=False)
    audience = fields.text(_("Who its customers are"), max_length=DETAIL_LENGTH, required=False)
    chat_purpose = fields.text(_("What chats are for"), max_length=DETAIL_LENGTH, required=False)


@pages.register
class CompanyPage(pages.FormPage):
    """The organisation one works in: its ids, what it uses of its plan, and its details."""

    name = "company"
    path = "company/"
    title = _("Organisation")
    icon = "apartment"
    section = "settings"
    order = 10
    scopes = OF_THE_ORGANIZATION
    form_class = CompanyForm
    template_name = "admin/company.html"
    saved = _("The organisation's details are saved.")

    def get_initial(self) -> dict[str, Any]:
        """Return what is known."""
        details = visitors.call(self.request, "get_company_details")
        return {**details, "name": self.organization.name}

    def store(self, values: dict[str, Any]) -> None:
        """Store the name and the details; an emptied one is forgotten."""
        details = {field: value for field, value in values.items() if field != "name"}
        with visitors.acting(self.request, visitors.asking(self.request)):
            organizations.rename_organization(self.organization.pk, values["name"])
        visitors.call(self.request, "update_company_details", details)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the organisation, and what it uses."""
        plan = cast(Plan, self.organization.plan)
        uses = [
            {
                "title": RESOURCES[use.resource],
                "used": use.used,
                "limit": use.limit,
                "is_full": use.used >= use.limit,
            }
            for use in plans.in_use(self.organization.pk, plan)
        ]
        return super().get_context_data(about=self.organization, uses=uses, **kwargs)
