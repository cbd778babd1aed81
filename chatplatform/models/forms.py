"""Forms customers are asked to fill in."""

from django.db import models

from chatplatform import ids
from chatplatform.models.groups import Group
from chatplatform.models.organizations import Organization


class FormType(models.TextChoices):
    """When a form is asked: before a chat, after it, when nobody is in, or while it waits."""

    PRECHAT = "prechat"
    POSTCHAT = "postchat"
    TICKET = "ticket"
    ASK_FOR_EMAIL = "ask_for_email"


class Form(models.Model):
    """A group's form of one type. A group without one asks nothing."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="forms")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="forms")
    type = models.CharField(max_length=16, choices=FormType.choices)
    public_id = models.CharField(max_length=32, default=ids.opaque_id)
    """Changes with the fields, so that an answer names the questions it was given to."""
    enabled = models.BooleanField()
    fields = models.JSONField()
    """``{id, type, label, required?, options?}``, as ``form_fields.checked`` returns them."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["group", "type"], name="form_one_of_a_type"),
            models.UniqueConstraint(fields=["organization", "public_id"], name="form_public_id"),
        )

    def __str__(self) -> str:
        return f"{self.group} · {FormType(self.type).label}"
