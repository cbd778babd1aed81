"""3.5 → 3.4."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions import configuration, schedules
from chatplatform.api.versions.change import (
    Record,
    VersionChange,
    renamed,
    replaced,
    schema_renamed,
    schema_replaced,
    schema_without,
    without,
)


def _known_reason(payload: Record) -> Record:
    return replaced(
        payload,
        "reason",
        lambda reason: "access_token_revoked" if reason == "logged_out_remotely" else reason,
    )


def _surveys(payload: Record) -> Record:
    def upgrade(filters: Any) -> Any:
        if not isinstance(filters, dict):
            return filters
        return renamed(without(filters, ("forms",)), "surveys", "forms")

    return replaced(payload, "filters", upgrade)


def _no_countries(payload: Record) -> Record:
    def upgrade(filters: Any) -> Any:
        return without(filters, ("customer_countries",)) if isinstance(filters, dict) else filters

    return replaced(payload, "filters", upgrade)


def _no_exit_intent(greeting: Record) -> Record:
    return without(greeting, ("is_exit_intent",))


CHANGES = (
    VersionChange(
        sentence="Customers are not disconnected for `logged_out_remotely` but for "
        "`access_token_revoked`: the token they hold is no longer good.",
        api="customer",
        pushes=frozenset({"customer_disconnected"}),
        downgrade=_known_reason,
    ),
    VersionChange(
        sentence="Working hours are one interval a day, by the day's name, in no time zone of "
        "their own.",
        api="agent",
        pushes=frozenset({"agent_created", "agent_updated", "bot_created", "bot_updated"}),
        downgrade=schedules.one_interval_a_day,
    ),
    VersionChange(
        sentence="Agents narrow archives by `surveys` instead of `forms`.",
        api="agent",
        requests=frozenset({"list_archives"}),
        upgrade=_surveys,
        schema=lambda schema: schema_replaced(
            schema, "filters", lambda filters: schema_renamed(filters, "forms", "surveys")
        ),
    ),
    VersionChange(
        sentence="Archives can not be narrowed to customers' countries.",
        api="agent",
        requests=frozenset({"list_archives"}),
        upgrade=_no_countries,
        schema=lambda schema: schema_replaced(
            schema, "filters", lambda filters: schema_without(filters, ("customer_countries",))
        ),
    ),
    VersionChange(
        sentence="A greeting does not say whether it is shown to customers about to leave.",
        api="customer",
        pushes=frozenset({"incoming_greeting"}),
        downgrade=_no_exit_intent,
    ),
    VersionChange(
        sentence="Nor does the one a customer is shown at login.",
        api="customer",
        responses=frozenset({"login"}),
        downgrade=lambda answer: replaced(answer, "greeting", _no_exit_intent),
    ),
    *configuration.TO_3_4,
)
