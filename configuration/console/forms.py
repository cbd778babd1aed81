"""The console's forms. They check shapes; what is allowed, the services say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from chatplatform import scope_words
from chatplatform.scope_words import Section
from chatplatform.services import applications, personal_access_tokens
from configuration.console import presets

CONFIDENTIAL = "confidential"
PUBLIC = "public"


class _Form(forms.Form):
    """A form whose fields are tied to their hints and errors for screen readers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.use_required_attribute = False

    def tie(self) -> None:
        """Name hints and errors as the descriptions of their fields."""
        for name, field in self.fields.items():
            told = [f"id_{name}-hint"] if field.help_text else []
            told += [f"id_{name}-error"] if name in self.errors else []
            if told:
                field.widget.attrs["aria-describedby"] = " ".join(told)
            if name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"


class _ScopesForm(_Form):
    """A form with scopes to choose from."""

    scopes = forms.MultipleChoiceField(required=False, label=_("Scopes"))

    def __init__(self, *args: Any, offered: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections: list[Section] = scope_words.sections(offered)
        field = self.fields["scopes"]
        field.choices = [  # type: ignore[attr-defined]
            (worded.scope, worded.words) for section in self.sections for worded in section.scopes
        ]
        field.error_messages["invalid_choice"] = _("Choose scopes from the list")

    def chosen(self) -> set[str]:
        """Return the scopes that are ticked when the form is shown."""
        return {str(one) for one in self["scopes"].value() or ()}

    def sections_to_show(self) -> list[dict[str, Any]]:
        """Return the scopes under their headings, with what is ticked."""
        chosen = self.chosen()
        return [
            {
                "title": section.title,
                "scopes": [(one.scope, one.words, one.scope in chosen) for one in section.scopes],
                "count": sum(one.scope in chosen for one in section.scopes),
            }
            for section in self.sections
        ]


class ApplicationForm(_ScopesForm):
    """An application, new or to be changed: its type can not be changed later."""

    name = forms.CharField(
        label=_("Name"),
        help_text=_("People see it when they are asked for consent."),
        max_length=applications.MAX_NAME,
        error_messages={"required": _("Enter a name")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=_("Description"),
        help_text=_("What it is for. Only people of your organisation see it."),
        required=False,
        max_length=applications.MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    kind = forms.ChoiceField(
        label=_("Type"),
        choices=(
            (CONFIDENTIAL, _("Server-side: it runs on a server and keeps a secret")),
            (PUBLIC, _("JavaScript: it runs in browsers or on phones and has no secret")),
        ),
        error_messages={
            "required": _("Choose a type"),
            "invalid_choice": _("Choose a type from the list"),
        },
        widget=forms.RadioSelect,
    )
    redirect_uris = forms.CharField(
        label=_("Redirect addresses"),
        help_text=_(
            "One on each line. After sign-in people are only ever sent to these addresses and to "
            "what lies below them."
        ),
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off", "class": "code"}
        ),
    )
    field_order = ("name", "description", "kind", "redirect_uris", "scopes")

    def __init__(self, *args: Any, new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not new:
            del self.fields["kind"]

    def clean_redirect_uris(self) -> list[str]:
        """Return the addresses, without empty lines."""
        lines = str(self.cleaned_data["redirect_uris"]).splitlines()
        return [line.strip() for line in lines if line.strip()]


class TokenForm(_ScopesForm):
    """A personal access token: a name, and what it may do.

    Whoever ticks scopes chooses them: with no preset they are taken, and with one that would put
    others in their place it is asked which of the two was meant.
    """

    name = forms.CharField(
        label=_("Name"),
        help_text=_("What the token is for, so that you know it again."),
        max_length=personal_access_tokens.MAX_NAME,
        error_messages={"required": _("Enter a name")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    preset = forms.ChoiceField(
        label=_("What it may do"),
        choices=presets.CHOICES,
        required=False,
        error_messages={"invalid_choice": _("Choose what the token may do")},
        widget=forms.RadioSelect,
    )
    field_order = ("name", "preset", "scopes")

    def __init__(self, *args: Any, role: str, **kwargs: Any) -> None:
        super().__init__(*args, offered=presets.scopes(presets.EVERYTHING, role), **kwargs)
        self._role = role

    def clean(self) -> dict[str, Any]:
        """Return the scopes that were ticked, or those of the preset that was chosen."""
        values = self.cleaned_data
        if "preset" in self.errors or "scopes" in self.errors:
            return values
        preset, ticked = values["preset"], values["scopes"]
        if preset in ("", presets.CHOOSE):
            if not ticked and preset:
                self.add_error("scopes", _("Choose at least one scope"))
            elif not ticked:
                self.add_error("preset", _("Choose what the token may do"))
        elif ticked:
            words = _("You ticked single scopes, too. Choose “%(choose)s”, or untick them")
            self.add_error("preset", words % {"choose": dict(presets.CHOICES)[presets.CHOOSE]})
        else:
            values["scopes"] = presets.scopes(preset, self._role)
        return values
