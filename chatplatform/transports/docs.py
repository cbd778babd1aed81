"""The reference of the Web API: a page to read and try it, and the documents behind it."""

from __future__ import annotations

from functools import lru_cache

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.http import require_safe

from chatplatform.api import versions
from chatplatform.transports import openapi, web


@require_safe
def index(request: HttpRequest, version: str = versions.STABLE) -> HttpResponse:
    """Show the reference of one wire version; without one, of the stable version."""
    if version not in versions.VERSIONS:
        raise Http404
    context = {"version": version, "versions": tuple(reversed(versions.VERSIONS))}
    return render(request, "docs/index.html", context)


@require_safe
def document(request: HttpRequest, version: str) -> HttpResponse:
    """Answer with the OpenAPI document of one wire version; any page may read it."""
    if version not in versions.VERSIONS:
        raise Http404
    response = HttpResponse(encoded(version), content_type="application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


@lru_cache(maxsize=len(versions.VERSIONS))
def encoded(version: str) -> bytes:
    """Return the document of ``version`` as JSON; the registry is complete once the apps are."""
    return orjson.dumps(openapi.describe(version, web.patterns(version)))


urlpatterns: list[URLPattern | URLResolver] = [
    path("docs/", index, name="docs"),
    path("docs/v<str:version>/", index, name="docs-version"),
    path("docs/v<str:version>/openapi.json", document, name="docs-document"),
]
