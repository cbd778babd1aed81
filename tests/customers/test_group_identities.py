"""Identities kept apart by groups, and the older addresses (protocol.md 5.4)."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from chatplatform.models import Agent, Application, Customer, Group, Organization
from chatplatform.models.people import AgentRole
from chatplatform.services import (
    authentication,
    customer_identities,
    identity_transfers,
    properties,
)
from chatplatform.services.customer_identities import Asker
from tests import make
from tests.customers.identity import (
    PAGE,
    assert_refused,
    by_cookie,
    customer_of,
    header,
    pairs,
    send,
    stored,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    made = make.organization()
    keep_apart(made)
    return made


@pytest.fixture
def group(organization: Organization) -> Group:
    return make.group(organization)


def keep_apart(organization: Organization, apart: bool = True) -> None:
    organization.properties = {"chats": {"chat_between_groups": not apart}}
    organization.save(update_fields=["properties"])


def path(organization: Organization, group: Any, end: str = "") -> str:
    return f"/v2/customer/{organization.pk}/{group}/token{end}"


class TestGroups:
    def test_a_group_has_a_customer_and_a_pair_of_its_own(
        self, browser: Client, application: Application, group: Group
    ):
        everywhere = send(browser, "/v2/customer/token", by_cookie(application))
        browser.cookies.clear()
        response = send(
            browser, path(application.organization, group.number), by_cookie(application)
        )

        organization = application.organization
        assert customer_of(response) != customer_of(everywhere)
        assert set(pairs(response)) == {
            f"/v2/customer/{organization.pk}/{group.number}",
            f"/customer/{organization.license_id}/{group.number}",
        }
        assert set(pairs(everywhere)) == {"/v2/customer", "/customer"}

    def test_the_browser_is_known_again_beside_its_other_pair(
        self, application: Application, group: Group
    ):
        asked = path(application.organization, group.number)
        everywhere = send(Client(), "/v2/customer/token", by_cookie(application))
        first = send(Client(), asked, by_cookie(application))
        (pair,) = set(pairs(first).values())
        (other,) = set(pairs(everywhere).values())

        both = header(pair, other)
        again = send(Client(), asked, by_cookie(application), Cookie=both)

        assert customer_of(again) == customer_of(first)
        assert set(pairs(again).values()) == {pair}

    @pytest.mark.parametrize("turned", [True, False])
    def test_one_groups_pair_proves_nothing_elsewhere(
        self, organization: Organization, application: Application, group: Group, turned: bool
    ):
        support = make.group(organization, "Support")
        places = ["/v2/customer/token", path(organization, group.number)]
        here, there = reversed(places) if turned else places
        (pair,) = set(pairs(send(Client(), here, by_cookie(application))).values())

        elsewhere = [
            send(Client(), one, by_cookie(application), Cookie=header(pair))
            for one in (there, path(organization, support.number))
        ]

        assert [customer_of(response) == pair[0] for response in elsewhere] == [False, False]

    def test_general_is_a_group_too(self, browser: Client, application: Application):
        response = send(browser, path(application.organization, 0), by_cookie(application))

        assert f"/v2/customer/{application.organization_id}/0" in pairs(response)

    @pytest.mark.parametrize("end", ["", "/"])
    def test_the_address_may_end_in_a_slash(
        self, browser: Client, application: Application, group: Group, end: str
    ):
        asked = path(application.organization, group.number, end)

        assert send(browser, asked, by_cookie(application)).status_code == 200

    def test_the_address_says_whose_the_token_is(
        self, browser: Client, application: Application, group: Group
    ):
        response = send(
            browser,
            path(application.organization, group.number),
            by_cookie(application, organization_id=None),
        )

        assert response.json()["organization_id"] == str(application.organization_id)

    def test_the_body_can_not_say_otherwise(
        self, browser: Client, application: Application, group: Group
    ):
        foreign = str(make.organization("Globex").pk)

        response = send(
            browser,
            path(application.organization, group.number),
            by_cookie(application, organization_id=foreign),
        )

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert stored()["Customer"] == 0

    @pytest.mark.parametrize("value", [True, None])
    def test_the_licence_keeps_groups_apart(
        self,
        browser: Client,
        organization: Organization,
        application: Application,
        group: Group,
        value: bool | None,
    ):
        organization.properties = {} if value is None else {"chats": {"chat_between_groups": value}}
        organization.save(update_fields=["properties"])

        response = send(browser, path(organization, group.number), by_cookie(application))

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert "chat_between_groups" in response.json()["exception_description"]
        assert stored()["Customer"] == 0

    def test_an_owner_sets_that_by_a_property(self, organization: Organization):
        keep_apart(organization, apart=False)

        properties.update_license_properties(
            make.requester(make.agent(organization, AgentRole.OWNER)),  # type: ignore[arg-type]
            {"chats": {"chat_between_groups": False}},
        )

        organization.refresh_from_db()
        assert customer_identities.keeps_groups_apart(organization)

    @pytest.mark.parametrize("number", [77, 2**31, 2**62, 10**30])
    def test_the_group_exists(
        self, browser: Client, application: Application, group: Group, number: int
    ):
        response = send(browser, path(application.organization, number), by_cookie(application))

        assert_refused(response, 404, "oauth_exception", "resource_not_found")
        assert stored()["Customer"] == 0

    def test_another_organisations_client_does_not_serve(
        self, browser: Client, organization: Organization, group: Group
    ):
        foreign = make.application(make.organization("Globex"), [f"{PAGE}/chat"])

        answers = [
            send(browser, asked, by_cookie(foreign, organization_id=None))
            for asked in (path(organization, group.number), f"/v2/customer/{uuid.uuid4()}/1/token")
        ]

        for response in answers:
            assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert answers[0].json() == answers[1].json()
        assert stored()["Customer"] == 0

    def test_a_customer_may_come_to_a_group_from_elsewhere(
        self, browser: Client, application: Application, group: Group
    ):
        customer = make.customer(application.organization)
        code = identity_transfers.transfer_by_customer(
            make.requester(customer),  # type: ignore[arg-type]
            application.client_id,
            None,
            identity_transfers.Challenge(),
        ).token
        asked = path(application.organization, group.number)
        body = {"grant_type": "identity_token", "client_id": application.client_id, "code": code}

        arrived = send(browser, asked, body, Origin=PAGE)
        again = send(browser, asked, by_cookie(application))

        assert customer_of(arrived) == customer_of(again) == str(customer.pk)

    def test_a_backend_acts_for_customers_there_too(
        self, browser: Client, application: Application, group: Group
    ):
        owner = make.agent(application.organization, AgentRole.OWNER)
        body = {
            "grant_type": "agent_token",
            "client_id": application.client_id,
            "response_type": "token",
        }

        response = send(
            browser,
            path(application.organization, group.number),
            body,
            Authorization=f"Bearer {make.access_token(owner)}",
        )

        assert Customer.objects.get().pk == uuid.UUID(customer_of(response))
        assert not response.cookies

    def test_proofs_are_about_one_customer_in_all_groups(
        self, browser: Client, application: Application, group: Group
    ):
        body = by_cookie(application, grant_type="identity_proof", proof="x")

        response = send(browser, path(application.organization, group.number), body)

        assert_refused(response, 400, "oauth_exception", "unsupported_grant_type")

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_only_posting_is_served(
        self, browser: Client, application: Application, group: Group, method: str
    ):
        response = browser.generic(method, path(application.organization, group.number))

        assert_refused(response, 405, "oauth_exception", "invalid_request")


class TestOlderAddresses:
    def by_license(self, application: Application, **changes: Any) -> dict[str, Any]:
        license_id = application.organization.license_id
        return by_cookie(application, organization_id=None, license_id=license_id, **changes)

    def test_name_the_licence(self, browser: Client, application: Application):
        response = send(browser, "/customer/token", self.by_license(application))

        answer = response.json()
        assert {**answer, "access_token": ""} == {
            "access_token": "",
            "client_id": application.client_id,
            "entity_id": str(Customer.objects.get().pk),
            "expires_in": 28_800,
            "license_id": application.organization.license_id,
            "token_type": "Bearer",
        }

    def test_reach_the_same_identity(self, browser: Client, application: Application):
        older = send(browser, "/customer/token", self.by_license(application))
        newer = send(browser, "/v2/customer/token", by_cookie(application))

        assert customer_of(older) == customer_of(newer)
        assert pairs(older) == pairs(newer)
        assert set(pairs(older)) == {"/v2/customer", "/customer"}

    def test_reach_the_same_identity_of_a_group(
        self, browser: Client, application: Application, group: Group
    ):
        license_id = application.organization.license_id
        older = send(
            browser, f"/customer/{license_id}/{group.number}/token", self.by_license(application)
        )
        newer = send(browser, path(application.organization, group.number), by_cookie(application))

        assert customer_of(older) == customer_of(newer)
        assert older.json()["license_id"] == license_id

    def test_describe_and_revoke(self, browser: Client, application: Application):
        token = make.customer_token(make.customer(application.organization), application)
        bearer = {"Authorization": f"Bearer {token}"}

        described = browser.get("/customer/info", headers=bearer)
        revoked = browser.delete("/customer/token", headers=bearer)

        assert described.json()["license_id"] == application.organization.license_id
        assert "organization_id" not in described.json()
        assert (revoked.status_code, revoked.json()) == (200, {})
        response = browser.get("/customer/info", headers=bearer)
        assert_refused(response, 401, "identity_exception", "unauthorized")

    def test_send_customers_on_their_way(self, browser: Client, application: Application):
        customer = make.customer(application.organization)
        bearer = {"Authorization": f"Bearer {make.customer_token(customer, application)}"}
        body = {"bearer_type": "customer", "client_id": application.client_id}

        sent = send(browser, "/customer/identity_transfer", body, **bearer)
        code = sent.json()["identity_transfer_token"]
        redeemed = send(
            browser,
            "/customer/token",
            {"grant_type": "identity_token", "client_id": application.client_id, "code": code},
        )

        assert customer_of(redeemed) == str(customer.pk)

    @pytest.mark.parametrize("license_id", [0, 10**9, 2**63, -1])
    def test_know_no_other_licence(
        self, browser: Client, application: Application, license_id: int
    ):
        response = send(browser, "/customer/token", by_cookie(application, license_id=license_id))

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored()["Customer"] == 0

    @pytest.mark.parametrize("license_id", ["1", 1.5, True, None])
    def test_take_nothing_else_for_a_licence(
        self, browser: Client, application: Application, license_id: Any
    ):
        body = by_cookie(application, organization_id=None, license_id=license_id)

        response = send(browser, "/customer/token", body)

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert stored()["Customer"] == 0


class TestForgetting:
    """``DELETE /v2/customer/browser``: what the widget does when somebody signs out."""

    OWN = "http://testserver"

    def test_the_browser_is_somebody_new_afterwards(
        self, browser: Client, application: Application
    ):
        first = customer_of(send(browser, "/v2/customer/token", by_cookie(application)))

        response = browser.delete("/v2/customer/browser", headers={"Origin": self.OWN})

        assert response.status_code == 200
        assert {cookie["max-age"] for cookie in response.cookies.values()} == {0}
        assert set(pairs(response)) == {"/v2/customer", "/customer"}
        assert stored()["CustomerIdentity"] == 0
        assert customer_of(send(browser, "/v2/customer/token", by_cookie(application))) != first

    def test_even_one_that_kept_its_cookies(self, browser: Client, application: Application):
        first = send(browser, "/v2/customer/token", by_cookie(application))
        (pair,) = set(pairs(first).values())

        browser.delete("/v2/customer/browser", headers={"Origin": self.OWN})

        again = send(Client(), "/v2/customer/token", by_cookie(application), Cookie=header(pair))
        assert customer_of(again) != customer_of(first)

    def test_other_browsers_and_tokens_of_the_customer_stay(
        self, browser: Client, application: Application
    ):
        first = send(browser, "/v2/customer/token", by_cookie(application))
        customer = Customer.objects.get()
        customer_identities.keep_in_browser(customer, None)

        browser.delete("/v2/customer/browser", headers={"Origin": self.OWN})

        assert customer.identities.count() == 1
        assert authentication.identify_customer(f"Bearer {first.json()['access_token']}")

    @pytest.mark.parametrize("origin", ["", PAGE, "null", "https://testserver"])
    def test_no_other_page_can_make_it_forget(
        self, browser: Client, application: Application, origin: str
    ):
        send(browser, "/v2/customer/token", by_cookie(application))

        headers = {"Origin": origin} if origin else {}
        response = browser.delete("/v2/customer/browser", headers=headers)

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored()["CustomerIdentity"] == 1

    def test_a_browser_nobody_knows_has_nothing_to_forget(self, browser: Client):
        response = browser.delete("/v2/customer/browser", headers={"Origin": self.OWN})

        assert (response.status_code, response.json()) == (200, {})


def test_a_pair_from_another_organisation_is_no_key_to_a_group(
    browser: Client, application: Application, group: Group
):
    elsewhere = make.organization("Globex")
    foreign = make.application(elsewhere, [f"{PAGE}/chat"])
    asker = Asker(client_id=foreign.client_id, redirect_uri=f"{PAGE}/chat")
    cookie = customer_identities.grant_by_cookie(asker, elsewhere.pk, []).cookie
    assert cookie is not None

    response = send(
        browser,
        path(application.organization, group.number),
        by_cookie(application),
        Cookie=header(cookie),
    )

    assert customer_of(response) != cookie.customer_id


def test_an_agent_of_the_organisation_sees_one_customer_per_group(
    application: Application, group: Group
):
    asked = path(application.organization, group.number)
    send(Client(), "/v2/customer/token", by_cookie(application))
    send(Client(), asked, by_cookie(application))

    assert Customer.objects.filter(organization=application.organization).count() == 2
    assert Agent.objects.count() == 0
