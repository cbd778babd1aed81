"""Pages about one's own personal access tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from chatplatform import scope_words
from chatplatform.admin.refusals import refuse
from chatplatform.errors import NotFound, ProtocolError
from chatplatform.models import PersonalAccessToken
from chatplatform.selectors import applications as selectors
from chatplatform.selectors.people import NO_SEAT
from chatplatform.services import personal_access_tokens
from chatplatform.transports.addresses import public_url
from configuration.console import examples
from configuration.console.forms import TokenForm
from configuration.console.pages import ConsolePage, PagePart


class OwnPage(ConsolePage):
    """A page about the tokens of whoever looks; superusers have no seat, and so none."""

    section = "tokens"
    for_keepers = False

    def account_id(self) -> UUID:
        """Return whose tokens these are; raise ``NotFound`` for somebody without a seat."""
        if self.requester.account_id is None or self.requester.agent_id == NO_SEAT:
            raise NotFound("personal access tokens are of people with a seat")
        return self.requester.account_id

    def own_tokens(self) -> list[PersonalAccessToken]:
        """Return the tokens, the newest first."""
        return selectors.personal_access_tokens_of(self.account_id())


class TokensView(OwnPage):
    """The tokens there are, and what was lately called with them."""

    template_name = "console/tokens.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add tokens and calls."""
        rows = [
            (row, scope_words.sections(row.scopes), len(row.scopes)) for row in self.own_tokens()
        ]
        return super().get_context_data(
            tokens=rows,
            account_id=self.account_id(),
            calls=selectors.calls_with_personal_tokens(
                self.organization.pk, self.requester.public_id
            ),
            calls_url=reverse("console-token-calls"),
            **kwargs,
        )


class CallsView(PagePart, OwnPage):
    """The last calls alone, for the page to show new ones as they come."""

    template_name = "console/calls.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the calls."""
        self.account_id()
        calls = selectors.calls_with_personal_tokens(self.organization.pk, self.requester.public_id)
        return super().get_context_data(calls=calls, **kwargs)

    def whole(self) -> str:
        """Return the list of tokens, at the calls below it."""
        return reverse("console-tokens") + "#calls"


class NewTokenView(OwnPage):
    """Makes a token, and leads to where it can be read once."""

    template_name = "console/token_form.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the empty form."""
        self.account_id()
        return self._show(TokenForm(role=self.requester.role))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the token, or show what refuses it."""
        self.account_id()
        form = TokenForm(request.POST, role=self.requester.role)
        if not form.is_valid():
            return self._show(form)
        try:
            with self.acting():
                made = personal_access_tokens.create(
                    self.requester, form.cleaned_data["name"], form.cleaned_data["scopes"]
                )
        except ProtocolError as refusal:
            refuse(form, refusal)
            return self._show(form)
        self.show_once(kind="token", name=made.row.name, token=made.token)
        return redirect("console-token-made")

    def _show(self, form: TokenForm) -> HttpResponse:
        form.tie()
        return self.render_to_response(self.get_context_data(form=form))


class MadeTokenView(OwnPage):
    """A new token in the only moment it can be read, with examples that use it."""

    template_name = "console/token_made.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the token, if it was not shown before."""
        account_id, made = self.account_id(), self.shown_once("token")
        if made is not None:
            shown = examples.examples(public_url(self.request), str(account_id), made["token"])
            kwargs |= {"made": made, "examples": shown}
        return super().get_context_data(account_id=account_id, **kwargs)


class RevokeView(OwnPage):
    """Asks before a token is revoked."""

    template_name = "console/confirm.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what is asked, and what it affects."""
        row = next((row for row in self.own_tokens() if row.pk == kwargs["key"]), None)
        if row is None:
            raise NotFound("There is no such personal access token")
        used = row.last_used_at
        return super().get_context_data(
            title=_("Revoke the token %(name)s?") % {"name": row.name},
            consequences=[
                _("Whatever uses it is refused at once, and its live connections end."),
                _("It was never used.") if used is None else "",
                _("This can not be undone."),
            ],
            last_used_at=used,
            button=_("Revoke the token"),
            dangerous=True,
            back=reverse("console-tokens"),
            **kwargs,
        )

    def post(self, request: HttpRequest, key: int) -> HttpResponse:
        """Revoke it."""
        self.account_id()
        with self.acting():
            personal_access_tokens.revoke_own(self.requester, key)
        messages.success(request, _("The token was revoked."))
        return redirect("console-tokens")
