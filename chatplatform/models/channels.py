"""The channels through which customers reach an organisation."""

from django.db import models

from chatplatform import clock
from chatplatform.models.organizations import Organization

SUBTYPE_LENGTH = 100


class Channel(models.Model):
    """A channel that has been used, written down when it first was (protocol.md 6.8)."""

    class Type(models.TextChoices):
        """The widget on a page, the widget behind a link of its own, an application's client."""

        CODE = "code"
        DIRECT_LINK = "direct_link"
        INTEGRATION = "integration"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="channels", db_index=False
    )
    type = models.CharField(max_length=12, choices=Type.choices)
    subtype = models.CharField(max_length=SUBTYPE_LENGTH, blank=True)
    """The client id of an integration; empty for the others."""
    first_activity_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "type", "subtype"], name="channel_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.subtype}".strip()
