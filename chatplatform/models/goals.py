"""What an organisation wants its customers to do, and who did it."""

from django.db import models

from chatplatform import clock
from chatplatform.models.chats import Thread
from chatplatform.models.customers import Customer, Visit
from chatplatform.models.organizations import Organization


class Goal(models.Model):
    """Something customers may reach: a page, a session field, or what an integration reports."""

    class Type(models.TextChoices):
        """What makes a customer reach it."""

        URL = "url"
        SESSION_FIELD = "session_field"
        API = "api"

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="goals")
    name = models.CharField(max_length=255)
    type = models.CharField(max_length=16, choices=Type.choices)
    active = models.BooleanField(default=True)
    operator = models.CharField(max_length=16, blank=True)
    """How ``value`` is compared with the page's URL or the field's value."""
    key = models.CharField(max_length=255, blank=True)
    """The session field's name."""
    value = models.CharField(max_length=2048, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["organization", "id"], name="goal_active", condition=models.Q(active=True)
            ),
        )

    def __str__(self) -> str:
        return self.name


class ReachedGoal(models.Model):
    """A goal reached by a customer, at most once a visit."""

    goal = models.ForeignKey(Goal, on_delete=models.CASCADE, related_name="reached")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="reached_goals")
    visit = models.ForeignKey(
        Visit, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    """Empty for customers who were never seen on the pages."""
    thread = models.ForeignKey(
        Thread, on_delete=models.SET_NULL, null=True, blank=True, related_name="reached_goals"
    )
    """The conversation that led there: the running one, else the visit's last."""
    reached_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["visit", "goal"], name="goal_once_a_visit"),)
