"""The overview: how the organisation is doing now, in pictures, with the numbers beneath."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chatplatform import clock
from chatplatform.admin import pages, visitors
from chatplatform.admin.site import OVERVIEW, site
from chatplatform.models import Agent, Organization
from chatplatform.selectors import dashboard, organizations
from chatplatform.selectors.dashboard import Hour
from chatplatform.selectors.first_steps import first_steps
from chatplatform.selectors.routing_rules import rules_of
from configuration.admin.routing import RoutingPage
from configuration.admin.snippet import SnippetPage

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


# --- the first steps --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do before the first chat can come, and where it is done."""

    title: str | Promise
    why: str | Promise
    link: str
    is_done: bool


def steps(request: HttpRequest, organization: Organization) -> list[Step]:
    """Return the first steps whoever looks may take; none once a chat has begun."""
    done = first_steps(organization, reverse("demo"))
    if done is None:
        return []
    found = []
    if SnippetPage.is_open_to(request):
        title, why = _("Put the widget on your site"), _("Visitors write to you from there.")
        found.append(Step(title, why, reverse("admin:snippet"), done.widget_seen))
    if site()._registry[Agent].has_add_permission(request):
        title, why = _("Invite your agents"), _("They get a mail, and answer in the workspace.")
        add = reverse("admin:chatplatform_agent_add")
        found.append(Step(title, why, add, done.has_colleagues))
    if RoutingPage.is_open_to(request):
        title = _("Say who answers, and when")
        why = _("Groups, working hours, and what becomes of chats nobody can take.")
        found.append(Step(title, why, reverse("admin:routing"), done.says_who_answers))
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
        shown = board(found) | {"steps": steps(self.request, found)}
        if self.request.GET.get("part") == "board":
            return shown
        return super().get_context_data(**shown, refresh_seconds=REFRESH_SECONDS, **kwargs)

    @classmethod
    def is_open_to(cls, request: HttpRequest) -> bool:
        """Tell whether whoever looks may open the page: everybody who may enter."""
        return visitors.may_enter(request)
