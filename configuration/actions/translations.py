"""Configuration API: the widget's phrases."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.batches import batch
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.selectors import groups
from chatplatform.selectors.translations import phrases_in_force
from chatplatform.services import translations
from configuration.organization import organization_of

READ = ("languages_read",)
WRITE = ("languages_write",)

Language = Annotated[
    str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,2}$", max_length=16)
]
Phrase = Annotated[str, Field(max_length=4096)]


class Phrases(Request):
    """The phrases a group may word itself; others are refused, null counts as not given."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    Welcome_title: Phrase | None = None
    Agents_not_available_continuous: Phrase | None = None
    User_in_queue: Phrase | None = None
    Client: Phrase | None = None
    Embedded_textarea_placeholder: Phrase | None = None
    Offline_message_sent: Phrase | None = None


class UpdateTranslations(Request):
    """``update_translations``; an empty phrase gives the platform's own back."""

    group_id: GroupId
    language: Language
    phrases: Phrases


@batch("batch_update_translations")
@action("configuration", scopes=WRITE, web="3.7", rtm=None, writes=True)
def update_translations(ctx: AgentContext, request: UpdateTranslations) -> shapes.Nothing:
    """Let a group say phrases in its own words."""
    given = request.phrases.model_dump(exclude_none=True)
    translations.update_translations(ctx.organization_id, request.group_id, request.language, given)
    return {}


class ListTranslations(Request):
    """``list_translations``."""

    group_id: GroupId
    language: Language


class TranslationsShape(TypedDict):
    """Every phrase in force, by its key."""

    phrases: dict[str, str]


@action("configuration", scopes=READ, web="3.7", rtm=None)
def list_translations(ctx: AgentContext, request: ListTranslations) -> TranslationsShape:
    """Return what a group's widget says in a language."""
    group = groups.access_group(organization_of(ctx), request.group_id)
    return {"phrases": phrases_in_force(group, request.language)}
