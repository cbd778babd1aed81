"""Somebody comes in while others see to it that they do not; links and codes that several use at
once.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn

from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    AuditEntry,
    Organization,
    StaffSession,
)
from chatplatform.services import (
    account_links,
    agents,
    invitations,
    passwords,
    second_factors,
    staff_sessions,
)
from chatplatform.services.account_links import LinkGone
from tests import make
from tests.accounts.conftest import OTHER, PASSWORD, Browser, code_of
from tests.accounts.factors import CODES, seed_on, set_up
from tests.concurrency.meeting import meeting_at, while_held
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

SITE = "http://localhost"
FACTORS = Authenticator.objects.all()


@pytest.fixture
def pam(acme: Organization) -> Agent:
    return make.agent(acme, email="pam@example.com", password=PASSWORD)


def used(use: Callable[[str, str], Account], token: str, password: str) -> str:
    """Use a link; return the password that was set, or what was said instead."""
    try:
        use(token, password)
    except LinkGone as gone:
        return gone.type
    return password


def test_nobody_is_in_who_is_suspended_while_they_come_in(pam: Agent) -> None:
    at_once(
        lambda: Browser().sign_in("pam@example.com").status_code,
        lambda: agents.suspend_agent(pam.organization_id, pam.public_id),
    )
    assert Agent.objects.get(pk=pam.pk).suspended
    assert not StaffSession.objects.filter(account=pam.account).exists()


def test_an_invitation_that_two_accept_is_the_firsts(acme: Organization) -> None:
    agent = agents.create_agent(acme, "new@example.com", "New")
    token = invitations.link(agent, SITE).rstrip("/").rpartition("/")[2]

    outcome = at_once(
        lambda: used(invitations.accept, token, PASSWORD),
        lambda: used(invitations.accept, token, OTHER),
    )

    (taken,) = {PASSWORD, OTHER} & set(outcome)
    assert sorted(outcome) == sorted([taken, "not_found"])
    assert Account.objects.get(email="new@example.com").check_password(taken)


def test_a_link_for_a_new_password_that_two_use_is_the_firsts(pam: Agent) -> None:
    account = Account.objects.get(email="pam@example.com")
    token = account_links.token(account, "reset")

    outcome = at_once(
        lambda: used(passwords.reset, token, OTHER),
        lambda: used(passwords.reset, token, OTHER + "!"),
    )

    (taken,) = {OTHER, OTHER + "!"} & set(outcome)
    assert sorted(outcome) == sorted([taken, "not_found"])
    assert Account.objects.get(email="pam@example.com").check_password(taken)


def test_ending_sessions_and_the_workspace_do_not_wait_for_each_other(pam: Agent) -> None:
    browser = Browser()
    browser.sign_in("pam@example.com")

    ended, answer = while_held(
        Account.objects.filter(pk=pam.account_id),
        lambda: staff_sessions.end_all(make.account(pam)),
        lambda: browser.post("/workspace/token"),
    )

    assert (ended, answer.status_code) == (1, 401)
    assert not AccessToken.objects.exists()


class Proofs(NamedTuple):
    """What proves at the second step who somebody is."""

    seed: str
    recovery_codes: list[str]


@pytest.fixture
def proofs(pam: Agent) -> Proofs:
    """Pam's authenticator app, and her recovery codes."""
    browser = Browser()
    browser.sign_in("pam@example.com")
    return Proofs(*set_up(browser))


def comes_in(code: str, number: int) -> Callable[[], bool]:
    """Return how somebody who gave Pam's password types a code; that tells whether they are in."""
    browser = Browser(f"198.51.100.{number}")
    assert browser.sign_in("pam@example.com")["Location"] == "/account/code/"

    def type_it() -> bool:
        browser.post("/account/code/", {"code": code})
        return browser.is_in

    return type_it


def all_come_in(codes: list[str]) -> list[bool]:
    """Let each code be typed in a browser of its own; return who is in, in the same order."""
    return meeting_at(FACTORS, *[comes_in(code, number) for number, code in enumerate(codes)])


def arrivals(agent: Agent) -> list[str]:
    """Return the second factors people came in with as this agent, sorted."""
    rows = AuditEntry.objects.filter(organization=agent.organization, action="sign_in")
    changes = [row.after or {} for row in rows]
    return sorted(one["second_factor"] for one in changes if "second_factor" in one)


def sessions(agent: Agent) -> int:
    """Return in how many browsers somebody is in as this agent."""
    return StaffSession.objects.filter(account=agent.account).count()


def test_a_code_of_the_app_that_several_type_at_once_lets_one_in(
    pam: Agent, proofs: Proofs
) -> None:
    before = sessions(pam)

    let_in = all_come_in([code_of(proofs.seed, 1)] * 4)

    assert sorted(let_in) == [False, False, False, True]
    assert arrivals(pam) == ["totp"]
    assert sessions(pam) == before + 1
    assert second_factors.unused_codes(make.account(pam)) == 10


def test_a_code_of_the_app_proves_once_where_one_comes_in_and_one_proves_who_they_are(
    pam: Agent, proofs: Proofs, settings: Any
) -> None:
    inside = Browser()
    inside.sign_in("pam@example.com")
    inside.post("/account/code/", {"code": proofs.recovery_codes[0]})
    assert inside.is_in
    settings.REAUTHENTICATION_SECONDS = 0
    code = code_of(proofs.seed, 1)

    def prove() -> bool:
        answer = inside.post("/account/prove/", {"code": code, "next": "/account/password/"})
        return bool(answer.status_code == 302)

    outcome = meeting_at(FACTORS, comes_in(code, 1), prove)

    assert sorted(outcome) == [False, True]


def test_a_recovery_code_that_several_type_at_once_counts_once(pam: Agent, proofs: Proofs) -> None:
    before = sessions(pam)

    let_in = all_come_in([proofs.recovery_codes[3]] * 4)

    assert sorted(let_in) == [False, False, False, True]
    assert arrivals(pam) == ["recovery_codes"]
    assert sessions(pam) == before + 1
    assert second_factors.unused_codes(make.account(pam)) == 9


def test_recovery_codes_typed_at_once_are_all_used_up(pam: Agent, proofs: Proofs) -> None:
    let_in = all_come_in(proofs.recovery_codes)

    account = make.account(pam)
    assert let_in == [True] * 10
    assert second_factors.unused_codes(account) == 0
    assert [second_factors.holding(account, code) for code in proofs.recovery_codes] == [None] * 10


def test_the_last_two_recovery_codes_let_two_in_however_many_type_them(
    pam: Agent, proofs: Proofs
) -> None:
    account = make.account(pam)
    *used, last_but_one, last = proofs.recovery_codes
    assert None not in [second_factors.holding(account, code) for code in used]

    let_in = all_come_in([last_but_one, last, last_but_one, last])

    assert (sorted(let_in[0::2]), sorted(let_in[1::2])) == ([False, True], [False, True])
    assert arrivals(pam) == ["recovery_codes"] * 2
    assert second_factors.unused_codes(account) == 0
    assert second_factors.has_app(account)


def test_old_recovery_codes_are_gone_though_one_is_used_while_they_are_renewed(
    pam: Agent, proofs: Proofs
) -> None:
    account = make.account(pam)

    _, new = meeting_at(
        FACTORS,
        lambda: second_factors.holding(account, proofs.recovery_codes[0]),
        lambda: second_factors.renew_codes(account),
    )

    assert [second_factors.holding(account, code) for code in proofs.recovery_codes] == [None] * 10
    assert second_factors.unused_codes(account) == 10
    assert None not in [second_factors.holding(account, code) for code in new]
    assert Authenticator.objects.filter(user=account, type="recovery_codes").count() == 1


def test_the_first_app_is_one_though_two_who_know_the_password_set_one_up(pam: Agent) -> None:
    second_factors.require(pam.organization_id, True)

    def sets_up(number: int) -> Callable[[], bool]:
        browser = Browser(f"198.51.100.{number}")
        assert browser.sign_in("pam@example.com")["Location"] == "/account/set-up/"
        seed = seed_on(browser.get("/account/app/"))

        def confirm() -> bool:
            shown = browser.post("/account/app/", {"code": code_of(seed)})
            browser.post("/account/set-up/")
            assert browser.is_in == (len(CODES.findall(shown.content.decode())) == 10)
            return browser.is_in

        return confirm

    let_in = meeting_at(Account.objects.all(), *[sets_up(number) for number in range(3)])

    assert sorted(let_in) == [False, False, True]
    assert Authenticator.objects.filter(user=pam.account, type="totp").count() == 1
    assert sessions(pam) == 1


def test_the_first_factor_is_one_though_two_set_up_different_ones(
    pam: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_factors.require(pam.organization_id, True)
    monkeypatch.setattr(second_factors, "webauthn", AnyPasskey)
    with_app, with_passkey = Browser("198.51.100.1"), Browser("198.51.100.2")
    for browser in (with_app, with_passkey):
        assert browser.sign_in("pam@example.com")["Location"] == "/account/set-up/"
    seed = seed_on(with_app.get("/account/app/"))
    with_passkey.get("/account/passkeys/add/")

    def go_on(browser: Browser, path: str, **values: str) -> bool:
        browser.post(path, values)
        browser.post("/account/set-up/")
        return browser.is_in

    let_in = meeting_at(
        Account.objects.all(),
        lambda: go_on(with_app, "/account/app/", code=code_of(seed)),
        lambda: go_on(
            with_passkey, "/account/passkeys/add/", name="Key", credential='{"id": "any"}'
        ),
    )

    assert sorted(let_in) == [False, True]
    assert second_factors.has_app(make.account(pam)) == let_in[0]
    assert second_factors.has_passkey(make.account(pam)) == let_in[1]
    assert sessions(pam) == 1


class AnyPasskey:
    """Stands for the library's way with browsers: takes whatever one answers for a passkey."""

    WebAuthn = webauthn.WebAuthn

    @staticmethod
    def begin_registration(account: Account, passwordless: bool) -> dict[str, Any]:
        """Ask for nothing."""
        return {}

    @staticmethod
    def parse_registration_response(credential: dict[str, Any]) -> None:
        """Take it."""

    @staticmethod
    def complete_registration(credential: dict[str, Any]) -> SimpleNamespace:
        """Return what a passkey says that saw its owner's finger."""
        return SimpleNamespace(is_user_verified=lambda: True)
