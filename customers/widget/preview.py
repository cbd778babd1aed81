"""Previews of the widget for whoever sets its look: the real loader and panel, with sample content.

They are asked for by the admin's frames and take what was typed, checked but not stored, from the
query: ``look`` and ``greeting`` are JSON, ``scene`` is ``welcome``, ``chat``, ``away`` or
``closed``, ``scheme`` the colours a look without a theme of its own is shown in. Only people of the
admin see them, and nothing is fetched from, or told to, the platform.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from chatplatform import clock
from chatplatform.admin import visitors
from chatplatform.api import payloads
from chatplatform.errors import Validation
from chatplatform.greeting_content import RichMessage, unpressed
from chatplatform.models import Organization
from chatplatform.records import Record
from chatplatform.services.widget_look import logo_url
from chatplatform.widget_look import Look, look_of, nearest
from customers.widget.loader import loader_script
from customers.widget.views import framed, panel_document

_SCENES: Final = ("welcome", "chat", "away", "closed")
_SCHEMES: Final = ("light", "dark")
_PASSED_ON: Final = ("look", "greeting", "scene", "scheme")
_MOST: Final = 64 * 1024
"""Characters of JSON that are read."""
POLICY: Final = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "frame-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
}


@require_safe
@xframe_options_sameorigin
def page(request: HttpRequest) -> HttpResponse:
    """Answer somebody's page, with the widget on it."""
    organization = _organization(request)
    look = _look(request, organization)
    context = {
        "organization": organization,
        "theme": _scheme(request) if look.theme == "auto" else look.theme,
        "loader": f"{reverse('widget_preview_loader')}?{_query(request)}",
    }
    response = render(request, "widget/preview.html", context)
    response["Cache-Control"] = "no-store"
    response._csp_replace = POLICY  # type: ignore[attr-defined]
    return response


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """Answer the loader with the look that was typed; its panel is the previewed one."""
    organization = _organization(request)
    look = _pinned(request, _look(request, organization))
    scene = _scene(request)
    script = loader_script(
        look,
        panel=f"{reverse('widget_preview_panel')}?{_query(request)}",
        open=scene != "closed" and "greeting" not in request.GET,
        away=look.hide_offline and scene == "away",
    )
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@xframe_options_sameorigin
def panel(request: HttpRequest) -> HttpResponse:
    """Answer the panel with the look that was typed, and sample content in place of a session."""
    organization = _organization(request)
    look = _pinned(request, _look(request, organization))
    context = {
        "client_id": "",
        "greets": True,
        "logo": logo_url(organization, look),
        "sample": _sample(request),
    }
    response = framed(panel_document(request, organization, look, context), request, organization)
    response["Cache-Control"] = "no-store"
    return response


def _organization(request: HttpRequest) -> Organization:
    """Return the organisation that is looked at in the admin; a 403 for everybody else."""
    found = visitors.organization(request) if visitors.may_enter(request) else None
    if found is None:
        raise PermissionDenied
    return found


def _look(request: HttpRequest, organization: Organization) -> Look:
    stored = look_of(organization.widget)
    typed = _json(request, "look")
    return replace(nearest({**stored.record(), **typed}), logo=stored.logo)


def _pinned(request: HttpRequest, look: Look) -> Look:
    scheme = _scheme(request)
    return replace(look, theme=scheme) if scheme and look.theme == "auto" else look


def _scheme(request: HttpRequest) -> str:
    given = request.GET.get("scheme", "")
    return given if given in _SCHEMES else ""


def _scene(request: HttpRequest) -> str:
    given = request.GET.get("scene", "")
    return given if given in _SCENES else _SCENES[0]


def _query(request: HttpRequest) -> str:
    return urlencode({name: request.GET[name] for name in _PASSED_ON if name in request.GET})


def _json(request: HttpRequest, name: str) -> Record:
    try:
        found = payloads.parse(request.GET.get(name, "{}")[:_MOST])
    except Validation:
        return {}
    return found if isinstance(found, dict) else {}


def _sample(request: HttpRequest) -> Record:
    return {
        "scene": _scene(request),
        "agent": {
            "id": "sample-agent",
            "name": _("Maya"),
            "job_title": _("Customer care"),
            "avatar": static("preview/sample-face.svg"),
        },
        "words": {
            "question": _("Hello! Is my order on its way?"),
            "answer": _("It left this morning and should be with you tomorrow."),
            "thanks": _("Great, thank you!"),
        },
        "greeting": _greeting(request),
    }


def _greeting(request: HttpRequest) -> Record | None:
    """Return a greeting as the server tells it to widgets; None where the query has none."""
    if "greeting" not in request.GET:
        return None
    given = _json(request, "greeting")
    event: dict[str, Any] = {"id": "sample", "created_at": clock.to_wire(clock.now())}
    try:
        rich = RichMessage.model_validate(given["rich_message"]).model_dump(exclude_none=True)
        event |= {"type": "rich_message", **unpressed(rich)}
    except (KeyError, ValidationError):
        event |= {"type": "message", "text": str(given.get("text", ""))[:4096]}
    return {"id": 1, "unique_id": "sample", "accepted": False, "event": event}
