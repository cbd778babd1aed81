"""Working hours as versions up to 3.4 write them: one interval a day, under the day's name."""

from __future__ import annotations

from typing import Any, Final

from chatplatform.api.versions.change import Record, Schema, replaced

FIELD: Final = "work_scheduler"

_BESIDE: Final = frozenset({"timezone", "schedule"})
_INTERVAL: Final[Schema] = {
    "type": "object",
    "properties": {"start": {"type": "string"}, "end": {"type": "string"}},
    "required": ["start", "end"],
}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def from_days(scheduler: Any) -> Any:
    """Return ``{day: {start, end}}`` as ``{schedule: [...]}``; anything else as it is.

    An empty object is a week without working hours; hours are ``enabled`` unless they say
    otherwise. Whether days and times exist is looked at later; a ``timezone`` beside the days
    stays.
    """
    if not isinstance(scheduler, dict) or "schedule" in scheduler:
        return scheduler
    days = {name: value for name, value in scheduler.items() if name not in _BESIDE}
    if scheduler and not days:
        return scheduler
    schedule = [
        {"enabled": True, **hours, "day": day} if isinstance(hours, dict) else hours
        for day, hours in days.items()
    ]
    timezone = {"timezone": scheduler["timezone"]} if "timezone" in scheduler else {}
    return {**timezone, "schedule": schedule}


def one_interval_a_day(payload: Record) -> Record:
    """Return ``payload`` with its working hours by days.

    A day goes from its first beginning to its last end: there is no word for pauses.
    """
    return replaced(payload, FIELD, _to_days)


def _to_days(scheduler: Any) -> Any:
    if not isinstance(scheduler, dict) or "schedule" not in scheduler:
        return scheduler
    days: Record = {}
    for interval in scheduler["schedule"]:
        if interval["enabled"]:
            known = days.get(interval["day"], interval)
            start = min(known["start"], interval["start"])
            days[interval["day"]] = {"start": start, "end": max(known["end"], interval["end"])}
    return days


def schema_of_days(schema: Schema) -> Schema:
    """Return an object's ``schema`` with working hours by days, if it has any."""
    properties = schema.get("properties", {})
    if FIELD not in properties:
        return schema
    days = {"type": "object", "properties": dict.fromkeys(_DAYS, _INTERVAL)}
    return {**schema, "properties": {**properties, FIELD: days}}
