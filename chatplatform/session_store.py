"""How browser sessions are kept: found by a checksum of their key, their data encrypted.

Named by ``SESSION_ENGINE``. The key itself is only in the browser's cookie. Whoever signs in, their
row says so; ``services/staff_sessions.py`` lists and ends sessions.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction

from chatplatform import clock, encryption
from chatplatform.models.sessions import StaffSession

Data = dict[str, Any]
NOBODYS: Final = timedelta(hours=1)
"""How long a session lives in which nobody signed in: strangers make as many as they like."""


def stored_key(session_key: str) -> str:
    """Return what is stored instead of a session's key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(session_key.encode("utf-8", "surrogatepass")).hexdigest()


class SessionStore(SessionBase):
    """A browser's session in the database."""

    row: StaffSession | None = None
    """What was read of it; empty before that, and where there is nothing."""

    def load(self) -> Data:
        """Return the session's data; of one that is gone or expired, none."""
        row = self._rows().filter(expire_date__gt=clock.now()).first() if self.session_key else None
        self.row = row
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row.session_data)

    def exists(self, session_key: str) -> bool:
        """Tell whether there is a session with this key."""
        return StaffSession.objects.filter(pk=stored_key(session_key)).exists()

    def create(self) -> None:
        """Store a new session under a fresh key."""
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Store the data. Raise ``UpdateError`` where the session was ended meanwhile.

        Nothing brings a session back that somebody ended: its row is only ever updated.
        """
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        ends = self.get_expiry_date()
        values = {
            "session_data": self.encode(data),
            "expire_date": ends if SESSION_KEY in data else min(ends, clock.now() + NOBODYS),
            "account_id": UUID(data[SESSION_KEY]) if SESSION_KEY in data else None,
        }
        if must_create:
            self._insert(values)
        elif not self._rows().update(**values):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or this one."""
        if key := session_key or self.session_key:
            StaffSession.objects.filter(pk=stored_key(key)).delete()

    def encode(self, session_dict: Data) -> str:
        """Return the data as it may lie in the database."""
        return encryption.encrypt(json.dumps(session_dict, separators=(",", ":")))

    def decode(self, session_data: bytes | str) -> Data:
        """Return what :meth:`encode` was given; nothing where it can not be read any more."""
        try:
            data: Data = json.loads(encryption.decrypt(str(session_data)))
        except (encryption.Unreadable, ValueError):
            return {}
        return data

    @classmethod
    def clear_expired(cls) -> None:
        """Forget the sessions that ran out."""
        StaffSession.objects.filter(expire_date__lte=clock.now()).delete()

    def _rows(self) -> Any:
        return StaffSession.objects.filter(pk=stored_key(self.session_key or ""))

    def _insert(self, values: Data) -> None:
        try:
            with transaction.atomic():
                StaffSession.objects.create(pk=stored_key(self.session_key or ""), **values)
        except IntegrityError:
            raise CreateError from None
