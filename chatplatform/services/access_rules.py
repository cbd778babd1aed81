"""Access rules, the protocol's auto access: an ordered list that places customers in groups.

The first rule that fits a customer's page and place decides which group they belong to there,
and which groups may see a chat they start there (protocol.md 6.3). The list is changed under the
organisation's lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from chatplatform import limits
from chatplatform.access_conditions import Conditions
from chatplatform.domain_events import tell
from chatplatform.domain_events.access_rules import AccessRuleChanged, AccessRulesChanged
from chatplatform.errors import GroupNotFound, NotFound, Validation
from chatplatform.models import AccessRule, Customer, Organization, Visit
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.records import Record
from chatplatform.selectors import access_rules as selectors
from chatplatform.selectors import groups
from chatplatform.services import audit, routing

MAX_GROUPS = 200
MAX_DESCRIPTION = 1024
MAX_BYTES = 1024 * 1024
"""What the conditions of all rules may come to as JSON: every page a customer opens reads them."""

_ADDED, _UPDATED, _DELETED = "added", "updated", "deleted"


def add_access_rule(
    organization: Organization,
    *,
    group_ids: Sequence[int],
    conditions: Mapping[str, Any],
    description: str = "",
    next_id: str = "",
) -> AccessRule:
    """Put a rule before the one of id ``next_id``, or at the end.

    Raise :class:`GroupNotFound`, :class:`NotFound` (no rule ``next_id``), ``LimitReached``
    (``limits.access_rules``, :data:`MAX_BYTES`), :class:`Validation`, and pydantic's
    ``ValidationError`` for impossible conditions. Tells ``AccessRulesChanged``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization.id)
        rules = selectors.access_rules(organization.id)
        limits.check_room(organization.properties, "access_rules", len(rules))
        before = selectors.rule_records(rules)
        place = _place(rules, next_id)
        rule = AccessRule.objects.create(
            organization=organization,
            position=len(rules),
            group_ids=_checked_groups(organization.id, group_ids),
            conditions=_checked_conditions(conditions),
            description=_checked_description(description),
        )
        rules.insert(place, rule)
        _check_size(rules)
        _renumber(rules)
        _log("add_auto_access", organization.id, rule.public_id, before, rules)
        _tell(organization.id, before, rules, {rule.public_id: _ADDED})
    return rule


def update_access_rule(
    organization: Organization,
    rule_id: str,
    *,
    group_ids: Sequence[int] | None = None,
    conditions: Mapping[str, Any] | None = None,
    description: str | None = None,
    next_id: str | None = None,
) -> AccessRule:
    """Change what is given; ``next_id`` moves the rule, to the end when it is empty.

    Raises what :func:`add_access_rule` raises. Tells ``AccessRulesChanged``.
    """
    with transaction.atomic():
        routing.lock_organization(organization.id)
        rules = selectors.access_rules(organization.id)
        before = selectors.rule_records(rules)
        rule = _found(rules, rule_id)
        if group_ids is not None:
            rule.group_ids = _checked_groups(organization.id, group_ids)
        if conditions is not None:
            rule.conditions = _checked_conditions(conditions)
            _check_size(rules)
        if description is not None:
            rule.description = _checked_description(description)
        if next_id is not None and next_id != rule_id:
            rules.remove(rule)
            rules.insert(_place(rules, next_id), rule)
        rule.save()
        _renumber(rules)
        _log("update_auto_access", organization.id, rule_id, before, rules)
        _tell(organization.id, before, rules, {rule_id: _UPDATED})
    return rule


def move_access_rule(organization: Organization, rule_id: str, steps: int) -> None:
    """Move a rule by so many places from where it stands by then, up where ``steps`` is negative.

    It goes no further than to an end of the list. Raise :class:`NotFound`. Tells
    ``AccessRulesChanged``, unless it stays where it is.
    """
    with transaction.atomic():
        routing.lock_organization(organization.id)
        rules = selectors.access_rules(organization.id)
        before = selectors.rule_records(rules)
        rule = _found(rules, rule_id)
        at = rules.index(rule)
        place = min(max(at + steps, 0), len(rules) - 1)
        if place == at:
            return
        rules.insert(place, rules.pop(at))
        _renumber(rules)
        _log("update_auto_access", organization.id, rule_id, before, rules)
        _tell(organization.id, before, rules, {rule_id: _UPDATED})


def delete_access_rule(organization: Organization, rule_id: str) -> None:
    """Take a rule out of the list. Raise :class:`NotFound`. Tells ``AccessRulesChanged``."""
    with transaction.atomic():
        routing.lock_organization(organization.id)
        rules = selectors.access_rules(organization.id)
        before = selectors.rule_records(rules)
        rule = _found(rules, rule_id)
        rules.remove(rule)
        rule.delete()
        _renumber(rules)
        _log("delete_auto_access", organization.id, rule_id, before, rules)
        _tell(organization.id, before, rules, {rule_id: _DELETED})


def _found(rules: Sequence[AccessRule], rule_id: str) -> AccessRule:
    for rule in rules:
        if rule.public_id == rule_id:
            return rule
    raise NotFound("Auto access not found")


def _place(rules: Sequence[AccessRule], next_id: str) -> int:
    return rules.index(_found(rules, next_id)) if next_id else len(rules)


def _renumber(rules: Sequence[AccessRule]) -> None:
    moved = [rule for position, rule in enumerate(rules) if rule.position != position]
    for position, rule in enumerate(rules):
        rule.position = position
    AccessRule.objects.bulk_update(moved, ["position"])


def _checked_groups(organization_id: UUID, numbers: Sequence[int]) -> list[int]:
    if not 0 < len(numbers) <= MAX_GROUPS:
        raise Validation(f"a rule has 1 to {MAX_GROUPS} groups")
    wanted = list(dict.fromkeys(numbers))
    if set(wanted) - groups.existing_numbers(organization_id, wanted):
        raise GroupNotFound
    return wanted


def _checked_conditions(conditions: Mapping[str, Any]) -> dict[str, Any]:
    return Conditions.model_validate(dict(conditions)).model_dump(exclude_none=True)


def _check_size(rules: Sequence[AccessRule]) -> None:
    limits.check_size((rule.conditions for rule in rules), MAX_BYTES, "conditions of all rules")


def _checked_description(description: str) -> str:
    if len(description) > MAX_DESCRIPTION:
        raise Validation(f"a description has at most {MAX_DESCRIPTION} characters")
    return description


def _log(
    action: str,
    organization_id: UUID,
    rule_id: str,
    before: Sequence[Record],
    rules: Sequence[AccessRule],
) -> None:
    """Log what became of one rule; that its neighbours are others' neighbours now, is the same."""
    was = next((one for one in before if one["id"] == rule_id), None)
    now = next((one for one in selectors.rule_records(rules) if one["id"] == rule_id), None)
    audit.record(organization_id, action, "auto_access", rule_id, before=was, after=now)


def _tell(
    organization_id: UUID,
    before: Sequence[Record],
    rules: Sequence[AccessRule],
    touched: Mapping[str, str],
) -> None:
    """Tell what differs from ``before``; ``touched`` says what became of the rule one meant."""
    old = {record["id"]: record for record in before}
    entries = []
    for record in selectors.rule_records(rules):
        known = old.pop(record["id"], None)
        changed = {
            name: value
            for name, value in record.items()
            if known is None or name == "id" or known[name] != value
        }
        if len(changed) > 1:
            entries.append({**changed, "status": touched.get(record["id"], _UPDATED)})
    entries += [{"id": gone, "status": _DELETED} for gone in old]
    if not entries:
        return
    tell(AccessRulesChanged(organization_id=str(organization_id), entries=entries))
    for entry in entries:
        tell(AccessRuleChanged(organization_id=str(organization_id), entry=entry))


# --- customers --------------------------------------------------------------------------------


def place(customer: Customer, visit: Visit) -> int:
    """Return the number of the group a locked customer belongs to on the page they have open.

    It is the first of the first rule that fits, else the one their client named at login. Which
    groups may see a chat they start there is put on ``customer``, whom the caller saves. At most
    two reads.
    """
    rules = selectors.access_rules(customer.organization_id)
    named = {visit.asked_group, *(number for rule in rules for number in rule.group_ids)}
    existing = frozenset(_existing(customer.organization_id, sorted(named)))
    customer.access_group_ids = _groups_for(visit, rules, existing)
    if customer.access_group_ids:
        return int(customer.access_group_ids[0])
    return visit.asked_group if visit.asked_group in existing else GENERAL_GROUP


def groups_of(customer: Customer) -> list[int]:
    """Return the numbers of the groups that may see a chat the customer starts now.

    One read where a rule placed them: its groups may be gone since.
    """
    placed = _existing(customer.organization_id, customer.access_group_ids)
    return placed or [customer.group_number]


def _groups_for(visit: Visit, rules: Sequence[AccessRule], existing: frozenset[int]) -> list[int]:
    """Return the groups there still are of the first rule that fits a visit and has any."""
    page = visit.last_pages[-1]["url"] if visit.last_pages else ""
    for rule in rules:
        found = [number for number in rule.group_ids if number in existing]
        if found and Conditions.model_validate(rule.conditions).hold(page, visit.geolocation):
            return found
    return []


def _existing(organization_id: UUID, numbers: Sequence[int]) -> list[int]:
    """Return those of ``numbers`` that are groups, in their order; General always is one."""
    if not set(numbers) - {GENERAL_GROUP}:
        return list(numbers)
    existing = groups.existing_numbers(organization_id, numbers)
    return [number for number in numbers if number in existing]
