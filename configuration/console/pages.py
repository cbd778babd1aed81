"""What every page of the console shares: who may enter, its frame, and secrets shown once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from chatplatform.admin import tabs, visitors
from chatplatform.errors import NotFound
from chatplatform.models import AuditEntry, Organization
from chatplatform.requester import AgentRequester

_ONCE: Final = "console_shown_once"


@method_decorator(never_cache, name="dispatch")
class ConsolePage(TemplateView):
    """A page of the console.

    Without a session it leads to the sign-in; who may not see it gets a 403 that says why, and
    whatever is not the organisation's is not there.
    """

    section: ClassVar[str] = ""
    """Which entry of the menu it belongs to."""
    for_keepers: ClassVar[bool] = True
    """Whether it is for owners, viceowners and administrators alone."""
    requester: AgentRequester
    organization: Organization

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Serve whoever may enter, but for what came from a page of another organisation."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        elsewhere = tabs.enter(request)
        if elsewhere is not None:
            return self._elsewhere(elsewhere)
        found, organization = visitors.requester(request), visitors.organization(request)
        if found is None or organization is None:
            return self._closed("seat")
        self.requester, self.organization = found, organization
        if self.for_keepers and not visitors.may_enter(request):
            return self._closed("role")
        try:
            return super().dispatch(request, *args, **kwargs)
        except NotFound as missing:
            raise Http404(str(missing)) from None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the frame shows."""
        return super().get_context_data(
            section=self.section,
            organization=self.organization,
            requester=self.requester,
            is_keeper=visitors.may_enter(self.request),
            **kwargs,
        )

    def acting(self) -> Any:
        """Return a block in which services act for whoever looks."""
        return visitors.acting(self.request, self.requester, AuditEntry.Door.CONSOLE)

    def show_once(self, **values: str) -> None:
        """Keep a secret for the next page, in the session, which lies encrypted."""
        self.request.session[_ONCE] = values

    def shown_once(self, kind: str) -> dict[str, str] | None:
        """Return what was kept for this ``kind`` of page, and forget it."""
        kept: dict[str, str] | None = self.request.session.get(_ONCE)
        if kept is None or kept.get("kind") != kind:
            return None
        del self.request.session[_ONCE]
        return kept

    def _elsewhere(self, elsewhere: tabs.Elsewhere) -> HttpResponse:
        context = {
            "elsewhere": elsewhere,
            "organization": elsewhere.now,
            "requester": visitors.requester(self.request),
            "is_keeper": True,
        }
        return self.response_class(
            self.request, "console/elsewhere.html", context, status=tabs.STATUS
        )

    def _closed(self, why: str) -> HttpResponse:
        context = {"why": why, "is_superuser": visitors.account_of(self.request).is_superuser}
        return self.response_class(self.request, "console/closed.html", context, status=403)


class PagePart(ConsolePage, ABC):
    """A part of a page, which scripts fetch; a browser that opens it by itself gets the page."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer the part, or lead to its page."""
        answer = super().get(request, *args, **kwargs)
        if request.headers.get("Sec-Fetch-Dest") == "document":
            return redirect(self.whole())
        return answer

    @abstractmethod
    def whole(self) -> str:
        """Return where the page is that this is a part of."""
