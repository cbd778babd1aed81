"""Noting that somebody who signed in was here."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

from chatplatform.services import staff_sessions
from chatplatform.session_store import SessionStore
from chatplatform.transports.addresses import address_of


class LastSeenMiddleware(MiddlewareMixin):
    """Notes when, from where and with what a browser session was last used.

    It looks at the session only where the answer was made with it, and writes at most once a
    minute for each.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Note it, after the page was made."""
        session = getattr(request, "session", None)
        if isinstance(session, SessionStore) and session.row is not None:
            staff_sessions.note(
                session.row,
                address_of(request),
                request.headers.get("User-Agent", ""),
            )
        return response
