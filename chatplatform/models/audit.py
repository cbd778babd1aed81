"""The audit log: who changed what, from where, and who signed in."""

import uuid

from django.db import models

from chatplatform import clock
from chatplatform.models.organizations import Organization


class AuditEntry(models.Model):
    """One change of the configuration, or one act of signing in; written once, never changed.

    Nothing here refers to other rows but the organisation: an entry outlives what it is about.
    Secrets never stand in it (``services/audit.py``).
    """

    class Door(models.TextChoices):
        """Which way in was used."""

        WEB = "web"
        RTM = "rtm"
        ADMIN = "admin"
        CONSOLE = "console"
        PAGES = "pages"
        """Sign-in and what people change about their own account."""
        COMMAND = "command"
        SYSTEM = "system"
        """Nobody: a timer, or what follows from another change."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, null=True, db_index=False
    )
    """Empty for what concerns the platform, such as a superuser's sign-in."""
    at = models.DateTimeField(default=clock.now)
    action = models.CharField(max_length=64)
    """The protocol's name where it has one (``update_tag``), else one in its manner."""
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=255)
    before = models.JSONField(null=True)
    """What was, as far as it is different now; empty for something new."""
    after = models.JSONField(null=True)
    """What is, as far as it was different; empty for something taken away."""
    user_id = models.CharField(max_length=254, blank=True)
    """Public id of the agent, bot or customer who did it; of a superuser, the e-mail address."""
    account_id = models.UUIDField(null=True, blank=True)
    client_id = models.CharField(max_length=100, blank=True)
    """The application used, if any."""
    door = models.CharField(max_length=8, choices=Door.choices, default=Door.SYSTEM)
    address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=255, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["organization", "-id"], name="audit_newest"),
            models.Index(
                fields=["organization", "subject_type", "subject_id", "-id"], name="audit_subject"
            ),
            models.Index(fields=["organization", "user_id", "-id"], name="audit_user"),
            models.Index(fields=["organization", "action", "-id"], name="audit_action"),
            models.Index(fields=["at"], name="audit_age"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.subject_id}"


class ApiCall(models.Model):
    """One of an application's last calls, for its developer to look at; only the newest are kept.

    Nothing of what was sent or answered is in it.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    client_id = models.CharField(max_length=100, blank=True)
    """The application; empty for calls with a personal access token."""
    user_id = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField()
    api = models.CharField(max_length=16)
    action = models.CharField(max_length=64)
    version = models.CharField(max_length=8)
    transport = models.CharField(max_length=8)
    error = models.CharField(max_length=64, blank=True)
    """The error's type; empty where the call succeeded."""
    seconds = models.FloatField()
    request_id = models.UUIDField(default=uuid.uuid4)

    class Meta:
        indexes = (
            models.Index(fields=["organization", "client_id", "-id"], name="call_newest"),
            models.Index(fields=["at"], name="call_age"),
        )

    @property
    def milliseconds(self) -> str:
        """How long it took, for people: tenths of a millisecond are told of quick ones only."""
        taken = self.seconds * 1_000
        return f"{taken:.1f}" if taken < 10 else f"{taken:.0f}"
