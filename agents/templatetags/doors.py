"""Which parts of the platform are open to whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from chatplatform.admin import visitors
from chatplatform.selectors import people

register = template.Library()


@dataclass(frozen=True, slots=True)
class Door:
    """A part of the platform: where it is, its name, and what one does there."""

    address: str
    name: str
    about: str


@register.simple_tag(takes_context=True)
def doors(context: template.Context) -> list[Door]:
    """Return what is open to whoever is signed in; nothing for strangers and without a request."""
    request: Any = context.get("request")
    if request is None or not getattr(request, "user", None) or not request.user.is_authenticated:
        return []
    return _open_to(request)


def _open_to(request: HttpRequest) -> list[Door]:
    works = people.working_agent(visitors.account_of(request)) is not None
    found = []
    if works:
        found.append(Door(reverse("workspace"), _("Workspace"), _("Talk with customers.")))
    if visitors.may_enter(request):
        about = _("Set up people, the website, integrations and everything else.")
        found.append(Door(reverse("admin:index"), _("Administration"), about))
    if works or visitors.may_enter(request):
        about = _("Make tokens and applications, and see what they call.")
        found.append(Door(reverse("console"), _("Developer console"), about))
    about = _("Your name, password, second factors and sessions.")
    return [*found, Door(reverse("account"), _("Your account"), about)]
