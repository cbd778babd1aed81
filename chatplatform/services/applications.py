"""OAuth clients: the applications of an organisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction

from chatplatform import ids, redirect_uris
from chatplatform.errors import LimitReached, NotAllowed, NotFound, Validation
from chatplatform.models import Application, Installation, Organization
from chatplatform.scopes import ALL, expand
from chatplatform.services import application_tokens, audit
from chatplatform.texts import is_line, is_seen

ANY_ORIGIN: Final = "*"
MAX_APPLICATIONS: Final = 100
"""Integrations one organisation has at most."""
MAX_NAME: Final = 180
MAX_DESCRIPTION: Final = 1024
MAX_REDIRECT_URIS: Final = 20


class RegisteredApplication(NamedTuple):
    """A new client, and its secret in the only moment it can be read."""

    application: Application
    client_secret: str


def create_application(
    organization: Organization,
    name: str,
    redirect_uris_allowed: Iterable[str] = (),
    *,
    purpose: str = Application.Purpose.INTEGRATION,
    confidential: bool = True,
    any_origin: bool = False,
    description: str = "",
    scopes: Iterable[str] = (),
    client_id: str | None = None,
    client_secret: str | None = None,
) -> RegisteredApplication:
    """Register a client of ``organization``, on whose licence it is installed at once.

    Only a hash of its secret is stored. ``confidential`` clients run on servers and keep their
    secret, the others prove themselves by their redirect URIs alone. ``scopes`` are what its
    tokens of agents may carry at most. ``any_origin`` lets every web page obtain customer tokens
    with this client. Raise :class:`Validation` for a malformed name, description, redirect URI or
    an unknown scope, and :class:`LimitReached`. Locks the organisation.
    """
    secret = client_secret or ids.secret()
    values = {
        "name": _checked_name(name),
        "description": _checked_description(description),
        "redirect_uris": " ".join(_checked_uris(redirect_uris_allowed)),
        "scopes": _checked_scopes(scopes),
    }
    with transaction.atomic():
        if purpose == Application.Purpose.INTEGRATION:
            _refuse_too_many(organization)
        application = Application.objects.create(
            organization=organization,
            purpose=purpose,
            client_id=client_id or ids.opaque_id(),
            client_secret=secret,
            client_type=(
                Application.CLIENT_CONFIDENTIAL if confidential else Application.CLIENT_PUBLIC
            ),
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            allowed_origins=ANY_ORIGIN if any_origin else "",
            skip_authorization=purpose != Application.Purpose.INTEGRATION,
            **values,
        )
        # It has no templates and no webhooks yet: there is nothing else to be done for it.
        Installation.objects.create(organization=organization, application=application)
        if purpose == Application.Purpose.INTEGRATION:
            log(application, "create_application", after=record_of(application))
    return RegisteredApplication(application, secret)


def update_application(
    organization_id: UUID,
    client_id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    redirect_uris_allowed: Sequence[str] | None = None,
    scopes: Sequence[str] | None = None,
) -> Application:
    """Change an integration of the organisation; ``None`` leaves as it is.

    Scopes that go are gone from the tokens, codes and consents there are, and live connections
    log in again with what is left. An address that goes makes codes void that are on their way
    to it; tokens that were handed out there stay. Raise :class:`NotFound`, :class:`NotAllowed` for
    the platform's own, and :class:`Validation`. Locks the application.
    """
    with transaction.atomic():
        application = locked(organization_id, client_id)
        before, scopes_before = record_of(application), application.scopes
        if name is not None:
            application.name = _checked_name(name)
        if description is not None:
            application.description = _checked_description(description)
        if redirect_uris_allowed is not None:
            application.redirect_uris = " ".join(_checked_uris(redirect_uris_allowed))
        if scopes is not None:
            application.scopes = _checked_scopes(scopes)
        application.save(
            update_fields=["name", "description", "redirect_uris", "scopes", "updated"]
        )
        if scopes is not None and expand(scopes_before) != expand(application.scopes):
            application_tokens.narrow(application)
        if redirect_uris_allowed is not None:
            application_tokens.forget_codes_for(application, application.redirect_uris.split())
        log(application, "update_application", before=before, after=record_of(application))
    return application


def reset_client_secret(organization_id: UUID, client_id: str) -> str:
    """Give an integration of the organisation a new secret and return it; the old one is void.

    Tokens that were issued stay good until they expire, but are not refreshed with the old secret.
    Raise :class:`NotFound`, and :class:`NotAllowed` for the platform's own and for public clients,
    which have none. Locks the application.
    """
    with transaction.atomic():
        application = locked(organization_id, client_id)
        if application.client_type == Application.CLIENT_PUBLIC:
            raise NotAllowed("a JavaScript application proves itself without a secret")
        secret = ids.secret()
        # Saving hashes it.
        application.client_secret = secret
        application.save(update_fields=["client_secret", "updated"])
        log(
            application,
            "reset_client_secret",
            before={"client_secret": audit.HIDDEN},
            after={"client_secret": audit.HIDDEN_NEW},
        )
    return secret


def locked(organization_id: UUID, client_id: str) -> Application:
    """Return an integration of the organisation, its row locked until commit.

    Raise :class:`NotFound`, and :class:`NotAllowed` for the platform's own.
    """
    application: Application | None = (
        Application.objects.select_for_update(no_key=True, of=("self",))
        .filter(organization_id=organization_id, client_id=client_id)
        .first()
    )
    if application is None:
        raise NotFound("Application not found")
    refuse_first_party(application)
    return application


def refuse_first_party(application: Application) -> None:
    """Raise :class:`NotAllowed` for what the platform itself works with."""
    if application.purpose != Application.Purpose.INTEGRATION:
        raise NotAllowed("this application belongs to the platform")


def _refuse_too_many(organization: Organization) -> None:
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    own = Application.objects.filter(
        organization=organization, purpose=Application.Purpose.INTEGRATION
    )
    if own.count() >= MAX_APPLICATIONS:
        raise LimitReached(f"An organisation has {MAX_APPLICATIONS} applications at most")


def _checked_name(name: str) -> str:
    name = name.strip()
    if not is_seen(name) or len(name) > MAX_NAME or not is_line(name):
        raise Validation(f"`name`: an application's name has 1 to {MAX_NAME} printable characters")
    return name


def _checked_description(description: str) -> str:
    description = description.strip()
    if len(description) > MAX_DESCRIPTION or "\0" in description:
        raise Validation(f"`description`: at most {MAX_DESCRIPTION} characters")
    return description


def _checked_uris(uris: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(_checked(uri) for uri in uris))
    if len(found) > MAX_REDIRECT_URIS:
        raise Validation(f"`redirect_uris`: at most {MAX_REDIRECT_URIS}")
    return found


def _checked(uri: str) -> str:
    try:
        redirect_uris.parse(uri)
    except ValueError as error:
        raise Validation(f"`redirect_uris`: {error}: {uri[:100]}") from None
    return uri


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = frozenset(scopes)
    if unknown := sorted(wanted - ALL):
        raise Validation(f"`scopes`: there is no scope {unknown[0][:64]!r}")
    return sorted(wanted)


def record_of(application: Application) -> dict[str, Any]:
    """Return what the audit log says of an application."""
    return {
        "name": application.name,
        "description": application.description,
        "type": application.client_type,
        "redirect_uris": application.redirect_uris.split(),
        "scopes": application.scopes,
    }


def log(application: Application, action: str, **change: Any) -> None:
    """Write a change of ``application`` into the audit log of its organisation."""
    audit.record(
        application.organization_id, action, "application", application.client_id, **change
    )


def allows_redirect(application: Application, requested: redirect_uris.Address) -> bool:
    """Tell whether customers may be identified for ``application`` at ``requested``."""
    return is_open(application) or any(
        redirect_uris.covers(registered, requested)
        for registered in application.redirect_uris.split()
    )


def is_open(application: Application) -> bool:
    """Tell whether every web page may obtain customer tokens with ``application``."""
    return bool(application.allowed_origins == ANY_ORIGIN)
