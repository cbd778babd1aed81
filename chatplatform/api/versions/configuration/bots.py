"""What older versions of the Configuration API know differently of bots and bot templates."""

from __future__ import annotations

from typing import Any

from chatplatform.api.versions.change import (
    DROP,
    Record,
    VersionChange,
    schema_without,
    without,
)

_WRITTEN = frozenset({"create_bot", "update_bot"})
_TYPE = ("type",)
_SECRET = ("secret",)


def _news_but_type(bot: Record) -> Any:
    return DROP if bot.keys() == {"id", *_TYPE} else without(bot, _TYPE)


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
)
