"""Two who come with one transfer, one proof, or as one user, at the same moment."""

from __future__ import annotations

import uuid
from typing import Any

import jwt
import pytest
from django.test import Client

from chatplatform import clock
from chatplatform.models import (
    Application,
    Customer,
    CustomerToken,
    ExternalIdentity,
    IdentityKey,
    IdentityTransfer,
    Organization,
    UsedProof,
)
from chatplatform.services import identity_keys, identity_transfers
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.concurrency.together import at_once
from tests.customers.identity import PAGE, TOKEN, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application(acme: Organization) -> Application:
    return make.application(acme, [PAGE])


def ask(body: dict[str, Any]) -> tuple[int, str]:
    """Send a request; return the status, and the customer or the refusal."""
    response = send(Client(), TOKEN, body)
    answer = response.json()
    return response.status_code, answer.get("entity_id") or answer["oauth_exception"]


def proof(key: NewIdentityKey, user: str) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "sub": user,
        "aud": str(key.key.organization_id),
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
    }
    headers = {"kid": key.key.public_id}
    return jwt.encode(claims, key.secret, algorithm="HS256", headers=headers)


def by_proof(application: Application, signed: str) -> dict[str, Any]:
    return {
        "grant_type": "identity_proof",
        "client_id": application.client_id,
        "organization_id": str(application.organization_id),
        "proof": signed,
    }


def test_one_of_two_redeems_a_transfer(acme: Organization, application: Application) -> None:
    customer = make.customer(acme)
    code = identity_transfers.transfer_by_customer(
        make.requester(customer),  # type: ignore[arg-type]
        application.client_id,
        None,
        identity_transfers.Challenge(),
    ).token
    before = CustomerToken.objects.count()
    body = {
        "grant_type": "identity_token",
        "client_id": application.client_id,
        "code": code,
    }

    answers = at_once(*[lambda: ask(body)] * 4)

    assert sorted(answers) == [(200, str(customer.pk)), *[(400, "invalid_grant")] * 3]
    assert CustomerToken.objects.count() == before + 1
    assert not IdentityTransfer.objects.exists()


def test_one_of_two_redeems_a_proof(acme: Organization, application: Application) -> None:
    key = identity_keys.create_identity_key(acme.pk, "Shop")
    body = by_proof(application, proof(key, "user-1"))

    answers = at_once(*[lambda: ask(body)] * 4)

    known = str(Customer.objects.get().pk)
    assert sorted(answers) == [(200, known), *[(400, "invalid_grant")] * 3]
    assert (CustomerToken.objects.count(), UsedProof.objects.count()) == (1, 1)


def test_one_user_on_two_devices_at_once_is_one_customer(
    acme: Organization, application: Application
) -> None:
    key = identity_keys.create_identity_key(acme.pk, "Shop")
    bodies = [by_proof(application, proof(key, "user-1")) for _ in range(4)]

    answers = at_once(*[lambda body=body: ask(body) for body in bodies])

    assert answers == [(200, str(Customer.objects.get().pk))] * 4
    assert ExternalIdentity.objects.count() == 1


def test_keys_keep_to_their_limit(acme: Organization) -> None:
    for number in range(9):
        identity_keys.create_identity_key(acme.pk, f"Key {number}")

    def make_one() -> str:
        try:
            identity_keys.create_identity_key(acme.pk, "One more")
        except Exception as refusal:
            return type(refusal).__name__
        return "made"

    assert sorted(at_once(make_one, make_one)) == ["LimitReached", "made"]
    assert IdentityKey.objects.count() == 10
