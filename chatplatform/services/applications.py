"""OAuth clients."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db import transaction

from chatplatform import ids, redirect_uris
from chatplatform.errors import Validation
from chatplatform.models import Application, Installation, Organization

ANY_ORIGIN: Final = "*"


class RegisteredApplication(NamedTuple):
    """A new client, and its secret in the only moment it can be read."""

    application: Application
    client_secret: str


@transaction.atomic
def create_application(
    organization: Organization,
    name: str,
    redirect_uris_allowed: Iterable[str] = (),
    *,
    purpose: str = Application.Purpose.INTEGRATION,
    confidential: bool = True,
    any_origin: bool = False,
    client_id: str | None = None,
    client_secret: str | None = None,
) -> RegisteredApplication:
    """Register a client of ``organization``, on whose licence it is installed at once.

    Only a hash of its secret is stored. ``confidential`` clients run on servers and keep their
    secret, the others prove themselves by their redirect URIs alone. ``any_origin`` lets every web
    page obtain customer tokens with this client. Raise :class:`Validation` for a malformed
    redirect URI.
    """
    uris = [_checked(uri) for uri in redirect_uris_allowed]
    secret = client_secret or ids.secret()
    application = Application.objects.create(
        organization=organization,
        name=name,
        purpose=purpose,
        client_id=client_id or ids.opaque_id(),
        client_secret=secret,
        client_type=(
            Application.CLIENT_CONFIDENTIAL if confidential else Application.CLIENT_PUBLIC
        ),
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(uris),
        allowed_origins=ANY_ORIGIN if any_origin else "",
        skip_authorization=purpose != Application.Purpose.INTEGRATION,
    )
    # It has no templates and no webhooks yet: there is nothing else to be done for it.
    Installation.objects.create(organization=organization, application=application)
    return RegisteredApplication(application, secret)


def _checked(uri: str) -> str:
    try:
        redirect_uris.parse(uri)
    except ValueError as error:
        raise Validation(str(error)) from None
    return uri


def allows_redirect(application: Application, requested: redirect_uris.Address) -> bool:
    """Tell whether customers may be identified for ``application`` at ``requested``."""
    return is_open(application) or any(
        redirect_uris.covers(registered, requested)
        for registered in application.redirect_uris.split()
    )


def is_open(application: Application) -> bool:
    """Tell whether every web page may obtain customer tokens with ``application``."""
    return bool(application.allowed_origins == ANY_ORIGIN)
