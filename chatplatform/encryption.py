"""Secrets that must be sent or computed with: kept encrypted, under a key from the settings.

What only needs comparing is stored as a checksum instead (``services/tokens.py``).
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models


class Unreadable(Exception):
    """A secret was written under a key the settings no longer name."""


def encrypt(text: str) -> str:
    """Return ``text`` as it may lie in the database; the same text never looks the same."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return what :func:`encrypt` was given, also under one of ``SECRET_KEY_FALLBACKS``.

    Raise :class:`Unreadable`.
    """
    try:
        return _cipher().decrypt(stored.encode()).decode()
    except InvalidToken:
        raise Unreadable("the secret was stored under another SECRET_KEY") from None


def _cipher() -> MultiFernet:
    return _cipher_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _cipher_of(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"stored secrets")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))


if TYPE_CHECKING:
    _TextField = models.TextField[str, str | None]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Text that is encrypted on its way into the database; it can not be searched.

    Read as ``None`` where the settings no longer name the key it was written under: whatever else
    the row says can still be used, and it can be taken away.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt."""
        return None if value is None else encrypt(value)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt what can be."""
        try:
            return None if value is None else decrypt(value)
        except Unreadable:
            return None
