"""A browser, and an application's server, on their way through an authorization."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from django.test import Client

from chatplatform.models import (
    AccessToken,
    Agent,
    Application,
    AuditEntry,
    Consent,
    Grant,
    RefreshToken,
)

REDIRECT_URI = "https://shop.example/app/done"
SECRET = "a secret the application keeps"
VERIFIER = "v" * 43
STATE = "what the application wants back"


def s256(verifier: str = VERIFIER) -> str:
    """Return the challenge of a verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def s256_of_the_sdk(verifier: str = VERIFIER) -> str:
    """Return the same as ``@livechat/accounts-sdk`` writes it: the digest's words as numbers."""
    digest = hashlib.sha256(verifier.encode()).digest()
    words = (digest[at : at + 4] for at in range(0, 32, 4))
    text = ",".join(str(int.from_bytes(word, "big", signed=True)) for word in words)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def stored() -> dict[str, int]:
    """Count what an authorization leaves behind."""
    kinds = (AccessToken, RefreshToken, Grant, Consent)
    counted = {kind.__name__: kind._default_manager.count() for kind in kinds}
    counted["AuditEntry"] = AuditEntry.objects.filter(action="authorize_application").count()
    return counted


NOTHING = {"AccessToken": 0, "RefreshToken": 0, "Grant": 0, "Consent": 0, "AuditEntry": 0}


class Browser:
    """A person's browser that, like a real one, must prove that a form came from our page."""

    def __init__(self, application: Application) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.application = application

    def sign_in(self, agent: Agent) -> Browser:
        """Let ``agent`` be signed in."""
        assert agent.account is not None
        self.client.force_login(agent.account, backend="django.contrib.auth.backends.ModelBackend")
        return self

    def path(self, at: str = "/", **values: str | None) -> str:
        """Return the address that asks; ``None`` leaves a value out."""
        asked = {
            "response_type": "token",
            "client_id": self.application.client_id,
            "redirect_uri": REDIRECT_URI,
            "state": STATE,
            **values,
        }
        return f"{at}?{urlencode({k: v for k, v in asked.items() if v is not None})}"

    def ask(
        self, at: str = "/", headers: dict[str, str] | None = None, **values: str | None
    ) -> Any:
        """Open the address that asks."""
        return self.client.get(self.path(at, **values), headers=headers)

    def decide(self, page: Any, decision: str, **fields: str) -> Any:
        """Press a button of the page that asks."""
        html = page.content.decode()
        posted = {
            "csrfmiddlewaretoken": field(html, "csrfmiddlewaretoken"),
            "ticket": field(html, "ticket"),
            "decision": decision,
            **fields,
        }
        return self.client.post(
            page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"], posted
        )

    def allow(self, **values: str | None) -> Any:
        """Ask and say yes."""
        page = self.ask(**values)
        assert page.status_code == 200, page.content
        return self.decide(page, "allow")


def field(html: str, name: str) -> str:
    """Return the value of a hidden field of a page; nothing where there is no such."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return found[1] if found else ""


def fragment(response: Any) -> dict[str, str]:
    """Return what stands behind the ``#`` of where a response leads."""
    return dict(parse_qsl(urlsplit(response["Location"]).fragment, strict_parsing=True))


def query(response: Any) -> dict[str, str]:
    """Return the query of where a response leads."""
    found = parse_qs(urlsplit(response["Location"]).query, strict_parsing=True)
    return {name: values[0] for name, values in found.items()}


def envelope(response: Any) -> Any:
    """Return what a page tells the page that opened it, and whom exactly."""
    html = response.content.decode()
    found = re.search(r'<script id="envelope" type="application/json">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found[1])


def refusal(response: Any) -> tuple[str, str]:
    """Return what the page of a refusal says to developers: its kind and its code."""
    html = response.content.decode()
    found = re.search(r"<dt>(oauth_exception|identity_exception)</dt>\s*<dd>\s*<code>(\w+)", html)
    assert found is not None, html
    return found[1], found[2]


class Server:
    """An application's server, or its script in a browser."""

    def __init__(self, application: Application, secret: str = SECRET) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.application = application
        self.secret = secret

    def token(self, **values: str | None) -> Any:
        """Ask ``/v2/token``; ``None`` leaves a value out."""
        asked = {
            "client_id": self.application.client_id,
            "client_secret": self.secret,
            **values,
        }
        return self.client.post(
            "/v2/token",
            urlencode({k: v for k, v in asked.items() if v is not None}),
            content_type="application/x-www-form-urlencoded",
        )

    def redeem(self, code: str, **values: str | None) -> Any:
        """Ask for the tokens of a code."""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        return self.token(**{**asked, **values})

    def refresh(self, refresh_token: str, **values: str | None) -> Any:
        """Ask for another access token."""
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.token(**{**asked, **values})

    def info(self, token: str) -> Any:
        """Ask whose token it is."""
        return self.client.get("/v2/info", headers={"Authorization": f"Bearer {token}"})

    def revoke(self, token: str) -> Any:
        """Take a token back."""
        return self.client.delete("/v2/token", headers={"Authorization": f"Bearer {token}"})
