"""Forms that visitors fill in: before a chat, after it, and when nobody is in."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from chatplatform.admin import fields
from chatplatform.admin.nouns import Noun, NounForm
from chatplatform.admin.rows import RowsField
from chatplatform.errors import Validation
from chatplatform.form_fields import CHOICES, MAX_FIELDS, MAX_OPTIONS
from chatplatform.models import Form
from chatplatform.models.forms import FormType
from chatplatform.services import forms as form_services
from configuration.admin import choices

TYPES: Final = (
    (FormType.PRECHAT, gettext_lazy("Before a chat")),
    (FormType.POSTCHAT, gettext_lazy("After a chat")),
    (FormType.TICKET, gettext_lazy("When nobody is in")),
    (FormType.ASK_FOR_EMAIL, gettext_lazy("While a message waits for an answer")),
)
QUESTIONS: Final = (
    ("header", gettext_lazy("Text, no question")),
    ("name", gettext_lazy("Their name")),
    ("email", gettext_lazy("Their e-mail address")),
    ("subject", gettext_lazy("The subject")),
    ("question", gettext_lazy("One line")),
    ("textarea", gettext_lazy("Several lines")),
    ("radio", gettext_lazy("One of several, all in sight")),
    ("select", gettext_lazy("One of several, in a list")),
    ("checkbox", gettext_lazy("Any of several")),
    ("group_chooser", gettext_lazy("The group to talk to")),
)
_WITH_OPTIONS: Final = CHOICES | {"checkbox"}


class QuestionForm(forms.Form):
    """A question of a form."""

    id = forms.CharField(required=False, widget=forms.HiddenInput)
    type = fields.choice(gettext_lazy("Asks for"), QUESTIONS, initial="question")
    label = fields.text(gettext_lazy("Words"), max_length=1024)
    required = fields.switch(gettext_lazy("Has to be answered"))
    options = fields.long_text(
        gettext_lazy("Answers to choose from"),
        gettext_lazy(
            "One a line. For the group to talk to: its number, a colon, and what is shown, "
            "as in “0: Anybody”."
        ),
        required=False,
    )
    options.widget.attrs["rows"] = 4


class FormForm(NounForm):
    """What a group asks, of one kind."""

    group = fields.choice(
        gettext_lazy("Group"), help_text=gettext_lazy("Whose visitors are asked."), coerce=int
    )
    type = fields.choice(gettext_lazy("Asked"), TYPES)
    enabled = fields.switch(
        gettext_lazy("In use"),
        gettext_lazy("While this is off, visitors are not asked. The questions are kept."),
        initial=True,
    )
    fields_asked = RowsField(
        QuestionForm,
        most=MAX_FIELDS,
        one=gettext_lazy("Question"),
        add=gettext_lazy("Add question"),
        label=gettext_lazy("Questions"),
    )

    class Meta:
        model = Form
        fields = ("type", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = choices.groups(self.organization)  # type: ignore[attr-defined]
        row = self.instance
        if row.pk:
            self.initial["group"] = row.group.number
            self.initial["fields_asked"] = [_shown(field) for field in row.fields]
            self.fields["group"].disabled = self.fields["type"].disabled = True


def _shown(field: dict[str, Any]) -> dict[str, Any]:
    """Return a stored question as the form shows it: its options one a line."""
    lines = []
    for option in field.get("options", ()):
        group = f"{option['group_id']}: " if "group_id" in option else ""
        lines.append(f"{group}{option['label']}")
    return {**field, "options": "\n".join(lines)}


def _stored(row: dict[str, Any], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a question as the service takes it; options that stay keep their ids."""
    field: dict[str, Any] = {"type": row["type"], "label": row["label"]}
    if row["id"] in known:
        field["id"] = row["id"]
    if row["type"] != "header":
        field["required"] = row["required"]
    lines = [line.strip() for line in row["options"].splitlines() if line.strip()]
    if row["type"] in _WITH_OPTIONS:
        before = known.get(row["id"], {}).get("options", ())
        field["options"] = _options(row["type"], lines[: MAX_OPTIONS + 1], before)
    return field


def _options(kind: str, lines: list[str], before: Any) -> list[dict[str, Any]]:
    options: list[dict[str, Any]] = [_option(kind, line) for line in lines]
    ids = {(one.get("group_id"), one["label"]): one["id"] for one in before}
    taken = set(ids.values())
    free = (str(number) for number in range(len(lines) + len(ids) + 1) if str(number) not in taken)
    for option in options:
        key = (option.get("group_id"), option["label"])
        option["id"] = ids[key] if key in ids else next(free)
    return options


def _option(kind: str, line: str) -> dict[str, Any]:
    if kind != "group_chooser":
        return {"label": line}
    number, colon, label = line.partition(":")
    group_id = choices.group_number(number.strip())
    if not colon or group_id is None:
        raise Validation(_("A group to choose is written as its number, a colon, and its words."))
    return {"group_id": group_id, "label": label.strip()}


@admin.register(Form)
class FormNoun(Noun):
    """What visitors are asked."""

    form = FormForm
    fields = ("group", "type", "enabled", "fields_asked")
    section = "website"
    icon = "assignment"
    empty_words = gettext_lazy(
        "What visitors are asked before a chat, after it, or while nobody is in. Without a "
        "form they write at once."
    )
    menu_title = gettext_lazy("Forms")
    order = 30
    can_remove = False
    scopes_to_view = ("greetings:ro",)
    scopes_to_change = ("greetings:rw",)
    list_display = ("asked", "group", "enabled", "questions")
    list_display_links = ("asked",)
    list_filter = ("type", "enabled")
    list_select_related = ("group", "organization")
    ordering = ("group__number", "type")

    def why_it_stays(self, request: HttpRequest, row: Form) -> str:
        """Say what to do in place of deleting it."""
        return _("A form is not deleted. Switch it off, and nobody is asked.")

    def audited(self, row: Form) -> tuple[str, str]:
        """Return how the audit log knows a form: by its group and kind."""
        return "form", f"{row.group.number}/{row.type}"

    @display(description=gettext_lazy("Asked"), ordering="type")
    def asked(self, form: Form) -> str:
        """Return when the form is asked, in words."""
        return str(dict(TYPES)[FormType(form.type)])

    @display(description=gettext_lazy("Questions"))
    def questions(self, form: Form) -> str:
        """Return how many questions there are."""
        count = sum(field["type"] != "header" for field in form.fields)
        return ngettext("%(count)d question", "%(count)d questions", count) % {"count": count}

    def store(self, request: HttpRequest, row: Form | None, values: dict[str, Any]) -> Form | None:
        """Keep what is asked."""
        organization = self.organization_of(request, row)
        assert organization is not None  # nothing can be added without one
        known = {field["id"]: field for field in row.fields} if row else {}
        asked = [_stored(one, known) for one in values["fields_asked"]]
        with self.acting(request, row):
            return form_services.set_form(
                organization,
                row.group.number if row else values["group"],
                row.type if row else values["type"],
                enabled=values["enabled"],
                fields=asked,
                new=row is None,
            )
