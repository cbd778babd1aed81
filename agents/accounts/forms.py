"""What people type to come in, and about their own account."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from chatplatform.services.organizations import NAME_LENGTH
from chatplatform.services.second_factors import NAME_LENGTH as FACTOR_NAME_LENGTH
from chatplatform.services.sign_in_addresses import ADDRESS_LENGTH


class PlainForm(forms.Form):
    """A form that ties each field to its error for screen readers once it was checked."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:
            for name in self.errors:
                self.describe(name)

    def refuse(self, message: str, field: str | None = None) -> None:
        """Add an error, of a field or of the whole."""
        self.add_error(field, message)
        if field is not None:
            self.describe(field)

    def describe(self, name: str) -> None:
        """Let a field's error be read with it."""
        if name in self.fields:
            attributes = self.fields[name].widget.attrs
            attributes["aria-describedby"] = f"id_{name}-error"
            attributes["aria-invalid"] = "true"


def _email(label: Any, **attributes: Any) -> forms.EmailField:
    return forms.EmailField(
        label=label,
        max_length=ADDRESS_LENGTH,
        widget=forms.EmailInput(attrs={"spellcheck": "false", **attributes}),
        error_messages={
            "required": _("Enter your e-mail address"),
            "invalid": _("Enter an e-mail address in the format name@example.com"),
        },
    )


def _password() -> forms.CharField:
    """Return a field for the password somebody has."""
    return forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": _("Enter your password")},
    )


class SignInForm(PlainForm):
    """E-mail and password. What is wrong with them, the view says."""

    username = _email(_("E-mail address"), autocomplete="username webauthn", autofocus=True)
    password = _password()


class ForgottenForm(PlainForm):
    """The address of an account whose password is forgotten."""

    email = _email(_("E-mail address"), autocomplete="username", autofocus=True)


class AddressForm(PlainForm):
    """The address somebody wants to sign in with."""

    email = _email(_("New e-mail address"), autocomplete="email")


class NewPasswordForm(PlainForm):
    """A password that is to be set. Whether it is strong enough, the service says."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(
            attrs={"autocomplete": "new-password", "data-strength": "strength"}
        ),
        error_messages={"required": _("Enter a new password")},
        help_text=_(
            "At least eight characters. A few words that do not belong together are strong and"
            " easy to remember."
        ),
    )


class ProofForm(PlainForm):
    """The password of somebody who is signed in."""

    password = _password()


class CodeForm(PlainForm):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
                "class": "code-input",
            }
        ),
        error_messages={"required": _("Enter the code")},
    )


class _CredentialField(forms.JSONField):
    """What a browser says of a passkey: a few KiB of JSON, which is never shown again."""

    _LONGEST: Final = 64 * 1024

    def to_python(self, value: Any) -> Any:
        """Return it as data; refuse what no browser sends, and no database keeps."""
        try:
            if value is None or (len(value) <= self._LONGEST and "\\u0000" not in value):
                return super().to_python(value)
        except RecursionError:
            pass
        raise forms.ValidationError(self.error_messages["invalid"], code="invalid")

    def bound_data(self, data: Any, initial: Any) -> None:
        """Show nothing of it."""


class PasskeyForm(PlainForm):
    """What a passkey answered."""

    credential = _CredentialField(
        widget=forms.HiddenInput,
        error_messages={
            "required": _("Your browser did not use a passkey"),
            "invalid": _("Your browser did not use a passkey"),
        },
    )


class NewPasskeyForm(PasskeyForm):
    """A new passkey, and what its owner calls it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=FACTOR_NAME_LENGTH,
        help_text=_("So that you know it again, for example by the device it is on."),
        error_messages={"required": _("Enter a name for the passkey")},
    )


class NameForm(PlainForm):
    """What somebody is called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Enter your name")},
    )
