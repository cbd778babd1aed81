"""How chats reach agents, and what time does to them, each in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chatplatform.admin import fields, visitors
from chatplatform.admin.pages import FormPage, register
from chatplatform.admin.shown import PageForm
from chatplatform.limits import limit
from chatplatform.models import Group
from chatplatform.properties import Properties
from chatplatform.selectors import groups as group_selectors
from chatplatform.selectors.routing_rules import INHERIT
from chatplatform.selectors.routing_settings import GROUP, LICENSE, Setting
from configuration.actions.properties import (
    WRITE_ANY_GROUP_PROPERTY,
    WRITE_ANY_LICENSE_PROPERTY,
)
from configuration.admin import choices

if TYPE_CHECKING:
    from chatplatform.admin.fields import Words

ON, OFF = "on", "off"


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says of one setting.

    ``effect`` is the sentence for a number or for "on", ``none`` the one for nothing or "off";
    ``{n}`` stands for the number. For 0, ``zero`` is said; where there is none, ``none`` is.
    """

    label: Words
    help: Words
    effect: Words
    none: Words
    unit: Words = ""
    zero: Words = ""

    def sentence(self, value: bool | int | None) -> str:
        """Return what is said of a value."""
        if value:
            return str(self.effect).replace("{n}", str(value))
        return str(self.none if value is None else self.zero or self.none)


_SAID: Final[dict[str, Said]] = {
    "manual_routing": Said(
        gettext_lazy("Agents pick chats themselves"),
        gettext_lazy(
            "On: new chats wait in the queue until an agent takes one. Off: each chat goes to "
            "the free agent with the fewest chats at once, and customers wait less."
        ),
        gettext_lazy("New chats wait until an agent picks them."),
        gettext_lazy("New chats are given to free agents by themselves."),
    ),
    "prefer_recent_agent": Said(
        gettext_lazy("Prefer the agent of last time"),
        gettext_lazy(
            "Customers who come back meet whom they know, if that agent is free. The others "
            "get more of the new customers."
        ),
        gettext_lazy("A customer who returns is given to the agent of their last chat, if free."),
        gettext_lazy("A customer who returns is given to any free agent."),
    ),
    "max_agent_active_chats": Said(
        gettext_lazy("Chats at once, for every agent at most"),
        gettext_lazy(
            "Lowers what agents set for themselves; it never raises it. 0 leaves it to them. "
            "Fewer chats mean faster answers, and a longer queue."
        ),
        gettext_lazy("No agent is given more than {n} chats at once."),
        gettext_lazy("Each agent's own limit decides."),
        gettext_lazy("chats"),
    ),
    "max_customer_chats_count": Said(
        gettext_lazy("Chats a customer can have"),
        gettext_lazy("The widget needs one; applications of yours may open more for a customer."),
        gettext_lazy("Chats of one customer at the same time: {n} at most."),
        gettext_lazy("A customer can have one chat."),
        gettext_lazy("chats"),
    ),
    "queue.enabled": Said(
        gettext_lazy("Customers may wait in a queue"),
        gettext_lazy(
            "On: while all agents are busy, customers wait and see their place. Off: the chat "
            "shows that nobody is in, and they can leave a message."
        ),
        gettext_lazy("While all are busy, customers wait in line."),
        gettext_lazy("While all are busy, the chat says that nobody is in."),
    ),
    "queue.reopen_threshold": Said(
        gettext_lazy("A full queue opens again at"),
        gettext_lazy(
            "Once the queue has been full, new customers are let in only when no more than this "
            "many wait. Empty: as soon as a place is free."
        ),
        gettext_lazy("A full queue takes customers again when {n} wait, or fewer."),
        gettext_lazy("A full queue takes customers again as soon as a place is free."),
        gettext_lazy("waiting"),
        gettext_lazy("A full queue takes customers again only when nobody waits."),
    ),
    "chat_inactive_after_min": Said(
        gettext_lazy("Inactive after"),
        gettext_lazy(
            "Marks chats in which nobody speaks, so that agents find those that go on. Customers "
            "notice nothing; the next word ends it. 0 never marks any."
        ),
        gettext_lazy("A chat in which nobody has spoken for {n} min becomes inactive."),
        gettext_lazy("Chats never become inactive."),
        gettext_lazy("minutes"),
    ),
    "transfer_chat_after_min": Said(
        gettext_lazy("Given to another agent after"),
        gettext_lazy(
            "When a customer has waited so long for a reply, another free agent takes over. "
            "0 leaves the chat with whoever has it."
        ),
        gettext_lazy("After {n} min without a reply, another free agent gets the chat."),
        gettext_lazy("A chat stays with its agent, however long the reply takes."),
        gettext_lazy("minutes"),
    ),
    "archive_chat_after_min": Said(
        gettext_lazy("Closed by silence after"),
        gettext_lazy(
            "Ends chats in which nobody speaks any more and makes room for the next. The "
            "customer can write again at any time. 0 leaves closing to people."
        ),
        gettext_lazy("A chat in which nobody has spoken for {n} min is closed."),
        gettext_lazy("Silence closes no chat."),
        gettext_lazy("minutes"),
    ),
    "customer_timeout_after_min": Said(
        gettext_lazy("Closed once the customer has left for"),
        gettext_lazy(
            "Ends chats of customers who closed your page. Who comes back earlier goes on where "
            "they were. 0 keeps such chats open."
        ),
        gettext_lazy("A chat is closed {n} min after its customer left your pages."),
        gettext_lazy("Chats stay open though their customers have left."),
        gettext_lazy("minutes"),
    ),
    "archive_offline_chat_after_min": Said(
        gettext_lazy("Messages nobody took are closed after"),
        gettext_lazy(
            "For what customers wrote while nobody was in. 0 lets it wait until somebody takes it."
        ),
        gettext_lazy("A message that nobody took within {n} min is closed."),
        gettext_lazy("Messages wait until an agent takes them."),
        gettext_lazy("minutes"),
    ),
}
_PARTS: Final[tuple[tuple[Words, tuple[str, ...]], ...]] = (
    (
        gettext_lazy("Who gets a chat"),
        (
            "manual_routing",
            "prefer_recent_agent",
            "max_agent_active_chats",
            "max_customer_chats_count",
        ),
    ),
    (gettext_lazy("The queue"), ("queue.enabled", "queue.reopen_threshold")),
    (
        gettext_lazy("What time does"),
        (
            "chat_inactive_after_min",
            "transfer_chat_after_min",
            "archive_chat_after_min",
            "customer_timeout_after_min",
            "archive_offline_chat_after_min",
        ),
    ),
)


def field_name(setting: Setting) -> str:
    """Return what a setting's field is called in forms."""
    return setting.name.replace(".", "_")


def _switch(setting: Setting, said: Said) -> forms.Field:
    standard = _("on") if setting.default else _("off")
    choices = (
        ("", _("As the platform does: %(standard)s") % {"standard": standard}),
        (ON, _("On")),
        (OFF, _("Off")),
    )
    return fields.choice(said.label, choices, said.help, required=False)


def _number(setting: Setting, said: Said) -> forms.Field:
    field = fields.number(
        f"{said.label} ({said.unit})" if said.unit else said.label,
        said.help,
        required=False,
        min_value=setting.among[0],
        max_value=setting.among[-1],
    )
    standard = _("none") if setting.default is None else setting.default
    field.widget.attrs["placeholder"] = _("Standard: %(value)s") % {"value": standard}
    return field


class RoutingForm(PageForm):
    """Every setting of the licence; what is left empty has the platform's standard."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, said in _SAID.items():
            setting = LICENSE[name]
            make = _switch if setting.is_switch else _number
            self.fields[field_name(setting)] = make(setting, said)


def _shown(setting: Setting, properties: Properties) -> Any:
    found = setting.stored(properties)
    if setting.is_switch and found is not None:
        return ON if found else OFF
    return found


def _meant(setting: Setting, given: Any) -> Any:
    """Return the property's value for what a form holds; None for the standard."""
    if setting.is_switch:
        return {ON: True, OFF: False}.get(given)
    return given


def _differences(
    settings: Mapping[str, Setting], before: Properties, values: dict[str, Any]
) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Return which properties to set, and which to delete, so that ``values`` hold."""
    given: dict[str, dict[str, Any]] = {}
    gone: dict[str, list[str]] = {}
    for setting in settings.values():
        now, was = values[field_name(setting)], setting.stored(before)
        if now is None and was is not None:
            gone.setdefault(setting.namespace, []).append(setting.name)
        elif now is not None and now != was:
            given.setdefault(setting.namespace, {})[setting.name] = now
    return given, gone


@register
class RoutingPage(FormPage):
    """Routing and timers of the whole licence."""

    name = "routing"
    path = "chats/routing/"
    title = gettext_lazy("Routing and timers")
    icon = "alt_route"
    section = "chats"
    order = 60
    scopes = (WRITE_ANY_LICENSE_PROPERTY,)
    template_name = "admin/website/routing.html"
    form_class = RoutingForm
    saved = gettext_lazy("Saved. Chats follow the new settings from now on.")

    def get_initial(self) -> dict[str, Any]:
        """Return what is set; what is not stays empty."""
        stored = self.organization.properties
        return {field_name(one): _shown(one, stored) for one in LICENSE.values()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the parts with their sentences, and what groups have of their own."""
        context = super().get_context_data(**kwargs)
        context["parts"] = [
            (title, list(self._rows(context["form"], names))) for title, names in _PARTS
        ]
        context["places"] = limit(self.organization.properties, "queue")
        context["groups"] = [
            {"number": group.number, "name": group.name, "own": _own_words(group)}
            for group in group_selectors.groups_of(self.organization.pk)
        ]
        return context

    def _rows(self, form: forms.BaseForm, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for name in names:
            setting, said = LICENSE[name], _SAID[name]
            yield {
                "field": form[field_name(setting)],
                "effect": said.effect,
                "none": said.none,
                "zero": said.zero or said.none,
                "standard": _plain(setting.default),
                "sentence": said.sentence(setting.effective(self.organization.properties)),
            }

    def store(self, values: dict[str, Any]) -> None:
        """Set what differs and delete what is as the platform does."""
        meant = {field_name(one): _meant(one, values[field_name(one)]) for one in LICENSE.values()}
        given, gone = _differences(LICENSE, self.organization.properties, meant)
        if given:
            visitors.call(self.request, "update_license_properties", {"properties": given})
        if gone:
            visitors.call(self.request, "delete_license_properties", {"properties": gone})


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return ON if value else OFF
    return "" if value is None else str(value)


# --- of groups --------------------------------------------------------------------------------

_AS_LICENSE: Final = gettext_lazy("As the whole licence")


class GroupRoutingForm(PageForm):
    """What one group has of its own."""

    manual_routing_override = fields.choice(
        gettext_lazy("Who picks this group's chats"),
        (
            (INHERIT, _AS_LICENSE),
            (1, gettext_lazy("Agents pick them")),
            (0, gettext_lazy("They are given out")),
        ),
        gettext_lazy("A chat of several groups is left to be picked only if all of them say so."),
        coerce=int,
    )
    queue_enabled_override = fields.choice(
        gettext_lazy("Queue"),
        (
            (INHERIT, _AS_LICENSE),
            (1, gettext_lazy("Customers may wait")),
            (0, gettext_lazy("Nobody waits")),
        ),
        gettext_lazy("A chat of several groups may wait if one of them lets it."),
        coerce=int,
    )
    queue_reopen_threshold_override = fields.number(
        gettext_lazy("A full queue opens again at (waiting)"),
        gettext_lazy("Empty: as the whole licence."),
        required=False,
        min_value=0,
        max_value=10_000,
    )
    queue_routing_priority = fields.number(
        gettext_lazy("Priority of the queue"),
        gettext_lazy(
            "Who waits for a group with a higher number is served first. Empty: 1, as all others."
        ),
        required=False,
        min_value=0,
        max_value=100,
    )


def asked(namespace: str, name: str) -> forms.Field | None:
    """Return the field by which a page here asks for a property, of the licence or of groups;
    ``None``: neither does.
    """
    ways = ((LICENSE, RoutingForm().fields), (GROUP, GroupRoutingForm.base_fields))
    for settings, form_fields in ways:
        for setting in settings.values():
            if (setting.namespace, setting.name) == (namespace, name):
                return form_fields[field_name(setting)]
    return None


@register
class GroupRoutingPage(FormPage):
    """Routing of one group: ``?group=`` names it."""

    name = "group_routing"
    path = "chats/routing/group/"
    title = gettext_lazy("Routing of a group")
    icon = "alt_route"
    scopes = (WRITE_ANY_GROUP_PROPERTY,)
    template_name = "admin/website/group_routing.html"
    form_class = GroupRoutingForm

    @property
    def group(self) -> Group:
        """The group the page is about; a 404 where there is none of that number."""
        found = choices.group_in_query(self.request, self.organization)
        if found is None:
            raise Http404("no such group")
        return found

    def get_initial(self) -> dict[str, Any]:
        """Return what the group has of its own."""
        stored = self.group.properties
        found = {field_name(one): one.stored(stored) for one in GROUP.values()}
        for name in ("manual_routing_override", "queue_enabled_override"):
            found[name] = INHERIT if found[name] is None else found[name]
        if found["queue_reopen_threshold_override"] == INHERIT:
            found["queue_reopen_threshold_override"] = None
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the group."""
        return super().get_context_data(group=self.group, **kwargs)

    def store(self, values: dict[str, Any]) -> None:
        """Set what differs; what is as the licence is deleted."""
        group = self.group
        meant = {name: None if value == INHERIT else value for name, value in values.items()}
        given, gone = _differences(GROUP, group.properties, meant)
        if given:
            payload = {"group_id": group.number, "properties": given}
            visitors.call(self.request, "update_group_properties", payload)
        if gone:
            payload = {"id": group.number, "properties": gone}
            visitors.call(self.request, "delete_group_properties", payload)


def _own_words(group: Group) -> list[str]:
    """Return what a group has of its own, in words; empty where it is as the licence."""
    found = {name: one.stored(group.properties) for name, one in GROUP.items()}
    said = []
    if found["manual_routing.override"] in (0, 1):
        picked = found["manual_routing.override"]
        said.append(_("agents pick chats") if picked else _("chats are given out"))
    if found["queue.enabled.override"] in (0, 1):
        said.append(_("with a queue") if found["queue.enabled.override"] else _("without a queue"))
    threshold = found["queue.reopen_threshold.override"]
    if threshold not in (None, INHERIT):
        said.append(_("a full queue opens at %(number)d") % {"number": threshold})
    if found["queue.routing_priority"] not in (None, 1):
        said.append(_("priority %(number)d") % {"number": found["queue.routing_priority"]})
    return said
