"""What an organisation that has no chats yet has done to get its first."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from chatplatform.models import Agent, Group, Organization, Thread
from chatplatform.selectors import installation

COLLEAGUES = 2
"""So many people with a seat are more than who began."""


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Which of the first steps are done."""

    widget_seen: bool
    """Whether a page of their own, and not only the demo, showed the widget."""
    has_colleagues: bool
    """Whether more than one person has, or is invited to, a seat."""
    says_who_answers: bool
    """Whether there is a group besides General, somebody's hours, or a rule of routing."""


def first_steps(organization: Organization, demo_path: str) -> FirstSteps | None:
    """Return what is done; ``None`` once a chat has begun. One read then, six at most before.

    ``demo_path`` is where the platform's own page with the widget is: seen there is not installed.
    """
    if Thread.objects.filter(organization=organization).exists():
        return None
    people = Agent.objects.filter(organization=organization, kind=Agent.Kind.HUMAN)
    return FirstSteps(
        widget_seen=any(
            urlsplit(site.page).path != demo_path for site in installation.sites(organization)
        ),
        has_colleagues=people.count() >= COLLEAGUES,
        says_who_answers=bool(organization.properties.get("chats"))
        or people.exclude(work_scheduler={}).exists()
        or Group.objects.filter(organization=organization, number__gt=0).exists(),
    )
