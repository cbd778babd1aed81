"""Working hours, as agents and bots have them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request
from chatplatform.api.versions.schedules import from_days
from chatplatform.services.agents import MAX_INTERVALS

Day = Literal["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
TimeOfDay = Annotated[str, Field(max_length=5)]


class Interval(Request):
    """Hours of one day, ``HH:MM``; those not ``enabled`` are only kept."""

    day: Day
    enabled: bool
    start: TimeOfDay
    end: TimeOfDay


class Scheduler(Request):
    """The working hours of a week; ``timezone`` is an IANA name, empty for the agent's own."""

    timezone: Annotated[str, Field(max_length=64)] = ""
    schedule: Annotated[list[Interval], Field(max_length=MAX_INTERVALS)]


WorkScheduler = Annotated[Scheduler, BeforeValidator(from_days)]
"""Working hours in a request. Days by name, as up to 3.4, are taken in every version: newer
samples still have them."""


class IntervalShape(TypedDict):
    """Hours of one day."""

    day: str
    enabled: bool
    start: str
    end: str


class SchedulerShape(TypedDict):
    """The working hours of a week."""

    timezone: str
    schedule: list[IntervalShape]
