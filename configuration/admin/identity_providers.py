"""How an organisation's people sign in: providers of its own, and whether a password is enough."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import REFUSAL, NounForm
from chatplatform.admin.pages import FormPage, register
from chatplatform.admin.refusals import REFUSED
from chatplatform.admin.shown import PageForm
from chatplatform.admin.visitors import acting, asking
from chatplatform.models import IdentityProvider, Organization
from chatplatform.services import identity_providers, second_factors
from chatplatform.transports.addresses import public_url
from configuration.admin import agreements

KEEPERS: Final = ("accounts--all:rw",)
"""Owners and viceowners: whoever sets up a provider says who everybody is."""


class ProviderForm(NounForm):
    """A provider. Its secret is never shown again."""

    name = fields.text(
        _("Name"),
        _("What the button on the sign-in page says after “Sign in with”."),
        max_length=identity_providers.NAME_LENGTH,
    )
    issuer = fields.text(
        _("Issuer"),
        _(
            "The provider's address, such as https://login.example.com. It is asked who it is "
            "before it is saved."
        ),
    )
    client_id = fields.text(_("Client id"), _("What the provider calls this platform."))
    client_secret = fields.secret(
        _("Client secret"),
        _("What the provider gave you with the client id. Left empty, it stays as it is."),
        required=False,
    )
    enabled = fields.switch(_("Switched on"), _("Your people can sign in with it."), initial=True)
    required = fields.switch(
        _("The only way in"),
        _("Nobody but the owner can sign in with a password or a passkey any more."),
    )

    class Meta:
        model = IdentityProvider
        fields = ("name", "issuer", "client_id", "client_secret", "enabled", "required")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["client_secret"] = ""


@admin.register(IdentityProvider)
class ProviderNoun(agreements.AskingNoun):
    """The organisation's OpenID Connect providers."""

    form = ProviderForm
    section = "people"
    icon = "passkey"
    empty_words = _(
        "With a provider your people sign in by the account they have at work. Without one, "
        "they use a password or a passkey."
    )
    one = _("sign-in provider")
    menu_title = _("Sign-in providers")
    order = 70
    audit_subject = "identity_provider"
    audit_key = "name"
    scopes_to_view = KEEPERS
    scopes_to_change = KEEPERS
    list_display = ("name", "issuer", "enabled", "required", "people")
    search_fields = ("name", "issuer")
    ordering = ("name",)
    readonly_fields: ClassVar[tuple[str, ...]] = ("sign_in_address", "callback_address")

    @display(description=_("People linked"))
    def people(self, provider: IdentityProvider) -> int:
        """Return how many people the provider is linked with."""
        return identity_providers.people_linked(provider)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any | None:
        """Return the provider, and beside it where the outside world reaches us."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            row.reached_at = public_url(request)
        return row

    @display(description=_("Sign-in address, for your people"))
    def sign_in_address(self, provider: Any) -> str:
        """Return where people of the organisation begin."""
        return f"{provider.reached_at}{reverse('openid_connect_login', args=[provider.slug])}"

    @display(description=_("Redirect address, for the provider"))
    def callback_address(self, provider: Any) -> str:
        """Return where the provider has to lead back to."""
        return f"{provider.reached_at}{reverse('openid_connect_callback', args=[provider.slug])}"

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return what the form shows; the addresses are there once it is made."""
        shown = ProviderForm.Meta.fields
        return shown if obj is None else (*shown, *self.readonly_fields)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Serve the form. An issuer that has to answer is asked first, while nothing is locked."""
        if request.method == "POST":
            try:
                self._ask_issuer(request, object_id)
            except REFUSED as refusal:
                setattr(request, REFUSAL, refusal)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _ask_issuer(self, request: HttpRequest, object_id: str | None) -> None:
        row = self.get_object(request, unquote(object_id)) if object_id else None
        allowed = (
            self.has_add_permission(request)
            if object_id is None
            else row is not None and self.has_change_permission(request, row)
        )
        if not allowed:
            return
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        if not form.is_valid():
            return
        issuer = identity_providers.issuer_to_ask(row, form.cleaned_data)  # type: ignore[arg-type]
        if issuer is not None:
            identity_providers.ask_issuer(issuer)

    def store(
        self, request: HttpRequest, row: IdentityProvider | None, values: dict[str, Any]
    ) -> IdentityProvider | None:
        """Make or change the provider."""
        organization = self.organization_of(request, row)
        assert organization is not None  # whoever may add one looks at one
        if identity_providers.becomes_required(row, values):  # type: ignore[arg-type]
            agreements.require(request, _only_way_in(organization, values["name"]))
        with self.acting(request, row):
            if row is not None:
                identity_providers.update_provider(organization.pk, row.pk, values)  # type: ignore[arg-type]
                return None
            return identity_providers.create_provider(organization, values)  # type: ignore[arg-type]

    def remove(self, request: HttpRequest, row: IdentityProvider) -> None:
        """Take the provider away."""
        with self.acting(request, row):
            identity_providers.delete_provider(row.organization_id, row.pk)

    def consequences(self, request: HttpRequest, row: IdentityProvider) -> Iterable[str]:
        """Say who has to sign in otherwise."""
        linked = identity_providers.people_linked(row)
        if linked:
            yield ngettext(
                "%(count)d person signed in with it, and needs a password.",
                "%(count)d people signed in with it, and need a password.",
                linked,
            ) % {"count": linked}


def _only_way_in(organization: Organization, name: str) -> agreements.Question:
    """Return what is asked before a provider is the only way in."""
    count = identity_providers.people_kept_to(organization)
    return agreements.Question(
        title=_("Make it the only way in?"),
        about=name,
        consequences=[
            ngettext(
                "%(count)d person can not sign in with a password or a passkey any more, only with "
                "this provider.",
                "%(count)d people can not sign in with a password or a passkey any more, only with "
                "this provider.",
                count,
            )
            % {"count": count},
            _now("The owner still can, to mend what fails. Who is signed in now stays so."),
        ],
        button=_("Make it the only way in"),
        means="the only way in",
    )


class RulesForm(PageForm):
    """What people need beside a password."""

    second_factor_required = fields.switch(
        _("Ask everybody for a second factor"),
        _(
            "Whoever signs in with a password is led through setting up a passkey or an"
            " authenticator app, once. People who come through a provider are not asked."
        ),
    )


@register
class RulesPage(FormPage):
    """Whether a password is enough."""

    name = "sign_in_rules"
    path = "people/sign-in/"
    title = _("Sign-in rules")
    icon = "shield_lock"
    section = "people"
    order = 75
    scopes = KEEPERS
    form_class = RulesForm

    def get_initial(self) -> dict[str, Any]:
        """Return what is set."""
        return {"second_factor_required": self.organization.second_factor_required}

    def store(self, values: dict[str, Any]) -> None:
        """Set it."""
        who = asking(self.request, self.organization)
        with acting(self.request, who):
            second_factors.require(self.organization.pk, values["second_factor_required"])
