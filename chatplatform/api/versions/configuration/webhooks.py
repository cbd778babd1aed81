"""What older versions of the Configuration API know differently of webhooks: their registration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatplatform import webhook_actions
from chatplatform.api.versions.change import Record, Schema, VersionChange, replaced

_REGISTRATION = frozenset({"register_webhook"})


def _names_of(version: str) -> Callable[[Schema], Schema]:
    """Return the change of a registration's schema to the webhooks that ``version`` has."""
    names = [action.name for action in webhook_actions.of_version(version)]

    def downgrade(schema: Schema) -> Schema:
        properties = schema["properties"]
        action = {**properties["action"], "enum": names}
        return {**schema, "properties": {**properties, "action": action}}

    return downgrade


def _created_is_added(payload: Record) -> Record:
    def upgrade(action: Any) -> Any:
        return "auto_access_added" if action == "auto_access_created" else action

    return replaced(payload, "action", upgrade)


TO_3_6: tuple[VersionChange, ...] = ()

TO_3_5 = (
    VersionChange(
        sentence="`incoming_customer` can be registered, but neither `event_deleted` nor "
        "`thread_summary_set`.",
        api="configuration",
        requests=_REGISTRATION,
        schema=_names_of("3.5"),
    ),
)

TO_3_4 = (
    VersionChange(
        sentence="There are webhooks of single access rules, and none of tags; "
        "`auto_access_created` is taken for `auto_access_added`, as both are documented.",
        api="configuration",
        requests=_REGISTRATION,
        upgrade=_created_is_added,
        schema=_names_of("3.4"),
    ),
)
