"""Forms that know what their page showed, so that saving one changes what was changed on it.

Between opening a page and saving it others change things, too. So each field carries the value it
was shown with, hidden, as JSON. What comes back as it was shown stands for what is stored by then,
and so does a field that was not on the page at all: only what somebody changed reaches ``store`` as
another value. Fields of several entries say so entry by entry (``merged``).

Fields whose values are no plain data, or must not be read, go without: files, secrets and rows.
A request that says nothing of what was shown, as programs send it, is taken as it is.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.forms.boundfield import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chatplatform.admin.rows import RowsField

PREFIX: Final = "shown-"
"""Begins the name of the hidden input beside a field."""
_UNTOLD: Final = (forms.FileField, RowsField)


class ShownField(BoundField):
    """A field and, hidden beside it, the value it is shown with."""

    form: ShownForm

    def __str__(self) -> SafeString:
        """Return both."""
        return format_html("{}{}", super().__str__(), self._hidden())

    def _hidden(self) -> str:
        if not self._is_told():
            return ""
        try:
            told = json.dumps(self._stored, cls=DjangoJSONEncoder)
        except TypeError:
            return ""
        return format_html(
            '<input type="hidden" name="{}" value="{}">', PREFIX + self.html_name, told
        )

    @property
    def data(self) -> Any:
        """What was sent, with what is stored by now in place of what nobody changed."""
        sent = super().data
        if not self._is_told() or not self.form.says_what_was_shown():
            return sent
        told = self.form.data.get(PREFIX + self.html_name)
        if told is None:
            return sent if self._was_sent() else self._stored
        try:
            shown = json.loads(told)
        except ValueError:
            return sent
        return self._merged(shown, sent)

    @property
    def _stored(self) -> Any:
        return self.field.prepare_value(self.initial)

    def _is_told(self) -> bool:
        field = self.field
        is_secret = isinstance(field.widget, forms.PasswordInput)
        return not (self.form.is_new() or field.disabled or is_secret or isinstance(field, _UNTOLD))

    def _was_sent(self) -> bool:
        name = self.html_name
        return any(key == name or key.startswith(f"{name}-") for key in self.form.data)

    def _merged(self, shown: Any, sent: Any) -> Any:
        field, stored = self.field, self._stored
        if hasattr(field, "merged"):
            return field.merged(shown, stored, sent)
        if isinstance(field, forms.MultipleChoiceField):
            return _ticked(field, shown, stored, sent)
        return sent if _differs(field, shown, sent) else stored


class ShownForm(forms.BaseForm):
    """A form whose page says what it showed; the base of those of the admin."""

    bound_field_class = ShownField
    fields_are_rows: ClassVar[bool] = False
    """Whether there is a field for each of some rows: one of which the page said nothing was not
    there when it was shown, even if nothing else was."""

    def is_new(self) -> bool:
        """Tell whether the form makes something, so that nobody else can have changed it."""
        return False

    def says_what_was_shown(self) -> bool:
        """Tell whether the page that sent this said with what it was shown."""
        return self.fields_are_rows or any(key.startswith(PREFIX) for key in self.data)


class PageForm(ShownForm, forms.Form):
    """The form of a page (``pages.FormPage``)."""


def merged(
    shown: dict[str, Any] | None, stored: dict[str, Any] | None, sent: dict[str, Any] | None
) -> dict[str, Any]:
    """Return ``stored`` with the entries changed that differ between ``shown`` and ``sent``."""
    shown, sent = shown or {}, sent or {}
    found = dict(stored or {})
    for key in {**shown, **sent}:
        if shown.get(key) == sent.get(key):
            continue
        if key in sent:
            found[key] = sent[key]
        else:
            found.pop(key, None)
    return found


def _differs(field: forms.Field, shown: Any, sent: Any) -> bool:
    if isinstance(sent, str):
        sent = sent.replace("\r\n", "\n")  # as browsers end lines
    try:
        before = field.to_python(shown)
    except ValidationError:
        return True
    return field.has_changed(before, sent)


def _ticked(field: forms.MultipleChoiceField, shown: Any, stored: Any, sent: Any) -> list[str]:
    """Return what is stored, less what was unticked, and with what was ticked."""
    before, now, chosen = ([str(one) for one in given or ()] for given in (shown, stored, sent))
    left = [one for one in now if one in chosen or one not in before]
    added = [one for one in chosen if one not in before and one not in left]
    return [one for one in left if field.valid_value(one) or one in chosen] + added
