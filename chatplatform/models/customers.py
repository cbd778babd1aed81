"""Customers and their visits."""

import uuid

from django.db import models

from chatplatform import clock
from chatplatform.models.organizations import Organization


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
    chats_count = models.PositiveIntegerField(default=0)
    threads_count = models.PositiveIntegerField(default=0)
    visits_count = models.PositiveIntegerField(default=0)
    page_views_count = models.PositiveIntegerField(default=0)
    last_visit = models.ForeignKey(
        "Visit", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The newest visit, so that showing a customer need not search for it."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["organization", "-created_at"], name="customer_newest"),)


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

    class Meta:
        indexes = (models.Index(fields=["customer", "-started_at"], name="visit_newest"),)
