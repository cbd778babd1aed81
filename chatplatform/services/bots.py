"""Bots: agents without a login, each owned by an application of its organisation.

A new bot is offline until a status is chosen for it; it needs no connection to get chats.
"""

from __future__ import annotations

import hmac
import re
from typing import Any, Final, NamedTuple, TypedDict
from uuid import UUID

from django.db import transaction

from chatplatform import clock, ids
from chatplatform.domain_events import tell
from chatplatform.domain_events.people import BotCreated, BotDeleted, BotUpdated
from chatplatform.errors import AlreadyExists, Authentication, NotFound, Validation
from chatplatform.models import Agent, Application, Bot, Organization
from chatplatform.models.bots import BotType
from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import RoutingStatus
from chatplatform.records import Record, bot_configuration
from chatplatform.selectors import groups as group_selectors
from chatplatform.services import groups, presence, routing, tokens
from chatplatform.services.agents import checked_scheduler
from chatplatform.services.organizations import checked_name
from chatplatform.services.tokens import IssuedToken

MAX_CHATS: Final = 500
_ID: Final = re.compile("[0-9a-f]{32}")
_OF_AGENT: Final = ("name", "avatar", "job_title", "max_chats_count", "work_scheduler")


class NewBot(NamedTuple):
    """A new bot, and its secret in the only moment it can be read."""

    agent: Agent
    secret: str


class BotValues(TypedDict, total=False):
    """What can be chosen for a bot; ``groups`` (``{id, priority?}``) replace all there were."""

    name: str
    avatar: str
    job_title: str
    max_chats_count: int
    default_group_priority: str
    type: str
    groups: list[Record]
    work_scheduler: Record


def create_bot(
    owner: Application,
    name: str,
    *,
    bot_id: str = "",
    secret: str = "",
    **values: Any,
) -> NewBot:
    """Make a bot of ``owner`` in the owner's organisation.

    ``values`` are :class:`BotValues`. ``bot_id`` (32 hexadecimal digits) and ``secret`` are given
    only where they must be known before. Raise :class:`Validation` for malformed values,
    :class:`AlreadyExists` and ``GroupNotFound``. Tells ``BotCreated``.
    """
    if bot_id and not _ID.fullmatch(bot_id):
        raise Validation("a bot's id has 32 hexadecimal digits")
    chosen = _checked({"name": name, **values})  # type: ignore[typeddict-item]
    secret = secret or ids.secret()
    with transaction.atomic():
        organization = routing.lock_organization(owner.organization_id)
        public_id = bot_id or ids.opaque_id()
        if Agent.ever.filter(organization=organization, public_id=public_id).exists():
            raise AlreadyExists("there is or was a bot of that id")
        agent = Agent.objects.create(
            organization=organization,
            kind=Agent.Kind.BOT,
            public_id=public_id,
            routing_status=RoutingStatus.OFFLINE,
            **{field: chosen[field] for field in _OF_AGENT if field in chosen},
        )
        bot = Bot.objects.create(
            agent=agent,
            owner=owner,
            secret_checksum=tokens.checksum(secret),
            **{
                field: chosen[field]
                for field in ("type", "default_group_priority")
                if field in chosen
            },
        )
        groups.place_agent(organization, agent, chosen.get("groups", []))
        tell(BotCreated(organization_id=str(organization.pk), bot=_configuration(bot)))
    return NewBot(agent, secret)


def update_bot(organization_id: UUID, bot_id: str, values: BotValues) -> None:
    """Change a bot. Raise :class:`NotFound`, :class:`Validation` and ``GroupNotFound``.

    Tells ``BotUpdated`` when anything changed.
    """
    chosen = _checked(values)
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        bot = _locked(organization, bot_id)
        before = _configuration(bot)
        if "groups" in chosen:
            groups.place_agent(organization, bot.agent, chosen.pop("groups"))
        for field, value in chosen.items():
            setattr(bot.agent if field in _OF_AGENT else bot, field, value)
        bot.agent.save(update_fields=[field for field in chosen if field in _OF_AGENT])
        bot.save(update_fields=[field for field in chosen if field not in _OF_AGENT])
        after = _configuration(bot)
        if changed := {key: value for key, value in after.items() if before[key] != value}:
            tell(BotUpdated(organization_id=str(organization_id), bot_id=bot_id, changed=changed))
    routing.settle_after_commit(organization_id)


def delete_bot(organization_id: UUID, bot_id: str) -> None:
    """Take a bot away, with its secret and tokens; its chats go to others.

    Raise :class:`NotFound`. Tells ``BotDeleted``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        bot = _locked(organization, bot_id)
        agent = bot.agent
        agent.deleted_at = clock.now()
        agent.save(update_fields=["deleted_at"])
        agent.memberships.all().delete()
        tell(BotDeleted(organization_id=str(organization_id), bot_id=bot_id))
        presence.end_sessions(organization, agent, reason="access_token_revoked", because="deleted")
        bot.delete()
    routing.settle_after_commit(organization_id)


def reset_secret(organization_id: UUID, bot_id: str) -> str:
    """Give a bot a new secret and return it; tokens issued before stay valid until they expire.

    Raise :class:`NotFound`.
    """
    with transaction.atomic():
        bot = _locked(routing.lock_organization(organization_id), bot_id)
        secret = ids.secret()
        bot.secret_checksum = tokens.checksum(secret)
        bot.save(update_fields=["secret_checksum"])
    return secret


def issue_token(organization_id: UUID, bot_id: str, client_id: str, secret: str) -> IssuedToken:
    """Issue a token to whoever knows a bot's secret, its owner's client id and organisation.

    Raise :class:`Authentication` for anything that does not match.
    """
    bot = (
        Bot.objects.filter(
            agent__organization_id=organization_id,
            agent__public_id=bot_id,
            agent__deleted_at=None,
            owner__client_id=client_id,
        )
        .select_related("agent")
        .first()
    )
    known = bot.secret_checksum if bot is not None else ""
    if bot is None or not hmac.compare_digest(known, tokens.checksum(secret)):
        raise Authentication("the bot, its owner or its secret is not known")
    return tokens.issue_bot_token(bot)


def _locked(organization: Organization, bot_id: str) -> Bot:
    bot = (
        Bot.objects.select_for_update(of=("self",))
        .filter(agent__organization=organization, agent__public_id=bot_id, agent__deleted_at=None)
        .select_related("agent", "owner")
        .first()
    )
    if bot is None:
        raise NotFound("Bot not found")
    return bot


def _configuration(bot: Bot) -> Record:
    bot.agent.bot = bot
    return bot_configuration(bot.agent, bot, group_selectors.places_of(bot.agent))


def _checked(values: BotValues) -> Record:
    """Return ``values`` as they are stored; raise :class:`Validation`."""
    if unknown := values.keys() - BotValues.__annotations__.keys():
        raise TypeError(f"bots have no {sorted(unknown)}")
    chosen: Record = dict(values)
    if "name" in values:
        chosen["name"] = checked_name(values["name"])
    for field, limit in (("avatar", 500), ("job_title", 180)):
        if len(chosen.get(field, "")) > limit:
            raise Validation(f"`{field}` has at most {limit} characters")
    if not 1 <= values.get("max_chats_count", 1) <= MAX_CHATS:
        raise Validation(f"a bot has 1 to {MAX_CHATS} chats at a time")
    if values.get("default_group_priority", GroupPriority.NORMAL) not in GroupPriority.values:
        raise Validation("there is no such priority")
    if values.get("type", BotType.CHATBOT) not in BotType.values:
        raise Validation("there is no such type of bot")
    if "work_scheduler" in values:
        chosen["work_scheduler"] = checked_scheduler(values["work_scheduler"])
    return chosen
