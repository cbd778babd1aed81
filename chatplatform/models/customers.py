"""Customers and their visits."""

import uuid
from datetime import UTC, datetime
from typing import Final

from django.db import models
from django.db.models.functions import Lower

from chatplatform import clock
from chatplatform.models.organizations import Organization

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When somebody spoke who never did."""


class Customer(models.Model):
    """A visitor of the organisation's pages; the id is the token's ``entity_id``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="customers"
    )
    name = models.CharField(max_length=255, blank=True)
    email = models.EmailField(blank=True)
    email_verified = models.BooleanField(default=False)
    avatar = models.CharField(max_length=500, blank=True)
    phone_number = models.CharField(max_length=16, blank=True)
    session_fields = models.JSONField(default=list, blank=True)
    """Ordered one-key objects, at most 100; they last until the session ends."""
    omnichannel = models.JSONField(default=dict, blank=True)
    address = models.JSONField(default=dict, blank=True)
    side_storage = models.JSONField(default=dict, blank=True)
    group_number = models.PositiveIntegerField(default=0)
    """The monitoring group the customer's current page belongs to."""
    access_group_ids = models.JSONField(default=list, blank=True)
    """Numbers of the groups a chat started there belongs to; empty: of ``group_number`` alone."""
    online_since = models.DateTimeField(null=True, blank=True)
    """When a connection came that nothing has ended yet; empty while the customer is away."""
    chats_count = models.PositiveIntegerField(default=0)
    threads_count = models.PositiveIntegerField(default=0)
    visits_count = models.PositiveIntegerField(default=0)
    page_views_count = models.PositiveIntegerField(default=0)
    greetings_shown_count = models.PositiveIntegerField(default=0)
    greetings_accepted_count = models.PositiveIntegerField(default=0)
    greetings_converted_count = models.PositiveIntegerField(default=0)
    tickets_count = models.PositiveIntegerField(default=0)
    orders_count = models.PositiveIntegerField(default=0)
    carts = models.JSONField(default=list, blank=True)
    """Shopping carts as a shop integration described them."""
    agent_spoke_at = models.DateTimeField(default=NEVER)
    customer_spoke_at = models.DateTimeField(default=NEVER)
    """When each side last spoke in a chat of theirs, for sorting: noted when threads close and
    every few seconds while they run. What is shown comes from ``Chat.spoke_at``."""
    last_visit = models.ForeignKey(
        "Visit", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The newest visit, so that showing a customer need not search for it."""
    last_seen_at = models.DateTimeField(null=True, blank=True)
    """When the last visit ended, or that which lasts began; visits may go before their customer."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(fields=["organization", "created_at", "id"], name="customer_newest"),
            models.Index("organization", Lower("email"), name="customer_email"),
            models.Index(
                fields=["organization", "threads_count", "created_at", "id"],
                name="customer_threads",
            ),
            models.Index(
                fields=["organization", "visits_count", "created_at", "id"],
                name="customer_visits",
            ),
            models.Index(
                fields=["organization", "agent_spoke_at", "created_at", "id"],
                name="customer_answered",
            ),
            models.Index(
                fields=["organization", "customer_spoke_at", "created_at", "id"],
                name="customer_spoke",
            ),
            models.Index(
                fields=["organization", "group_number", "online_since"],
                name="customer_online",
                condition=models.Q(online_since__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email or str(self.id)


class Visit(models.Model):
    """One stay of a customer on the organisation's pages."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="visits")
    started_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    referrer = models.CharField(max_length=2048, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=1024, blank=True)
    geolocation = models.JSONField(default=dict, blank=True)
    last_pages = models.JSONField(default=list, blank=True)
    """The newest pages, oldest first: ``{opened_at, url, title}``; bounded by the service."""
    pages_count = models.PositiveIntegerField(default=0)
    asked_group = models.PositiveIntegerField(default=0)
    """The group the client named at login: the customer's own where no access rule says more."""
    greetings_due_at = models.DateTimeField(null=True, blank=True)
    """When time alone may next bring a greeting; empty when it can not."""

    class Meta:
        indexes = (
            models.Index(fields=["customer", "-started_at"], name="visit_newest"),
            models.Index(
                fields=["greetings_due_at"],
                name="visit_greetings_due",
                condition=models.Q(greetings_due_at__isnull=False),
            ),
        )


class CustomerBan(models.Model):
    """A customer, an address, or both that are turned away until ``expires_at``."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="bans"
    )
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent_id = models.CharField(max_length=254)
    """Public id of the agent who did it."""
    thread_id = models.CharField(max_length=10, blank=True)
    """The customer's thread it ended; empty when none was active."""
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = (models.Index(fields=["organization", "expires_at"], name="ban_running"),)

    def __str__(self) -> str:
        who = self.customer and (self.customer.name or self.customer.email or str(self.customer_id))
        return " · ".join(str(one) for one in (who, self.ip) if one)


class EmailVerification(models.Model):
    """A request to prove that the customer reads the mail of ``email``, and whom to tell then."""

    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="email_verifications"
    )
    email = models.EmailField()
    callback_uri = models.CharField(max_length=2048)
    base_url = models.CharField(max_length=255)
    """Where the link in the mail leads: scheme and host."""
    mail_due = models.BooleanField(default=True)
    call_due = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(
                fields=["id"], name="verification_mail", condition=models.Q(mail_due=True)
            ),
            models.Index(
                fields=["id"], name="verification_call", condition=models.Q(call_due=True)
            ),
            models.Index(fields=["created_at"], name="verification_age"),
        )


class Ticket(models.Model):
    """What a customer left while nobody was in: the answers of a ticket form."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tickets")
    group_number = models.PositiveIntegerField(default=0)
    form = models.JSONField(default=dict)
    """The filled form: ``{form_id, form_type, fields}``."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["customer", "-created_at"], name="ticket_newest"),)
