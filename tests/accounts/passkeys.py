"""A passkey without a browser: a key pair that answers what a page asks of one."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

SITE = "testserver"
OPTIONS = re.compile(r'<script id="passkey-options" type="application/json">(.*?)</script>', re.S)
_FLAG = AuthenticatorData.FLAG


class Passkey:
    """One that its owner has a finger on."""

    def __init__(self, credential_id: bytes = b"a passkey of ours") -> None:
        self.credential_id = credential_id
        self._key = ec.generate_private_key(ec.SECP256R1())

    def made(self, page: Any, *, said: bytes = b"", with_key: bool = True) -> str:
        """Return what it answers to the page that has one made, or something like that."""
        public = ES256.from_cryptography_key(self._key.public_key())
        data = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public)
        about = (
            _about_site(_FLAG.UP | _FLAG.UV | _FLAG.AT, data)
            if with_key
            else _about_site(_FLAG.UP | _FLAG.UV)
        )
        return self._answer(
            clientDataJSON=websafe_encode(said or _client_data("webauthn.create", page)),
            attestationObject=websafe_encode(AttestationObject.create("none", about, {})),
        )

    def used(self, page: Any, about: bytes = b"", *, said: bytes = b"") -> str:
        """Return what it answers to a page that asks for it, or something like that."""
        about = about or _about_site(_FLAG.UP | _FLAG.UV)
        said = said or _client_data("webauthn.get", page)
        signature = self._key.sign(about + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            clientDataJSON=websafe_encode(said),
            authenticatorData=websafe_encode(about),
            signature=websafe_encode(signature),
        )

    def _answer(self, **response: str) -> str:
        named = websafe_encode(self.credential_id)
        return json.dumps(
            {
                "id": named,
                "rawId": named,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )


def _about_site(flags: AuthenticatorData.FLAG, data: bytes = b"") -> AuthenticatorData:
    return AuthenticatorData.create(hashlib.sha256(SITE.encode()).digest(), flags, 1, data)


def _client_data(kind: str, page: Any) -> CollectedClientData:
    found = OPTIONS.search(page.content.decode())
    options = json.loads(found[1] if found is not None else page.content)
    challenge = options["publicKey"]["challenge"]
    return CollectedClientData.create(kind, challenge, f"https://{SITE}")
