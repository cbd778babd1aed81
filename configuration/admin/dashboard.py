"""The overview: how the organisation is doing now, in pictures, with the numbers beneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chatplatform import clock
from chatplatform.admin import pages, visitors
from chatplatform.admin.site import OVERVIEW
from chatplatform.models import Organization
from chatplatform.selectors import dashboard, organizations
from chatplatform.selectors.dashboard import Hour
from chatplatform.selectors.routing_rules import rules_of

REFRESH_SECONDS: Final = 15
LONG_WAIT_SECONDS: Final = 120
"""After so long somebody who waits is marked."""
STATES: Final[dict[str, str | Promise]] = {
    dashboard.ACCEPTING: _("Accepts chats"),
    dashboard.NOT_ACCEPTING: _("Does not accept chats"),
    dashboard.AWAY: _("Away from the screen"),
}

# --- the picture of the day -------------------------------------------------------------------

WIDTH, HEIGHT, GAP = 480, 120, 3
"""The picture of the hours, in its own units; GAP is between two hours."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour in the picture: where today's bar stands, and the mark of a week ago."""

    x: float
    width: float
    y: float
    height: float
    mark: float
    label: str


def bars(hours: list[Hour]) -> list[Bar]:
    """Return the hours as bars, the highest number of both days filling the height."""
    most = max((max(hour.today or 0, hour.week_ago) for hour in hours), default=0) or 1
    step = WIDTH / max(len(hours), 1)
    found = []
    for place, hour in enumerate(hours):
        height = round(HEIGHT * (hour.today or 0) / most, 1)
        mark = round(HEIGHT - HEIGHT * hour.week_ago / most, 1)
        found.append(
            Bar(
                x=round(place * step + GAP / 2, 1),
                width=round(step - GAP, 1),
                y=round(HEIGHT - height, 1),
                height=height,
                mark=mark,
                label=f"{hour.starts.hour:02}",
            )
        )
    return found


# --- the page ---------------------------------------------------------------------------------


def board(organization: Organization) -> dict[str, Any]:
    """Return everything the pictures and tables show. Sixteen reads, however much there is."""
    now, zone = clock.now(), timezone.get_current_timezone()
    hours = dashboard.hours(organization.pk, now, zone)
    waiting = dashboard.waiting(organization.pk)
    most_chats = rules_of(organization.pk).chats_per_agent()
    staff = dashboard.staff(organization.pk, most_chats)
    longest = (now - waiting.since).total_seconds() if waiting.since else None
    return {
        "now": now,
        "zone": str(zone),
        "hours": hours,
        "bars": bars(hours),
        "most": max((max(hour.today or 0, hour.week_ago) for hour in hours), default=0),
        "begun": sum(hour.today or 0 for hour in hours),
        "begun_week_ago": dashboard.begun_week_ago(organization.pk, now, zone),
        "waiting": waiting,
        "longest": longest,
        "is_long": longest is not None and longest >= LONG_WAIT_SECONDS,
        "today": dashboard.today(organization.pk, now, zone),
        "looked_at_most": dashboard.LOOKED_AT,
        "staff": staff,
        "states": [(STATES[state], staff.number(state), state) for state in dashboard.STATES],
        "there": [(one, STATES[one.state]) for one in staff.there],
        "visitors": dashboard.visitors(organization.pk),
        "failing": dashboard.failing_endpoints(organization.pk),
    }


@pages.register
class OverviewPage(pages.Page):
    """The admin's first page; with no organisation chosen, what a superuser has to choose from.

    ``?part=board`` is what changes on it, which the page fetches now and then.
    """

    name = OVERVIEW
    path = "overview/"
    title = _("Overview")
    icon = "monitoring"
    about_one = False
    template_name = "admin/overview.html"

    def get_template_names(self) -> list[str]:
        """Return the whole page, or what changes on it."""
        if visitors.organization(self.request) is None:
            return ["admin/choose.html"]
        if self.request.GET.get("part") == "board":
            return ["admin/overview_board.html"]
        return [self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the numbers."""
        found = visitors.organization(self.request)
        if found is None:
            return super().get_context_data(newest=organizations.newest(20), **kwargs)
        if self.request.GET.get("part") == "board":
            return board(found)
        return super().get_context_data(**board(found), refresh_seconds=REFRESH_SECONDS, **kwargs)

    @classmethod
    def is_open_to(cls, request: HttpRequest) -> bool:
        """Tell whether whoever looks may open the page: everybody who may enter."""
        return visitors.may_enter(request)
