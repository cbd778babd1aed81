"""What is wrong with an authorization, in words for whoever sits in front of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chatplatform.oauth_errors import (
    AccessDenied,
    AccountsError,
    ClientNotFound,
    ConsentRefused,
    ForeignApplication,
    InvalidRedirectUri,
    InvalidScope,
    RedirectUriNotSet,
    TooManyRedirects,
    UnauthorizedClient,
)


class Explained(NamedTuple):
    """A refusal's heading, and what to do about it."""

    title: str | Promise
    advice: str | Promise


_EXPLAINED: Final[tuple[tuple[type[AccountsError], Explained], ...]] = (
    (
        ClientNotFound,
        Explained(
            _("This application is not known here"),
            _("The link that led you here is wrong or out of date. Ask whoever runs it."),
        ),
    ),
    (
        RedirectUriNotSet,
        Explained(
            _("This application is not set up yet"),
            _("Its developer has to say where people are sent back to."),
        ),
    ),
    (
        InvalidRedirectUri,
        Explained(
            _("This application asks for an answer at an address that is not its own"),
            _("You were not sent there, for your safety. Its developer has to register it."),
        ),
    ),
    (
        TooManyRedirects,
        Explained(
            _("This application sends you here again and again"),
            _("Wait half a minute, then open it anew. If this goes on, tell its developer."),
        ),
    ),
    (
        ForeignApplication,
        Explained(
            _("This application belongs to another organisation"),
            _("Sign in with an account of that organisation, or ask whoever sent you here."),
        ),
    ),
    (
        ConsentRefused,
        Explained(
            _("You did not give access"),
            _("Nothing was shared. You can close this page, or open the application once more."),
        ),
    ),
    (
        AccessDenied,
        Explained(
            _("This account can not be used for it"),
            _("Sign in with another account, or ask your administrator."),
        ),
    ),
    (
        UnauthorizedClient,
        Explained(
            _("This application is not installed"),
            _("Your administrator can install it again."),
        ),
    ),
    (
        InvalidScope,
        Explained(
            _("This application asks for what it can not get"),
            _("What it needs is not within your role, or it was not set up for it."),
        ),
    ),
)

_OTHERWISE: Final = Explained(
    _("Something is wrong with this request"),
    _("Nothing was shared. Its developer finds below what has to be mended."),
)


def explained(error: AccountsError) -> Explained:
    """Return what to tell the person."""
    return next((words for kind, words in _EXPLAINED if isinstance(error, kind)), _OTHERWISE)
