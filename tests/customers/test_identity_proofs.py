"""Proofs of identity that an organisation's own server signs (protocol.md 5.4)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client, override_settings
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.domain_events.customers import CustomerUpdated
from chatplatform.models import (
    Agent,
    Application,
    AuditEntry,
    Customer,
    ExternalIdentity,
    IdentityKey,
    Organization,
    UsedProof,
)
from chatplatform.selectors import organizations
from chatplatform.services import (
    authentication,
    bans,
    domains,
    identity_keys,
    identity_proofs,
)
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.conftest import Told
from tests.customers.identity import (
    PAGE,
    TOKEN,
    assert_refused,
    by_cookie,
    customer_of,
    proof,
    send,
    stored,
)

pytestmark = pytest.mark.django_db

ELSEWHERE = "0d4c2a6e-3b1f-4a5d-9c7e-8f6b5a4d3c2b"


def redeem(widget: Application, signed: Any, **changes: Any) -> dict[str, Any]:
    return {
        "grant_type": "identity_proof",
        "client_id": widget.client_id,
        "organization_id": str(widget.organization_id),
        "proof": signed,
        **changes,
    }


class TestSigningIn:
    def test_makes_a_customer_of_a_user(
        self, browser: Client, widget: Application, key: NewIdentityKey
    ):
        response = send(browser, TOKEN, redeem(widget, proof(key)))

        answer = response.json()
        assert {**answer, "access_token": ""} == {
            "access_token": "",
            "client_id": widget.client_id,
            "entity_id": str(Customer.objects.get().pk),
            "expires_in": 28_800,
            "organization_id": str(widget.organization_id),
            "token_type": "Bearer",
        }
        known = ExternalIdentity.objects.get()
        assert (known.external_id, known.customer) == ("user-1", Customer.objects.get())
        requester = authentication.identify_customer(f"Bearer {answer['access_token']}")
        assert requester.customer_id == known.customer_id

    def test_the_same_user_is_the_same_customer_everywhere(
        self, widget: Application, key: NewIdentityKey
    ):
        here = send(Client(), TOKEN, redeem(widget, proof(key)))
        there = send(Client(), TOKEN, redeem(widget, proof(key)))

        assert customer_of(here) == customer_of(there)

    def test_the_same_user_under_another_key_is_the_same_too(
        self, organization: Organization, widget: Application, key: NewIdentityKey
    ):
        here = send(Client(), TOKEN, redeem(widget, proof(key)))
        identity_keys.delete_identity_key(organization.pk, key.key.public_id)
        successor = identity_keys.create_identity_key(organization.pk, "Shop, 2027")

        there = send(Client(), TOKEN, redeem(widget, proof(successor)))

        assert customer_of(here) == customer_of(there)

    def test_another_user_is_somebody_else(self, widget: Application, key: NewIdentityKey):
        one = send(Client(), TOKEN, redeem(widget, proof(key, "user-1")))
        other = send(Client(), TOKEN, redeem(widget, proof(key, "User-1")))

        assert customer_of(one) != customer_of(other)

    def test_another_organisations_user_of_that_id_is_somebody_else(
        self, widget: Application, key: NewIdentityKey
    ):
        elsewhere = make.organization("Globex")
        their_key = identity_keys.create_identity_key(elsewhere.pk, "Shop")
        their_widget = organizations.application(organizations.widget_client_id(elsewhere))
        assert their_widget is not None

        here = send(Client(), TOKEN, redeem(widget, proof(key)))
        there = send(Client(), TOKEN, redeem(their_widget, proof(their_key)))

        assert customer_of(here) != customer_of(there)

    def test_leaves_nothing_in_the_browser(
        self, browser: Client, widget: Application, key: NewIdentityKey
    ):
        anonymous = send(browser, TOKEN, by_cookie(widget, redirect_uri=PAGE))

        signed_in = send(browser, TOKEN, redeem(widget, proof(key)), Origin=PAGE)
        afterwards = send(browser, TOKEN, by_cookie(widget, redirect_uri=PAGE))

        assert not signed_in.cookies
        assert customer_of(afterwards) == customer_of(anonymous) != customer_of(signed_in)

    def test_whoever_the_browser_was_stays_another(
        self, browser: Client, widget: Application, key: NewIdentityKey
    ):
        anonymous = customer_of(send(browser, TOKEN, by_cookie(widget, redirect_uri=PAGE)))
        chat = make.chat(Customer.objects.get(pk=anonymous), texts=["Private"])

        signed_in = customer_of(send(browser, TOKEN, redeem(widget, proof(key))))

        chat.refresh_from_db()
        assert str(chat.customer_id) == anonymous != signed_in

    def test_the_key_shows_when_it_was_used(self, widget: Application, key: NewIdentityKey):
        assert IdentityKey.objects.get().last_used_at is None

        send(Client(), TOKEN, redeem(widget, proof(key)))

        used = IdentityKey.objects.get().last_used_at
        assert used is not None
        assert clock.now() - used < timedelta(minutes=1)


class TestWhatAProofSays:
    def test_names_the_customer(
        self, browser: Client, widget: Application, key: NewIdentityKey, told: Told
    ):
        said = {"name": "Kim", "email": "kim@example.com", "email_verified": True}

        with told() as events:
            send(browser, TOKEN, redeem(widget, proof(key, **said)))

        customer = Customer.objects.get()
        assert (customer.name, customer.email, customer.email_verified) == tuple(said.values())
        changes = [event.changes for event in events if isinstance(event, CustomerUpdated)]
        assert changes == [
            {"name": "Kim", "email": "kim@example.com"},
            {"email_verified": True},
        ]

    def test_an_address_is_verified_only_where_it_says_so(
        self, widget: Application, key: NewIdentityKey
    ):
        send(Client(), TOKEN, redeem(widget, proof(key, email="kim@example.com")))

        assert not Customer.objects.get().email_verified

    def test_another_address_is_not_verified_by_the_last(
        self, widget: Application, key: NewIdentityKey
    ):
        first = proof(key, email="kim@example.com", email_verified=True)
        send(Client(), TOKEN, redeem(widget, first))

        send(Client(), TOKEN, redeem(widget, proof(key, email="kim@example.org")))

        customer = Customer.objects.get()
        assert (customer.email, customer.email_verified) == ("kim@example.org", False)

    def test_what_it_leaves_out_stays(self, widget: Application, key: NewIdentityKey, told: Told):
        said = {"name": "Kim", "email": "kim@example.com", "email_verified": True}
        send(Client(), TOKEN, redeem(widget, proof(key, **said)))

        with told() as events:
            send(Client(), TOKEN, redeem(widget, proof(key)))
            send(Client(), TOKEN, redeem(widget, proof(key, **said)))

        customer = Customer.objects.get()
        assert (customer.name, customer.email, customer.email_verified) == tuple(said.values())
        assert events == []


class TestWhatHolds:
    def refuse(self, widget: Application, signed: Any, why: str = "") -> None:
        before = stored()
        response = send(Client(), TOKEN, redeem(widget, signed))
        assert_refused(response, 400, "oauth_exception", "invalid_grant")
        assert why in response.json()["exception_description"]
        assert stored() == before

    def test_a_proof_is_good_once(self, widget: Application, key: NewIdentityKey):
        signed = proof(key)
        send(Client(), TOKEN, redeem(widget, signed))

        self.refuse(widget, signed, "used")

    def test_also_without_a_number_of_its_own(self, widget: Application, key: NewIdentityKey):
        signed = proof(key, jti=None)
        assert send(Client(), TOKEN, redeem(widget, signed)).status_code == 200

        self.refuse(widget, signed, "used")

    def test_a_signature_written_another_way_is_the_same_proof(
        self, widget: Application, key: NewIdentityKey
    ):
        signed = proof(key, jti=None)
        again = _written_differently(signed)
        assert again != signed
        assert send(Client(), TOKEN, redeem(widget, signed)).status_code == 200

        self.refuse(widget, again)

    def test_a_number_is_used_once_whatever_else_is_said(
        self, widget: Application, key: NewIdentityKey
    ):
        send(Client(), TOKEN, redeem(widget, proof(key, jti="7")))

        self.refuse(widget, proof(key, jti="7", name="Kim"), "used")

    def test_the_signature_is_right(self, widget: Application, key: NewIdentityKey):
        self.refuse(widget, proof(key, secret="x" * 43), "Signature")

    def test_another_organisations_key_signs_nothing_here(
        self, widget: Application, key: NewIdentityKey
    ):
        elsewhere = make.organization("Globex")
        theirs = identity_keys.create_identity_key(elsewhere.pk, "Shop")

        self.refuse(widget, proof(theirs, aud=str(widget.organization_id)), "kid")

    def test_a_removed_key_signs_nothing_any_more(
        self, organization: Organization, widget: Application, key: NewIdentityKey
    ):
        signed = proof(key)
        identity_keys.delete_identity_key(organization.pk, key.key.public_id)

        self.refuse(widget, signed, "kid")

    def test_a_key_nobody_can_read_any_more_signs_nothing(
        self, widget: Application, key: NewIdentityKey
    ):
        with override_settings(SECRET_KEY="another " * 8):
            IdentityKey.objects.filter(pk=key.key.pk).update(secret=key.secret)

        self.refuse(widget, proof(key), "can not be read")

    @pytest.mark.parametrize("kid", [None, "unknown", "\x00", "ä" * 200])
    def test_it_names_its_key(self, widget: Application, key: NewIdentityKey, kid: str | None):
        self.refuse(widget, proof(key, kid=kid), "kid")

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_it_is_signed_the_one_way(
        self, widget: Application, key: NewIdentityKey, algorithm: str
    ):
        self.refuse(widget, proof(key, algorithm=algorithm))

    def test_it_is_signed_at_all(self, widget: Application, key: NewIdentityKey):
        _, claims, _ = proof(key).split(".")
        header = _packed({"alg": "none", "typ": "JWT", "kid": key.key.public_id})

        self.refuse(widget, f"{header}.{claims}.")

    @pytest.mark.parametrize("aud", ["", ELSEWHERE, [], [ELSEWHERE], 7, None])
    def test_it_is_meant_for_this_organisation(
        self, widget: Application, key: NewIdentityKey, aud: Any
    ):
        self.refuse(widget, proof(key, aud=aud))

    def test_it_may_be_meant_for_others_too(self, widget: Application, key: NewIdentityKey):
        aud = [ELSEWHERE, str(widget.organization_id)]

        response = send(Client(), TOKEN, redeem(widget, proof(key, aud=aud)))

        assert response.status_code == 200

    @pytest.mark.parametrize("age", [331, 3_600, 10**9])
    def test_it_ends(self, widget: Application, key: NewIdentityKey, age: int):
        now = int(clock.now().timestamp()) - age

        self.refuse(widget, proof(key, iat=now, exp=now + 300), "expired")

    def test_clocks_may_be_half_a_minute_apart(self, widget: Application, key: NewIdentityKey):
        now = int(clock.now().timestamp())
        late = proof(key, iat=now - 320, exp=now - 20)
        early = proof(key, iat=now + 20, exp=now + 320)

        for signed in (late, early):
            assert send(Client(), TOKEN, redeem(widget, signed)).status_code == 200

    @pytest.mark.parametrize("ahead", [40, 3_600, 10**15])
    def test_it_has_begun(self, widget: Application, key: NewIdentityKey, ahead: int):
        now = int(clock.now().timestamp()) + ahead

        self.refuse(widget, proof(key, iat=now, exp=now + 300), "not hold yet")
        self.refuse(widget, proof(key, nbf=now), "not hold yet")

    @pytest.mark.parametrize("seconds", [601, 86_400, 10**12, 0, -1])
    def test_it_holds_for_at_most_ten_minutes(
        self, widget: Application, key: NewIdentityKey, seconds: int
    ):
        now = int(clock.now().timestamp())

        self.refuse(widget, proof(key, iat=now, exp=now + seconds), "600 seconds")

    def test_ten_minutes_are_fine(self, widget: Application, key: NewIdentityKey):
        now = int(clock.now().timestamp())
        signed = proof(key, iat=now, exp=now + 600)

        assert send(Client(), TOKEN, redeem(widget, signed)).status_code == 200

    @pytest.mark.parametrize("claim", ["sub", "iat", "exp", "aud"])
    def test_nothing_of_it_is_missing(self, widget: Application, key: NewIdentityKey, claim: str):
        self.refuse(widget, proof(key, **{claim: None}), claim)

    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("sub", ""),
            ("sub", 7),
            ("sub", "x" * 256),
            ("sub", "a\x00b"),
            ("sub", "a\ud800"),
            ("iat", "now"),
            ("iat", float("inf")),
            ("exp", "later"),
            ("exp", float("nan")),
            ("exp", [1]),
            ("jti", 7),
            ("jti", ""),
            ("jti", "x" * 256),
            ("name", 7),
            ("name", "a\x00b"),
            ("name", "x" * 256),
            ("email", "nobody"),
            ("email", 7),
            ("email", f"{'x' * 250}@example.com"),
            ("email_verified", "yes"),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_everything_in_it_is_of_its_kind(
        self, widget: Application, key: NewIdentityKey, claim: str, value: Any
    ):
        self.refuse(widget, proof(key, **{claim: value}))

    @pytest.mark.parametrize("signed", ["x", "a.b.c", "..", "ä.ö.ü", "x" * 8_193, "e30.e30.e30"])
    def test_it_is_a_token_at_all(self, widget: Application, key: NewIdentityKey, signed: str):
        self.refuse(widget, signed)

    @pytest.mark.parametrize("signed", [None, "", 7, {}])
    def test_it_is_there(self, widget: Application, signed: Any):
        response = send(Client(), TOKEN, redeem(widget, signed))

        assert_refused(response, 400, "oauth_exception", "invalid_request")


class TestWhoMayAsk:
    def test_the_organisation_is_named(
        self, browser: Client, widget: Application, key: NewIdentityKey
    ):
        response = send(browser, TOKEN, redeem(widget, proof(key), organization_id=None))

        assert_refused(response, 400, "oauth_exception", "invalid_request")
        assert stored()["Customer"] == 0

    def test_the_client_is_the_organisations(
        self, browser: Client, organization: Organization, key: NewIdentityKey
    ):
        foreign = make.application(make.organization("Globex"))
        before = stored()

        response = send(
            browser, TOKEN, redeem(foreign, proof(key), organization_id=str(organization.pk))
        )

        assert_refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == before

    def test_the_page_is_of_an_allowed_domain(
        self, browser: Client, organization: Organization, widget: Application, key: NewIdentityKey
    ):
        domains.allow_domain(organization, "shop.example")
        signed = proof(key)

        refused = send(browser, TOKEN, redeem(widget, signed), Origin="https://evil.example")
        allowed = send(browser, TOKEN, redeem(widget, signed), Origin=PAGE)

        assert_refused(refused, 403, "oauth_exception", "unauthorized_client")
        assert allowed.status_code == 200

    def test_a_banned_customer_is_turned_away_and_their_proof_stays(
        self, browser: Client, widget: Application, key: NewIdentityKey, owner: Agent
    ):
        known = customer_of(send(browser, TOKEN, redeem(widget, proof(key))))
        bans.ban(make.requester(owner), seconds=60, customer_id=known)  # type: ignore[arg-type]
        signed = proof(key)
        before = stored()

        response = send(browser, TOKEN, redeem(widget, signed))

        assert_refused(response, 403, "identity_exception", "customer_banned")
        assert stored() == before
        bans.unban(widget.organization_id, customer_id=known)
        assert customer_of(send(browser, TOKEN, redeem(widget, signed))) == known

    @pytest.mark.parametrize("known", [True, False])
    def test_a_banned_address_is_turned_away(
        self,
        browser: Client,
        widget: Application,
        key: NewIdentityKey,
        owner: Agent,
        known: bool,
    ):
        if known:
            send(browser, TOKEN, redeem(widget, proof(key)))
        bans.ban(make.requester(owner), seconds=60, ip="127.0.0.1")  # type: ignore[arg-type]
        before = stored()

        response = send(browser, TOKEN, redeem(widget, proof(key)))

        assert_refused(response, 403, "identity_exception", "customer_banned")
        assert stored() == before

    def test_forging_is_limited_by_address(
        self, browser: Client, widget: Application, key: NewIdentityKey, settings: Settings
    ):
        settings.ADDRESS_LIMIT_BURST, settings.ADDRESS_LIMIT_PER_SECOND = 2, 0.001
        settings.REDIS_URL = ""
        forged = redeem(widget, proof(key, secret="x" * 43))

        answers = [send(browser, TOKEN, forged).status_code for _ in range(3)]

        assert answers == [400, 400, 429]

    def test_new_users_are_counted_like_new_browsers(
        self, browser: Client, widget: Application, key: NewIdentityKey, settings: Settings
    ):
        settings.ADDRESS_LIMIT_BURST, settings.ADDRESS_LIMIT_PER_SECOND = 1, 0.001
        settings.REDIS_URL = ""

        answers = [
            send(browser, TOKEN, redeem(widget, proof(key, sub))).status_code
            for sub in ("one", "two", "one")
        ]

        assert answers == [200, 429, 200]
        assert stored()["Customer"] == 1

    def test_used_proofs_are_forgotten_once_they_are_over(
        self, browser: Client, widget: Application, key: NewIdentityKey
    ):
        send(browser, TOKEN, redeem(widget, proof(key)))

        assert identity_proofs.forget_expired() == 0
        with time_machine.travel(clock.now() + timedelta(seconds=331)):
            assert identity_proofs.forget_expired() == 1
        assert not UsedProof.objects.exists()


class TestKeys:
    def test_the_secret_is_shown_once_and_kept_encrypted(self, key: NewIdentityKey):
        assert len(key.secret) >= 43
        assert IdentityKey.objects.get().secret == key.secret

    def test_what_happens_to_keys_is_written_down_but_for_the_secret(
        self, organization: Organization, key: NewIdentityKey
    ):
        public_id = key.key.public_id
        identity_keys.rename_identity_key(organization.pk, public_id, "Web shop")
        identity_keys.delete_identity_key(organization.pk, public_id)

        rows = AuditEntry.objects.filter(subject_type="identity_key").order_by("id")
        assert list(rows.values_list("action", "subject_id", "before", "after")) == [
            ("create_identity_key", public_id, None, {"public_id": public_id, "name": "Shop"}),
            ("update_identity_key", public_id, {"name": "Shop"}, {"name": "Web shop"}),
            ("delete_identity_key", public_id, {"public_id": public_id, "name": "Web shop"}, None),
        ]


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _written_differently(signed: str) -> str:
    """Change the bits of the last character that carry nothing: 32 bytes leave four over."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signed[-1])
    return signed[:-1] + alphabet[last ^ 1]
