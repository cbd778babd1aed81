"""Bots: programs with a seat, each of an application."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import NounForm
from chatplatform.models import Bot
from chatplatform.models.bots import AI_AGENT, CHATBOT, MAX_BOT_TYPE
from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import RoutingStatus
from chatplatform.selectors import seats
from chatplatform.services.bots import MAX_CHATS
from chatplatform.services.organizations import NAME_LENGTH
from configuration.actions.bots import READ_ALL, WRITE_ALL
from configuration.admin import choices, priorities, schedules
from configuration.admin.deeds import Deed, DeedNoun, chats_move
from configuration.admin.lists import STATUS_COLOURS, GatheringList, initials, status_badge


def job_title() -> forms.CharField:
    """Return a field for what a bot is to customers."""
    return fields.text(
        _("Job title"), _("Customers see it beside the name."), max_length=180, required=False
    )


def chats_at_a_time() -> forms.IntegerField:
    """Return a field for a bot's limit."""
    return fields.number(
        _("Chats at a time"),
        _("With that many running, new customers go to others, or wait in the queue."),
        min_value=1,
        max_value=MAX_CHATS,
        initial=6,
    )


def usual_priority() -> forms.ChoiceField:
    """Return a field for a bot's priority where it has no other."""
    return fields.choice(
        _("Usual priority"),
        priorities.PRIORITIES,
        _("Holds in General, and in every group where the bot has no priority of its own."),
        initial=GroupPriority.NORMAL,
    )


class BotForm(NounForm):
    """A bot."""

    owner = fields.choice(
        _("Application"),
        help_text=_(
            "Whose program runs the bot: the secret gives it tokens through this application. It "
            "can not be changed later."
        ),
    )
    name = fields.text(_("Name"), _("Customers see it in chats."), max_length=NAME_LENGTH)
    type = fields.text(
        _("Type"),
        _(
            "A word of your own, or one of two that mean something: a “chatbot” follows its "
            "working hours, an “ai_agent” lets only its own application set its status."
        ),
        max_length=MAX_BOT_TYPE,
        initial=CHATBOT,
    )
    avatar = fields.text(
        _("Address of a picture"),
        _("Stands beside its messages. Empty: its initials."),
        max_length=500,
        required=False,
    )
    job_title = job_title()
    max_chats_count = chats_at_a_time()
    default_group_priority = usual_priority()
    groups = priorities.PrioritiesField(
        label=_("Groups"), help_text=priorities.HELP, required=False
    )
    hours = schedules.hours()

    class Meta:
        model = Bot
        fields = ("type", "default_group_priority")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" not in self.fields:  # it is only looked at
            return
        field = cast(priorities.PrioritiesField, self.fields["groups"])
        field.offer(priorities.groups_of(self.organization), to_bot=True)
        if self.instance.pk is None:
            self.fields["owner"].choices = choices.applications(self.organization)  # type: ignore[attr-defined]
            return
        del self.fields["owner"]
        agent = self.instance.agent
        for name in ("name", "avatar", "job_title", "max_chats_count"):
            self.initial[name] = getattr(agent, name)
        self.initial["groups"] = priorities.chosen_by(agent)
        self.initial["hours"] = agent.work_scheduler


class SetStatus(Deed):
    """Choose whether a bot gets chats."""

    done = _("The status is set.")
    status: ClassVar[str]

    def is_offered(self, request: HttpRequest, row: Bot) -> bool:
        """Tell whether it has another status, and one that is not its application's alone."""
        return row.type != AI_AGENT and row.agent.routing_status != self.status

    def do(self, noun: DeedNoun, request: HttpRequest, row: Bot) -> None:
        """Set the status."""
        payload = {"agent_id": row.agent.public_id, "status": self.status}
        noun.call(request, "set_routing_status", payload, row, api="agent")


class Accept(SetStatus):
    """Let a bot get chats."""

    name = "accept"
    title = _("Let it accept chats")
    status = RoutingStatus.ACCEPTING

    def consequences(self, request: HttpRequest, row: Bot) -> Iterable[str]:
        """Say what it gets."""
        yield _now("New and waiting customers of its groups can be given to it at once.")


class StopAccepting(SetStatus):
    """Let a bot get no more chats."""

    name = "stop-accepting"
    title = _("Stop giving it chats")
    status = RoutingStatus.NOT_ACCEPTING

    def consequences(self, request: HttpRequest, row: Bot) -> Iterable[str]:
        """Say what goes on."""
        yield _now("It keeps the chats it has, and gets no new ones.")


class TakeOffline(SetStatus):
    """Take a bot offline."""

    name = "offline"
    title = _("Take it offline")
    dangerous = True
    status = RoutingStatus.OFFLINE

    def consequences(self, request: HttpRequest, row: Bot) -> Iterable[str]:
        """Say what becomes of its chats."""
        yield chats_move(seats.holdings(row.agent).running_chats, _now("It has no running chat."))


class ResetSecret(Deed):
    """Give a bot a new secret."""

    name = "reset-secret"
    title = _("Make a new secret")
    done = _("The secret is another one now.")
    dangerous = True
    for_several = False

    def is_offered(self, request: HttpRequest, row: Bot) -> bool:
        """Tell whether its application is the organisation's own."""
        return bool(row.owner.organization_id == row.agent.organization_id)

    def consequences(self, request: HttpRequest, row: Bot) -> Iterable[str]:
        """Say what stops working, and when."""
        yield _now("The secret it has gives no more tokens, at once.")
        yield _now("Tokens it got before stay valid until they expire, a day at most.")
        yield _now("The new secret is shown once.")

    def do(self, noun: DeedNoun, request: HttpRequest, row: Bot) -> str:
        """Return the new secret."""
        payload = {"id": row.agent.public_id, "owner_client_id": row.owner.client_id}
        return str(noun.call(request, "reset_bot_secret", payload, row)["secret"])


@admin.register(Bot)
class BotNoun(DeedNoun):
    """The programs with a seat."""

    form = BotForm
    section = "people"
    audit_key = "agent__public_id"
    icon = "smart_toy"
    empty_words = _(
        "A bot answers customers by a program of yours, as an agent would. Add one to get the "
        "secret it signs in with."
    )
    menu_title = _("Bots")
    order = 30
    tenant = "agent__organization"
    scopes_to_view = (READ_ALL,)
    scopes_to_change = (WRITE_ALL,)
    deeds: ClassVar[tuple[Deed, ...]] = (Accept(), StopAccepting(), ResetSecret(), TakeOffline())
    list_display = ("who", "application", "type", "status", "chats", "groups", "hours")
    search_fields = ("agent__name", "agent__public_id", "owner__name")
    search_help_text = _("Name, id or application")
    ordering = ("agent__name", "pk")
    readonly_fields = ("bot_id", "application", "made_from")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bot]:
        """Return the bots that are there, with what lists show of them."""
        rows: QuerySet[Bot] = super().get_queryset(request)
        return rows.filter(agent__deleted_at=None).select_related(
            "agent__organization", "agent__account", "owner", "template"
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that reads what bots do now for a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Bot]) -> None:
        """Put what is known of the bots beside them."""
        found = seats.seats([bot.agent for bot in rows])
        for bot in rows:
            bot.seat = found[bot.agent.pk]  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the form's parts."""
        whose = ("owner",) if obj is None else ("bot_id", "application", "made_from")
        return (
            (_("Bot"), {"fields": (*whose, "name", "type", "avatar", "job_title")}),
            (
                _("Chats"),
                {"fields": ("max_chats_count", "default_group_priority", "groups", "hours")},
            ),
        )

    @display(description=_("Bot"), ordering="agent__name", header=True)
    def who(self, bot: Bot) -> list[str]:
        """Return name, job title and initials."""
        return [bot.agent.name, bot.agent.job_title, initials(bot.agent.name)]

    @display(description=_("Id"))
    def bot_id(self, bot: Bot) -> str:
        """Return what the API knows it by."""
        return bot.agent.public_id

    @display(description=_("Application"), ordering="owner__name")
    def application(self, bot: Bot) -> str:
        """Return whose it is."""
        return str(bot.owner.name)

    @display(description=_("Made from"), empty_value=_("No template"))
    def made_from(self, bot: Bot) -> str | None:
        """Return the template it came with."""
        return bot.template.name if bot.template else None

    @display(description=_("Status"), label=STATUS_COLOURS)
    def status(self, bot: Bot) -> Any:
        """Return the status that was chosen, or that its hours gave it."""
        return status_badge(bot.agent.routing_status)

    @display(description=_("Chats"))
    def chats(self, bot: Bot) -> str:
        """Return how many chats run, of how many."""
        return f"{self._seat(bot).running_chats} / {bot.agent.max_chats_count}"

    @display(description=_("Groups"))
    def groups(self, bot: Bot) -> str:
        """Return groups with the priorities that are not the usual one."""
        return choices.places(self._seat(bot).groups)

    @display(description=_("Working hours"))
    def hours(self, bot: Bot) -> str:
        """Return the hours in words."""
        return schedules.in_words(bot.agent.work_scheduler)

    def _seat(self, bot: Bot) -> seats.Seat:
        if not hasattr(bot, "seat"):
            self.gather([bot])
        return cast(seats.Seat, bot.seat)  # type: ignore[attr-defined]

    def store(self, request: HttpRequest, row: Bot | None, values: dict[str, Any]) -> Any:
        """Make the bot, whose secret is shown once, or change it."""
        chosen = ("name", "type", "avatar", "job_title", "max_chats_count")
        payload = {
            **{name: values[name] for name in chosen},
            "default_group_priority": values["default_group_priority"],
            "groups": priorities.as_places(values["groups"]),
            "work_scheduler": values["hours"],
        }
        if row is not None:
            self.call(request, "update_bot", {"id": row.agent.public_id, **payload}, row)
            return None
        made = self.call(request, "create_bot", {"owner_client_id": values["owner"], **payload})
        self.keep_secret(request, made["secret"])
        return self.get_queryset(request).get(agent__public_id=made["id"])

    def remove(self, request: HttpRequest, row: Bot) -> None:
        """Delete the bot."""
        self.call(request, "delete_bot", {"id": row.agent.public_id}, row)

    def consequences(self, request: HttpRequest, row: Bot) -> Iterable[str]:
        """Say what goes with it."""
        yield chats_move(seats.holdings(row.agent).running_chats, _now("It has no running chat."))
        yield _now("Its secret and its tokens are good for nothing any more.")
        if row.template is not None:
            yield _now("It came with a template; installing the application again brings it back.")
        yield _now("Old chats still show its name.")
