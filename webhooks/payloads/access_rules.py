"""Webhooks about access rules, the protocol's auto access."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.access_rules import AccessRuleChanged, AccessRulesChanged
from webhooks.payload import payload


@payload("auto_accesses_updated")
def auto_accesses_updated(event: AccessRulesChanged) -> list[Record]:
    """The list of rules changed; neighbours whose place did are in it."""
    return event.entries


@payload("auto_access_added")
def auto_access_added(event: AccessRuleChanged) -> Record | None:
    """There is a new rule."""
    return told.access_rule(event, "added")


@payload("auto_access_updated")
def auto_access_updated(event: AccessRuleChanged) -> Record | None:
    """A rule changed, or its place."""
    return told.access_rule(event, "updated")


@payload("auto_access_deleted")
def auto_access_deleted(event: AccessRuleChanged) -> Record | None:
    """A rule is no more."""
    return told.access_rule(event, "deleted")
