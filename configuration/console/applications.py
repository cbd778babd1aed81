"""Pages about the organisation's applications."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chatplatform import scope_words
from chatplatform.admin import visitors
from chatplatform.admin.refusals import refuse
from chatplatform.errors import ProtocolError
from chatplatform.models import Application
from chatplatform.scopes import ALL
from chatplatform.selectors import applications as selectors
from chatplatform.selectors import bots, webhooks
from chatplatform.selectors.applications import Holdings
from chatplatform.services import applications, installations
from configuration.console.forms import CONFIDENTIAL, ApplicationForm
from configuration.console.pages import ConsolePage, PagePart

DELIVERIES_SHOWN = 10


class ApplicationsView(ConsolePage):
    """Where the console begins: the applications there are. Normal agents begin at their tokens."""

    template_name = "console/applications.html"
    section = "applications"
    for_keepers = False

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the list."""
        if not visitors.may_enter(request):
            return redirect("console-tokens")
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the applications."""
        listed = selectors.applications_of(self.organization.pk)
        return super().get_context_data(applications=listed, **kwargs)


class NewApplicationView(ConsolePage):
    """Makes an application, and leads to its credentials."""

    template_name = "console/application_form.html"
    section = "applications"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the empty form."""
        form = ApplicationForm(offered=ALL, new=True, initial={"kind": CONFIDENTIAL})
        return self._show(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the application, or show what refuses it."""
        form = ApplicationForm(request.POST, offered=ALL, new=True)
        if not form.is_valid():
            return self._show(form)
        values = form.cleaned_data
        try:
            with self.acting():
                made = applications.create_application(
                    self.organization,
                    values["name"],
                    values["redirect_uris"],
                    confidential=values["kind"] == CONFIDENTIAL,
                    description=values["description"],
                    scopes=values["scopes"],
                )
        except ProtocolError as refusal:
            refuse(form, refusal)
            return self._show(form)
        client_id = made.application.client_id
        self.show_once(kind="secret", client_id=client_id, secret=made.client_secret)
        return redirect("console-application-credentials", client_id=client_id)

    def _show(self, form: ApplicationForm) -> HttpResponse:
        form.tie()
        return self.render_to_response(self.get_context_data(form=form, new=True))


class _OneView(ConsolePage):
    """A page about one application of the organisation."""

    section = "applications"
    application: Application

    def find(self, client_id: str) -> Application:
        """Return the application; raise ``NotFound``."""
        return selectors.access_application(self.organization.pk, client_id)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the page."""
        self.application = self.find(kwargs["client_id"])
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the application."""
        return super().get_context_data(application=self.application, **kwargs)

    def home(self, client_id: str) -> HttpResponseRedirect:
        """Lead to the application's page."""
        return redirect("console-application", client_id=client_id)


class ApplicationView(_OneView):
    """One application, with everything it has and did lately."""

    template_name = "console/application.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the application may do, has, and did."""
        application, organization_id = self.application, self.organization.pk
        deliveries = webhooks.page_of_deliveries(
            organization_id, application, limit=DELIVERIES_SHOWN
        )
        return super().get_context_data(
            installation=selectors.installation(organization_id, application),
            holdings=selectors.holdings(organization_id, application),
            redirect_uris=application.redirect_uris.split(),
            scopes=scope_words.sections(application.scopes),
            webhooks=webhooks.webhooks_of(application),
            deliveries=deliveries,
            bots=selectors.bots_of(organization_id, application),
            templates=bots.templates_of(application),
            definitions=selectors.definitions_of(application),
            calls=selectors.calls_of(organization_id, application),
            calls_url=reverse("console-application-calls", args=[application.client_id]),
            **kwargs,
        )


class CallsView(PagePart, _OneView):
    """The application's last calls alone, for the page to show new ones as they come."""

    template_name = "console/calls.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the calls."""
        calls = selectors.calls_of(self.organization.pk, self.application)
        return super().get_context_data(calls=calls, **kwargs)

    def whole(self) -> str:
        """Return the application's page, at its calls."""
        return reverse("console-application", args=[self.application.client_id]) + "#calls"


class EditView(_OneView):
    """Changes an application."""

    template_name = "console/application_form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the form, filled in with what is."""
        if "form" not in kwargs:
            kwargs["form"] = ApplicationForm(
                offered=ALL,
                new=False,
                initial={
                    "name": self.application.name,
                    "description": self.application.description,
                    "redirect_uris": "\n".join(self.application.redirect_uris.split()),
                    "scopes": self.application.scopes,
                },
            )
        kwargs["form"].tie()
        live = selectors.holdings(self.organization.pk, self.application).tokens_of_people
        return super().get_context_data(new=False, live_tokens=live, **kwargs)

    def post(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """Change it, or show what refuses that."""
        self.application = self.find(client_id)
        form = ApplicationForm(request.POST, offered=ALL, new=False)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        values = form.cleaned_data
        try:
            with self.acting():
                applications.update_application(
                    self.organization.pk,
                    client_id,
                    name=values["name"],
                    description=values["description"],
                    redirect_uris_allowed=values["redirect_uris"],
                    scopes=values["scopes"],
                )
        except ProtocolError as refusal:
            refuse(form, refusal)
            return self.render_to_response(self.get_context_data(form=form))
        messages.success(request, _("The application was changed."))
        return self.home(client_id)


class CredentialsView(_OneView):
    """The client id, and the secret in the only moment it can be read."""

    template_name = "console/credentials.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the secret, if it was not shown before."""
        kept = self.shown_once("secret")
        secret = kept["secret"] if kept and kept["client_id"] == self.application.client_id else ""
        return super().get_context_data(
            secret=secret, is_public=_is_public(self.application), **kwargs
        )


class _ConfirmView(_OneView, ABC):
    """Asks before something is done that breaks things, and names what it affects."""

    template_name = "console/confirm.html"
    dangerous: ClassVar[bool] = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is asked, and what it affects."""
        held = selectors.holdings(self.organization.pk, self.application)
        return super().get_context_data(
            title=self.title(),
            consequences=[line for line in self.consequences(held) if line],
            button=self.button(),
            dangerous=self.dangerous,
            back=reverse("console-application", args=[self.application.client_id]),
            **kwargs,
        )

    def post(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """Do it, and lead on; say what refuses it."""
        self.application = self.find(client_id)
        try:
            with self.acting():
                return self.do(request)
        except ProtocolError as refusal:
            messages.error(request, str(refusal))
            return self.home(client_id)

    @abstractmethod
    def title(self) -> str:
        """Return the question."""

    @abstractmethod
    def button(self) -> str:
        """Return what the button says."""

    @abstractmethod
    def consequences(self, held: Holdings) -> list[str]:
        """Return what is affected, in sentences; empty ones are left out."""

    @abstractmethod
    def do(self, request: HttpRequest) -> HttpResponse:
        """Do it and lead on. Raise :class:`ProtocolError` to refuse it."""


class SecretView(_ConfirmView):
    """Gives an application a new secret."""

    def title(self) -> str:
        """Return the question."""
        return _("Make a new client secret for %(name)s?") % {"name": self.application.name}

    def button(self) -> str:
        """Return what the button says."""
        return _("Make a new secret")

    def consequences(self, held: Holdings) -> list[str]:
        """Say what needs the new secret, and what goes on without it."""
        return [
            _("The old secret stops working at once, on every server that uses it."),
            ngettext(
                "%(count)d live token of people goes on until it expires, and is only renewed "
                "with the new secret.",
                "%(count)d live tokens of people go on until they expire, and are only renewed "
                "with the new secret.",
                held.tokens_of_people,
            )
            % {"count": held.tokens_of_people}
            if held.tokens_of_people
            else _("No tokens of people are live now."),
        ]

    def do(self, request: HttpRequest) -> HttpResponse:
        """Make the secret and show it."""
        client_id = self.application.client_id
        secret = applications.reset_client_secret(self.organization.pk, client_id)
        self.show_once(kind="secret", client_id=client_id, secret=secret)
        return redirect("console-application-credentials", client_id=client_id)


class InstallView(_ConfirmView):
    """Puts an application on the licence again."""

    dangerous = False

    def title(self) -> str:
        """Return the question."""
        return _("Install %(name)s on the licence?") % {"name": self.application.name}

    def button(self) -> str:
        """Return what the button says."""
        return _("Install")

    def consequences(self, held: Holdings) -> list[str]:
        """Say what it may do then."""
        return [
            _("It can be given tokens again. People have to sign in to it anew."),
            _("Its webhooks are sent again: %(count)d.") % {"count": held.webhooks}
            if held.webhooks
            else "",
            _("The bots of its templates are made again.") if self._has_templates() else "",
        ]

    def do(self, request: HttpRequest) -> HttpResponse:
        """Install it."""
        installations.install(self.organization, self.application)
        messages.success(request, _("The application is installed."))
        return self.home(self.application.client_id)

    def _has_templates(self) -> bool:
        return bool(bots.templates_of(self.application))


class RemoveView(_ConfirmView):
    """Takes an application off the licence."""

    def title(self) -> str:
        """Return the question."""
        return _("Remove %(name)s from the licence?") % {"name": self.application.name}

    def button(self) -> str:
        """Return what the button says."""
        return _("Remove from the licence")

    def consequences(self, held: Holdings) -> list[str]:
        """Say what ends and what rests."""
        staying = held.bots - held.bots_of_templates
        return [
            *_ending_tokens(held),
            _counted(
                ngettext(
                    "%(count)d webhook is not sent any more until it is installed again.",
                    "%(count)d webhooks are not sent any more until it is installed again.",
                    held.webhooks,
                ),
                held.webhooks,
            ),
            _counted(
                ngettext(
                    "%(count)d bot of its templates goes, and its chats go to others.",
                    "%(count)d bots of its templates go, and their chats go to others.",
                    held.bots_of_templates,
                ),
                held.bots_of_templates,
            ),
            _counted(
                ngettext(
                    "%(count)d other bot stays, but can not sign in.",
                    "%(count)d other bots stay, but can not sign in.",
                    staying,
                ),
                staying,
            ),
            _("It can be installed again later, with the same client id and secret."),
        ]

    def do(self, request: HttpRequest) -> HttpResponse:
        """Remove it."""
        installations.remove(self.organization, self.application)
        messages.success(request, _("The application was removed from the licence."))
        return self.home(self.application.client_id)


class DeleteView(_ConfirmView):
    """Deletes an application for good."""

    def title(self) -> str:
        """Return the question."""
        return _("Delete %(name)s for good?") % {"name": self.application.name}

    def button(self) -> str:
        """Return what the button says."""
        return _("Delete for good")

    def consequences(self, held: Holdings) -> list[str]:
        """Say what goes with it."""
        return [
            *_ending_tokens(held),
            _counted(
                ngettext("%(count)d webhook goes.", "%(count)d webhooks go.", held.webhooks),
                held.webhooks,
            ),
            _counted(
                ngettext(
                    "%(count)d bot goes, and its chats go to others.",
                    "%(count)d bots go, and their chats go to others.",
                    held.bots,
                ),
                held.bots,
            ),
            _counted(
                ngettext(
                    "%(count)d property goes; what was stored in it can not be read any more.",
                    "%(count)d properties go; what was stored in them can not be read any more.",
                    held.properties,
                ),
                held.properties,
            ),
            _("Its client id is never given to anybody again. This can not be undone."),
        ]

    def do(self, request: HttpRequest) -> HttpResponse:
        """Delete it."""
        name = self.application.name
        installations.delete_application(self.organization.pk, self.application.client_id)
        messages.success(request, _("%(name)s was deleted.") % {"name": name})
        return redirect("console")


def _ending_tokens(held: Holdings) -> list[str]:
    """Say how many tokens, and so connections, end."""
    if not held.tokens:
        return [_("It holds no live tokens.")]
    parts = (
        (held.tokens_of_people, _("%(count)d of people")),
        (held.tokens_of_customers, _("%(count)d of customers")),
        (held.tokens_of_bots, _("%(count)d of bots")),
    )
    listed = ", ".join(words % {"count": count} for count, words in parts if count)
    return [
        ngettext(
            "%(count)d live token ends at once, with its connections: %(listed)s.",
            "%(count)d live tokens end at once, with their connections: %(listed)s.",
            held.tokens,
        )
        % {"count": held.tokens, "listed": listed}
    ]


def _counted(sentence: str, count: int) -> str:
    return sentence % {"count": count} if count else ""


def _is_public(application: Application) -> bool:
    return bool(application.client_type == Application.CLIENT_PUBLIC)
