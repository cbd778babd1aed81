"""Tokens of bots (protocol.md 5.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from chatplatform import clock, ids
from chatplatform.errors import Authentication, Authorization
from chatplatform.models import Bot
from chatplatform.services import tokens

LIFETIME_SECONDS: Final = 24 * 3_600
SCOPES: Final = frozenset({"chats--access:rw", "agents-bot--my:rw", "customers:rw"})
"""What every bot's token carries (protocol.md 5.3)."""
PREFIX: Final = "bot."
"""Tells a bot's token from all others, which have no dot, so that one read finds either."""


def issue_bot_token(bot: Bot) -> tokens.IssuedToken:
    """Issue a Bearer token of ``bot``: a day, with the scopes of every bot.

    Beyond 25 living ones the oldest are revoked. Locks the installation of its application, then
    the bot, which those who change it lock before its agent. Raise :class:`Authentication` where
    it was deleted meanwhile, or its application removed.
    """
    token = PREFIX + ids.secret()
    now = clock.now()
    with transaction.atomic():
        try:
            tokens.lock_installation(bot.owner, bot.agent.organization_id)
        except Authorization:
            raise Authentication("the bot's application is not installed") from None
        if Bot.objects.select_for_update(no_key=True).filter(pk=bot.pk).first() is None:
            raise Authentication("the bot is no more")
        bot.tokens.filter(expires_at__lte=now).delete()
        bot.tokens.create(
            checksum=tokens.checksum(token), expires_at=now + timedelta(seconds=LIFETIME_SECONDS)
        )
        for row in bot.tokens.order_by("-pk")[tokens.MAX_PER_CLIENT_AND_ACCOUNT :]:
            row.delete()
            tokens.end_sessions(bot.agent.organization_id, row.checksum)
    return tokens.IssuedToken(token, LIFETIME_SECONDS)
