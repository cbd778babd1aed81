"""OAuth applications and every kind of token. No table holds a readable one.

The OAuth models are ours from the first migration on: with the toolkit's redacted storage
(``COMPLIANT_BCP_RFC9700_TOKEN_STORAGE``) only SHA-256 checksums are stored, and tokens are looked
up by them.
"""

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from chatplatform import clock
from chatplatform.models.bots import Bot
from chatplatform.models.customers import Customer
from chatplatform.models.organizations import Organization
from chatplatform.models.people import Account


class Application(AbstractApplication):
    """An OAuth client of one organisation."""

    class Purpose(models.TextChoices):
        """What the client is for; the first-party ones are made with the organisation."""

        INTEGRATION = "integration"
        WORKSPACE = "workspace"
        WIDGET = "widget"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="applications"
    )
    purpose = models.CharField(max_length=12, choices=Purpose.choices, default=Purpose.INTEGRATION)

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        pass

    def natural_key(self) -> tuple[str]:
        """Applications are known by their client id."""
        return (self.client_id,)


class Grant(AbstractGrant):
    """An authorization code between consent and token."""

    class Meta(AbstractGrant.Meta):
        pass


class AccessToken(AbstractAccessToken):
    """A Bearer token of an agent's account, found by checksum."""

    session_checksum = models.CharField(max_length=64, blank=True, db_index=True)
    """SHA-256 of the browser session the token dies with; empty for all others."""

    _raw_token: str
    """The readable token until it is saved; the toolkit's checksum field takes it from here."""

    class Meta(AbstractAccessToken.Meta):
        pass


class RefreshToken(AbstractRefreshToken):
    """A refresh token, found by checksum."""

    class Meta(AbstractRefreshToken.Meta):
        pass


class IDToken(AbstractIDToken):
    """An OpenID Connect id token."""

    class Meta(AbstractIDToken.Meta):
        pass


class BotToken(models.Model):
    """A Bearer token of a bot, found by checksum; its scopes are those of every bot."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="tokens")
    checksum = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=clock.now)


class PersonalAccessToken(models.Model):
    """A token a person made to act as themself, sent as HTTP Basic (protocol.md 5.2)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    checksum = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=180)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)


class CustomerIdentity(models.Model):
    """A browser's claim to be a customer: the cookie pair, its secret as a checksum."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    checksum = models.CharField(max_length=64, unique=True)
    group_number = models.PositiveIntegerField(null=True, blank=True)
    """Set when the identity is kept apart for one group (protocol.md 5.4)."""
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(default=clock.now)


class CustomerToken(models.Model):
    """A Bearer token of a customer, found by checksum."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tokens")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    application = models.ForeignKey(Application, on_delete=models.CASCADE)
    checksum = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=clock.now)
