"""Customers on their way to another device or site (protocol.md 5.4)."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.models import (
    Agent,
    Application,
    Customer,
    CustomerIdentity,
    IdentityTransfer,
    Organization,
)
from chatplatform.selectors import organizations
from chatplatform.services import (
    authentication,
    bans,
    customer_identities,
    domains,
    identity_transfers,
)
from tests import make
from tests.customers.identity import (
    PAGE,
    TOKEN,
    TRANSFER,
    assert_refused,
    by_cookie,
    customer_of,
    pairs,
    send,
    stored,
)

pytestmark = pytest.mark.django_db

VERIFIER = "y4jtqb2noru3vc23pefs"
S256 = "9_r7xBQQ8RJ3NOr0AMDBqASrf5ZT41PG1qjuLEYDs-c"
"""What the documentation's example makes of the verifier."""


def by_agent(application: Application, customer: Customer, **changes: Any) -> dict[str, Any]:
    return {
        "bearer_type": "agent",
        "client_id": application.client_id,
        "customer_id": str(customer.pk),
        **changes,
    }


def by_customer(application: Application, **changes: Any) -> dict[str, Any]:
    return {"bearer_type": "customer", "client_id": application.client_id, **changes}


def bearer(of: Agent | Customer, **more: Any) -> dict[str, str]:
    if isinstance(of, Agent):
        return {"Authorization": f"Bearer {make.access_token(of, **more)}"}
    return {"Authorization": f"Bearer {make.customer_token(of, **more)}"}


def redeem(application: Application, code: str, **changes: Any) -> dict[str, Any]:
    return {
        "grant_type": "identity_token",
        "client_id": application.client_id,
        "code": code,
        **changes,
    }


def transfer(application: Application, customer: Customer, challenge: str = "") -> str:
    wanted = identity_transfers.Challenge(challenge)
    requester = make.requester(customer)
    return identity_transfers.transfer_by_customer(
        requester,  # type: ignore[arg-type]
        application.client_id,
        None,
        wanted,
    ).token


class TestSetting:
    def test_an_agent_sends_any_customer_of_theirs(
        self, browser: Client, application: Application, owner: Agent, customer: Customer
    ):
        response = send(browser, TRANSFER, by_agent(application, customer), **bearer(owner))

        assert response.status_code == 200
        assert list(response.json()) == ["identity_transfer_token", "expires_in"]
        assert response.json()["expires_in"] == 3_600
        code = response.json()["identity_transfer_token"]
        assert customer_of(send(browser, TOKEN, redeem(application, code))) == str(customer.pk)

    @pytest.mark.parametrize("named", [True, False])
    def test_a_customer_sends_themself(
        self, browser: Client, application: Application, customer: Customer, named: bool
    ):
        body = by_customer(application, customer_id=str(customer.pk) if named else None)

        response = send(browser, TRANSFER, body, **bearer(customer))

        code = response.json()["identity_transfer_token"]
        assert customer_of(send(browser, TOKEN, redeem(application, code))) == str(customer.pk)

    def test_only_a_checksum_is_kept(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)

        assert IdentityTransfer.objects.get().checksum == hashlib.sha256(code.encode()).hexdigest()

    def test_nobody_sends_somebody_else(
        self, browser: Client, application: Application, customer: Customer
    ):
        victim = make.customer(application.organization)
        headers = bearer(customer)
        before = stored()

        response = send(
            browser, TRANSFER, by_customer(application, customer_id=str(victim.pk)), **headers
        )

        assert_refused(response, 403, "identity_exception", "access_denied")
        assert stored() == before

    def test_an_agent_needs_the_scope(
        self, browser: Client, application: Application, owner: Agent, customer: Customer
    ):
        headers = bearer(owner, scopes=["customers:rw"])

        response = send(browser, TRANSFER, by_agent(application, customer), **headers)

        assert_refused(response, 403, "identity_exception", "access_denied")
        assert IdentityTransfer.objects.count() == 0

    def test_an_agent_names_a_customer(
        self, browser: Client, application: Application, owner: Agent, customer: Customer
    ):
        body = by_agent(application, customer, customer_id=None)

        response = send(browser, TRANSFER, body, **bearer(owner))

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert "customer_id" in response.json()["exception_description"]

    def test_customers_of_others_do_not_exist(
        self, browser: Client, application: Application, owner: Agent, customer: Customer
    ):
        foreign = make.customer(make.organization("Globex"))

        answers = [
            send(
                browser, TRANSFER, by_agent(application, customer, customer_id=one), **bearer(owner)
            )
            for one in (str(foreign.pk), str(uuid.uuid4()))
        ]

        for response in answers:
            assert_refused(response, 404, "oauth_exception", "resource_not_found")
        assert answers[0].json() == answers[1].json()
        assert IdentityTransfer.objects.count() == 0

    @pytest.mark.parametrize("kind", ["agent", "customer"])
    def test_the_client_is_one_of_the_organisation(
        self, browser: Client, application: Application, owner: Agent, customer: Customer, kind: str
    ):
        foreign = make.application(make.organization("Globex"))
        body = by_agent(foreign, customer) if kind == "agent" else by_customer(foreign)

        response = send(browser, TRANSFER, body, **bearer(owner if kind == "agent" else customer))

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert IdentityTransfer.objects.count() == 0

    @pytest.mark.parametrize("kind", ["agent", "customer"])
    def test_the_client_exists(
        self, browser: Client, application: Application, owner: Agent, customer: Customer, kind: str
    ):
        body = by_agent(application, customer) if kind == "agent" else by_customer(application)

        response = send(
            browser,
            TRANSFER,
            {**body, "client_id": 32 * "0"},
            **bearer(owner if kind == "agent" else customer),
        )

        assert_refused(response, 401, "oauth_exception", "invalid_client")
        assert IdentityTransfer.objects.count() == 0

    def test_the_token_is_of_the_kind_that_was_said(
        self, browser: Client, application: Application, owner: Agent, customer: Customer
    ):
        as_agent = send(browser, TRANSFER, by_agent(application, customer), **bearer(customer))
        as_customer = send(browser, TRANSFER, by_customer(application), **bearer(owner))

        for response in (as_agent, as_customer):
            assert_refused(response, 401, "identity_exception", "unauthorized")
        assert IdentityTransfer.objects.count() == 0

    @pytest.mark.parametrize("by_address", [True, False])
    @pytest.mark.parametrize("kind", ["agent", "customer"])
    def test_who_is_banned_goes_nowhere(
        self,
        browser: Client,
        application: Application,
        owner: Agent,
        customer: Customer,
        kind: str,
        by_address: bool,
    ):
        body = by_agent(application, customer) if kind == "agent" else by_customer(application)
        named = {"ip": "127.0.0.1"} if by_address else {"customer_id": str(customer.pk)}
        headers = bearer(owner if kind == "agent" else customer)
        bans.ban(make.requester(owner), seconds=60, **named)  # type: ignore[arg-type]

        response = send(browser, TRANSFER, body, **headers)

        assert_refused(response, 403, "identity_exception", "customer_banned")
        assert IdentityTransfer.objects.count() == 0

    @pytest.mark.parametrize(
        "changes",
        [
            {"bearer_type": "bot"},
            {"bearer_type": 1},
            {"bearer_type": None},
            {"client_id": None},
            {"client_id": ""},
            {"customer_id": "x"},
            {"customer_id": 7},
            {"code_challenge": ""},
            {"code_challenge": "short"},
            {"code_challenge": S256 + "="},
            {"code_challenge": S256[:-1] + "\x00"},
            {"code_challenge": "", "code_challenge_method": "plain"},
            {"code_challenge": 129 * "a", "code_challenge_method": "plain"},
            {"code_challenge": "a b", "code_challenge_method": "plain"},
            {"code_challenge": S256, "code_challenge_method": "s256"},
            {"code_challenge": S256, "code_challenge_method": "none"},
            {"code_challenge_method": "S256"},
        ],
        ids=repr,
    )
    def test_what_is_malformed_is_refused(
        self, browser: Client, application: Application, customer: Customer, changes: dict[str, Any]
    ):
        response = send(browser, TRANSFER, by_customer(application, **changes), **bearer(customer))

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert IdentityTransfer.objects.count() == 0

    def test_twenty_five_may_be_under_way(
        self, browser: Client, application: Application, customer: Customer
    ):
        codes = [transfer(application, customer) for _ in range(26)]

        assert IdentityTransfer.objects.count() == 25
        first = send(browser, TOKEN, redeem(application, codes[0]))
        assert_refused(first, 400, "oauth_exception", "invalid_grant")
        assert customer_of(send(browser, TOKEN, redeem(application, codes[1]))) == str(customer.pk)

    def test_only_posting_is_served(self, browser: Client):
        assert_refused(browser.get(TRANSFER), 405, "oauth_exception", "invalid_request")


class TestRedeeming:
    def test_is_answered_like_every_grant(
        self, browser: Client, application: Application, customer: Customer
    ):
        response = send(
            browser, TOKEN, redeem(application, transfer(application, customer), expires_in=600)
        )

        answer = response.json()
        assert {**answer, "access_token": ""} == {
            "access_token": "",
            "client_id": application.client_id,
            "entity_id": str(customer.pk),
            "expires_in": 600,
            "organization_id": str(application.organization_id),
            "token_type": "Bearer",
        }
        requester = authentication.identify_customer(f"Bearer {answer['access_token']}")
        assert requester.customer_id == customer.pk

    @pytest.mark.parametrize("grant_type", ["identity_token", "identity_transfer"])
    def test_the_grant_has_two_names(
        self, browser: Client, application: Application, customer: Customer, grant_type: str
    ):
        code = transfer(application, customer)

        response = send(browser, TOKEN, redeem(application, code, grant_type=grant_type))

        assert customer_of(response) == str(customer.pk)

    def test_a_browser_is_that_customer_from_then_on(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)

        response = send(browser, TOKEN, redeem(application, code), Origin=PAGE)

        assert set(pairs(response)) == {"/v2/customer", "/customer"}
        assert customer_of(send(browser, TOKEN, by_cookie(application))) == str(customer.pk)

    def test_a_backend_is_given_no_cookies(
        self, browser: Client, application: Application, customer: Customer
    ):
        response = send(browser, TOKEN, redeem(application, transfer(application, customer)))

        assert not response.cookies
        assert CustomerIdentity.objects.count() == 0

    def test_the_browser_left_behind_stays_who_it_was(
        self, browser: Client, application: Application
    ):
        first = Client()
        known = customer_of(send(first, TOKEN, by_cookie(application)))
        code = transfer(application, Customer.objects.get(pk=known))

        send(browser, TOKEN, redeem(application, code), Origin=PAGE)

        assert customer_of(send(first, TOKEN, by_cookie(application))) == known
        assert customer_of(send(browser, TOKEN, by_cookie(application))) == known

    def test_works_once(self, browser: Client, application: Application, customer: Customer):
        code = transfer(application, customer)
        send(browser, TOKEN, redeem(application, code))
        before = stored()

        response = send(Client(), TOKEN, redeem(application, code))

        assert_refused(response, 400, "oauth_exception", "invalid_grant")
        assert stored() == before

    def test_works_for_an_hour(self, browser: Client, application: Application, customer: Customer):
        code = transfer(application, customer)
        before = stored()

        with time_machine.travel(clock.now() + timedelta(seconds=3_601), tick=False):
            response = send(browser, TOKEN, redeem(application, code))

        assert_refused(response, 400, "oauth_exception", "invalid_grant")
        assert stored() == before
        assert customer_of(send(browser, TOKEN, redeem(application, code))) == str(customer.pk)

    @pytest.mark.parametrize("code", ["guess", 255 * "x", "\x00", "ä", "\ud800"])
    def test_nothing_else_works(
        self, browser: Client, application: Application, customer: Customer, code: str
    ):
        transfer(application, customer)
        before = stored()

        response = send(browser, TOKEN, redeem(application, code))

        assert response.status_code == 400
        assert response.json().get("oauth_exception") in {"invalid_grant", "invalid_request"}
        assert stored() == before

    @pytest.mark.parametrize("code", [None, "", 7, 256 * "x"])
    def test_the_code_is_required(self, browser: Client, application: Application, code: Any):
        response = send(browser, TOKEN, redeem(application, code))

        assert_refused(response, 400, "oauth_exception", "invalid_request")

    def test_is_for_the_client_it_was_made_for(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)
        another = make.application(application.organization, [PAGE])
        before = stored()

        response = send(browser, TOKEN, redeem(another, code))

        assert_refused(response, 400, "oauth_exception", "invalid_grant")
        assert stored() == before

    def test_another_organisation_can_not_be_named(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)
        foreign = str(make.organization("Globex").pk)
        before = stored()

        response = send(browser, TOKEN, redeem(application, code, organization_id=foreign))

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == before

    def test_a_logout_everywhere_ends_what_is_under_way(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)

        customer_identities.log_out(customer)

        response = send(browser, TOKEN, redeem(application, code))
        assert_refused(response, 400, "oauth_exception", "invalid_grant")

    @pytest.mark.parametrize("by_address", [True, False])
    def test_who_was_banned_meanwhile_does_not_arrive(
        self,
        browser: Client,
        application: Application,
        owner: Agent,
        customer: Customer,
        by_address: bool,
    ):
        code = transfer(application, customer)
        named = {"ip": "127.0.0.1"} if by_address else {"customer_id": str(customer.pk)}
        bans.ban(make.requester(owner), seconds=60, **named)  # type: ignore[arg-type]
        before = stored()

        response = send(browser, TOKEN, redeem(application, code))

        assert_refused(response, 403, "identity_exception", "customer_banned")
        assert stored() == before

    def test_old_ones_are_forgotten(self, application: Application, customer: Customer):
        transfer(application, customer)

        assert identity_transfers.forget_expired() == 0
        with time_machine.travel(clock.now() + timedelta(seconds=3_601)):
            assert identity_transfers.forget_expired() == 1


class TestChallenges:
    def send(self, application: Application, customer: Customer, **changes: Any) -> str:
        body = by_customer(application, **changes)
        response = send(Client(), TRANSFER, body, **bearer(customer))
        assert response.status_code == 200, response.content
        code: str = response.json()["identity_transfer_token"]
        return code

    @pytest.mark.parametrize(
        "challenge",
        [
            {"code_challenge": S256},
            {"code_challenge": S256, "code_challenge_method": "S256"},
            {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        ],
        ids=repr,
    )
    def test_the_verifier_opens_it(
        self, browser: Client, application: Application, customer: Customer, challenge: Any
    ):
        code = self.send(application, customer, **challenge)

        response = send(browser, TOKEN, redeem(application, code, code_verifier=VERIFIER))

        assert customer_of(response) == str(customer.pk)

    @pytest.mark.parametrize("verifier", [None, "", "other", VERIFIER + "x", S256, "ä\ud800"])
    @pytest.mark.parametrize(
        "challenge",
        [
            {"code_challenge": S256},
            {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
        ],
        ids=repr,
    )
    def test_nothing_else_does_and_the_transfer_stays(
        self,
        browser: Client,
        application: Application,
        customer: Customer,
        challenge: Any,
        verifier: str | None,
    ):
        code = self.send(application, customer, **challenge)
        before = stored()

        response = send(browser, TOKEN, redeem(application, code, code_verifier=verifier))

        assert response.status_code == 400
        assert "oauth_exception" in response.json()
        assert stored() == before
        again = send(browser, TOKEN, redeem(application, code, code_verifier=VERIFIER))
        assert customer_of(again) == str(customer.pk)

    def test_a_verifier_without_a_challenge_is_suspicious(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)

        response = send(browser, TOKEN, redeem(application, code, code_verifier=VERIFIER))

        assert_refused(response, 400, "oauth_exception", "invalid_grant")

    def test_the_example_is_what_rfc_7636_makes_of_it(self):
        digest = hashlib.sha256(VERIFIER.encode()).digest()

        assert base64.urlsafe_b64encode(digest).decode() == f"{S256}="


class TestPages:
    def test_any_page_of_the_clients_site_may_redeem(
        self, browser: Client, application: Application, customer: Customer
    ):
        code = transfer(application, customer)

        assert send(browser, TOKEN, redeem(application, code), Origin=PAGE).status_code == 200

    @pytest.mark.parametrize("redirect_uri", [None, f"{PAGE}/chat"])
    def test_no_other_site_may(
        self,
        browser: Client,
        application: Application,
        customer: Customer,
        redirect_uri: str | None,
    ):
        code = transfer(application, customer)
        before = stored()

        response = send(
            browser,
            TOKEN,
            redeem(application, code, redirect_uri=redirect_uri),
            Origin="https://evil.example",
        )

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == before

    @pytest.mark.parametrize(
        ("origin", "status"), [(PAGE, 200), ("https://evil.example", 403), ("null", 403)]
    )
    def test_the_widgets_client_serves_the_allowed_domains(
        self,
        browser: Client,
        organization: Organization,
        owner: Agent,
        customer: Customer,
        origin: str,
        status: int,
    ):
        domains.allow_domain(organization, "shop.example")
        widget = organizations.application(organizations.widget_client_id(organization))
        assert widget is not None
        code = transfer(widget, customer)

        response = send(browser, TOKEN, redeem(widget, code), Origin=origin)

        assert response.status_code == status


class TestLimits:
    @pytest.fixture(autouse=True)
    def _few(self, settings: Settings):
        settings.ADDRESS_LIMIT_BURST = 2
        settings.ADDRESS_LIMIT_PER_SECOND = 0.001
        settings.REDIS_URL = ""

    def test_guessing_is_limited_by_address(self, browser: Client, application: Application):
        answers = [send(browser, TOKEN, redeem(application, "guess")).status_code for _ in range(3)]

        assert answers == [400, 400, 429]

    def test_arriving_is_counted_like_any_call_of_the_customers(
        self, browser: Client, application: Application, customer: Customer, settings: Settings
    ):
        codes = [transfer(application, customer) for _ in range(3)]
        settings.RATE_LIMIT_BURST, settings.RATE_LIMIT_PER_SECOND = 2, 0.001

        answers = [send(browser, TOKEN, redeem(application, code)).status_code for code in codes]

        assert answers == [200, 200, 429]
        assert IdentityTransfer.objects.count() == 1

    def test_a_hundred_browsers_may_be_one_customer(
        self, application: Application, customer: Customer
    ):
        for _ in range(101):
            customer_identities.keep_in_browser(customer, None)

        assert CustomerIdentity.objects.count() == 100
