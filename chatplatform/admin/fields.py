"""Form fields in the admin's look; each takes a label and plain words that say what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from unfold import widgets

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Words = str | _StrPromise
Choices = Iterable[tuple[Any, Any]]


def text(label: Words, help_text: Words = "", **options: Any) -> forms.CharField:
    """Return a field of one line."""
    return forms.CharField(
        label=label, help_text=help_text, widget=widgets.UnfoldAdminTextInputWidget, **options
    )


def search(label: Words, help_text: Words = "", **options: Any) -> forms.CharField:
    """Return a field for what is looked for."""
    widget = widgets.UnfoldAdminTextInputWidget(attrs={"type": "search"})
    return forms.CharField(label=label, help_text=help_text, widget=widget, **options)


def long_text(label: Words, help_text: Words = "", **options: Any) -> forms.CharField:
    """Return a field of several lines."""
    return forms.CharField(
        label=label, help_text=help_text, widget=widgets.UnfoldAdminTextareaWidget, **options
    )


def secret(label: Words, help_text: Words = "", **options: Any) -> forms.CharField:
    """Return a field whose value is never shown again."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        strip=False,
        widget=widgets.UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        **options,
    )


def email(label: Words, help_text: Words = "", **options: Any) -> forms.EmailField:
    """Return a field for an e-mail address."""
    return forms.EmailField(
        label=label, help_text=help_text, widget=widgets.UnfoldAdminEmailInputWidget, **options
    )


def number(label: Words, help_text: Words = "", **options: Any) -> forms.IntegerField:
    """Return a field for a whole number."""
    return forms.IntegerField(
        label=label, help_text=help_text, widget=widgets.UnfoldAdminIntegerFieldWidget, **options
    )


def day(label: Words, help_text: Words = "", **options: Any) -> forms.DateField:
    """Return a field for a day."""
    return forms.DateField(
        label=label,
        help_text=help_text,
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        **options,
    )


def switch(label: Words, help_text: Words = "", **options: Any) -> forms.BooleanField:
    """Return a field that is on or off."""
    return forms.BooleanField(
        label=label,
        help_text=help_text,
        required=False,
        widget=widgets.UnfoldBooleanSwitchWidget,
        **options,
    )


def choice(
    label: Words, choices: Choices = (), help_text: Words = "", **options: Any
) -> forms.ChoiceField:
    """Return a field for one of several; ``coerce`` turns what was sent into its value."""
    return forms.TypedChoiceField(
        label=label,
        choices=choices,
        help_text=help_text,
        widget=widgets.UnfoldAdminSelectWidget,
        **options,
    )


def several(
    label: Words, choices: Choices = (), help_text: Words = "", **options: Any
) -> forms.TypedMultipleChoiceField:
    """Return a field for any of several; ``coerce`` turns what was sent into its value."""
    return forms.TypedMultipleChoiceField(
        label=label,
        choices=choices,
        help_text=help_text,
        required=options.pop("required", False),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        **options,
    )
