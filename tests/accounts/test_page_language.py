"""Pages speak one language, whatever browsers wish; the widget speaks its visitor's."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import translation

from chatplatform.models import Organization
from chatplatform.models.people import AgentRole
from tests import make

_BACKEND = "django.contrib.auth.backends.ModelBackend"
ARABIC = {"accept-language": "ar"}


@pytest.mark.parametrize("path", ["/admin/", "/signin", "/console/"])
def test_a_page_is_english_where_the_browser_wishes_arabic(acme: Organization, path: str) -> None:
    client = Client(headers=ARABIC)
    if path != "/signin":
        client.force_login(make.account(make.agent(acme, AgentRole.OWNER)), _BACKEND)

    html = client.get(path).content.decode()

    opening = re.search(r"<html[^>]*>", html)
    assert opening is not None
    assert 'lang="en"' in opening[0]
    assert "rtl" not in opening[0]
    assert not re.search("[؀-ۿ]", html)


def test_the_widget_has_its_visitors_language(acme: Organization) -> None:
    html = (
        Client(headers=ARABIC).get("/widget/panel/", {"organization_id": acme.id}).content.decode()
    )

    assert re.search(r'<html lang="ar"\s+dir="rtl"', html)


def test_the_loader_says_what_it_says_in_its_visitors_language(
    acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "customers.widget.views.loader_script", lambda *_, **__: translation.get_language()
    )

    assert Client(headers=ARABIC).get("/widget.js").content == b"ar"


def test_a_badge_has_the_colour_of_its_value_in_any_language(acme: Organization) -> None:
    client = Client()
    client.force_login(make.account(make.agent(acme, AgentRole.OWNER)), _BACKEND)

    with translation.override("de"):
        html = client.get("/admin/chatplatform/agent/").content.decode()

    badge = re.search(r'<span class="([^"]*)"[^>]*>\s*Ja\s*</span>', html)
    assert badge is not None
    assert "bg-green-100" in badge[1]
