"""What a group's widget says in its own words, by language, and how it welcomes visitors."""

from __future__ import annotations

from typing import Any, Final

from django.conf.locale import LANG_INFO
from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.functional import cached_property, lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from chatplatform.admin import fields, visitors
from chatplatform.admin.pages import FormPage, register
from chatplatform.admin.shown import PageForm
from chatplatform.models import Group
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.phrases import (
    CLIENT,
    OFFLINE,
    PLACEHOLDER,
    QUEUED,
    TICKET_SENT,
    WELCOME,
    WELCOME_TITLE,
    phrases,
)
from chatplatform.selectors import groups
from chatplatform.selectors.translations import phrases_by_origin, phrases_in_force
from chatplatform.services import welcomes
from chatplatform.widget_look import look_of
from configuration.actions.translations import READ, WRITE
from configuration.admin import choices

_format_html = lazy(format_html, SafeString)
LABELS: Final[dict[str, tuple[Any, Any]]] = {
    WELCOME_TITLE: (
        _("Title"),
        format_lazy(
            _(
                "Stands large in the empty chat, and welcomes visitors. It goes before the "
                "greeting line of the {link}, which stands there while this is empty."
            ),
            link=_format_html(
                '<a class="underline" href="{}">{}</a>',
                reverse_lazy("admin:widget"),
                _("chat widget"),
            ),
        ),
    ),
    OFFLINE: (_("Nobody is in"), _("What visitors read who write while nobody is in.")),
    QUEUED: (
        _("In the queue"),
        _("%number% becomes the place in the queue, %minutes% the waiting time."),
    ),
    CLIENT: (_("A visitor without a name"), _("What agents see as their name.")),
    PLACEHOLDER: (_("In the empty message box"), ""),
    TICKET_SENT: (_("A message was left"), _("What visitors read after they left a message.")),
}
"""Each phrase's label, and where it is said."""
_LANGUAGES: Final = sorted(
    (code, info["name_local"].capitalize())
    for code, info in LANG_INFO.items()
    if "name_local" in info
)


class WordsForm(PageForm):
    """The phrases a group may word itself; empty ones are the platform's."""

    welcome = fields.long_text(
        _("Welcome"),
        _("What visitors who open the chat read first, in every language. Empty: nothing."),
        required=False,
        max_length=welcomes.MAX_TEXT,
    )

    def __init__(self, *args: Any, usual: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, (label, help_text) in LABELS.items():
            field = fields.long_text(label, help_text, required=False, max_length=4096)
            field.widget.attrs |= {"rows": 2, "placeholder": usual[key]}
            self.fields[key] = field


@register
class WordsPage(FormPage):
    """A group's own words in one language; both are chosen above the form."""

    template_name = "admin/words.html"
    form_class = WordsForm
    name = "words"
    path = "words/"
    title = _("Words")
    icon = "translate"
    section = "website"
    order = 50
    scopes = WRITE
    saved = _("Saved. Widgets that are opened from now on say so.")

    @classmethod
    def is_open_to(cls, request: HttpRequest) -> bool:
        """Tell whether whoever looks may read the words and change them: the page does both."""
        return super().is_open_to(request) and visitors.has_scope(request, *READ)

    @cached_property
    def group(self) -> Group:
        """The group whose words these are: the one the query names, or General."""
        named = choices.group_in_query(self.request, self.organization)
        return named or groups.access_group(self.organization, GENERAL_GROUP)

    @cached_property
    def language(self) -> str:
        """The language: the one the query names, or the group's own."""
        asked = self.request.GET.get("language", "")
        return asked if asked in dict(_LANGUAGES) else self.group.language_code

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The languages to choose from; the group's own is always among them."""
        known = dict(_LANGUAGES)
        own = self.group.language_code
        return [*_LANGUAGES, *([] if own in known else [(own, own)])]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Add what would be said otherwise, which stands in empty fields."""
        inherited, _own = phrases_by_origin(self.group, self.language)
        usual = {**phrases(self.language), **self._looks_words(), **inherited}
        return {**super().get_form_kwargs(), "usual": usual}

    def _looks_words(self) -> dict[str, str]:
        """Return what the widget's look says in every group and language."""
        look = look_of(self.organization.widget)
        said = {WELCOME_TITLE: look.greeting, OFFLINE: look.away}
        return {key: text for key, text in said.items() if text}

    def get_initial(self) -> dict[str, Any]:
        """Return the group's own words in just this language."""
        _inherited, own = phrases_by_origin(self.group, self.language)
        return {**own, "welcome": self.welcome}

    @property
    def welcome(self) -> str:
        """What visitors who open the chat are told now."""
        return phrases_in_force(self.group, self.group.language_code)[WELCOME]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what can be chosen."""
        return super().get_context_data(
            groups=choices.groups(self.organization),
            known_languages=self.languages,
            group=self.group,
            chosen_language=self.language,
            **kwargs,
        )

    def store(self, values: dict[str, Any]) -> None:
        """Keep the words, and then the welcome: the action refuses both to who may not say them."""
        shown = self.welcome  # it may follow the title, which changes
        words = {key: values[key] for key in LABELS}
        payload = {"group_id": self.group.number, "language": self.language, "phrases": words}
        visitors.call(self.request, "update_translations", payload)
        if _lines(values["welcome"]) != _lines(shown):
            with visitors.acting(self.request, visitors.asking(self.request)):
                welcomes.set_welcome_message(
                    self.organization, self.group.number, values["welcome"]
                )


def _lines(text: str) -> list[str]:
    """Return a text as forms send it back, however its lines end."""
    return text.strip().splitlines()
