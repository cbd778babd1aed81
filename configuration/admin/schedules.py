"""A field for working hours: several intervals a day, and the time zone they are in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import CHECKBOX_CLASSES, INPUT_CLASSES, UnfoldAdminSelectWidget

from chatplatform.errors import Validation
from chatplatform.services.agents import MAX_INTERVALS, checked_scheduler
from chatplatform.working_hours import DAYS

LINES: Final = MAX_INTERVALS + 1
"""Lines of a day that are read: as many as a week may have, and the empty one."""
SPARE: Final = 2
"""Lines a day shows at least."""
MIDNIGHT, DAY_END = "00:00", "24:00"
"""A day ends at midnight: browsers know no 24:00."""
NAMES: Final = dict(
    zip(
        DAYS,
        (
            _("Monday"),
            _("Tuesday"),
            _("Wednesday"),
            _("Thursday"),
            _("Friday"),
            _("Saturday"),
            _("Sunday"),
        ),
        strict=True,
    )
)
HELP: Final = _(
    "While they last, chats are accepted; when they end, no more are, and running ones go on. "
    "00:00 as an end is midnight; a night is a line on either day, such as 22:00–00:00 and "
    "00:00–06:00. A line that is off is kept for later. To take one away, empty both times; every "
    "line used, saving shows another. Without any hours, people choose for themselves when to "
    "accept chats."
)


class HoursWidget(forms.Widget):
    """Lines of a switch and two times for each day, and a time zone."""

    def id_for_label(self, id_: str | None) -> str:
        """Return nothing: each input has a label of its own."""
        return ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Return ``{timezone, schedule}``; lines without times are left out."""
        lines = [
            (day, data.get(f"{at}-start", ""), data.get(f"{at}-end", ""), f"{at}-on" in data)
            for day in DAYS
            for at in (f"{name}-{day}-{number}" for number in range(LINES))
        ]
        schedule = [
            {"day": day, "enabled": on, "start": start, "end": DAY_END if end == MIDNIGHT else end}
            for day, start, end, on in lines
            if start or end
        ]
        return {"timezone": data.get(f"{name}-timezone", ""), "schedule": schedule}

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Tell that no hours are an answer, too."""
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return the week."""
        scheduler = value or {}
        schedule = scheduler.get("schedule", ())
        context = {
            "name": name,
            "is_set": bool(schedule),
            "told": _("Working hours are set.") if schedule else _("No working hours."),
            "days": [{"name": NAMES[day], "lines": _lines(name, day, schedule)} for day in DAYS],
            "zone": self._zone(name, scheduler.get("timezone", ""), renderer),
            "input_css": " ".join(INPUT_CLASSES),
            "checkbox_css": " ".join(CHECKBOX_CLASSES),
        }
        return render_to_string("admin/people/hours.html", context)

    @staticmethod
    def _zone(name: str, chosen: str, renderer: Any) -> SafeString:
        own = ("", _("Their own, as their browser says; else UTC"))
        select = UnfoldAdminSelectWidget(choices=[own, *((zone, zone) for zone in _zones())])
        attrs = {"id": f"id_{name}_timezone"}
        shown: SafeString = select.render(f"{name}-timezone", chosen, attrs, renderer)
        return shown


@cache
def _zones() -> list[str]:
    """Return the names of all time zones; finding them opens hundreds of files."""
    return sorted(available_timezones())


def _lines(name: str, day: str, schedule: Any) -> list[dict[str, Any]]:
    given = [one for one in schedule if one["day"] == day]
    count = max(SPARE, len(given) + 1)
    given += [{"enabled": True, "start": "", "end": ""}] * (count - len(given))
    return [
        {
            "name": f"{name}-{day}-{number}",
            "start": one["start"],
            "end": MIDNIGHT if one["end"] == DAY_END else one["end"],
            "enabled": one["enabled"],
            "fault": _fault(one) if one["start"] or one["end"] else "",
        }
        for number, one in enumerate(given)
    ]


def _fault(line: Mapping[str, Any]) -> str:
    """Return what is wrong with the times of a line, and how to write what was meant."""
    day, start, end = (line.get(name, "") for name in ("day", "start", "end"))
    if day not in NAMES:
        return ""  # the service refuses it
    if not (start and end):
        return gettext("%(day)s: a line has both a begin and an end.") % {"day": NAMES[day]}
    if start < end:
        return ""
    next_day = DAYS[(DAYS.index(day) + 1) % len(DAYS)]
    return gettext(
        "%(day)s: %(start)s–%(end)s ends before it begins. For a night, write %(start)s–00:00 on "
        "%(day)s and 00:00–%(end)s on %(next)s."
    ) % {"day": NAMES[day], "start": start, "end": end, "next": NAMES[next_day]}


class HoursField(forms.Field):
    """Working hours as services take them."""

    widget = HoursWidget

    def to_python(self, value: Any) -> dict[str, Any]:
        """Return the hours; raise :class:`ValidationError` for impossible ones, day by day."""
        faults = [fault for one in value.get("schedule", ()) if (fault := _fault(one))]
        if faults:
            raise ValidationError(faults)
        try:
            checked: dict[str, Any] = checked_scheduler(value)
        except Validation as refusal:
            raise ValidationError(str(refusal)) from None
        return checked


def hours() -> HoursField:
    """Return a field for working hours."""
    return HoursField(label=_("Working hours"), help_text=HELP, required=False)


def in_words(scheduler: Mapping[str, Any]) -> str:
    """Return the enabled hours of a week in one line."""
    enabled = [one for one in scheduler.get("schedule", ()) if one["enabled"]]
    if not enabled:
        return gettext("None: they choose for themselves")
    return ", ".join(f"{NAMES[one['day']]} {one['start']}–{one['end']}" for one in enabled)
