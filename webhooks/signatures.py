"""Signatures in the form of Standard Webhooks, beside the protocol's ``secret_key`` in the body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from functools import lru_cache
from typing import Final

PREFIX: Final = "whsec_"
VERSION: Final = "v1"


def headers(message_id: str, moment: datetime, body: bytes, secret_key: str) -> dict[str, str]:
    """Return what proves that ``body``, sent at ``moment``, comes from who knows ``secret_key``.

    ``message_id`` stays the same however often a delivery is tried: receivers know it again by it.
    """
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(key(secret_key), signed, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"{VERSION},{base64.b64encode(digest).decode()}",
    }


@lru_cache(maxsize=1_024)
def key(secret_key: str) -> bytes:
    """Return the key that a registration's ``secret_key`` stands for.

    ``whsec_`` and base64 is a key as Standard Webhooks writes it; any other text is taken as it
    is, in UTF-8.
    """
    encoded = secret_key.removeprefix(PREFIX)
    if encoded and encoded != secret_key:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret_key.encode()
