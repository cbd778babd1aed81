"""OAuth applications and every kind of token. No table holds a readable one.

The OAuth models are ours from the first migration on: with the toolkit's redacted storage
(``COMPLIANT_BCP_RFC9700_TOKEN_STORAGE``) only SHA-256 checksums are stored, and tokens are looked
up by them.
"""

import uuid

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from chatplatform import clock, ids
from chatplatform.encryption import EncryptedTextField
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
    description = models.CharField(max_length=1024, blank=True)
    scopes = models.JSONField(default=list, blank=True)
    """What its tokens of agents may carry at most; empty: nothing can be asked for."""

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        pass

    def natural_key(self) -> tuple[str]:
        """Applications are known by their client id."""
        return (self.client_id,)


class Grant(AbstractGrant):
    """An authorization code between consent and token; ``code`` holds its checksum.

    One that was used stays for a while: who comes with it again takes back what it gave.
    """

    family = models.UUIDField(default=uuid.uuid4)
    """The authorization it stands for; the tokens it gives carry the same."""
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractGrant.Meta):
        pass


class AccessToken(AbstractAccessToken):
    """A Bearer token of an agent's account, found by checksum."""

    session_checksum = models.CharField(max_length=64, blank=True, db_index=True)
    """SHA-256 of the browser session the token dies with; empty for all others."""
    family = models.UUIDField(null=True, blank=True, db_index=True)
    """The authorization it goes back to, if it has refresh tokens (their ``token_family``)."""

    _raw_token: str
    """The readable token until it is saved; the toolkit's checksum field takes it from here."""

    class Meta(AbstractAccessToken.Meta):
        pass


class RefreshToken(AbstractRefreshToken):
    """A refresh token, found by checksum; one that was revoked stays for a while, to know it by."""

    scope = models.TextField(blank=True, default="")
    """What was granted; each access token carries of it what is allowed at its time."""

    _raw_token: str
    """As of an access token."""

    class Meta(AbstractRefreshToken.Meta):
        pass


class Consent(models.Model):
    """That a person lets an application act for them, within these scopes, until taken back."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="consents")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="consents")
    scopes = models.JSONField(default=list)
    given_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "application"], name="consent_once"),
        )


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
    ending = models.CharField(max_length=4, blank=True)
    """The token's last characters, for its owner to know it by."""
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    """To the minute or so."""

    def __str__(self) -> str:
        return self.name


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


class IdentityTransfer(models.Model):
    """A customer on their way to another device or site (protocol.md 5.4), found by checksum.

    Who redeems it holds the verifier of ``code_challenge``.
    """

    checksum = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    application = models.ForeignKey(Application, on_delete=models.CASCADE)
    code_challenge = models.CharField(max_length=128)
    code_challenge_method = models.CharField(max_length=5, default="S256")
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=clock.now)


class IdentityKey(models.Model):
    """A secret an organisation's own server signs proofs with: this visitor is my user so and so.

    Proofs name the key by ``public_id``, so that one can follow another without a gap.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="identity_keys"
    )
    public_id = models.CharField(max_length=32, unique=True, default=ids.opaque_id)
    name = models.CharField(max_length=60)
    secret = EncryptedTextField()
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    """To the minute or so."""

    def __str__(self) -> str:
        return self.name


class ExternalIdentity(models.Model):
    """A customer under the id their organisation knows them by."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    external_id = models.CharField(max_length=255)
    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="external_identity"
    )
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "external_id"], name="external_identity_once"
            ),
        )


class UsedProof(models.Model):
    """A signed proof that was redeemed: none is good twice. Kept until it would have expired."""

    checksum = models.CharField(max_length=64, primary_key=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    expires_at = models.DateTimeField(db_index=True)
