"""What customers are greeted with: greetings that rules show, and welcome messages."""

from django.db import models

from chatplatform import clock, ids
from chatplatform.models.chats import Thread
from chatplatform.models.customers import Customer, Visit
from chatplatform.models.groups import Group
from chatplatform.models.organizations import Organization


class Greeting(models.Model):
    """A message that invites customers on a group's pages; its id is the protocol's."""

    class Type(models.TextChoices):
        """What it looks like."""

        NORMAL = "normal"
        ANNOUNCEMENT = "announcement"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="greetings"
    )
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="greetings")
    type = models.CharField(max_length=16, choices=Type.choices)
    name = models.CharField(max_length=255)
    active = models.BooleanField()
    active_from = models.DateTimeField(null=True, blank=True)
    active_until = models.DateTimeField(null=True, blank=True)
    rules = models.JSONField(default=list)
    """At most ten, as ``greeting_rules.Rule`` checks them; they decide who sees it, and when."""
    properties = models.JSONField(default=dict, blank=True)
    rich_message = models.JSONField(default=dict, blank=True)
    """``{template_id, elements}``; empty when the greeting is plain text."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(
                fields=["group", "id"], name="greeting_active", condition=models.Q(active=True)
            ),
        )

    def __str__(self) -> str:
        return self.name


class ShownGreeting(models.Model):
    """A greeting as one customer was shown it, at most once a visit."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="shown_greetings")
    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="+", db_index=False)
    greeting = models.ForeignKey(
        Greeting,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="showings",
    )
    """It may be gone: deleting one waits for nobody who is shown it, and rewrites no history."""
    unique_id = models.CharField(max_length=10, unique=True, default=ids.chat_id)
    content = models.JSONField()
    """What clients were shown (services/greetings.py), whatever becomes of the greeting."""
    current = models.BooleanField(default=True)
    """Whether the customer is looking at it: neither cancelled, replaced nor answered."""
    clicked_buttons = models.JSONField(default=list)
    """Ids of the buttons that were clicked, each once."""
    thread = models.ForeignKey(
        Thread, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The thread the customer started from it."""
    shown_at = models.DateTimeField(default=clock.now)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["visit", "greeting"], name="greeting_once_a_visit"),
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(current=True), name="greeting_one_current"
            ),
        )


class WelcomeMessage(models.Model):
    """What a group says to customers who open the chat; without one it says nothing."""

    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="welcome_message")
    text = models.CharField(max_length=4096)


class RequestedWelcome(models.Model):
    """The welcome message a customer asked for last; starting a chat may refer to it."""

    customer = models.OneToOneField(
        Customer, on_delete=models.CASCADE, related_name="requested_welcome"
    )
    public_id = models.UUIDField()
    group_number = models.PositiveIntegerField()
    agent_id = models.CharField(max_length=254)
    """Public id of the agent in whose name it was said."""
    text = models.CharField(max_length=4096, blank=True)
    created_at = models.DateTimeField(default=clock.now)
