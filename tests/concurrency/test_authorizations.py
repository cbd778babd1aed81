"""Two come with the same code, or the same refresh token, at the same time."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import transaction

from chatplatform.models import (
    AccessToken,
    Account,
    Agent,
    Application,
    Consent,
    Grant,
    Organization,
    RefreshToken,
)
from chatplatform.models.people import AgentRole
from chatplatform.oauth_errors import AccountsError
from chatplatform.services import application_tokens, applications, consents, grants, installations
from chatplatform.services.grants import Asked, Pair
from tests import make
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

REDIRECT_URI = "https://shop.example/app"
SCOPES = frozenset({"customers:ro"})


@pytest.fixture
def client(acme: Organization) -> Application:
    """An application without a secret, whose refresh tokens rotate."""
    return make.application(acme, [REDIRECT_URI], scopes=SCOPES, confidential=False)


@pytest.fixture
def account(acme: Organization) -> Account:
    return make.account(make.agent(acme, AgentRole.OWNER))


def give_code(account: Account, client: Application) -> str:
    consents.give(account, client, SCOPES)
    asked = Asked(
        client_id=client.client_id,
        redirect_uri=REDIRECT_URI,
        response_type="code",
        code_challenge="v" * 43,
    )
    return grants.authorize(account, grants.wanted(asked, client)).secret


def redeem(client: Application, code: str) -> Pair | str:
    try:
        return grants.redeem(client, code, REDIRECT_URI, "v" * 43)
    except AccountsError as error:
        return error.code


def renew(client: Application, refresh_token: str) -> Pair | str:
    try:
        return grants.refresh(client, refresh_token)
    except AccountsError as error:
        return error.code


def pairs(outcome: list[Any]) -> list[Pair]:
    return [one for one in outcome if isinstance(one, Pair)]


@pytest.mark.parametrize("_attempt", range(3))
def test_a_code_gives_once_and_whoever_is_second_takes_it_back(
    account: Account, client: Application, _attempt: int
) -> None:
    code = give_code(account, client)

    outcome = at_once(*[lambda: redeem(client, code)] * 4)

    assert len(pairs(outcome)) == 1
    assert outcome.count("unauthorized_client") == 3
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


@pytest.mark.parametrize("_attempt", range(3))
def test_a_refresh_token_that_rotates_gives_once(
    account: Account, client: Application, _attempt: int
) -> None:
    given = redeem(client, give_code(account, client))
    assert isinstance(given, Pair)

    outcome = at_once(*[lambda: renew(client, given.refresh_token)] * 4)

    assert len(pairs(outcome)) == 1
    assert outcome.count("invalid_grant") == 3
    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


@pytest.mark.parametrize("_attempt", range(3))
def test_nothing_is_given_to_an_application_that_is_removed_meanwhile(
    account: Account, client: Application, acme: Organization, _attempt: int
) -> None:
    code = give_code(account, client)

    outcome = at_once(lambda: redeem(client, code), lambda: installations.remove(acme, client))

    given = pairs(outcome)
    assert given or outcome[0] in ("unauthorized_client", "invalid_grant")
    for pair in given:
        assert renew(client, pair.refresh_token) in ("unauthorized_client", "invalid_grant")


def test_nothing_given_outlives_that_all_of_it_is_revoked_meanwhile(
    account: Account, client: Application, acme: Organization
) -> None:
    code = give_code(account, client)
    given = threading.Event()

    def redeem_slowly() -> None:
        with transaction.atomic():
            assert isinstance(redeem(client, code), Pair)
            given.set()
            time.sleep(0.3)

    def revoke() -> int:
        given.wait(10)
        return application_tokens.revoke_of_people(acme.pk, client)

    assert at_once(redeem_slowly, revoke) == [None, 1]

    assert not AccessToken.objects.exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()


@pytest.mark.parametrize("_attempt", range(5))
def test_a_consent_is_taken_back_while_its_application_is_narrowed(
    account: Account, client: Application, acme: Organization, _attempt: int
) -> None:
    for code in [give_code(account, client) for _ in range(5)]:
        redeem(client, code)
    give_code(account, client)

    at_once(
        lambda: consents.withdraw(account, Consent.objects.get().pk),
        lambda: applications.update_application(
            acme.pk, client.client_id, redirect_uris_allowed=[], scopes=["customers.ban:rw"]
        ),
    )

    assert not AccessToken.objects.exists()
    assert not Grant.objects.filter(used_at=None).exists()
    assert not RefreshToken.objects.filter(revoked=None).exists()
    assert not Consent.objects.exists()


def test_many_who_sign_in_at_once_keep_to_the_limit(account: Account, client: Application) -> None:
    codes = [give_code(account, client) for _ in range(30)]

    outcome = at_once(*[lambda code=code: redeem(client, code) for code in codes])  # type: ignore[misc]

    assert len(pairs(outcome)) == 30
    assert AccessToken.objects.count() == 25
    assert RefreshToken.objects.filter(revoked=None).count() == 25
    assert Agent.objects.get(account=account).role == AgentRole.OWNER
