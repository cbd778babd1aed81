"""Customers' tokens: who they prove and how they end (protocol.md 5.4)."""

import uuid
from datetime import timedelta

import pytest
import time_machine

from chatplatform import clock
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import Authentication, Authorization, Validation
from chatplatform.models import Customer, CustomerToken, Organization
from chatplatform.services import authentication, customer_tokens, tokens
from tests import make
from tests.conftest import Told

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return make.organization()


@pytest.fixture
def customer(organization: Organization) -> Customer:
    return make.customer(organization)


def query(organization: Organization) -> dict[str, str]:
    return {"organization_id": str(organization.pk)}


def test_proves_the_customer(organization: Organization, customer: Customer):
    application = make.application(organization)
    token = make.customer_token(customer, application)

    requester = authentication.authenticate_customer(f"Bearer {token}", query(organization))

    assert requester.organization_id == organization.pk
    assert requester.license_id == organization.license_id
    assert requester.customer_id == customer.pk
    assert requester.client_id == application.client_id
    assert requester.token_checksum == tokens.checksum(token)
    assert requester.expires_at == CustomerToken.objects.get().expires_at


@pytest.mark.parametrize("template", ["bearer {}", "Bearer  {}", "Bearer fra-a:{}"])
def test_scheme_in_any_case_and_a_region_prefix_are_understood(
    organization: Organization, customer: Customer, template: str
):
    token = make.customer_token(customer)

    requester = authentication.authenticate_customer(template.format(token), query(organization))

    assert requester.customer_id == customer.pk


@pytest.mark.parametrize(
    "credentials", ["", "Bearer", "Bearer unknown", "Basic {}", "{}", "Bearer \ud800"]
)
def test_anything_else_proves_nobody(
    organization: Organization, customer: Customer, credentials: str
):
    token = make.customer_token(customer)

    with pytest.raises(Authentication):
        authentication.authenticate_customer(credentials.replace("{}", token), query(organization))


def test_an_expired_token_proves_nobody(organization: Organization, customer: Customer):
    token = make.customer_token(customer, expires_in=60)

    with (
        time_machine.travel(clock.now() + timedelta(seconds=61)),
        pytest.raises(Authentication),
    ):
        authentication.authenticate_customer(f"Bearer {token}", query(organization))


@pytest.mark.parametrize("malformed", [{}, {"organization_id": ""}, {"organization_id": "1\x00"}])
def test_the_query_has_to_name_the_organisation(customer: Customer, malformed: dict[str, str]):
    token = make.customer_token(customer)

    with pytest.raises(Validation, match="organization_id"):
        authentication.authenticate_customer(f"Bearer {token}", malformed)


def test_proves_nobody_to_another_organisation_whether_or_not_it_exists(customer: Customer):
    token = make.customer_token(customer)
    existing = query(make.organization("Other"))
    missing = {"organization_id": str(uuid.uuid4())}

    refusals = []
    for elsewhere in (existing, missing):
        with pytest.raises(Authentication) as refused:
            authentication.authenticate_customer(f"Bearer {token}", elsewhere)
        refusals.append(str(refused.value))

    assert refusals[0] == refusals[1]


def test_is_not_issued_to_another_organisations_client(customer: Customer):
    foreign = make.application(make.organization("Other"))

    with pytest.raises(Authorization):
        customer_tokens.issue_customer_token(customer, foreign)

    assert not CustomerToken.objects.exists()


def test_lives_thirty_days_at_most(customer: Customer):
    application = make.application(customer.organization)

    issued = customer_tokens.issue_customer_token(customer, application, expires_in=2**63)

    assert issued.expires_in == 30 * 24 * 3_600
    assert CustomerToken.objects.get().expires_at <= clock.now() + timedelta(days=30)


def test_issuing_forgets_the_customers_expired_tokens(customer: Customer):
    make.customer_token(customer, expires_in=60)
    living = make.customer_token(customer)

    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        make.customer_token(customer)
        authentication.identify_customer(f"Bearer {living}")

    assert CustomerToken.objects.count() == 2


def test_a_customers_oldest_token_makes_room_for_the_newest(
    organization: Organization, customer: Customer, told: Told
):
    other = make.customer_token(make.customer(organization))
    oldest, second = make.customer_token(customer), make.customer_token(customer)
    for _ in range(98):
        make.customer_token(customer)
    authentication.identify_customer(f"Bearer {oldest}")

    with told() as events:
        newest = make.customer_token(customer)

    assert events == [
        SessionsEnded(
            organization_id=str(organization.pk),
            reason="access_token_revoked",
            token_checksum=tokens.checksum(oldest),
        )
    ]
    with pytest.raises(Authentication):
        authentication.identify_customer(f"Bearer {oldest}")
    for living in (second, newest, other):
        authentication.identify_customer(f"Bearer {living}")
    assert customer.tokens.count() == 100


def test_ends_with_its_connections(organization: Organization, customer: Customer, told: Told):
    token, other = make.customer_token(customer), make.customer_token(customer)

    with told() as events:
        assert customer_tokens.revoke_customer_token(token) is True
        assert customer_tokens.revoke_customer_token("unknown") is False

    assert events == [
        SessionsEnded(
            organization_id=str(organization.pk),
            reason="access_token_revoked",
            token_checksum=tokens.checksum(token),
        )
    ]
    with pytest.raises(Authentication):
        authentication.authenticate_customer(f"Bearer {token}", query(organization))
    authentication.authenticate_customer(f"Bearer {other}", query(organization))


def test_costs_one_read(organization: Organization, customer: Customer, django_assert_num_queries):
    token = make.customer_token(customer)

    with django_assert_num_queries(1):
        authentication.authenticate_customer(f"Bearer {token}", query(organization))
