"""Bots: agents without a login, each owned by an application.

A new bot is offline until a status is chosen for it, or its working hours next begin; it needs no
connection to get chats.
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
from chatplatform.errors import AlreadyExists, Authentication, LimitReached, NotFound, Validation
from chatplatform.models import Agent, Application, Bot, BotTemplate, Organization
from chatplatform.models.bots import MAX_BOT_TYPE
from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import RoutingStatus
from chatplatform.records import Record, bot_configuration
from chatplatform.selectors import groups as group_selectors
from chatplatform.services import (
    audit,
    bot_tokens,
    groups,
    presence,
    routing,
    tokens,
    working_hours,
)
from chatplatform.services.agents import checked_scheduler
from chatplatform.services.organizations import checked_name
from chatplatform.services.tokens import IssuedToken
from chatplatform.texts import is_line

MAX_CHATS: Final = 500
MAX_BOTS: Final = 1_000
"""How many can be made on one licence: whatever the router decides, it looks at all of them."""
_ID: Final = re.compile("[0-9a-f]{32}")
_OF_AGENT: Final = ("name", "avatar", "job_title", "max_chats_count", "work_scheduler")
TEMPLATED: Final = ("name", "avatar", "job_title", "max_chats_count", "default_group_priority")
"""What a template says of the bots that are made from it."""


class NewBot(NamedTuple):
    """A new bot, and its secret in the only moment it can be read."""

    agent: Agent
    secret: str


class BotValues(TypedDict, total=False):
    """What can be chosen for a bot.

    ``groups`` (``{id, priority?}``) replace all there were. ``type`` is a word of the owner's.
    ``work_scheduler`` is ``{timezone, schedule}``; what it leaves out stays as it is.
    """

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
    by_person: bool = False,
    **values: Any,
) -> NewBot:
    """Make a bot of ``owner`` in the owner's organisation.

    ``values`` are :class:`BotValues`. ``bot_id`` (32 hexadecimal digits) and ``secret`` are given
    only where they must be known before. ``by_person``: it is made with a personal access token.
    Raise :class:`Validation` for malformed values, :class:`AlreadyExists`, ``GroupNotFound`` and
    :class:`LimitReached`. Tells ``BotCreated``.
    """
    if bot_id and not _ID.fullmatch(bot_id):
        raise Validation("a bot's id has 32 hexadecimal digits")
    chosen = checked({"name": name, **values})  # type: ignore[typeddict-item]
    secret = secret or ids.secret()
    public_id = bot_id or ids.opaque_id()
    with transaction.atomic():
        organization = routing.lock_organization(owner.organization_id)
        if Agent.ever.filter(organization=organization, public_id=public_id).exists():
            raise AlreadyExists("there is or was a bot of that id")
        if Agent.objects.filter(organization=organization, kind=Agent.Kind.BOT).count() >= MAX_BOTS:
            raise LimitReached(f"A licence has {MAX_BOTS} bots at most")
        bot = Bot(owner=owner, secret_checksum=tokens.checksum(secret), by_person=by_person)
        agent = Agent(organization=organization, public_id=public_id)
        _make(organization, agent, bot, chosen)
    return NewBot(agent, secret)


def make_of_template(organization: Organization, template: BotTemplate) -> None:
    """Make the bot of ``template``, its application read along, in a locked organisation.

    It has the template's id, and is the same agent again if it was there before. Does nothing
    where it is there. Tells ``BotCreated``.
    """
    former = Agent.ever.filter(organization=organization, public_id=template.pk).first()
    if former is not None and former.deleted_at is None:
        return
    agent = Agent(organization=organization, public_id=template.pk)
    if former is not None:
        agent.pk, agent.customer_facing_id = former.pk, former.customer_facing_id
    bot = Bot(
        owner=template.application, template=template, secret_checksum=template.secret_checksum
    )
    _make(organization, agent, bot, {field: getattr(template, field) for field in TEMPLATED})


def _make(organization: Organization, agent: Agent, bot: Bot, chosen: Record) -> None:
    """Store a new bot, whose values are checked, in a locked organisation, and tell."""
    agent.kind, agent.routing_status = Agent.Kind.BOT, RoutingStatus.OFFLINE
    places = chosen.pop("groups", [])
    for field, value in chosen.items():
        setattr(agent if field in _OF_AGENT else bot, field, value)
    working_hours.next_change(agent)
    agent.save()
    bot.agent = agent
    bot.save(force_insert=True)
    groups.place_agent(organization, agent, places)
    made = _configuration(bot)
    audit.record(organization.pk, "create_bot", "bot", agent.public_id, after=made)
    tell(BotCreated(organization_id=str(organization.pk), bot=made))


def update_bot(organization_id: UUID, bot_id: str, values: BotValues) -> None:
    """Change a bot. Raise :class:`NotFound`, :class:`Validation` and ``GroupNotFound``.

    Other working hours take effect at once. Tells ``BotUpdated`` when anything changed.
    """
    chosen = checked(values)
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        bot = _locked(organization, bot_id)
        within = working_hours.catch_up(bot.agent)
        before = _configuration(bot)
        if "work_scheduler" in values:
            whole = {**bot.agent.work_scheduler, **values["work_scheduler"]}
            chosen["work_scheduler"] = checked_scheduler(whole)
        if "groups" in chosen:
            groups.place_agent(organization, bot.agent, chosen.pop("groups"))
        for field, value in chosen.items():
            setattr(bot.agent if field in _OF_AGENT else bot, field, value)
        bot.agent.save(update_fields=[field for field in chosen if field in _OF_AGENT])
        bot.save(update_fields=[field for field in chosen if field not in _OF_AGENT])
        after = _configuration(bot)
        audit.record(organization_id, "update_bot", "bot", bot_id, before=before, after=after)
        if changed := {key: value for key, value in after.items() if before[key] != value}:
            tell(BotUpdated(organization_id=str(organization_id), bot_id=bot_id, changed=changed))
        working_hours.follow(bot.agent, within)
    routing.settle_after_commit(organization_id)


def delete_bot(organization_id: UUID, bot_id: str) -> None:
    """Take a bot away, with its secret and tokens; its chats go to others.

    Raise :class:`NotFound`. Tells ``BotDeleted``.
    """
    with transaction.atomic():
        organization = routing.lock_organization(organization_id)
        bot = _locked(organization, bot_id)
        agent = bot.agent
        audit.record(organization_id, "delete_bot", "bot", bot_id, before=_configuration(bot))
        agent.deleted_at, agent.hours_change_at = clock.now(), None
        agent.save(update_fields=["deleted_at", "hours_change_at"])
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
        audit.record(organization_id, "reset_bot_secret", "bot", bot_id)
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
    with transaction.atomic():
        issued = bot_tokens.issue_bot_token(bot)
        audit.record(organization_id, "issue_bot_token", "bot", bot_id)
    return issued


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


def checked(values: BotValues) -> Record:
    """Return a bot's, or a template's, values as they are stored; raise :class:`Validation`."""
    if unknown := values.keys() - BotValues.__annotations__.keys():
        raise TypeError(f"bots have no {sorted(unknown)}")
    chosen: Record = dict(values)
    if "name" in values:
        chosen["name"] = checked_name(values["name"])
    for field, limit in (("avatar", 500), ("job_title", 180), ("type", MAX_BOT_TYPE)):
        text = chosen.get(field, "")
        if len(text) > limit or not is_line(text):
            raise Validation(f"`{field}` has at most {limit} printable characters")
    if values.get("type") == "":
        raise Validation("`type` must not be empty")
    if not 1 <= values.get("max_chats_count", 1) <= MAX_CHATS:
        raise Validation(f"a bot has 1 to {MAX_CHATS} chats at a time")
    if values.get("default_group_priority", GroupPriority.NORMAL) not in GroupPriority.values:
        raise Validation("there is no such priority")
    if "work_scheduler" in values:
        chosen["work_scheduler"] = checked_scheduler(values["work_scheduler"])
    return chosen
