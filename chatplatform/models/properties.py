"""Properties that applications registered."""

from django.db import models

from chatplatform import clock
from chatplatform.models.organizations import Organization

NAMESPACE_LENGTH = 100
NAME_LENGTH = 100
DESCRIPTION_LENGTH = 1_000


class PropertyDefinition(models.Model):
    """What an application's property may hold, and who may do what with it (protocol.md 2.10).

    Definitions are never edited: applications unregister and register anew.
    """

    class Type(models.TextChoices):
        """What a value is; ``tokenized_string`` is text meant for searching."""

        INT = "int"
        BOOL = "bool"
        STRING = "string"
        TOKENIZED_STRING = "tokenized_string"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="property_definitions"
    )
    namespace = models.CharField(max_length=NAMESPACE_LENGTH)
    """Client id of the application that owns the property."""
    name = models.CharField(max_length=NAME_LENGTH)
    type = models.CharField(max_length=16, choices=Type.choices)
    access = models.JSONField()
    """Rights by location and kind of user: ``{location: {"agent"|"customer": [right, …]}}``,
    a right being ``read`` or ``write``."""
    domain = models.JSONField(null=True)
    """The values allowed, or null for any."""
    range = models.JSONField(null=True)
    """``{"from"?, "to"?}``, both included, or null for any."""
    default_value = models.JSONField(null=True)
    """What unset licence and group properties are shown as; null: nothing."""
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True)
    public_access = models.JSONField(null=True)
    """The rights other applications have of those above; null while the property is private."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "namespace", "name"], name="property_name"
            ),
        )

    def __str__(self) -> str:
        return self.name
