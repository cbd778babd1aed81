"""Whoever asks for a customer's token while that customer is erased (protocol.md 5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import NotFound
from chatplatform.models import (
    Application,
    Customer,
    CustomerToken,
    ExternalIdentity,
    IdentityTransfer,
    Organization,
    Visit,
)
from chatplatform.models.people import AgentRole
from chatplatform.oauth_errors import InvalidGrant, Unauthorized
from chatplatform.services import (
    customer_data,
    customer_identities,
    customer_tokens,
    identity_proofs,
    identity_transfers,
)
from chatplatform.services.customer_identities import Asker
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.conftest import Told
from tests.customers.identity import PAGE, proof, stored

pytestmark = pytest.mark.django_db


def asker(widget: Application, **more: Any) -> Asker:
    return Asker(client_id=widget.client_id, redirect_uri=f"{PAGE}/", origin=PAGE, **more)


def erasing(customer: Customer) -> Callable[[UUID], None]:
    """Return what erases the customer once a grant has found them."""

    def erase(found: UUID) -> None:
        assert found == customer.pk
        customer_data.erase(customer.organization_id, str(customer.pk))

    return erase


class TestWhoWasErasedAtThatMoment:
    def test_is_given_no_token(self, widget: Application, customer: Customer):
        Customer.objects.filter(pk=customer.pk).delete()

        with pytest.raises(NotFound):
            customer_tokens.issue_customer_token(customer, widget)

        assert not CustomerToken.objects.exists()

    def test_is_somebody_new_in_their_browser(self, widget: Application, customer: Customer):
        kept = customer_identities.keep_in_browser(customer, None)

        granted = customer_identities.grant_by_cookie(
            asker(widget, before_renewing=erasing(customer)), customer.organization_id, [kept]
        )

        assert granted.customer.pk != customer.pk
        assert granted.cookie is not None
        assert granted.cookie.customer_id == str(granted.customer.pk)
        assert stored()["Customer"] == stored()["CustomerToken"] == 1

    def test_is_somebody_new_with_a_proof(
        self, widget: Application, customer: Customer, key: NewIdentityKey
    ):
        first = identity_proofs.grant_by_proof(
            asker(widget), customer.organization_id, proof(key)
        ).customer

        granted = identity_proofs.grant_by_proof(
            asker(widget, before_renewing=erasing(first)), customer.organization_id, proof(key)
        )

        assert granted.customer.pk != first.pk
        assert ExternalIdentity.objects.get().customer_id == granted.customer.pk
        assert CustomerToken.objects.get().customer_id == granted.customer.pk

    def test_is_carried_nowhere(self, widget: Application, customer: Customer):
        code = identity_transfers.transfer_by_customer(
            make.requester(customer),  # type: ignore[arg-type]
            widget.client_id,
            None,
            identity_transfers.Challenge(),
        ).token

        with pytest.raises(InvalidGrant):
            identity_transfers.grant_by_transfer(
                asker(widget, before_renewing=erasing(customer)), code, ""
            )

        assert stored()["Customer"] == stored()["CustomerToken"] == 0

    def test_does_not_set_out(self, widget: Application, customer: Customer):
        requester = make.requester(customer)
        customer_data.erase(customer.organization_id, str(customer.pk))

        with pytest.raises(Unauthorized):
            identity_transfers.transfer_by_customer(
                requester,  # type: ignore[arg-type]
                widget.client_id,
                None,
                identity_transfers.Challenge(),
            )

        assert not IdentityTransfer.objects.exists()


class TestWhoWasLoggedOutAtThatMoment:
    def test_is_somebody_new_in_their_browser(self, widget: Application, customer: Customer):
        kept = customer_identities.keep_in_browser(customer, None)

        granted = customer_identities.grant_by_cookie(
            asker(widget, before_renewing=lambda _: customer_identities.log_out(customer)),
            customer.organization_id,
            [kept],
        )

        assert granted.customer.pk != customer.pk
        assert not customer.tokens.exists()

    def test_does_not_set_out(self, widget: Application, customer: Customer):
        requester = make.requester(customer)
        customer_identities.log_out(customer)

        with pytest.raises(Unauthorized):
            identity_transfers.transfer_by_customer(
                requester,  # type: ignore[arg-type]
                widget.client_id,
                None,
                identity_transfers.Challenge(),
            )

        assert not IdentityTransfer.objects.exists()


class TestDuringAnErasure:
    def test_a_proof_makes_somebody_new(
        self, widget: Application, organization: Organization, key: NewIdentityKey
    ):
        erased = identity_proofs.grant_by_proof(asker(widget), organization.pk, proof(key)).customer
        Visit.objects.create(customer=erased)
        came: list[UUID] = []

        def come_again(gone: customer_data.Held) -> None:
            granted = identity_proofs.grant_by_proof(asker(widget), organization.pk, proof(key))
            came.append(granted.customer.pk)

        customer_data.erase(organization.pk, str(erased.pk), come_again)

        assert came
        assert erased.pk not in came
        assert list(Customer.objects.values_list("pk", flat=True)) == [came[0]]

    def test_whom_a_backend_let_in_is_put_out_in_the_end(
        self, widget: Application, customer: Customer, told: Told
    ):
        Visit.objects.create(customer=customer)
        backend = make.requester(make.agent(customer.organization, AgentRole.OWNER))
        let_in: list[str] = []

        def let_them_in(gone: customer_data.Held) -> None:
            if not let_in:
                granted = customer_identities.grant_by_agent(
                    backend,  # type: ignore[arg-type]
                    asker(widget),
                    customer.pk,
                )
                let_in.append(granted.issued.token)

        with told() as events:
            customer_data.erase(customer.organization_id, str(customer.pk), let_them_in)

        ends = [one for one in events if isinstance(one, SessionsEnded)]
        assert [(one.user_id, one.reason) for one in ends] == [
            (str(customer.pk), "logged_out_remotely"),
            (str(customer.pk), "logged_out_remotely"),
        ]
        assert let_in
        assert not CustomerToken.objects.exists()
