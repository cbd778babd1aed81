"""Goals: what visitors are hoped to do, and how many did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.models import Goal
from chatplatform.selectors import lately
from chatplatform.services import goals
from configuration.admin.lists import GatheringList

OPERATORS = (
    ("", gettext_lazy("—")),
    ("equals", gettext_lazy("is exactly")),
    ("doesnt_equal", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("doesnt_contain", gettext_lazy("does not contain")),
)
TYPES = (
    (Goal.Type.URL, gettext_lazy("A page is opened")),
    (Goal.Type.SESSION_FIELD, gettext_lazy("A session field has a value")),
    (Goal.Type.API, gettext_lazy("An application reports it")),
)


class GoalForm(NounForm):
    """A goal. Which fields it needs depends on what reaches it; others are left out."""

    name = fields.text(gettext_lazy("Name"), max_length=255)
    active = fields.switch(
        gettext_lazy("Counted"),
        gettext_lazy("While this is off, nobody reaches the goal. What was counted stays."),
        initial=True,
    )
    type = fields.choice(gettext_lazy("Reached when"), TYPES)
    key = fields.text(
        gettext_lazy("Session field"),
        gettext_lazy("The field's name, as your website sends it."),
        required=False,
        max_length=255,
    )
    operator = fields.choice(
        gettext_lazy("Comparison"),
        OPERATORS,
        gettext_lazy("How the page's address, or the field, is compared with the value."),
        required=False,
    )
    value = fields.text(
        gettext_lazy("Value"),
        gettext_lazy("An address or a part of one, such as /thanks; or the field's value."),
        required=False,
        max_length=2048,
    )

    class Meta:
        model = Goal
        fields = ("name", "active", "type", "key", "operator", "value")

    def clean(self) -> dict[str, Any]:
        """Leave out what the type has no use for, which is not shown."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("type") != Goal.Type.SESSION_FIELD:
            values["key"] = ""
        if values.get("type") == Goal.Type.API:
            values["operator"] = values["value"] = ""
        return values


@admin.register(Goal)
class GoalNoun(Noun):
    """What an organisation wants its visitors to do."""

    form = GoalForm
    section = "website"
    icon = "flag"
    empty_words = gettext_lazy(
        "A goal is what you want visitors to do, as to open the page after an order. Each "
        "time it is reached is counted here."
    )
    menu_title = gettext_lazy("Goals")
    conditional_fields: ClassVar[dict[str, str]] = {
        "key": f"type === '{Goal.Type.SESSION_FIELD}'",
        "operator": f"type !== '{Goal.Type.API}'",
        "value": f"type !== '{Goal.Type.API}'",
    }
    order = 40
    scopes_to_view = ("greetings:ro",)
    scopes_to_change = ("greetings:rw",)
    list_display = ("name", "kind", "active", "reached")
    list_filter = ("active", "type")
    search_fields = ("name",)
    ordering = ("id",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[GatheringList]:
        """Return a list that counts for a page at once."""
        return GatheringList

    def gather(self, rows: Sequence[Goal]) -> None:
        """Put beside each how often it was lately reached. One read."""
        counts = lately.reached(row.pk for row in rows)
        for row in rows:
            row.times = counts.get(row.pk, 0)  # type: ignore[attr-defined]

    @display(description=gettext_lazy("Reached when"), ordering="type")
    def kind(self, goal: Goal) -> str:
        """Return what reaches the goal, in words."""
        operator = str(dict(OPERATORS).get(goal.operator, ""))
        said = {"key": goal.key, "operator": operator, "value": goal.value}
        if goal.type == Goal.Type.URL:
            return _("the page's address %(operator)s %(value)s") % said
        if goal.type == Goal.Type.SESSION_FIELD:
            return _("the field %(key)s %(operator)s %(value)s") % said
        return _("an application reports it")

    @display(description=gettext_lazy("Reached in 30 days"))
    def reached(self, goal: Any) -> int:
        """Return how often the goal was reached."""
        return int(goal.times)

    def store(self, request: HttpRequest, row: Goal | None, values: dict[str, Any]) -> Goal | None:
        """Make or change the goal."""
        organization = self.organization_of(request, row)
        assert organization is not None  # nothing can be added without one
        with self.acting(request, row):
            if row is None:
                return goals.create_goal(organization, values)
            return goals.update_goal(organization, row.pk, values)

    def remove(self, request: HttpRequest, row: Goal) -> None:
        """Forget the goal."""
        with self.acting(request, row):
            goals.delete_goal(row.organization, row.pk)

    def consequences(self, request: HttpRequest, row: Goal) -> list[str]:
        """Say how often it was reached, which is forgotten with it."""
        times = row.reached.count()
        if not times:
            return []
        return [
            ngettext(
                "It was reached %(times)d time; this is forgotten.",
                "It was reached %(times)d times; this is forgotten.",
                times,
            )
            % {"times": times}
        ]
