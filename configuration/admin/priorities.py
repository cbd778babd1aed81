"""A field for places in groups: one choice of a priority for each group, or for each agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from chatplatform.admin.shown import merged
from chatplatform.models import Agent, Group, Organization
from chatplatform.models.groups import GENERAL_GROUP, GroupPriority
from configuration.admin import choices

Words = str | Promise

DEFAULT: Final = "default"
"""Stands for a place without a priority of its own, where bots have their default."""
PRIORITIES: Final[tuple[tuple[str, Words], ...]] = (
    (GroupPriority.FIRST, _("First: gets chats before the others")),
    (GroupPriority.NORMAL, _("Normal")),
    (GroupPriority.LAST, _("Last: gets chats when nobody else can")),
    (GroupPriority.SUPERVISOR, _("Supervisor: sees all chats, gets none")),
)
HELP: Final = _(
    "Agents see the chats of their groups. The priority says whom a waiting customer goes to first."
)


class Place(NamedTuple):
    """Where somebody may be: ``key`` names it to the service, ``absent`` says what no choice is."""

    key: str
    label: str
    absent: Words


class PrioritiesWidget(forms.Widget):
    """A select for each place, named ``<field>-<key>``."""

    class Media:
        css = {"all": ("admin_look/people.css",)}

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []
        self.priorities: tuple[tuple[str, Words], ...] = PRIORITIES

    def id_for_label(self, id_: str | None) -> str:
        """Return nothing: each select has a label of its own."""
        return ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Return priorities by key; what has none is left out."""
        prefix = f"{name}-"
        return {
            key.removeprefix(prefix): data[key]
            for key in data
            if key.startswith(prefix) and data[key]
        }

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Tell that nothing chosen is an answer, too."""
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the table of selects."""
        chosen = value or {}
        rows = []
        for number, place in enumerate(self.places):
            select = UnfoldAdminSelectWidget(choices=[("", place.absent), *self.priorities])
            sent, at = f"{name}-{place.key}", f"id_{name}_{number}"
            shown = select.render(sent, chosen.get(place.key, ""), {"id": at}, renderer)
            rows.append({"label": place.label, "id": at, "select": shown})
        return render_to_string("admin/people/priorities.html", {"rows": rows})


class PrioritiesField(forms.Field):
    """Priorities by the keys of places; whatever is no place is refused."""

    widget = PrioritiesWidget

    def offer(self, places: Iterable[Place], *, to_bot: bool = False) -> None:
        """Let these be chosen from; of a bot also its own default."""
        widget = self._widget
        widget.places = list(places)
        if to_bot:
            widget.priorities = ((DEFAULT, _("As the bot's default says")), *PRIORITIES)

    def merged(
        self, shown: dict[str, str], stored: dict[str, str], sent: dict[str, str]
    ) -> dict[str, str]:
        """Return what is stored with those places changed that were changed on the page."""
        return merged(shown, stored, sent)

    @property
    def _widget(self) -> PrioritiesWidget:
        return cast(PrioritiesWidget, self.widget)

    def to_python(self, value: Any) -> dict[str, str]:
        """Return what was chosen; raise :class:`ValidationError` for what was not offered."""
        chosen: dict[str, str] = value or {}
        keys = {place.key for place in self._widget.places}
        known = {priority for priority, _label in self._widget.priorities}
        if chosen.keys() - keys:
            raise ValidationError(_("This names something that is not there."))
        if set(chosen.values()) - known:
            raise ValidationError(_("There is no such priority."))
        return chosen


def groups_of(organization: Organization | None) -> list[Place]:
    """Return an organisation's groups as places, General first. One read."""
    return [
        Place(
            str(number),
            name,
            _("Normal, as everybody") if number == GENERAL_GROUP else _("Not in this group"),
        )
        for number, name in choices.groups(organization)
    ]


def agents_of(organization: Organization | None, group: Group | None) -> list[Place]:
    """Return an organisation's agents and bots as places in ``group``, by name. One read."""
    everybodys = group is not None and group.number == GENERAL_GROUP
    absent = _("As usual: everybody is in General") if everybodys else _("Not in this group")
    rows = Agent.objects.filter(organization=organization).order_by("kind", "name", "public_id")
    return [
        Place(public_id, f"{name} ({public_id})" if kind == Agent.Kind.HUMAN else name, absent)
        for public_id, name, kind in rows.values_list("public_id", "name", "kind")
    ]


def as_places(chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what was chosen of groups as actions take it: ``{id, priority?}``."""
    return [
        {"id": int(key)} if priority == DEFAULT else {"id": int(key), "priority": priority}
        for key, priority in chosen.items()
    ]


def chosen_by(agent: Agent) -> dict[str, str]:
    """Return the priorities an agent or bot has in groups, by their numbers. One read."""
    rows = agent.memberships.values_list("group__number", "priority")
    return {str(number): priority or DEFAULT for number, priority in rows}


def members_of(group: Group) -> dict[str, str]:
    """Return the priorities agents and bots were given in a group, by their ids. One read."""
    rows = group.members.values_list(
        "agent__public_id", "priority", "agent__bot__default_group_priority"
    )
    return {public_id: priority or of_bot for public_id, priority, of_bot in rows}
