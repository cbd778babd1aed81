"""Agents: who works here, in which role and groups. What is done to them is in ``agent_deeds``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.decorators import display

from chatplatform import clock
from chatplatform.admin import fields, visitors
from chatplatform.admin.nouns import NounForm
from chatplatform.models import Agent
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.models.people import AgentRole
from chatplatform.selectors import people, seats
from chatplatform.services import agents as services
from chatplatform.services import invitations
from chatplatform.services.agents import EMAIL_LENGTH, MAX_CHATS
from chatplatform.services.organizations import NAME_LENGTH
from configuration.actions.agents import CHANGE_OTHERS, CREATE_ADMITTED, READ_OTHERS
from configuration.admin import choices, priorities, schedules
from configuration.admin.agent_deeds import (
    Approve,
    InvitationLink,
    Invite,
    LogOut,
    Suspend,
    Unsuspend,
)
from configuration.admin.deeds import Deed, DeedNoun, chats_move, counted
from configuration.admin.lists import STATUS_COLOURS, GatheringList, initials, status_badge

_LATELY: Final = timedelta(minutes=1)
PROFILES: Final = "accounts--all:rw"
"""The scope to change other people's names and pictures."""
ROLES: Final = {
    AgentRole.OWNER: _("Owner"),
    AgentRole.VICEOWNER: _("Vice owner"),
    AgentRole.ADMINISTRATOR: _("Administrator"),
    AgentRole.NORMAL: _("Agent"),
}
NOTIFICATIONS: Final = {
    "new_visitor": _("Somebody comes to the website"),
    "returning_visitor": _("Somebody comes back"),
    "incoming_chat": _("A chat comes in"),
    "queued_visitor": _("Somebody waits in the queue"),
    "visitor_is_typing": _("A customer is writing"),
    "incoming_message_for_focused_chat": _("A message in the chat that is open"),
    "unassigned_chats": _("A chat nobody has"),
    "unassigned_chat_messages": _("A message in a chat nobody has"),
    "new_goal": _("A customer reached a goal"),
    "inactive_notifications": _("Anything, while they are away"),
    "repeat_sound_notifications": _("Repeat sounds until they look"),
    "mute_all_sounds": _("No sounds at all"),
}
"""What a workspace draws attention to. The protocol knows more, which nothing tells of: that is not
offered, and stays as the API set it."""
OWNER_STAYS: Final = _(
    "This is the owner. There is exactly one, so that somebody can always set everything up: the "
    "owner can not be given another role, suspended or deleted. Only passing the organisation on "
    "to somebody else would change that, and no form or API call here does it."
)


_LOST: Final = {
    "browsers": ngettext_lazy(
        "%(count)d browser is signed out.",
        "%(count)d browsers are signed out.",
        "count",
    ),
    "tokens": ngettext_lazy(
        "%(count)d token of an application is revoked.",
        "%(count)d tokens of applications are revoked.",
        "count",
    ),
    "personal_tokens": ngettext_lazy(
        "%(count)d personal access token is revoked.",
        "%(count)d personal access tokens are revoked.",
        "count",
    ),
    "private_responses": ngettext_lazy(
        "%(count)d canned response only they could use is deleted.",
        "%(count)d canned responses only they could use are deleted.",
        "count",
    ),
}
"""What ends with an agent, by the numbers of ``seats.Holdings``."""


def _chats_at_a_time(most: int) -> forms.IntegerField:
    return fields.number(
        _("Chats at a time"),
        _("With that many running, new customers go to others, or wait in the queue."),
        min_value=1,
        max_value=most,
        initial=6,
    )


class AgentForm(NounForm):
    """An agent. What is left empty, agents can set for themselves in the workspace."""

    email = fields.email(
        _("E-mail address"),
        _("They sign in with it, and get the invitation there. It can not be changed later."),
        max_length=EMAIL_LENGTH,
    )
    name = fields.text(
        _("Name"), _("Customers and colleagues see it in chats."), max_length=NAME_LENGTH
    )
    avatar = fields.text(
        _("Address of a picture"),
        _("Stands beside their messages. Empty: their initials."),
        max_length=500,
        required=False,
    )
    role = fields.choice(
        _("Role"),
        help_text=_(
            "Agents chat. Administrators also set things up, and manage everybody but those above "
            "them. Vice owners may do what the owner may, but for owning. A new role takes effect "
            "at once: whatever they have open signs in again."
        ),
    )
    job_title = fields.text(
        _("Job title"), _("Customers see it beside the name."), max_length=180, required=False
    )
    mobile = fields.text(
        _("Mobile number"), _("For colleagues only."), max_length=64, required=False
    )
    max_chats_count = _chats_at_a_time(MAX_CHATS)
    groups = priorities.PrioritiesField(
        label=_("Groups"), help_text=priorities.HELP, required=False
    )
    hours = schedules.hours()
    notifications = fields.several(
        _("Notifications"),
        NOTIFICATIONS.items(),
        _("What their workspace draws attention to; they can change it there."),
    )

    class Meta:
        model = Agent
        fields = (
            "name",
            "avatar",
            "role",
            "job_title",
            "mobile",
            "max_chats_count",
            "notifications",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" not in self.fields:  # it is only looked at
            return
        agent = self.instance if self.instance.pk else None
        self._groups.offer(priorities.groups_of(self.organization))
        if agent is None:
            del self.fields["avatar"]
        else:
            del self.fields["email"]
            most = max(MAX_CHATS, agent.max_chats_count)  # older versions of the API give more
            self.fields["max_chats_count"] = _chats_at_a_time(most)
            self.initial["groups"] = priorities.chosen_by(agent)
            self.initial["hours"] = agent.work_scheduler
            for field in ("name", "avatar"):
                self.fields[field].disabled = not self._may_rename(agent)
        self._offer_roles(agent)

    @property
    def _groups(self) -> priorities.PrioritiesField:
        return cast(priorities.PrioritiesField, self.fields["groups"])

    def _may_rename(self, agent: Agent) -> bool:
        who = visitors.asking(self.request, self.organization)
        return agent.pk == who.agent_id or who.has_scope(PROFILES)

    def _offer_roles(self, agent: Agent | None) -> None:
        offered = seats.roles_to_give(visitors.asking(self.request, self.organization))
        if agent is not None and agent.role == AgentRole.OWNER:
            offered = [agent.role]
            self.fields["role"].disabled = True
        labels = [(role, ROLES[AgentRole(role)]) for role in reversed(offered)]
        self.fields["role"].choices = labels[::-1]  # type: ignore[attr-defined]
        self.fields["role"].initial = AgentRole.NORMAL


class StateFilter(admin.SimpleListFilter):
    """Whether agents may work."""

    title = _("may work")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return [
            ("working", _("Working")),
            ("suspended", _("Suspended")),
            ("asks", _("Asks to work again")),
            ("awaiting", _("Awaiting approval")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """Return the agents in the chosen state."""
        wanted: dict[str, dict[str, Any]] = {
            "working": {"suspended": False, "awaiting_approval": False},
            "suspended": {"suspended": True},
            "asks": {"suspended": True, "unsuspension_request__isnull": False},
            "awaiting": {"awaiting_approval": True},
        }
        return queryset.filter(**wanted.get(self.value() or "", {}))


class GroupFilter(admin.SimpleListFilter):
    """In which group agents are."""

    title = _("group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the groups of the organisation; everybody is in General."""
        found = choices.groups(visitors.organization(request))
        return [(str(number), name) for number, name in found if number != GENERAL_GROUP]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """Return the agents in the chosen group."""
        number = self.value() or ""
        if number not in dict(self.lookup_choices):
            return queryset
        return queryset.filter(memberships__group__number=number)


@admin.register(Agent)
class AgentNoun(DeedNoun):
    """The people with a seat."""

    form = AgentForm
    section = "people"
    icon = "support_agent"
    menu_title = _("Agents")
    order = 10
    scopes_to_view = READ_OTHERS
    scopes_to_change = CHANGE_OTHERS
    deeds: ClassVar[tuple[Deed, ...]] = (
        Approve(),
        Unsuspend(),
        Invite(),
        InvitationLink(),
        LogOut(),
        Suspend(),
    )
    list_display = (
        "who",
        "role_name",
        "state",
        "status",
        "chats",
        "groups",
        "second_factor",
        "last_seen",
    )
    list_filter = ("role", StateFilter, GroupFilter)
    search_fields = ("name", "public_id", "job_title")
    search_help_text = _("Name, e-mail address or job title")
    ordering = ("name", "public_id")
    readonly_fields = ("address", "second_factor", "last_seen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """Return the people; bots have a list of their own."""
        rows: QuerySet[Agent] = super().get_queryset(request)
        return rows.filter(kind=Agent.Kind.HUMAN).select_related("account", "organization")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that reads what agents do now for a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Agent]) -> None:
        """Put what is known of the agents beside them."""
        found = seats.seats(rows)
        for agent in rows:
            agent.seat = found[agent.pk]  # type: ignore[attr-defined]

    def get_fieldsets(self, request: HttpRequest, obj: Any | None = None) -> Any:
        """Return the form's parts; the address is asked for once."""
        person = ["email", "name"] if obj is None else ["address", "name", "avatar"]
        seen = () if obj is None else ("second_factor", "last_seen")
        return (
            (_("Person"), {"fields": (*person, "role", "job_title", "mobile", *seen)}),
            (_("Chats"), {"fields": ("max_chats_count", "groups", "hours")}),
            (_("Attention"), {"fields": ("notifications",)}),
        )

    # --- who may ------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether whoever looks may invite somebody who need not be approved."""
        return super().has_add_permission(request, obj) and visitors.has_scope(
            request, *CREATE_ADMITTED
        )

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether whoever looks may change ``obj``: nobody changes who stands above them."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or not self._stands_above(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Tell whether ``obj`` can be deleted: the owner stays."""
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or not (obj.role == AgentRole.OWNER or self._stands_above(request, obj))

    def why_it_stays(self, request: HttpRequest, row: Agent) -> str:
        """Say that the owner stays."""
        if row.role != AgentRole.OWNER:
            return ""
        return _now("This is the owner, of whom there is exactly one, and who can not be deleted.")

    def _stands_above(self, request: HttpRequest, agent: Agent) -> bool:
        return AgentRole(agent.role).stands_above(self.asking(request, agent).role)

    # --- what is shown ------------------------------------------------------------------------

    def about(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what is special about somebody."""
        if row.role == AgentRole.OWNER:
            yield str(OWNER_STAYS)
        seat = seats.seats([row])[row.pk]
        if seat.asked_at is not None:
            yield _now("They asked to be let work again on %(day)s.") % {
                "day": date_format(localtime(seat.asked_at), "DATETIME_FORMAT")
            }
        if row.account is not None and invitations.is_pending(row.account):
            yield _now("They were invited, and have not come yet.")
        if self._stands_above(request, row):
            yield _now("They stand above you, so that you can look but not change anything.")

    @display(description=_("Agent"), ordering="name", header=True)
    def who(self, agent: Agent) -> list[str]:
        """Return name, address and initials."""
        return [agent.name, agent.public_id, initials(agent.name)]

    @display(description=_("E-mail address"))
    def address(self, agent: Agent) -> str:
        """Return what they sign in with."""
        return agent.public_id

    @display(description=_("Role"), ordering="role")
    def role_name(self, agent: Agent) -> str:
        """Return the role in words."""
        return str(ROLES[AgentRole(agent.role)])

    @display(
        description=_("May work"),
        label={
            "suspended": "danger",
            "asks": "warning",
            "awaiting": "warning",
            "may": "success",
        },
    )
    def state(self, agent: Agent) -> Any:
        """Return whether they may work, or why not."""
        if agent.suspended:
            asks = _seat(agent).asked_at is not None
            return ("asks", _("Asks to work again")) if asks else ("suspended", _("Suspended"))
        return (
            ("awaiting", _("Awaiting approval")) if agent.awaiting_approval else ("may", _("Yes"))
        )

    @display(description=_("Status"), label=STATUS_COLOURS)
    def status(self, agent: Agent) -> Any:
        """Return the status others see."""
        return status_badge(_seat(agent).status)

    @display(description=_("Chats"))
    def chats(self, agent: Agent) -> str:
        """Return how many chats run, of how many."""
        return f"{_seat(agent).running_chats} / {agent.max_chats_count}"

    @display(description=_("Groups"))
    def groups(self, agent: Agent) -> str:
        """Return groups with the priorities that are not the usual one."""
        return choices.places(_seat(agent).groups)

    @display(description=_("Second factor"), boolean=True)
    def second_factor(self, agent: Agent) -> bool:
        """Return whether a password alone does not let them in."""
        return _seat(agent).second_factor

    @display(description=_("Last seen"))
    def last_seen(self, agent: Agent) -> Any:
        """Return when they were last there, exactly when pointed at."""
        at = _seat(agent).last_seen_at
        if at is None:
            return _("Never")
        exactly = date_format(localtime(at), "DATETIME_FORMAT")
        lately = clock.now() - at < _LATELY
        ago = _now("Just now") if lately else _now("%(time)s ago") % {"time": timesince(at)}
        return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exactly, ago)

    @display(description=_("Working hours"))
    def hours(self, agent: Agent) -> str:
        """Return the hours in words, for who may only look."""
        return schedules.in_words(agent.work_scheduler)

    # --- changing -----------------------------------------------------------------------------

    def store(self, request: HttpRequest, row: Agent | None, values: dict[str, Any]) -> Any:
        """Invite somebody, or change what is set for them."""
        payload = {
            "job_title": values["job_title"],
            "mobile": values["mobile"],
            "max_chats_count": values["max_chats_count"],
            "groups": priorities.as_places(values["groups"]),
            "work_scheduler": values["hours"],
            "notifications": _notifications(row, values["notifications"]),
        }
        if row is None:
            return self._invite(request, {**payload, "role": values["role"]}, values)
        if values["max_chats_count"] == row.max_chats_count:
            del payload["max_chats_count"]
        if values["role"] != row.role:
            payload["role"] = values["role"]
        profile = {name: values[name] for name in ("name", "avatar")}
        if any(getattr(row, name) != value for name, value in profile.items()):
            self._rename(request, row, profile)
        self.call(request, "update_agent", {"id": row.public_id, **payload}, row)
        return None

    def _invite(
        self, request: HttpRequest, payload: dict[str, Any], values: dict[str, Any]
    ) -> Agent:
        named = {"id": values["email"], "name": values["name"], **payload}
        made = self.call(request, "create_agent", named)
        return people.agent_by_public_id(self.asking(request).organization_id, made["id"])

    def _rename(self, request: HttpRequest, row: Agent, profile: Any) -> None:
        """Change what newer versions of the action leave to accounts."""
        with self.acting(request, row):
            services.update_agent(
                row.organization_id, row.public_id, profile, self.asking(request, row)
            )

    def remove(self, request: HttpRequest, row: Agent) -> None:
        """Delete the agent."""
        self.call(request, "delete_agent", {"id": row.public_id}, row)

    def consequences(self, request: HttpRequest, row: Agent) -> Iterable[str]:
        """Say what goes with them, and what stays."""
        held = seats.holdings(row)
        if held.running_chats:
            yield chats_move(held.running_chats, "")
        yield _now("They can not sign in any more.")
        yield from counted(held, _LOST)
        yield _now("Old chats still show their name. Their seat is free for somebody else.")


def _notifications(row: Agent | None, chosen: list[str]) -> list[str]:
    """Return what was chosen, with what is set and not offered; what stays, keeps its place."""
    before = row.notifications if row is not None else []
    kept = [one for one in before if one in chosen or one not in NOTIFICATIONS]
    return kept + [one for one in chosen if one not in kept]


def _seat(agent: Agent) -> seats.Seat:
    if not hasattr(agent, "seat"):
        agent.seat = seats.seats([agent])[agent.pk]  # type: ignore[attr-defined]
    return cast(seats.Seat, agent.seat)  # type: ignore[attr-defined]
