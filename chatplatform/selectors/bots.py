"""Reading bots and their templates, and whose a bot is (protocol.md 6.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from django.db.models import Q, QuerySet

from chatplatform.errors import Authorization, NotFound
from chatplatform.models import Application, Bot, BotTemplate, GroupMember
from chatplatform.records import Record
from chatplatform.requester import AgentRequester


def owns(requester: AgentRequester, bot: Bot) -> bool:
    """Tell whether ``bot``, its owner read along, is the requester's own.

    A token's own are the bots of its application; a personal access token, which has none, counts
    those that were made with one.
    """
    if requester.client_id:
        return bool(requester.client_id == bot.owner.client_id)
    return bot.by_person


def reaches(requester: AgentRequester, bot: Bot, mode: Literal["ro", "rw"]) -> bool:
    """Tell whether the token may read, or change, ``bot``, its owner read along."""
    own = owns(requester, bot) and requester.has_scope(f"agents-bot--my:{mode}")
    return own or requester.has_scope(f"agents-bot--all:{mode}")


def access_bot(requester: AgentRequester, bot_id: str, *, write: bool = False) -> Bot:
    """Return the organisation's bot, agent and owner read along. One read.

    Raise :class:`NotFound`, and :class:`Authorization` for a bot that is not the requester's own
    unless the token reaches all bots.
    """
    bot = _bots(requester.organization_id).filter(agent__public_id=bot_id).first()
    if bot is None:
        raise NotFound("Bot not found")
    if not reaches(requester, bot, "rw" if write else "ro"):
        raise Authorization("the bot belongs to another application")
    return bot


def bots_of(requester: AgentRequester, *, everybodys: bool) -> list[Bot]:
    """Return the requester's own bots, or all of the organisation, the oldest first. One read."""
    own = Q(owner__client_id=requester.client_id) if requester.client_id else Q(by_person=True)
    rows = _bots(requester.organization_id).filter(Q() if everybodys else own)
    return list(rows.order_by("agent_id"))


def places_of(bots: Iterable[Bot]) -> dict[int, list[Record]]:
    """Return the groups bots were put into as ``{id, priority}``, by their keys. One read.

    A place without a priority of its own shows the bot's default.
    """
    defaults = {bot.pk: bot.default_group_priority for bot in bots}
    found: dict[int, list[Record]] = {key: [] for key in defaults}
    rows = GroupMember.objects.filter(agent_id__in=defaults).order_by("group__number")
    for key, number, priority in rows.values_list("agent_id", "group__number", "priority"):
        found[key].append({"id": number, "priority": priority or defaults[key]})
    return found


def templates_of(owner: Application) -> list[BotTemplate]:
    """Return an application's templates by name. One read."""
    return list(BotTemplate.objects.filter(application=owner).order_by("name", "pk"))


def _bots(organization_id: UUID) -> QuerySet[Bot]:
    rows = Bot.objects.filter(agent__organization_id=organization_id, agent__deleted_at=None)
    return rows.select_related("agent", "owner")
