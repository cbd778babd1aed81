"""What people see when something is not as it should be: plain words, and nothing of the inside."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path

from chatplatform.urls import urlpatterns as ours

SECRET = "the-key-to-everything"


def fail(request: HttpRequest) -> HttpResponse:
    password = SECRET
    raise RuntimeError(password)


def forbid(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied(SECRET)


def refuse(request: HttpRequest) -> HttpResponse:
    raise BadRequest(SECRET)


urlpatterns = [
    path("fails", fail),
    path("forbids", forbid),
    path("refuses", refuse),
    *ours,
]


@pytest.fixture
def visitor(settings: Any) -> Client:
    """Somebody on a site where things go wrong."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/refuses", 400, "This request can not be understood"),
        ("/forbids", 403, "You may not open this page"),
        ("/nowhere", 404, "There is no such page"),
        ("/fails", 500, "Something went wrong on our side"),
    ],
)
def test_what_happened_is_said_in_plain_words(
    visitor: Client, db: None, address: str, status: int, words: str
):
    response = visitor.get(address, headers={"accept": "text/html"})

    html = response.content.decode()
    assert response.status_code == status
    assert words in html
    assert 'href="/"' in html
    assert SECRET not in html
    assert "Traceback" not in html


def test_a_form_that_is_out_of_date_says_what_to_do(db: None):
    response = Client(enforce_csrf_checks=True).post("/signin", {})

    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()


def test_too_many_attempts_have_a_page():
    assert "Too many attempts" in render_to_string("429.html")
