"""Browser sessions of people who signed in, and how else they may prove who they are."""

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from chatplatform import clock, ids
from chatplatform.encryption import EncryptedTextField
from chatplatform.models.organizations import Organization
from chatplatform.models.people import Account


class StaffSession(AbstractBaseSession):
    """A browser's session, found by the checksum of its key, with its data encrypted.

    Whoever reads the table can neither use a session nor see what is under way in it, such as the
    seed of an authenticator that is being set up.
    """

    session_key = models.CharField(max_length=64, primary_key=True)
    """SHA-256 of the key in the browser's cookie, in hexadecimal."""
    public_id = models.CharField(max_length=32, unique=True, default=ids.opaque_id)
    """What the person who owns it names it by."""
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="sessions"
    )
    """Who signed in; empty before that."""
    address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    last_seen_at = models.DateTimeField(default=clock.now)
    """To the minute or so."""

    class Meta:
        indexes = (models.Index(fields=["account", "-last_seen_at"], name="session_newest"),)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return what reads and writes these rows."""
        from chatplatform.session_store import SessionStore

        return SessionStore


class IdentityProvider(models.Model):
    """An OpenID Connect provider whose word an organisation takes for who its people are."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="identity_providers"
    )
    slug = models.SlugField(max_length=40, unique=True, default=ids.opaque_id)
    """Names it in addresses."""
    name = models.CharField(max_length=60)
    """What the button says."""
    issuer = models.CharField(max_length=500)
    """Its address; ``/.well-known/openid-configuration`` below it says the rest."""
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedTextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    required = models.BooleanField(default=False)
    """Whether people of the organisation but its owner can sign in no other way."""
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
