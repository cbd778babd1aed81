"""Webhooks: who wants to hear of what, and every call that is owed to them.

A registration belongs to an application and serves every licence that has it installed
(protocol.md 7). What it listens to *now*, on which licence, stands in ``WebhookListener``: kept by
``services/webhooks.py`` whenever that changes, so that whoever writes a change finds with one
indexed look whether anybody wants to hear of it.
"""

from django.db import models

from chatplatform import clock, ids
from chatplatform.encryption import EncryptedTextField
from chatplatform.models.organizations import Organization
from chatplatform.models.tokens import Application


class Installation(models.Model):
    """An application on a licence."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="installations"
    )
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="installations"
    )
    webhooks_enabled = models.BooleanField(default=True)
    """Whether license webhooks are sent; outlasts removal (protocol.md 7)."""
    installed_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "application"], name="installed_once"),
        )


class WebhookEndpoint(models.Model):
    """An address of an application, and how it has been answering: what a breaker goes by.

    Nothing is sent before ``open_at``; each failure in a row moves it further away.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE)
    url = models.CharField(max_length=500)
    failures = models.PositiveIntegerField(default=0)
    """How many attempts failed in a row."""
    failing_since = models.DateTimeField(null=True, blank=True)
    open_at = models.DateTimeField(default=clock.now)
    answer_seconds = models.FloatField(default=0.0)
    """How long answers take, as a moving average: slow endpoints do not get in others' way."""
    disabled_at = models.DateTimeField(null=True, blank=True)
    """Set when it answered 410: nothing is sent until a webhook is registered there again."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["application", "url"], name="endpoint_once"),
        )


class WebhookKind(models.TextChoices):
    """When a webhook fires: always, or only while a bot of its application is not offline."""

    LICENSE = "license"
    BOT = "bot"


class Webhook(models.Model):
    """A registration: can be made and taken away, never changed (protocol.md 7)."""

    id = models.CharField(primary_key=True, max_length=32, default=ids.opaque_id)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="webhooks")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="webhooks")
    action = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=WebhookKind.choices)
    secret_key = EncryptedTextField()
    description = models.CharField(max_length=1024, blank=True)
    filters = models.JSONField(default=dict, blank=True)
    """As registered (``webhook_actions.Filters``)."""
    additional_data = models.JSONField(default=list, blank=True)
    version = models.CharField(max_length=8)
    """The wire version that registered it, in which its bodies are."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["application", "action"], name="webhook_action"),)

    def __str__(self) -> str:
        return f"{self.action} ({self.description[:60]})" if self.description else self.action


class WebhookListener(models.Model):
    """That a webhook is to hear of an action on a licence, as things are now."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    action = models.CharField(max_length=64)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="listeners")
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "action", "webhook"], name="webhook_listens_once"
            ),
        )


class WebhookDelivery(models.Model):
    """A call that is owed: written in the transaction of the change it tells of.

    No foreign key is enforced: a message must neither fail nor wait because a webhook is being
    taken away. What has lost its webhook is sent to nobody, and cleared by the worker.
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"
        """Given up: the ladder's end, or an answer that says not to try again."""

    id = models.BigAutoField(primary_key=True)
    """Towards receivers and integrators: ``ids.delivery_id``."""
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_constraint=False, db_index=False
    )
    webhook = models.ForeignKey(
        Webhook,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="deliveries",
    )
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    action = models.CharField(max_length=64)
    event = models.JSONField()
    """What happened, as ``domain_events.pack`` writes it."""
    cause = models.JSONField(default=dict)
    """Who caused it, ``{user_id, account_id, client_id}``; empty: the system did."""
    body = models.JSONField(null=True)
    """What was sent, without the secret; kept from the first failure on, so that a repeated call
    says the same."""
    occurred_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    attempts_count = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=clock.now)
    """When it is to be sent, while it waits; a worker that takes it moves this past its lease."""
    finished_at = models.DateTimeField(null=True)
    given_up = models.CharField(max_length=255, blank=True, default="", db_default="")
    """Why it failed, for people."""

    class Meta:
        indexes = (
            models.Index(
                fields=["webhook", "state", "organization", "id"], name="delivery_history"
            ),
            models.Index(
                fields=["endpoint", "due_at"],
                name="delivery_due",
                condition=models.Q(state="waiting"),
            ),
            models.Index(
                fields=["state", "finished_at"],
                name="delivery_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
            models.Index(fields=["organization", "id"], name="delivery_of"),
        )

    def __str__(self) -> str:
        return f"{self.action} {ids.delivery_id(self.pk)}"


class WebhookAttempt(models.Model):
    """One try to deliver: when, how long it took, and what came back."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    status = models.PositiveSmallIntegerField(null=True)
    """The HTTP status; none when no answer came."""
    answer = models.TextField(blank=True)
    """The beginning of the answer's body."""
    error = models.CharField(max_length=255, blank=True)
    """Why there was no answer."""
