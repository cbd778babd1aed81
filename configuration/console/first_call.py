"""From a fresh sign-in to an answer of the API, on one page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from chatplatform.errors import ProtocolError
from chatplatform.selectors import applications as selectors
from chatplatform.services import personal_access_tokens
from chatplatform.transports.addresses import public_url
from configuration.console import examples, presets
from configuration.console.tokens import OwnPage


class FirstCallView(OwnPage):
    """Makes a token that reads only, and shows calls with it in four languages, to be copied."""

    template_name = "console/first_call.html"
    section = "first-call"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the examples once a token was made, and the calls that arrive."""
        account_id, made = self.account_id(), self.shown_once("first-call")
        if made is not None:
            shown = examples.examples(public_url(self.request), str(account_id), made["token"])
            kwargs |= {"made": made, "examples": shown}
        return super().get_context_data(
            account_id=account_id,
            calls=selectors.calls_with_personal_tokens(
                self.organization.pk, self.requester.public_id
            ),
            calls_url=reverse("console-token-calls"),
            **kwargs,
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the token and show the examples."""
        self.account_id()
        scopes = presets.scopes(presets.READ, self.requester.role)
        try:
            with self.acting():
                made = personal_access_tokens.create(self.requester, _("First call"), scopes)
        except ProtocolError as refusal:
            messages.error(request, str(refusal))
        else:
            self.show_once(kind="first-call", name=made.row.name, token=made.token)
        return redirect("console-first-call")
