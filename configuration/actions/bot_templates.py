"""Configuration API: bot templates."""

from __future__ import annotations

from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire.shapes import Nothing
from chatplatform.selectors import bots as selectors
from chatplatform.services import bot_templates
from configuration.owner import named_owner
from configuration.wire.bots import (
    BotId,
    ClientId,
    Name,
    NewBotShape,
    SecretShape,
    TemplateInput,
    TemplateShape,
)

SCOPES = ("bots.templates:rw",)


class CreateBotTemplate(TemplateInput):
    """``create_bot_template``."""

    name: Name
    owner_client_id: ClientId
    affect_existing_installations: bool = False


class UpdateBotTemplate(TemplateInput):
    """``update_bot_template``; what is left out stays as it is."""

    id: BotId
    name: Name | None = None
    owner_client_id: ClientId
    affect_existing_installations: bool = False


class OneBotTemplate(Request):
    """A template, and whether the bots made from it are meant, too."""

    id: BotId
    owner_client_id: ClientId
    affect_existing_installations: bool = False


class ListBotTemplates(Request):
    """``list_bot_templates``."""

    owner_client_id: ClientId


@action("configuration", scopes=SCOPES, web="3.5", rtm=None, writes=True)
def create_bot_template(ctx: AgentContext, request: CreateBotTemplate) -> NewBotShape:
    """Make a template: its bot comes with every installation of the application."""
    made = bot_templates.create_template(
        named_owner(ctx, request.owner_client_id),
        affect_existing=request.affect_existing_installations,
        **request.values(),
    )
    return {"id": made.template.pk, "secret": made.secret}


@action("configuration", scopes=SCOPES, web="3.5", rtm=None, writes=True)
def update_bot_template(ctx: AgentContext, request: UpdateBotTemplate) -> Nothing:
    """Change a template."""
    values: bot_templates.TemplateValues = request.values()  # type: ignore[assignment]
    bot_templates.update_template(
        named_owner(ctx, request.owner_client_id),
        request.id,
        values,
        affect_existing=request.affect_existing_installations,
    )
    return {}


@action("configuration", scopes=SCOPES, web="3.5", rtm=None, writes=True)
def delete_bot_template(ctx: AgentContext, request: OneBotTemplate) -> Nothing:
    """Take a template away."""
    bot_templates.delete_template(
        named_owner(ctx, request.owner_client_id),
        request.id,
        affect_existing=request.affect_existing_installations,
    )
    return {}


@action("configuration", scopes=SCOPES, web="3.5", rtm=None)
def list_bot_templates(ctx: AgentContext, request: ListBotTemplates) -> list[TemplateShape]:
    """List an application's templates."""
    return [
        {
            "id": template.pk,
            "name": template.name,
            "avatar": template.avatar,
            "avatar_path": template.avatar,
        }
        for template in selectors.templates_of(named_owner(ctx, request.owner_client_id))
    ]


@action("configuration", scopes=SCOPES, web="3.5", rtm=None, writes=True)
def reset_bot_template_secret(ctx: AgentContext, request: OneBotTemplate) -> SecretShape:
    """Give a template a new secret."""
    secret = bot_templates.reset_secret(
        named_owner(ctx, request.owner_client_id),
        request.id,
        affect_existing=request.affect_existing_installations,
    )
    return {"secret": secret}
