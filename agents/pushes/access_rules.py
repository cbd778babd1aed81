"""Pushes about access rules, the protocol's auto access."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.access_rules import AccessRuleChanged, AccessRulesChanged

_RULES = frozenset({"access_rules:ro"})


@push("agent", "auto_accesses_updated", since="3.5")
def auto_accesses_updated(event: AccessRulesChanged) -> Push:
    """The list of rules changed; neighbours whose place did are in it."""
    return Push(event.entries, Reach.AGENTS, scopes=_RULES)


@push("agent", "auto_access_added", until="3.4")
def auto_access_added(event: AccessRuleChanged) -> Push | None:
    """There is a new rule."""
    return _about(event, "added")


@push("agent", "auto_access_updated", until="3.4")
def auto_access_updated(event: AccessRuleChanged) -> Push | None:
    """A rule changed, or its place."""
    return _about(event, "updated")


@push("agent", "auto_access_deleted", until="3.4")
def auto_access_deleted(event: AccessRuleChanged) -> Push | None:
    """A rule is no more."""
    return _about(event, "deleted")


def _about(event: AccessRuleChanged, status: str) -> Push | None:
    payload = told.access_rule(event, status)
    return None if payload is None else Push(payload, Reach.AGENTS, scopes=_RULES)
