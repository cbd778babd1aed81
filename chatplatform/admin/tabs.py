"""What a superuser sent from one tab, while they chose another organisation in a second one.

Where they work is kept in the session, which all tabs share. So each form of the admin and the
console says in which organisation it was shown: the tag ``csrf_token``, without which no form is
taken, writes it down beside the token (``templatetags/tied_forms.py``). Doors call :func:`enter`
before they do anything, and answer what it returns in place of the page. Nobody else can choose,
so that their forms say nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from chatplatform.admin import visitors
from chatplatform.models import Organization
from chatplatform.selectors import organizations

FIELD: Final = "working_in"
"""The hidden field that names the organisation; empty: all of them. In an address it names the one
a part of a page is about."""
GO_BACK: Final = "go_back"
"""Sent along to go back to the organisation that :data:`FIELD` names, and do it there."""
STATUS: Final = 409
_TOLD: Final = "_forms_were_shown_in"
_NOT_KEPT: Final = ("csrfmiddlewaretoken", FIELD, GO_BACK)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Why nothing was done: one works in ``now``, and this came from a page of ``was``.

    ``None`` stands for all organisations, as everywhere; ``is_gone``: there is no ``was`` any more.
    """

    now: Organization | None
    was: Organization | None
    is_gone: bool
    typed: list[tuple[str, str]]
    """What was sent, to be sent again; files can not be."""
    had_files: bool


def enter(request: HttpRequest) -> Elsewhere | None:
    """Let a request in that is about the organisation looked at now; else return what to say.

    With :data:`GO_BACK` the other one is chosen again, and the request is let in.
    """
    if not visitors.account_of(request).is_superuser:
        return None
    now = visitors.organization(request)
    setattr(request, _TOLD, _key(now))
    sent = request.POST if request.method == "POST" else request.GET
    told = sent.get(FIELD)
    if told is None or told == _key(now):
        return None
    was = organizations.by_text(told) if told else None
    is_gone = bool(told) and was is None
    if GO_BACK in request.POST and not is_gone:
        visitors.choose(request, was)
        setattr(request, _TOLD, told)
        return None
    setattr(request, _TOLD, told)  # the form that sends it again is still one of theirs
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _NOT_KEPT
        for value in values
    ]
    return Elsewhere(now, was, is_gone, typed, bool(request.FILES))


def told(request: HttpRequest) -> str | None:
    """Return what forms of this request's page say in :data:`FIELD`; ``None``: nothing."""
    return getattr(request, _TOLD, None)


def _key(organization: Organization | None) -> str:
    return str(organization.pk) if organization else ""
