"""The Web API: HTTP requests into the pipeline, its outcomes into HTTP responses.

Every action of the registry gets a view class of its own, so that the OpenAPI documents
(``openapi.py``) describe exactly what answers. All of them stand behind one URL pattern; finding
the class is a dictionary look-up, whatever the number of actions and versions.

A call without a version in its path names one in ``X-API-Version``; without either it is refused,
because a client that did not choose a version could not be kept alive through the next one.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.urls import path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from rest_framework.views import APIView

from chatplatform.api import payloads, ratelimit, registry, versions
from chatplatform.api.action import Action
from chatplatform.api.call import WEB, Call, Deadline, Outcome, Upload
from chatplatform.api.dispatch import dispatch
from chatplatform.api.errors import as_protocol_error
from chatplatform.api.queries import payload_of_query
from chatplatform.domain_events import DomainEvent
from chatplatform.errors import (
    TURNED_AWAY,
    Authentication,
    EntityTooLarge,
    ProtocolError,
    TooManyRequests,
    UnsupportedVersion,
    Validation,
)
from chatplatform.transports.addresses import address_of, public_url
from chatplatform.transports.openapi import ActionSchema
from chatplatform.transports.publish import publish

log = structlog.get_logger(__name__)

APIS = ("agent", "customer", "configuration")
KEPT_SECONDS = 31_536_000
"""For how long browsers may keep what never changes: a year, the most there is."""


class ActionView(APIView):
    """One action over HTTP; :func:`view_of` makes a subclass for each."""

    action: Action
    schema = ActionSchema()

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Keep Django's request: the body is parsed here, once, and not by DRF's parsers."""
        return request

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Leave negotiation, authentication and throttling to the pipeline."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add nothing: answers are complete."""
        return response

    def serve(self, request: HttpRequest, version: str) -> HttpResponse:
        """Take the call, run it through the pipeline, and answer."""
        outcome = _dispatch(self._call(request, version))
        if outcome.version_of_answer:
            return _keep(request, version, outcome)
        return _answer(version, outcome)

    def handle_exception(self, exc: Exception) -> Any:
        """Answer what went wrong outside the pipeline in the protocol's words."""
        return _refuse(self.kwargs.get("version", ""), exc, action=self.action.name)

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse another method as the malformed request it is."""
        response = _refuse(
            kwargs["version"], Validation(f"use {self.action.http_method} for this action")
        )
        response["Allow"] = self.action.http_method
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Refuse as any other method; browsers' preflights were answered by the CORS middleware."""
        return self.http_method_not_allowed(request, *args, **kwargs)

    def _call(self, request: HttpRequest, version: str) -> Call:
        action = self.action
        query = _query(request)
        upload = None
        payload: Any = {}
        if action.upload:
            upload = _upload(request)
        elif action.http_method == "GET":
            payload = payload_of_query(action.request, query)
        else:
            payload = _body(request)
        meta = request.META
        return Call(
            api=action.api,
            action=action.name,
            version=version,
            transport=WEB,
            payload=payload,
            credentials=meta.get("HTTP_AUTHORIZATION", ""),
            address=address_of(request),
            user_agent=meta.get("HTTP_USER_AGENT", ""),
            base_url=public_url(request),
            query=query,
            upload=upload,
            http_method=action.http_method,
            deadline=Deadline(settings.REQUEST_TIMEOUT_SECONDS),
            author_id=meta.get("HTTP_X_AUTHOR_ID", ""),
        )


_views: dict[tuple[str, str], Any] = {}


def view_of(action: Action) -> Any:
    """Return the view function of ``action``; its ``cls`` is the view class."""
    key = (action.api, action.name)
    view = _views.get(key)
    if view is None or view.cls.action is not action:
        name = f"{action.api}_{action.name}".title().replace("_", "")
        members = {
            "action": action,
            "__doc__": action.handler.__doc__,
            action.http_method.lower(): ActionView.serve,
        }
        view_class: Any = type(f"{name}View", (ActionView,), members)
        view = _views[key] = view_class.as_view()
    return view


def patterns(version: str) -> list[URLPattern]:
    """Return a URL pattern for every action with a web door in ``version``, for documentation."""
    return [
        path(f"v{version}/{action.api}/action/{action.name}", view_of(action))
        for action in registry.actions()
        if action.exists(WEB, version)
    ]


@csrf_exempt
def door(request: HttpRequest, api: str, action: str, version: str | None = None) -> HttpResponse:
    """Hand a call to its action's view; answer unknown versions and actions as protocol errors."""
    if version is None:
        version = request.headers.get("X-API-Version", "")
    try:
        if version not in versions.VERSIONS:
            raise UnsupportedVersion(_wrong_version(version))
        found = registry.find(api, action, WEB, version)
    except ProtocolError as error:
        return _refuse(version, error)
    response: HttpResponse = view_of(found)(request, version=version)
    return response


def _wrong_version(version: str) -> str:
    known = ", ".join(versions.VERSIONS)
    if not version:
        return f"name a version in the path or in X-API-Version: {known}"
    return f"version {version[:16]!r} is not supported; these are: {known}"


def _dispatch(call: Call) -> Outcome:
    outcome = dispatch(call)
    if outcome.events:
        _publish(outcome.events)
    if isinstance(outcome.error, TURNED_AWAY):
        try:
            ratelimit.failed_authentication(call.address)
        except TooManyRequests as error:
            outcome.error = error
    return outcome


def _publish(events: list[DomainEvent]) -> None:
    try:
        publish(events, origin=None)
    except Exception:
        # What happened is committed: the caller must learn so, and readers find it in the
        # database when they notice the hole.
        log.exception("publishing failed", events=len(events))


def _answer(version: str, outcome: Outcome) -> HttpResponse:
    if outcome.error is not None:
        return _refuse(version, outcome.error)
    return _respond(version, 200, orjson.dumps(outcome.payload))


def _keep(request: HttpRequest, version: str, outcome: Outcome) -> HttpResponse:
    """Answer what never changes under its address; who has it already is told just that."""
    tag = f'"{version}-{outcome.version_of_answer}"'
    response = _answer(version, outcome)
    if tag in request.headers.get("If-None-Match", ""):
        response.status_code, response.content = 304, b""
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
    return response


def _refuse(version: str, error: Exception, **about: Any) -> HttpResponse:
    refusal = as_protocol_error(_in_our_words(error), **about)
    response = _respond(version, refusal.status, orjson.dumps({"error": refusal.body()}))
    if isinstance(refusal, TooManyRequests):
        response["Retry-After"] = str(ratelimit.retry_after())
    elif isinstance(refusal, Authentication):
        response["WWW-Authenticate"] = "Bearer"
    return response


def _respond(version: str, status: int, body: bytes) -> HttpResponse:
    response = HttpResponse(body, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    for name, value in versions.lifecycle_headers(version).items():
        response[name] = value
    return response


def _in_our_words(error: Exception) -> Exception:
    """Return Django's complaints about a request as the protocol's errors."""
    if isinstance(error, RequestDataTooBig):
        return EntityTooLarge()
    if isinstance(error, SuspiciousOperation | MultiPartParserError | UnreadablePostError):
        return Validation("malformed request")
    return error


def _query(request: HttpRequest) -> dict[str, str]:
    if not request.META.get("QUERY_STRING"):
        return {}
    query = {name: str(value) for name, value in request.GET.items()}
    if any("\x00" in text for text in (*query, *query.values())):
        raise Validation("text must not contain the character U+0000")
    return query


def _body(request: HttpRequest) -> Any:
    limit = settings.MAX_FRAME_BYTES
    if _announced_bytes(request) > limit:
        raise EntityTooLarge(f"the body is larger than {limit} bytes")
    raw = request.read(limit + 1)
    if len(raw) > limit:
        raise EntityTooLarge(f"the body is larger than {limit} bytes")
    return payloads.parse(raw) if raw else {}


def _upload(request: HttpRequest) -> Upload:
    if _announced_bytes(request) > settings.MAX_BODY_BYTES:
        raise EntityTooLarge
    file = request.FILES.get("file")
    if file is None:
        raise Validation("a multipart part `file` is required")
    size = file.size or 0
    if size > settings.MAX_UPLOAD_BYTES:
        raise EntityTooLarge
    content: Any = file.file
    return Upload(
        name=file.name or "", content_type=file.content_type or "", size=size, file=content
    )


def _announced_bytes(request: HttpRequest) -> int:
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isdecimal() else 0


urlpatterns: list[URLPattern | URLResolver] = [
    re_path(
        rf"^(?:v(?P<version>[^/]*)/)?(?P<api>{'|'.join(APIS)})/action/(?P<action>.*)$",
        door,
        name="action",
    ),
]
