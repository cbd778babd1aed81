"""Reading access rules."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chatplatform.models import AccessRule
from chatplatform.records import Record


def access_rules(organization_id: UUID) -> list[AccessRule]:
    """Return the organisation's rules in the order they are tried. One read."""
    return list(AccessRule.objects.filter(organization_id=organization_id).order_by("position"))


def rule_records(rules: Iterable[AccessRule]) -> list[Record]:
    """Return rules, given in their order, as a linked list."""
    rules = list(rules)
    following = (*(rule.public_id for rule in rules[1:]), "")
    return [
        {
            "id": rule.public_id,
            "description": rule.description,
            "access": {"groups": rule.group_ids},
            "conditions": rule.conditions,
            "next_id": next_id,
        }
        for rule, next_id in zip(rules, following, strict=False)
    ]
