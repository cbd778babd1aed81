"""A form field that is a list of rows, each a small form: conditions, questions, hours.

Rows are added, taken away and moved by a script; without it there is always an empty row to fill
in, a box to take one away, and a number to order by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME, ORDERING_FIELD_NAME
from django.forms.widgets import Script
from django.utils.translation import gettext_lazy as _

Row = dict[str, Any]
NUMBER: Final = "number"
"""What rows of a numbered field have beside their form's values."""
NUMBER_OF: Final = "data-rows-number-of"
"""The attribute of a control that names a row by its number; its value is the field of rows. It
follows when rows move, and is emptied when its row goes."""
_SPARE: Final = 100
"""How many rows more than may be kept are read: such as are taken away, or are to be."""


class RowsWidget(forms.Widget):
    """Shows the rows; reads them as a bound formset, whose prefix is the field's name."""

    template_name = "admin/widgets/rows.html"

    class Media:
        css = {"all": ("chatplatform/rows.css",)}
        js = (Script("chatplatform/rows.js", type="module"),)

    def __init__(
        self, row_form: type[forms.BaseForm], most: int, one: Any, add: Any, ordered: bool
    ) -> None:
        super().__init__()
        self.one = one
        self.add = add
        self.form_kwargs: dict[str, Any] = {}
        """What every row's form is made with, such as the organisation it offers choices of."""
        self.formset: Any = forms.formset_factory(
            row_form,
            extra=1,
            can_delete=True,
            can_order=ordered,
            max_num=most,
            absolute_max=most + _SPARE,
            validate_max=True,
        )

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Return the rows that were sent, not yet checked."""
        return self.formset(data, files, prefix=name, form_kwargs=self.form_kwargs)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Tell whether no rows were sent at all."""
        return f"{name}-TOTAL_FORMS" not in data

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Add the rows' forms, and an empty one for the script to copy."""
        context: dict[str, Any] = super().get_context(name, None, attrs)
        if not isinstance(value, forms.BaseFormSet):
            value = self.formset(
                initial=list(value or ()), prefix=name, form_kwargs=self.form_kwargs
            )
        context["widget"] |= {
            "formset": value,
            "one": self.one,
            "add": self.add,
            "most": self.formset.max_num,
        }
        return context


class RowsField(forms.Field):
    """Rows as a list of their ``cleaned_data``, in order; rows left empty are not there.

    ``most`` is how many there can be, ``one`` what a row is called ("Condition"), ``add`` what the
    button says that adds one ("Add condition"). Where rows are ``numbered``, each has the number it
    was shown under as :data:`NUMBER`, and those left empty are there, too, with nothing else.
    """

    widget: RowsWidget
    default_error_messages = {"rows": _("Correct the rows marked below.")}

    def __init__(
        self,
        row_form: type[forms.BaseForm],
        *,
        most: int,
        one: Any,
        add: Any,
        ordered: bool = True,
        numbered: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(widget=RowsWidget(row_form, most, one, add, ordered), **options)
        self.numbered = numbered

    def clean(self, value: Any) -> list[Row]:
        """Return the rows; raise ``ValidationError`` where one is malformed, or one too many."""
        if not value.management_form.is_valid():
            raise ValidationError(self.error_messages["rows"], code="rows")
        if not value.is_valid():
            beyond = [str(one) for one in value.non_form_errors()]
            raise ValidationError(beyond or [self.error_messages["rows"]], code="rows")
        rows = self._kept(value)
        if self.required and not rows:
            raise ValidationError(self.error_messages["required"], code="required")
        return rows

    def _kept(self, formset: Any) -> list[Row]:
        own = (ORDERING_FIELD_NAME, DELETION_FIELD_NAME)
        left: Iterable[tuple[int, Any]] = (
            (number, one)
            for number, one in enumerate(formset.forms, start=1)
            if (self.numbered or one.has_changed() or one.initial)
            and not one.cleaned_data.get(DELETION_FIELD_NAME)
        )
        if formset.can_order:
            left = sorted(
                left, key=lambda row: row[1].cleaned_data.get(ORDERING_FIELD_NAME) or 10**6
            )
        return [
            {name: found for name, found in one.cleaned_data.items() if name not in own}
            | ({NUMBER: number} if self.numbered else {})
            for number, one in left
        ]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Tell whether the rows are others; they are looked at by whoever stores them."""
        return True
