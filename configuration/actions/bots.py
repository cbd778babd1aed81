"""Configuration API: bots, one by one and in batches, their secrets and tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from chatplatform.api import ratelimit
from chatplatform.api.action import Request, action
from chatplatform.api.batches import batch
from chatplatform.api.context import AgentContext
from chatplatform.api.wire.shapes import Nothing
from chatplatform.errors import Authorization, NotFound, Validation
from chatplatform.models import Application
from chatplatform.records import bot_configuration
from chatplatform.requester import bot_rate_key
from chatplatform.selectors import bots as selectors
from chatplatform.services import bots
from configuration.owner import owner
from configuration.wire.bots import (
    ALWAYS,
    BotFields,
    BotId,
    BotInput,
    BotShape,
    ClientId,
    Name,
    NewBotShape,
    SecretShape,
    TokenShape,
    WholeBotShape,
    shown,
)

READ_ALL, WRITE_ALL = "agents-bot--all:ro", "agents-bot--all:rw"
READ = ("agents-bot--my:ro", READ_ALL)
WRITE_OWN = ("agents-bot--my:rw",)
WRITE = (*WRITE_OWN, WRITE_ALL)


class CreateBot(BotInput):
    """``create_bot``; ``owner_client_id`` is needed with a personal access token."""

    name: Name
    owner_client_id: ClientId | None = None


class UpdateBot(BotInput):
    """``update_bot``; what is left out stays as it is."""

    id: BotId
    name: Name | None = None


class OneBot(Request):
    """A bot."""

    id: BotId


class ListBots(Request):
    """``list_bots``; ``all`` asks for those of other applications, too."""

    all: bool = False
    fields: BotFields = []


class GetBot(OneBot):
    """``get_bot``."""

    fields: BotFields = []


class ResetBotSecret(OneBot):
    """``reset_bot_secret``; ``owner_client_id`` is needed with a personal access token."""

    owner_client_id: ClientId | None = None


class IssueBotToken(Request):
    """``issue_bot_token``: who knows all of this gets a token."""

    bot_id: BotId
    client_id: ClientId
    bot_secret: Annotated[str, Field(max_length=200)]
    organization_id: Annotated[str, Field(max_length=64)]


@batch("batch_create_bots")
@action("configuration", scopes=WRITE_OWN, rtm=None, writes=True)
def create_bot(ctx: AgentContext, request: CreateBot) -> NewBotShape:
    """Make a bot; it is offline until a status is chosen for it."""
    application = _owner(ctx, request.owner_client_id)
    made = bots.create_bot(application, by_person=not ctx.client_id, **request.values())
    return {"id": made.agent.public_id, "secret": made.secret}


@batch("batch_update_bots")
@action("configuration", scopes=WRITE, rtm=None, writes=True)
def update_bot(ctx: AgentContext, request: UpdateBot) -> Nothing:
    """Change a bot."""
    bot = selectors.access_bot(ctx.requester, request.id, write=True)
    values: bots.BotValues = request.values()  # type: ignore[assignment]
    bots.update_bot(ctx.organization_id, bot.agent.public_id, values)
    return {}


@batch("batch_delete_bots")
@action("configuration", scopes=WRITE, rtm=None, writes=True)
def delete_bot(ctx: AgentContext, request: OneBot) -> Nothing:
    """Take a bot away: its tokens end, its chats go to others."""
    bot = selectors.access_bot(ctx.requester, request.id, write=True)
    bots.delete_bot(ctx.organization_id, bot.agent.public_id)
    return {}


@action("configuration", scopes=READ, rtm=None)
def list_bots(ctx: AgentContext, request: ListBots) -> list[BotShape]:
    """List the requester's own bots, or all of the organisation."""
    if request.all and not ctx.requester.has_scope(READ_ALL):
        raise Authorization(f"the token lacks the scope {READ_ALL}")
    found = selectors.bots_of(ctx.requester, everybodys=request.all)
    places = selectors.places_of(found)
    return [
        shown(bot_configuration(bot.agent, bot, places[bot.pk]), request.fields) for bot in found
    ]


@action("configuration", scopes=READ, rtm=None)
def get_bot(ctx: AgentContext, request: GetBot) -> WholeBotShape:
    """Return a bot."""
    bot = selectors.access_bot(ctx.requester, request.id)
    places = selectors.places_of([bot])[bot.pk]
    whole: WholeBotShape = shown(
        bot_configuration(bot.agent, bot, places), (*ALWAYS, *request.fields)
    )
    return whole


@action("configuration", scopes=WRITE_OWN, web="3.5", rtm=None, writes=True)
def reset_bot_secret(ctx: AgentContext, request: ResetBotSecret) -> SecretShape:
    """Give a bot a new secret; tokens issued before stay valid until they expire."""
    application = owner(ctx, request.owner_client_id)
    bot = selectors.access_bot(ctx.requester, request.id, write=True)
    if bot.owner_id != application.pk:
        raise NotFound("Bot not found")
    return {"secret": bots.reset_secret(ctx.organization_id, bot.agent.public_id)}


@action("configuration", web="3.5", rtm=None, writes=True, public=True)
def issue_bot_token(ctx: AgentContext, request: IssueBotToken) -> TokenShape:
    """Issue a token for a day to whoever knows a bot's secret."""
    try:
        organization_id = UUID(request.organization_id)
    except ValueError:
        raise Validation("`organization_id` must be a UUID") from None
    issued = bots.issue_token(
        organization_id, request.bot_id, request.client_id, request.bot_secret
    )
    ratelimit.count(bot_rate_key(organization_id, request.bot_id))
    return {"token": issued.token}


def _owner(ctx: AgentContext, owner_client_id: str | None) -> Application:
    """Return whose a new bot will be; a token that reaches its own bots only makes no others."""
    found = owner(ctx, owner_client_id)
    foreign = bool(ctx.client_id) and found.client_id != ctx.client_id
    if foreign and not ctx.requester.has_scope(WRITE_ALL):
        raise Authorization("the application is another than the token's")
    return found
