"""Changes that are asked about before they are saved: a page says what follows from them.

A form that changes much for others raises :class:`Unagreed` where it stores. The answer is a page
with the consequences; what was typed goes along, hidden, and is sent again with the agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise

from chatplatform.admin.nouns import Noun
from chatplatform.admin.pages import FormPage
from chatplatform.admin.site import site
from chatplatform.admin.tabs import FIELD, GO_BACK

AGREED: Final = "agreed"
_NOT_SENT_AGAIN: Final = ("csrfmiddlewaretoken", FIELD, GO_BACK, AGREED)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``means`` is what agreeing is sent as, so that it is no agreement to more."""

    title: str | Promise
    about: str
    consequences: Sequence[str]
    button: str | Promise
    means: str


class Unagreed(Exception):
    """Nobody has agreed to a change yet."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.means)
        self.question = question


def require(request: HttpRequest, question: Question) -> None:
    """Raise :class:`Unagreed` unless the request carries the agreement."""
    if request.POST.get(AGREED) != question.means:
        raise Unagreed(question)


def ask(request: HttpRequest, question: Question) -> HttpResponse:
    """Return the page that asks."""
    request.current_app = "admin"
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _NOT_SENT_AGAIN
        for value in values
    ]
    context = {
        **site().each_context(request),
        "title": question.title,
        "question": question,
        "agreed": AGREED,
        "typed": typed,
        "back": request.get_full_path(),
    }
    return TemplateResponse(request, "admin/website/agreement.html", context)


class AskingPage(FormPage):
    """A page whose ``store`` may ask."""

    def form_valid(self, form: Form) -> HttpResponse:
        """Make the change, or ask about it; what is asked about has changed nothing."""
        try:
            return super().form_valid(form)
        except Unagreed as unagreed:
            return ask(self.request, unagreed.question)


class AskingNoun(Noun):
    """A noun whose ``store`` may ask."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Serve the form, or ask about what it would change; until then nothing is changed."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Unagreed as unagreed:
            return ask(request, unagreed.question)
