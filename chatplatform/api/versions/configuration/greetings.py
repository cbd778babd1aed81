"""What older versions of the Configuration API know differently of greetings."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions.change import (
    Record,
    VersionChange,
    each,
    replaced,
    without,
)

_COUNTED_URL = "url_match_page_view_number"


def _unknown_rule(payload: Record) -> Record:
    """Take the type from rules of 3.7's kind, so that validation refuses them."""

    def upgrade(rule: Record) -> Record:
        return without(rule, ("type",)) if rule.get("type") == _COUNTED_URL else rule

    return replaced(payload, "rules", lambda rules: each(rules, upgrade))


def _known_rules(greeting: Record) -> Record:
    return replaced(
        greeting,
        "rules",
        lambda rules: [rule for rule in rules if rule["type"] != _COUNTED_URL],
    )


def _narrowed(schema: Any) -> Any:
    """Return a schema in which no rule is of 3.7's kind."""
    if isinstance(schema, dict):
        return {
            name: (
                [one for one in value if one != _COUNTED_URL]
                if name == "enum"
                else _narrowed(value)
            )
            for name, value in schema.items()
        }
    return [_narrowed(one) for one in schema] if isinstance(schema, list) else schema


TO_3_6: tuple[VersionChange, ...] = (
    VersionChange(
        sentence="No rule of a greeting counts the views of certain pages.",
        api="configuration",
        requests=frozenset({"create_greeting", "update_greeting"}),
        upgrade=_unknown_rule,
        schema=_narrowed,
    ),
    VersionChange(
        sentence="Rules of a greeting that count the views of certain pages are not shown.",
        api="configuration",
        responses=frozenset({"get_greeting"}),
        downgrade=_known_rules,
    ),
    VersionChange(
        sentence="Rules of listed greetings that count the views of certain pages are not shown.",
        api="configuration",
        responses=frozenset({"list_greetings"}),
        downgrade=lambda answer: replaced(
            answer, "greetings", lambda greetings: each(greetings, _known_rules)
        ),
    ),
)

TO_3_5: tuple[VersionChange, ...] = ()

TO_3_4: tuple[VersionChange, ...] = ()
