"""An OpenID Connect provider of an organisation's own: small, but real.

It answers discovery, keys, tokens and ``userinfo`` over HTTP, and signs with RS256. Whoever comes
to its authorization page is ``person`` at once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "chat"
CLIENT_SECRET = "provider-side-secret"


class Provider:
    """A running provider. ``person`` are the claims about whoever comes next."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.person: dict[str, Any] = {}
        self.signs_with: Any = self.key
        self.audience = CLIENT_ID
        self.port = 0
        self.answer: dict[str, Any] = {}
        """What else the next answer with tokens says."""
        self.raw: bytes | None = None
        """What is answered in its stead."""
        self.asked: list[str] = []
        """Paths that were asked for."""
        self._codes: dict[str, str] = {}

    @property
    def issuer(self) -> str:
        """Where it answers."""
        return f"http://localhost:{self.port}"

    @property
    def host(self) -> str:
        """What an operator allows."""
        return f"localhost:{self.port}"

    def authorize(self, query: dict[str, list[str]]) -> str:
        """Return where the browser goes on: back, with a code."""
        assert query["client_id"] == [CLIENT_ID]
        assert query["response_type"] == ["code"]
        assert query["code_challenge_method"] == ["S256"]
        code = secrets.token_urlsafe()
        self._codes[code] = query["code_challenge"][0]
        back = {"code": code, "state": query["state"][0]}
        return f"{query['redirect_uri'][0]}?{urlencode(back)}"

    def token(self, form: dict[str, list[str]]) -> dict[str, Any] | None:
        """Return tokens for a code, to the client that began; else ``None``."""
        challenge = self._codes.pop(form.get("code", [""])[0], None)
        digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
        proves = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
        if not proves or form.get("client_secret") != [CLIENT_SECRET]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": now,
            "exp": now + 300,
            **self.person,
        }
        signed = jwt.encode(claims, self.signs_with, algorithm="RS256", headers={"kid": "one"})
        tokens = {"access_token": "at", "token_type": "Bearer", "id_token": signed}
        return {**tokens, **self.answer}

    def keys(self) -> dict[str, Any]:
        """Return the public key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}

    def configuration(self) -> dict[str, Any]:
        """Return what is below ``/.well-known/``."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            provider.asked.append(url.path)
            if url.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(parse_qs(url.query)))
                self.end_headers()
                return
            pages = {
                "/.well-known/openid-configuration": provider.configuration,
                "/keys": provider.keys,
                "/userinfo": lambda: provider.person,
            }
            self._answer(200, pages[url.path]())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            length = int(self.headers["Content-Length"])
            made = provider.token(parse_qs(self.rfile.read(length).decode()))
            self._answer(200 if made else 400, made or {"error": "invalid_grant"})

        def _answer(self, status: int, body: Any) -> None:
            content = provider.raw or json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def running() -> Iterator[Provider]:
    """Run a provider on a port of its own."""
    made = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
