"""What stands between proving who one is and being in."""

from __future__ import annotations

from typing import Final

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login, stash_login
from allauth.account.models import Login
from allauth.account.stages import LoginStage, LoginStageController
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare

from chatplatform.models import Account
from chatplatform.selectors import identity_providers
from chatplatform.services import second_factors, sign_in

_SET_UP: Final = "set_up"
_PASSWORD: Final = "password"  # noqa: S105 - no secret
"""Where a way in keeps a fingerprint of the password there was when it began."""


def under_way(request: HttpRequest, key: str) -> LoginStage | None:
    """Return the stage of this name, if it is where somebody on their way in stands.

    What let them begin has to hold still. Who was suspended or deleted since, who has another
    password now, and who may come in through a provider only, begins anew.
    """
    stage = LoginStageController.enter(request, key)
    if stage is None or _still_holds(request, stage.login):
        return stage
    clear_login(request)
    return None


def _still_holds(request: HttpRequest, login: Login) -> bool:
    account = login.user
    if not isinstance(account, Account) or sign_in.standing(account) != "ok":
        return False
    known = login.state["stages"][StandingStage.key]["data"].get(_PASSWORD, "")
    if not constant_time_compare(known, account.get_session_auth_hash()):
        return False
    methods = {record["method"] for record in get_authentication_records(request, account)}
    return "socialaccount" in methods or identity_providers.required_of(account) is None


def turned_away(request: HttpRequest, account: Account, standing: str) -> HttpResponse:
    """Return the page that says why somebody may not come in: they proved who they are."""
    about = {"standing": standing, "organization": account.organization}
    return render(request, "accounts/turned_away.html", about, status=403)


def provider_instead(request: HttpRequest, account: Account, wanted: str) -> HttpResponse | None:
    """Return the page that leads to the provider only which lets ``account`` in; ``None``: any way
    will do. ``wanted`` is where they were going; empty: nowhere in particular.
    """
    provider = identity_providers.required_of(account)
    if provider is None:
        return None
    about = {"provider": provider, "next": wanted}
    return render(request, "accounts/provider_required.html", about, status=403)


class StandingStage(LoginStage):
    """Turns away who may not come in now, and says why: they proved who they are."""

    key = "standing"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Let people in who may work, and superusers."""
        standing = sign_in.standing(self.login.user)
        if standing != "ok":
            return turned_away(self.request, self.login.user, standing), False
        self.state[_PASSWORD] = self.login.user.get_session_auth_hash()
        # All that a provider said, with its token and the password's hash: the next page could not
        # even read it out of the session.
        self.login.signal_kwargs = None
        return None, True


class SetUpStage(LoginStage):
    """Leads through setting up a second factor where the organisation asks for one.

    Whoever comes with a passkey or through a provider brings as much as that. A factor somebody has
    is asked for after a provider, too: they chose it, and the provider is somebody else's.
    """

    key = "set_up"
    urlname = "account_set_up"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Hold back who came with a password alone, and has no second factor."""
        records = get_authentication_records(self.request, self.login.user)
        with_password = {record["method"] for record in records} == {"password"}
        if with_password and second_factors.must_set_up(self.login.user):
            return redirect("account_set_up"), True
        return None, True

    def may_set_up(self) -> bool:
        """Tell whether a factor may be added on this way in.

        Not where another way added one meanwhile: whoever waits here with a password alone would
        get round it.
        """
        return self.is_set_up() or second_factors.must_set_up(self.login.user)

    def is_set_up(self) -> bool:
        """Tell whether a factor was added on this way in."""
        return bool(self.state.get(_SET_UP))

    def note_set_up(self) -> None:
        """Note that one was."""
        self.state[_SET_UP] = True
        stash_login(self.request, self.login)
