"""Groups of agents."""

from django.db import models

from chatplatform.models.organizations import Organization
from chatplatform.models.people import Agent

GENERAL_GROUP = 0
"""The group every agent belongs to without a membership row (protocol.md 2.1)."""


class Group(models.Model):
    """A group; ``number`` is its id in the protocol, 0 being the implicit General group."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="groups")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=180)
    language_code = models.CharField(max_length=8, default="en")
    properties = models.JSONField(default=dict, blank=True)
    shown_status = models.CharField(max_length=24, default="offline")
    """The customer-side status that was last told to clients."""
    queue_closed = models.BooleanField(default=False)
    """Whether the queue was full and has not shrunk to the threshold at which it opens again."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "number"], name="group_number"),
        )

    def __str__(self) -> str:
        return self.name


class DeletedGroup(models.Model):
    """A group that is no more: its number is never given again.

    ``emptied``: whether its closed chats have fallen back to General; they do so a few at a time.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    emptied = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "number"], name="deleted_group_number"),
        )
        indexes = (
            models.Index(
                fields=["id"], name="deleted_group_full", condition=models.Q(emptied=False)
            ),
        )


class GroupPriority(models.TextChoices):
    """In which order routing asks the agents of a group; supervisors never (protocol.md 2.9)."""

    FIRST = "first"
    NORMAL = "normal"
    LAST = "last"
    SUPERVISOR = "supervisor"


class GroupMember(models.Model):
    """An agent's place in a group. Everybody belongs to General; a row there sets a priority."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships")
    priority = models.CharField(
        max_length=12, choices=GroupPriority.choices, default=GroupPriority.NORMAL, blank=True
    )
    """Empty for bots that follow their own default."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["group", "agent"], name="group_member"),)
