"""What older versions of the Configuration API know differently of working hours."""

from __future__ import annotations

from chatplatform.api.versions.change import (
    Record,
    Schema,
    VersionChange,
    every,
    every_form,
    replaced,
    without,
)
from chatplatform.api.versions.schedules import FIELD, from_days, one_interval_a_day, schema_of_days


def _of_bot(payload: Record) -> Record:
    """A time zone alone leaves the hours there are; hours need one."""
    if payload.get("timezone") is None:
        return replaced(payload, FIELD, from_days)
    week = payload.get(FIELD)
    scheduler = {} if week is None else from_days(week)
    if not isinstance(scheduler, dict):
        return payload
    placed = {**scheduler, "timezone": payload["timezone"]}
    return {**without(payload, ("timezone",)), FIELD: placed}


def _schema_of_bot(schema: Schema) -> Schema:
    older = schema_of_days(schema)
    return {**older, "properties": {**older["properties"], "timezone": {"type": "string"}}}


TO_3_6: tuple[VersionChange, ...] = ()

TO_3_5: tuple[VersionChange, ...] = ()

TO_3_4 = (
    VersionChange(
        sentence="An agent's working hours are one interval a day, by the day's name, in no time "
        "zone of their own.",
        api="configuration",
        requests=frozenset({"create_agent", "update_agent"}),
        upgrade=lambda payload: replaced(payload, FIELD, from_days),
        schema=schema_of_days,
    ),
    VersionChange(
        sentence="A bot's working hours are one interval a day, by the day's name, and its time "
        "zone stands beside them.",
        api="configuration",
        requests=frozenset({"create_bot", "update_bot"}),
        upgrade=_of_bot,
        schema=_schema_of_bot,
    ),
    VersionChange(
        sentence="Working hours are shown as one interval a day, from the first beginning of a day "
        "to its last end.",
        api="configuration",
        responses=frozenset({"get_agent", "list_agents", "get_bot", "list_bots"}),
        downgrade=lambda answer: every(answer, one_interval_a_day),
        schema=lambda schema: every_form(schema, schema_of_days),
    ),
)
