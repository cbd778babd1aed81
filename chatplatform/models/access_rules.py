"""Which groups serve customers by page and place."""

from django.db import models

from chatplatform import ids
from chatplatform.models.organizations import Organization


class AccessRule(models.Model):
    """A rule of the protocol's auto access: an element of the organisation's ordered list."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="access_rules"
    )
    public_id = models.CharField(max_length=32, unique=True, default=ids.opaque_id)
    position = models.PositiveIntegerField()
    """Place in the list; changed under the organisation's lock, so places never clash."""
    description = models.CharField(max_length=1024, blank=True)
    group_ids = models.JSONField()
    """Numbers of the groups; the first is the customer's own while they are on such a page."""
    conditions = models.JSONField()
    """``{url?, domain?, geolocation?}``, as ``access_conditions.Conditions`` checks them."""

    class Meta:
        indexes = (models.Index(fields=["organization", "position"], name="access_rule_order"),)

    def __str__(self) -> str:
        return self.description or self.public_id


class AllowedDomain(models.Model):
    """A domain, with its subdomains, whose pages may show the chat; none means any page."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="allowed_domains"
    )
    domain = models.CharField(max_length=255)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "domain"], name="allowed_domain_once"),
        )

    def __str__(self) -> str:
        return self.domain
