"""What older versions of the Configuration API know differently of bots and bot templates."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions.change import (
    DROP,
    Record,
    Schema,
    VersionChange,
    each,
    each_item,
    replaced,
    schema_without,
    without,
)
from chatplatform.api.versions.schedules import FIELD, from_days, one_interval_a_day, schema_of_days

_WRITTEN = frozenset({"create_bot", "update_bot"})
_TYPE = ("type",)
_SECRET = ("secret",)


def _scheduler(payload: Record) -> Record:
    """A time zone alone leaves the hours there are; hours need one."""
    if payload.get("timezone") is None:
        return replaced(payload, FIELD, from_days)
    week = payload.get(FIELD)
    scheduler = {} if week is None else from_days(week)
    if not isinstance(scheduler, dict):
        return payload
    placed = {**scheduler, "timezone": payload["timezone"]}
    return {**without(payload, ("timezone",)), FIELD: placed}


def _scheduler_schema(schema: Schema) -> Schema:
    older = schema_of_days(schema)
    return {**older, "properties": {**older["properties"], "timezone": {"type": "string"}}}


def _news_but_type(bot: Record) -> Any:
    return DROP if bot.keys() == {"id", *_TYPE} else without(bot, _TYPE)


def _each_bot(bots: Any) -> Any:
    return each(bots, one_interval_a_day)


TO_3_6: tuple[VersionChange, ...] = ()

TO_3_5 = (
    VersionChange(
        sentence="Bots have no type: what a client says of it is not looked at.",
        api="configuration",
        requests=_WRITTEN,
        upgrade=lambda payload: without(payload, _TYPE),
        schema=lambda schema: schema_without(schema, _TYPE),
    ),
    VersionChange(
        sentence="Nor is a client told a bot's type.",
        api="configuration",
        responses=frozenset({"get_bot"}),
        downgrade=lambda bot: without(bot, _TYPE),
        schema=lambda schema: schema_without(schema, _TYPE),
    ),
    VersionChange(
        sentence="Nor do pushes say it, and none tells that it alone changed.",
        api="agent",
        pushes=frozenset({"bot_created", "bot_updated"}),
        downgrade=_news_but_type,
    ),
)

TO_3_4 = (
    VersionChange(
        sentence="A bot has no secret, for there are no tokens it could get with it.",
        api="configuration",
        responses=frozenset({"create_bot"}),
        downgrade=lambda bot: without(bot, _SECRET),
        schema=lambda schema: schema_without(schema, _SECRET),
    ),
    VersionChange(
        sentence="A bot's working hours are one interval a day, by the day's name, and its time "
        "zone stands beside them.",
        api="configuration",
        requests=_WRITTEN,
        upgrade=_scheduler,
        schema=_scheduler_schema,
    ),
    VersionChange(
        sentence="So they are when one bot is read, from the first beginning of a day to its "
        "last end.",
        api="configuration",
        responses=frozenset({"get_bot"}),
        downgrade=one_interval_a_day,
        schema=schema_of_days,
    ),
    VersionChange(
        sentence="And in lists of bots.",
        api="configuration",
        responses=frozenset({"list_bots"}),
        downgrade=_each_bot,
        schema=lambda schema: each_item(schema, schema_of_days),
    ),
)
