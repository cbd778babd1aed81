"""Bot templates: bots that an application brings along wherever it is installed (protocol.md 6.4).

Every change of an application's templates, and of where it is installed
(``services/installations.py``), holds the application's lock, so that no licence misses one. It
comes before the organisations' locks, which are taken in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypedDict
from uuid import UUID

from django.db import transaction

from chatplatform import domain_events, ids
from chatplatform.domain_events import Cause
from chatplatform.errors import LimitReached, NotFound
from chatplatform.models import Application, Bot, BotTemplate, Installation, Organization
from chatplatform.records import Record
from chatplatform.services import audit, bots, routing, tokens

MAX_TEMPLATES: Final = 5
"""How many one application has at most."""


class NewTemplate(NamedTuple):
    """A new template, and its secret in the only moment it can be read."""

    template: BotTemplate
    secret: str


class TemplateValues(TypedDict, total=False):
    """What can be chosen for a template; the same as of a bot."""

    name: str
    avatar: str
    job_title: str
    max_chats_count: int
    default_group_priority: str


def create_template(
    owner: Application, name: str, *, affect_existing: bool = False, **values: Any
) -> NewTemplate:
    """Make a template of ``owner``.

    ``values`` are :class:`TemplateValues`. ``affect_existing``: its bot is made at once on every
    licence that has the application installed, which tells ``BotCreated`` there. Raise
    :class:`LimitReached` and ``Validation``.
    """
    chosen = bots.checked({"name": name, **values})  # type: ignore[typeddict-item]
    secret = ids.secret()
    with transaction.atomic():
        application = lock_application(owner)
        if application.bot_templates.count() >= MAX_TEMPLATES:
            raise LimitReached(f"An application has {MAX_TEMPLATES} bot templates at most")
        template = BotTemplate.objects.create(
            application=application, secret_checksum=tokens.checksum(secret), **chosen
        )
        _log("create_bot_template", template, after=_record(template))
        if affect_existing:
            for organization_id in _licences(application):
                with _seen_from(organization_id, application):
                    bots.make_of_template(routing.lock_organization(organization_id), template)
    return NewTemplate(template, secret)


def update_template(
    owner: Application, template_id: str, values: TemplateValues, *, affect_existing: bool = False
) -> None:
    """Change a template; ``affect_existing``: and, in the same way, the bots made from it.

    Raise :class:`NotFound` and ``Validation``. Tells ``BotUpdated`` for each bot that changed.
    """
    chosen = bots.checked(values)  # type: ignore[arg-type]
    with transaction.atomic():
        template = _locked(owner, template_id)
        before = _record(template)
        for field, value in chosen.items():
            setattr(template, field, value)
        template.save(update_fields=list(chosen))
        _log("update_bot_template", template, before=before, after=_record(template))
        if affect_existing:
            for organization_id in _homes(template):
                with _seen_from(organization_id, owner):
                    bots.update_bot(organization_id, template_id, chosen)  # type: ignore[arg-type]


def delete_template(owner: Application, template_id: str, *, affect_existing: bool = False) -> None:
    """Take a template away; ``affect_existing``: and the bots made from it.

    Others stay what they are, with the secret they have. Raise :class:`NotFound`. Tells
    ``BotDeleted`` for each bot that goes.
    """
    with transaction.atomic():
        template = _locked(owner, template_id)
        _log("delete_bot_template", template, before=_record(template))
        if affect_existing:
            for organization_id in _homes(template):
                with _seen_from(organization_id, owner):
                    bots.delete_bot(organization_id, template_id)
        template.delete()


def reset_secret(owner: Application, template_id: str, *, affect_existing: bool = False) -> str:
    """Give a template a new secret and return it; ``affect_existing``: and the bots made from it.

    Tokens issued before stay valid until they expire. Raise :class:`NotFound`.
    """
    secret = ids.secret()
    with transaction.atomic():
        template = _locked(owner, template_id)
        template.secret_checksum = tokens.checksum(secret)
        template.save(update_fields=["secret_checksum"])
        _log("reset_bot_template_secret", template)
        if affect_existing:
            homes = _homes(template)
            made = Bot.objects.filter(template=template, agent__organization__in=homes)
            made.update(secret_checksum=template.secret_checksum)
            for organization_id in homes:
                with _seen_from(organization_id, owner):
                    audit.record(organization_id, "reset_bot_secret", "bot", template_id)
    return secret


def lock_application(application: Application) -> Application:
    """Return an application with its row locked until commit.

    Raise :class:`NotFound` where it was deleted meanwhile.
    """
    rows = Application.objects.select_for_update(no_key=True)
    locked: Application | None = rows.filter(pk=application.pk).first()
    if locked is None:
        raise NotFound("Application not found")
    return locked


def _record(template: BotTemplate) -> Record:
    values: Record = {field: getattr(template, field) for field in bots.TEMPLATED}
    return {"id": template.pk, "owner_client_id": template.application.client_id, **values}


def _log(action: str, template: BotTemplate, **was_and_is: Record) -> None:
    home = template.application.organization_id
    audit.record(home, action, "bot_template", template.pk, **was_and_is)


@contextmanager
def _seen_from(organization_id: UUID, application: Application) -> Iterator[None]:
    """Let other licences than the application's own see the application act, and nobody of its."""
    cause = domain_events.cause()
    if organization_id != application.organization_id:
        cause = Cause("", "", application.client_id, door=cause.door if cause else "")
    with domain_events.caused_by(cause):
        yield


def _locked(owner: Application, template_id: str) -> BotTemplate:
    application = lock_application(owner)
    template = application.bot_templates.filter(pk=template_id).first()
    if template is None:
        raise NotFound("Bot template not found")
    return template


def _licences(application: Application) -> list[UUID]:
    """Lock every organisation that has ``application`` installed, by their ids; return those.

    They are returned in the order of the installations, which may be locked one by one.
    """
    rows = Organization.objects.select_for_update(no_key=True, of=("self",))
    installed = rows.filter(
        installations__application=application, installations__removed_at=None
    ).order_by("pk")
    locked = {organization.pk for organization in installed}
    installations = Installation.objects.filter(application=application).order_by("pk")
    everywhere = installations.values_list("organization_id", flat=True)
    return [organization_id for organization_id in everywhere if organization_id in locked]


def _homes(template: BotTemplate) -> list[UUID]:
    """Lock every organisation that has the template's application; return where its bot is."""
    licences = _licences(template.application)
    made = Bot.objects.filter(template=template, agent__deleted_at=None)
    there = set(made.values_list("agent__organization_id", flat=True))
    return [organization_id for organization_id in licences if organization_id in there]
