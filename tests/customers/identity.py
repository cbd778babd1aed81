"""What the tests of the accounts endpoints share: how browsers and backends ask."""

from __future__ import annotations

import json
import uuid
from typing import Any

import jwt
from django.test import Client

from chatplatform import clock
from chatplatform.models import (
    Application,
    Customer,
    CustomerIdentity,
    CustomerToken,
    ExternalIdentity,
    IdentityTransfer,
    UsedProof,
)
from chatplatform.services.identity_keys import NewIdentityKey

TOKEN = "/v2/customer/token"
INFO = "/v2/customer/info"
TRANSFER = "/v2/customer/identity_transfer"
PAGE = "https://shop.example"
STORED = (
    Customer,
    CustomerIdentity,
    CustomerToken,
    ExternalIdentity,
    IdentityTransfer,
    UsedProof,
)


def stored() -> dict[str, int]:
    """Return how many there are of everything a grant may store."""
    return {model.__name__: model._default_manager.count() for model in STORED}


def send(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    """Post ``body`` without the fields that are ``None``."""
    given = {name: value for name, value in body.items() if value is not None}
    return client.post(path, json.dumps(given), content_type="text/plain", headers=headers)


def by_cookie(application: Application, **changes: Any) -> dict[str, Any]:
    """Return the request of a browser."""
    return {
        "grant_type": "cookie",
        "client_id": application.client_id,
        "response_type": "token",
        "organization_id": str(application.organization_id),
        "redirect_uri": f"{PAGE}/chat",
        **changes,
    }


def assert_refused(response: Any, status: int, key: str, code: str) -> None:
    """Check a refusal: the documented shape, and no cookies."""
    answer = response.json()
    assert (response.status_code, list(answer)) == (status, [key, "exception_description"])
    assert answer[key] == code
    assert answer["exception_description"]
    assert not response.cookies


def customer_of(response: Any) -> str:
    """Return whose the token is that was answered."""
    assert response.status_code == 200, response.content
    entity_id: str = response.json()["entity_id"]
    return entity_id


def pairs(response: Any) -> dict[str, tuple[str, str]]:
    """Return the pairs a browser is given, by their paths."""
    found: dict[str, dict[str, str]] = {}
    for cookie in response.cookies.values():
        found.setdefault(cookie["path"], {})[cookie.key] = cookie.value
    return {path: (pair["__lc_cid"], pair["__lc_cst"]) for path, pair in found.items()}


def header(*kept: tuple[str, str]) -> str:
    """Return the Cookie header of a browser that keeps these pairs, the longest path's first."""
    ids = [f"__lc_cid={customer_id}" for customer_id, _ in kept]
    secrets = [f"__lc_cst={secret}" for _, secret in kept]
    return "; ".join((*ids, *secrets))


def proof(
    key: NewIdentityKey,
    sub: Any = "user-1",
    *,
    kid: Any = "",
    secret: str = "",
    algorithm: str = "HS256",
    **changes: Any,
) -> str:
    """Sign a proof as a site's server does; ``None`` leaves a claim out."""
    now = int(clock.now().timestamp())
    claims = {
        "sub": sub,
        "aud": str(key.key.organization_id),
        "iat": now,
        "exp": now + 300,
        "jti": uuid.uuid4().hex,
        **changes,
    }
    given = {name: value for name, value in claims.items() if value is not None}
    headers = {"kid": key.key.public_id if kid == "" else kid}
    signed: str = jwt.api_jws.encode(
        json.dumps(given).encode(),
        secret or key.secret,
        algorithm=algorithm,
        headers={**headers, "typ": "JWT"} if kid is not None else {"typ": "JWT"},
    )
    return signed
