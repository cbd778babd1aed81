"""The widget's addresses: the loader, the panel with its texts, and a page to try them on."""

import re
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page, require_safe
from django.views.decorators.vary import vary_on_headers

from chatplatform.access_conditions import domain_of
from chatplatform.errors import GroupNotFound
from chatplatform.models import Organization
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.selectors import domains, greetings, groups, organizations
from chatplatform.selectors.translations import own_phrases
from chatplatform.services import customer_identities
from chatplatform.services.widget_look import logo_url
from chatplatform.widget_look import Look, look_of
from customers.widget.loader import loader_script
from customers.widget.look import look_query, nobody_is_in, panel_css
from customers.widget.texts import panel_texts

_SPACE = re.compile(rb"\s*\n\s*")
_HEX = re.compile(r"[0-9a-f]{6}")
_DIGITS = 10
"""Numbers of groups have fewer."""
_TAG = re.compile(r"[A-Za-z0-9_-]{1,16}")
"""What a language may be written as."""
LOADER_SECONDS = 300
"""How long a browser may keep the loader; deployments reach every host page within it."""

PANEL_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data: https:",
    "connect-src 'self' {sockets}",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors {pages}",
)
"""The panel may be framed by any page, or those of the allowed domains, and may itself load only
what this server serves, except pictures: avatars and uploads can live on another host."""


@require_safe
@gzip_page
@conditional_page
@vary_on_headers("Accept-Language")
def loader(request: HttpRequest) -> HttpResponse:
    """Answer ``/widget.js``, the one script a customer's page includes.

    Query: ``organization_id`` and ``group_id``, as :func:`panel`. Then it has the organisation's
    look, and browsers ask each time whether it is another; without, or for one that is not there,
    it has the platform's own.
    """
    organization = _named_organization(request)
    look = look_of(organization.widget) if organization else Look()
    more = {}
    if organization is not None and look.hide_offline:
        more["away"] = nobody_is_in(organization, int(_group_id(request) or GENERAL_GROUP))
    with translation.override(look.language or translation.get_language_from_request(request)):
        script = loader_script(look, **more)
    response = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    kept = "no-cache" if organization else f"public, max-age={LOADER_SECONDS}"
    response["Cache-Control"] = kept
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@gzip_page
def look_css(request: HttpRequest) -> HttpResponse:
    """Answer the tokens with an accent, six hexadecimal digits: what the panel is coloured by.

    The rest of the query is there for caches: other tokens have another address.
    """
    accent = request.GET.get("accent", "")
    if not _HEX.fullmatch(accent):
        raise Http404("no such colour")
    response = HttpResponse(panel_css(f"#{accent}"), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
@xframe_options_exempt
@gzip_page
@vary_on_headers("Accept-Language")
def panel(request: HttpRequest) -> HttpResponse:
    """Answer the document inside the widget's iframe.

    Query: ``organization_id`` (required), ``group_id``, and from the host page ``language`` and
    ``dir``. An unknown organisation is a 404. ``idle`` says that nobody asked for the chat yet: it
    is answered with an empty document unless the visitor may be greeted. ``identity`` says that the
    host page vouches for its visitor, and how; ``sign_out`` that it has stopped to.
    """
    organization = _organization(request)
    look = look_of(organization.widget)
    language = _language(request, look)
    greets = greetings.greets(organization.id)
    if "idle" in request.GET and not greets:
        idle = render(request, "widget/idle.html", {"language": language})
        return framed(idle, request, organization)
    context = {
        "client_id": organizations.widget_client_id(organization),
        "apart": _keeps_apart(request, organization),
        "vouched": "identity" in request.GET or "sign_out" in request.GET,
        "greets": greets,
        "logo": logo_url(organization, look),
    }
    return framed(panel_document(request, organization, look, context), request, organization)


def _keeps_apart(request: HttpRequest, organization: Organization) -> bool:
    """Tell whether visitors of the group asked for are others than elsewhere."""
    number = _group_id(request)
    if not number or not customer_identities.keeps_groups_apart(organization):
        return False
    return bool(groups.existing_numbers(organization.pk, [int(number)]))


def panel_document(
    request: HttpRequest, organization: Organization, look: Look, context: dict[str, Any]
) -> HttpResponse:
    """Return the panel with a look, in the language asked for; ``context`` adds the rest."""
    language = _language(request, look)
    with translation.override(language):
        shown = {
            "organization": organization,
            "look": look,
            "tokens": f"{reverse('widget_look')}?{look_query(look)}",
            "theme": "" if look.theme == "auto" else look.theme,
            "group_id": _group_id(request),
            "language": language,
            "asked_language": _asked_language(request) or language,
            "direction": _direction(request),
            "texts": _texts(request, organization, language, look),
            **context,
        }
        response = render(request, "widget/panel.html", shown)
    response.content = _SPACE.sub(b"\n", response.content)
    return response


@require_safe
@gzip_page
@vary_on_headers("Accept-Language")
def texts(request: HttpRequest) -> JsonResponse:
    """Answer what the panel says for another group than the one its document is for.

    Query: ``organization_id``, ``group_id`` and ``language``, as :func:`panel`.
    """
    organization = _organization(request)
    look = look_of(organization.widget)
    language = _language(request, look)
    with translation.override(language):
        response = JsonResponse(_texts(request, organization, language, look))
    response["Cache-Control"] = "no-cache"
    return response


def _texts(
    request: HttpRequest, organization: Organization, language: str, look: Look
) -> dict[str, str]:
    """Return the panel's texts; a group that is not there has no words of its own.

    A group's words are those in the host page's own language, be it one we do not speak.
    """
    try:
        group = groups.access_group(organization, int(_group_id(request) or GENERAL_GROUP))
    except GroupNotFound:
        return panel_texts({}, look)
    asked = _asked_language(request)
    own = (asked and own_phrases(group, asked)) or own_phrases(group, language)
    return panel_texts(own, look)


def framed(
    response: HttpResponse, request: HttpRequest, organization: Organization
) -> HttpResponse:
    """Let pages frame the document, and nothing foreign run in it."""
    response["Content-Security-Policy"] = _policy(request, organization)
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Answer a small company's page with the widget on it.

    It belongs to the organisation named by ``organization_id``, or else to the first one.
    """
    if "organization_id" in request.GET:
        organization: Organization | None = _organization(request)
    else:
        organization = organizations.first_organization()
    return render(request, "demo.html", {"organization": organization})


def _organization(request: HttpRequest) -> Organization:
    """Return the organisation the query names, or raise :class:`Http404`."""
    organization = _named_organization(request)
    if organization is None:
        raise Http404("no such organization")
    return organization


def _named_organization(request: HttpRequest) -> Organization | None:
    try:
        organization_id = uuid.UUID(request.GET.get("organization_id", ""))
    except ValueError:
        return None
    return organizations.by_id(organization_id)


def _group_id(request: HttpRequest) -> str:
    """Return the group the host page asks for; what is no number is nothing."""
    given = request.GET.get("group_id", "")
    return given if given.isascii() and given.isdigit() and len(given) < _DIGITS else ""


def _asked_language(request: HttpRequest) -> str:
    """Return the host page's language as it is written there; what is no tag is nothing."""
    given = request.GET.get("language", "")
    return given if _TAG.fullmatch(given) else ""


def _language(request: HttpRequest, look: Look) -> str:
    """Return the host page's language if we speak it, else the look's, else the visitor's own."""
    wanted = request.GET.get("language", "")
    try:
        return translation.get_supported_language_variant(wanted)
    except LookupError:
        return look.language or translation.get_language_from_request(request)


def _direction(request: HttpRequest) -> str:
    """Return ``rtl`` where the host page or the language runs from right to left, else ``ltr``."""
    mirrored = request.GET.get("dir") == "rtl" or translation.get_language_bidi()
    return "rtl" if mirrored else "ltr"


def _policy(request: HttpRequest, organization: Organization) -> str:
    """Return the panel's policy; older browsers do not count a WebSocket as ``'self'``."""
    host = request.get_host()
    scheme = "wss" if request.is_secure() else "ws"
    pages = _framing_pages(request, organization)
    return "; ".join(PANEL_POLICY).format(sockets=f"{scheme}://{host}", pages=pages)


def _framing_pages(request: HttpRequest, organization: Organization) -> str:
    """Return which pages may frame the panel, of both schemes and any port.

    Of many domains only those of the page that asks are named, where it says which it is; a panel
    that reloads itself does not.
    """
    allowed = domains.allowed_domains(organization.id)
    if not allowed:
        return "*"
    page = request.headers.get("Referer", "")
    if page and domain_of(page) != domain_of(request.get_host()):
        allowed = domains.covering(allowed, page)
    named = (f"http://{domain}:* http://*.{domain}:*" for domain in allowed)
    return " ".join(("'self'", *named))
