"""Bot templates: bots that an application brings along wherever it is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import NounForm
from chatplatform.models import BotTemplate
from chatplatform.services.organizations import NAME_LENGTH
from configuration.actions.bot_templates import SCOPES
from configuration.admin import bots, choices
from configuration.admin.deeds import Deed, DeedNoun


class BotTemplateForm(NounForm):
    """A template."""

    owner = fields.choice(
        _("Application"),
        help_text=_("Wherever it is installed, a bot is made. It can not be changed later."),
    )
    name = fields.text(_("Name"), _("What the bots are called."), max_length=NAME_LENGTH)
    avatar = fields.text(
        _("Address of a picture"),
        _("Stands beside their messages. Empty: their initials."),
        max_length=500,
        required=False,
    )
    job_title = bots.job_title()
    max_chats_count = bots.chats_at_a_time()
    default_group_priority = bots.usual_priority()
    affect_existing = fields.switch(
        _("Where it is installed already, too"),
        _(
            "On: bots on licences that have the application are made or changed at once. Off: "
            "only later installations get it."
        ),
    )

    class Meta:
        model = BotTemplate
        fields = ("name", "avatar", "job_title", "max_chats_count", "default_group_priority")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.application_id is None:
            self.fields["owner"].choices = choices.applications(self.organization)  # type: ignore[attr-defined]
        else:
            self.fields.pop("owner", None)


class ResetSecret(Deed):
    """Give a template, and so later bots, a new secret."""

    name = "reset-secret"
    title = _("Make a new secret")
    done = _("The secret is another one now.")
    dangerous = True
    for_several = False
    affect_existing: ClassVar[bool] = False

    def consequences(self, request: HttpRequest, row: BotTemplate) -> Iterable[str]:
        """Say which bots have which secret."""
        yield _now("Bots of later installations have the new one.")
        if self.affect_existing:
            yield _now("So do the bots there are: %(count)d. Theirs gives no more tokens.") % {
                "count": _living(row)
            }
        else:
            yield _now("Bots there are keep the secret they have.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: BotTemplate) -> str:
        """Return the new secret."""
        payload = _named(row) | {"affect_existing_installations": self.affect_existing}
        return str(noun.call(request, "reset_bot_template_secret", payload, row)["secret"])


class ResetAllSecrets(ResetSecret):
    """Give a template and its bots a new secret."""

    name = "reset-all-secrets"
    title = _("Make a new secret, also for its bots")
    affect_existing = True


class DeleteWithBots(Deed):
    """Take a template and the bots made from it away."""

    name = "delete-with-bots"
    title = _("Delete it and its bots")
    done = _("Template and bots are gone.")
    dangerous = True
    takes_away = True

    def consequences(self, request: HttpRequest, row: BotTemplate) -> Iterable[str]:
        """Say what goes."""
        if bots := _living(row):
            yield ngettext(
                "%(count)d bot goes with it. Its chats go to others, or wait in the queue.",
                "%(count)d bots go with it. Their chats go to others, or wait in the queue.",
                bots,
            ) % {"count": bots}

    def do(self, noun: DeedNoun, request: HttpRequest, row: BotTemplate) -> None:
        """Delete them."""
        payload = _named(row) | {"affect_existing_installations": True}
        noun.call(request, "delete_bot_template", payload, row)


@admin.register(BotTemplate)
class BotTemplateNoun(DeedNoun):
    """The templates of the organisation's applications."""

    form = BotTemplateForm
    section = "people"
    icon = "precision_manufacturing"
    empty_words = _("A template is a bot that comes along wherever its application is installed.")
    menu_title = _("Bot templates")
    order = 40
    tenant = "application__organization"
    audit_subject = "bot_template"
    scopes_to_view = SCOPES
    scopes_to_change = SCOPES
    deeds: ClassVar[tuple[Deed, ...]] = (ResetSecret(), ResetAllSecrets(), DeleteWithBots())
    list_display = ("name", "owned_by", "job_title", "max_chats_count", "made")
    search_fields = ("name", "application__name")
    search_help_text = _("Name or application")
    ordering = ("application__name", "name", "pk")
    readonly_fields = ("id", "owned_by", "made")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BotTemplate]:
        """Return the templates, with how many bots there are of each."""
        rows: QuerySet[BotTemplate] = super().get_queryset(request)
        living = Count("bots", filter=Q(bots__agent__deleted_at=None))
        return rows.select_related("application__organization").annotate(living=living)

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the form's fields; whose it is, is asked for once."""
        whose = ("owner",) if obj is None else ("id", "owned_by", "made")
        chosen = ("name", "avatar", "job_title", "max_chats_count", "default_group_priority")
        return ((None, {"fields": (*whose, *chosen, "affect_existing")}),)

    @display(description=_("Application"), ordering="application__name")
    def owned_by(self, template: BotTemplate) -> str:
        """Return whose it is."""
        return str(template.application.name)

    @display(description=_("Bots made from it"))
    def made(self, template: BotTemplate) -> int:
        """Return how many bots there are of it, on all licences."""
        return _living(template)

    @display(description=_("Where it is installed already, too"))
    def affect_existing(self, template: BotTemplate) -> str:
        """Say nothing of a question that is only asked when it is changed."""
        return ""

    def store(self, request: HttpRequest, row: BotTemplate | None, values: dict[str, Any]) -> Any:
        """Make the template, whose secret is shown once, or change it."""
        chosen = ("name", "avatar", "job_title", "max_chats_count", "default_group_priority")
        payload = {name: values[name] for name in chosen}
        payload["affect_existing_installations"] = values["affect_existing"]
        if row is not None:
            self.call(request, "update_bot_template", {**_named(row), **payload}, row)
            return None
        named = {"owner_client_id": values["owner"]}
        made = self.call(request, "create_bot_template", {**named, **payload})
        self.keep_secret(request, made["secret"])
        return self.get_queryset(request).get(pk=made["id"])

    def remove(self, request: HttpRequest, row: BotTemplate) -> None:
        """Delete the template alone."""
        self.call(request, "delete_bot_template", _named(row), row)

    def consequences(self, request: HttpRequest, row: BotTemplate) -> Iterable[str]:
        """Say what stays."""
        if bots := _living(row):
            yield ngettext(
                "%(count)d bot made from it stays, with the secret it has.",
                "%(count)d bots made from it stay, with the secrets they have.",
                bots,
            ) % {"count": bots}


def _named(row: BotTemplate) -> dict[str, Any]:
    return {"id": row.pk, "owner_client_id": row.application.client_id}


def _living(row: BotTemplate) -> int:
    """Return how many bots there are of a template, counted where it was read."""
    return int(row.living)  # type: ignore[attr-defined]
