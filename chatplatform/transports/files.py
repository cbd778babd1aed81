"""Serving uploaded files, harmlessly.

Whatever a file claims to be, a browser must not run it here: ``nosniff``, a sandboxing policy, and
attachment unless it is a verified raster image (architecture.md).
"""

from __future__ import annotations

from urllib.parse import quote

from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from chatplatform.selectors import files

SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
YEAR_SECONDS = 31_536_000


@require_safe
@xframe_options_exempt
def uploaded_file(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Answer with an upload's bytes; 404 for unknown and expired ones."""
    row = files.by_token(token)
    if row is None:
        raise Http404
    response = FileResponse(row.content.open("rb"), content_type=row.content_type)
    kind = "inline" if row.content_type in SHOWN else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(row.name)}"
    response["Content-Length"] = str(row.size)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    seconds = YEAR_SECONDS if row.used else 0
    response["Cache-Control"] = f"private, max-age={seconds}, immutable"
    return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("files/<str:token>/<str:name>", uploaded_file, name="uploaded-file"),
]
