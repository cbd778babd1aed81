"""Organisations: the tenants."""

import uuid

from django.db import models

from chatplatform import clock


class Organization(models.Model):
    """A tenant. ``license_id`` is its chat licence's number, one to one (protocol.md 2.1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    license_id = models.PositiveBigIntegerField(unique=True)
    name = models.CharField(max_length=180)
    plan = models.CharField(max_length=40, default="enterprise")
    properties = models.JSONField(default=dict, blank=True)
    """Licence properties, ``{namespace: {name: value}}``; absent ones have their default."""
    groups_revision = models.PositiveBigIntegerField(default=0)
    """How often anybody's groups changed: live sockets keep to the newest they heard of."""
    company_details = models.JSONField(default=dict, blank=True)
    """What ``update_company_details`` stored, by the names of its fields."""
    source = models.JSONField(default=dict, blank=True)
    """What made the licence: ``{id, type, url}``, texts; empty where nobody knows."""
    widget = models.JSONField(default=dict, blank=True)
    """How the widget looks and what it says, as ``services/widget_look.py`` stored it; what is
    absent has its default."""
    retention = models.JSONField(default=dict, blank=True)
    """For how many days what is kept, by the names of ``services/retention.py``; absent: as the
    installation's settings say."""
    second_factor_required = models.BooleanField(default=False)
    """Whether its people need a second factor, or a passkey, to sign in with a password."""
    website_last_activity = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
