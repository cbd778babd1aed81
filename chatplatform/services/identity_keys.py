"""The keys an organisation's own server signs proofs of identity with (protocol.md 5.4)."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction

from chatplatform import ids
from chatplatform.errors import LimitReached, NotFound, Validation
from chatplatform.models import IdentityKey
from chatplatform.records import Record
from chatplatform.services import audit, routing

MAX_KEYS: Final = 10
"""How many an organisation may have: one in use, its successor, and some for other sites."""
MAX_NAME: Final = 60


class NewIdentityKey(NamedTuple):
    """A new key, and its secret in the only moment it can be read."""

    key: IdentityKey
    secret: str


@transaction.atomic
def create_identity_key(organization_id: UUID, name: str) -> NewIdentityKey:
    """Make a key of the organisation, which is locked.

    Raise :class:`Validation` for a name that is empty, too long or not printable, and
    :class:`LimitReached` where there are :data:`MAX_KEYS`.
    """
    name = _checked(name)
    organization = routing.lock_organization(organization_id)
    if organization.identity_keys.count() >= MAX_KEYS:
        raise LimitReached(f"There can be at most {MAX_KEYS} identity keys; remove one first")
    secret = ids.secret(48)
    key = organization.identity_keys.create(name=name, secret=secret)
    audit.record(
        organization_id, "create_identity_key", "identity_key", key.public_id, after=_record(key)
    )
    return NewIdentityKey(key, secret)


@transaction.atomic
def rename_identity_key(organization_id: UUID, public_id: str, name: str) -> None:
    """Give a key another name. Raise :class:`Validation`, and :class:`NotFound`."""
    name = _checked(name)
    key = _locked(organization_id, public_id)
    before = _record(key)
    key.name = name
    key.save(update_fields=["name"])
    audit.record(
        organization_id,
        "update_identity_key",
        "identity_key",
        public_id,
        before=before,
        after=_record(key),
    )


@transaction.atomic
def delete_identity_key(organization_id: UUID, public_id: str) -> None:
    """Take a key away: what is signed with it proves nothing from now on.

    Tokens that were given for earlier proofs live on until they end. Raise :class:`NotFound`.
    """
    key = _locked(organization_id, public_id)
    before = _record(key)
    key.delete()
    audit.record(organization_id, "delete_identity_key", "identity_key", public_id, before=before)


def _locked(organization_id: UUID, public_id: str) -> IdentityKey:
    rows = IdentityKey.objects.filter(organization_id=organization_id, public_id=public_id)
    key = rows.select_for_update(of=("self",)).first()
    if key is None:
        raise NotFound("There is no such identity key")
    return key


def _checked(name: str) -> str:
    name = name.strip()
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME:
        raise Validation(f"`name`: a key's name has 1 to {MAX_NAME} printable characters")
    return name


def _record(key: IdentityKey) -> Record:
    return {"public_id": key.public_id, "name": key.name}
