"""The workspace's page, and the token its script works with."""

from typing import Any, cast

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from agents.workspace.catalogue import CATALOGUE, SECTIONS, SHORTCUTS
from agents.workspace.directory import directory
from chatplatform.errors import Authentication, Authorization
from chatplatform.models import Account
from chatplatform.selectors import people
from chatplatform.services import agent_tokens

WIRE_VERSION = "3.7"
"""The protocol version the script speaks."""


@method_decorator(never_cache, name="dispatch")
class WorkspaceView(LoginRequiredMixin, TemplateView):
    """The shell of the workspace. Everything that lives in it arrives over Agent RTM.

    Without a session it redirects to the sign-in page, which leads back here. An account without a
    seat gets a 403 that says so.
    """

    template_name = "workspace/index.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the workspace to agents, and to others where else they may go."""
        if people.seat_of(cast(Account, request.user)) is None:
            return render(request, "workspace/no_agent.html", status=403)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the script's configuration and words, and what stands there before it runs."""
        account = self.request.user
        name = getattr(account, "name", "") or account.get_username()
        return super().get_context_data(
            name=name,
            initials=initials(name),
            sections=SECTIONS,
            shortcuts=SHORTCUTS,
            catalogue={key: str(text) for key, text in CATALOGUE.items()},
            config=script_config(self.request),
            **kwargs,
        )


@method_decorator(never_cache, name="dispatch")
class TokenView(View):
    """Issues the script's short-lived access token.

    Takes a POST with the session cookie and the page's CSRF token. Answers 401 without a session,
    and 403 to an account without a seat, both with a ``reason`` the script can show. The token is
    tied to the session: signing out revokes it.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> JsonResponse:
        """Return ``access_token``, ``expires_in`` (seconds) and whom the token speaks for."""
        if not request.user.is_authenticated:
            return JsonResponse({"reason": "signed_out"}, status=401)
        account = request.user
        try:
            issued = agent_tokens.issue_workspace_token(
                account=account, session_key=request.session.session_key or ""
            )
        except Authentication:
            return JsonResponse({"reason": "signed_out"}, status=401)
        except Authorization:
            return JsonResponse({"reason": "no_agent"}, status=403)
        organization = account.organization
        assert organization is not None  # whoever has a seat is in one
        return JsonResponse(
            {
                "access_token": issued.token,
                "expires_in": issued.expires_in,
                "account_id": str(account.pk),
                "organization_id": str(organization.id),
                "license_id": organization.license_id,
            }
        )


@method_decorator(never_cache, name="dispatch")
class DirectoryView(View):
    """Who and what there is in the organisation, by name, for an agent who is signed in.

    The script reads it at every login and keeps it right by pushes. Answers 401 without a session
    and 403 to an account without a seat, as :class:`TokenView` does.
    """

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> JsonResponse:
        """Return the agents, groups and tags (``directory``)."""
        if not request.user.is_authenticated:
            return JsonResponse({"reason": "signed_out"}, status=401)
        seat = people.working_agent(request.user)
        if seat is None:
            return JsonResponse({"reason": "no_agent"}, status=403)
        return JsonResponse(directory(seat.organization_id))


def initials(name: str) -> str:
    """Return one or two capitals that stand for a name.

    >>> initials("Agent Smith")
    'AS'
    """
    words = name.split()
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [name[:1]]
    return "".join(letters).upper()


def script_config(request: HttpRequest) -> dict[str, str]:
    """Return what the script must be told: where to connect, as whom, the CSRF token."""
    return {
        "rtmPath": f"/v{WIRE_VERSION}/agent/rtm/ws",
        "apiPath": f"/v{WIRE_VERSION}/agent/action",
        "configurationPath": f"/v{WIRE_VERSION}/configuration/action",
        "tokenUrl": reverse("workspace-token"),
        "directoryUrl": reverse("workspace-directory"),
        "signinUrl": f"{reverse('signin')}?next={reverse('workspace')}",
        "spriteUrl": static("chatplatform/icons.svg"),
        "csrf": get_token(request),
        "accountId": str(request.user.pk),
    }
