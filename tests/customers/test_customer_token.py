"""``/v2/customer/token`` and ``/v2/customer/info`` as browsers and backends meet them (5.4)."""

import json
import uuid
from datetime import timedelta
from http.cookies import Morsel
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import (
    Agent,
    Application,
    Customer,
    CustomerIdentity,
    CustomerToken,
    Organization,
)
from chatplatform.selectors import organizations
from chatplatform.services import authentication, bans, customer_identities, tokens
from tests import make
from tests.conftest import Told

pytestmark = pytest.mark.django_db

TOKEN = "/v2/customer/token"
INFO = "/v2/customer/info"
PAGE = "https://shop.example"


def stored() -> list[int]:
    """Return how many customers, identities and tokens there are."""
    return [model._default_manager.count() for model in (Customer, CustomerIdentity, CustomerToken)]


def post(client: Client, body: Any, *, content_type: str = "text/plain", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(TOKEN, data, content_type=content_type, headers=headers)


def by_cookie(application: Application, **changes: Any) -> dict[str, Any]:
    body = {
        "grant_type": "cookie",
        "client_id": application.client_id,
        "response_type": "token",
        "organization_id": str(application.organization_id),
        "redirect_uri": f"{PAGE}/chat",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def by_agent(application: Application, **changes: Any) -> dict[str, Any]:
    body = {
        "grant_type": "agent_token",
        "client_id": application.client_id,
        "response_type": "token",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def refused(response: Any, status: int, key: str, code: str) -> None:
    answer = response.json()
    assert (response.status_code, list(answer)) == (status, [key, "exception_description"])
    assert answer[key] == code
    assert answer["exception_description"]
    assert "__lc_cid" not in response.cookies
    assert "__lc_cst" not in response.cookies


class TestCookieGrant:
    def test_gives_a_new_browser_a_new_customer(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application))

        customer = Customer.objects.get()
        assert response.status_code == 200
        answer = response.json()
        assert {**answer, "access_token": ""} == {
            "access_token": "",
            "client_id": application.client_id,
            "entity_id": str(customer.pk),
            "expires_in": 28_800,
            "organization_id": str(application.organization_id),
            "token_type": "Bearer",
        }
        requester = authentication.authenticate_customer(
            f"Bearer {answer['access_token']}", {"organization_id": answer["organization_id"]}
        )
        assert requester.customer_id == customer.pk
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("path", ["/v2/customer", "/customer"])
    def test_sets_a_pair_of_cookies_only_these_endpoints_see(
        self, browser: Client, application: Application, path: str
    ):
        response = post(browser, by_cookie(application))

        cookies = [cookie for cookie in response.cookies.values() if cookie["path"] == path]
        assert [cookie.key for cookie in cookies] == ["__lc_cid", "__lc_cst"]
        assert cookies[0].value == response.json()["entity_id"]
        for cookie in cookies:
            assert attributes(cookie) == {
                f"path={path}",
                "max-age=63072000",
                "httponly",
                "secure",
                "samesite=none",
                "partitioned",
            }

    def test_knows_the_browser_again_and_renews_its_cookies(
        self, browser: Client, application: Application
    ):
        first = post(browser, by_cookie(application))

        with time_machine.travel(clock.now() + timedelta(days=30)):
            second = post(browser, by_cookie(application))

            assert second.json()["entity_id"] == first.json()["entity_id"]
            assert second.json()["access_token"] != first.json()["access_token"]
            for name in ("__lc_cid", "__lc_cst"):
                assert second.cookies[name].value == first.cookies[name].value
                assert second.cookies[name]["max-age"] == 63_072_000
            assert clock.now() - CustomerIdentity.objects.get().last_used_at < timedelta(minutes=1)
        assert Customer.objects.count() == 1

    @pytest.mark.parametrize("lost", ["__lc_cid", "__lc_cst"])
    def test_half_a_pair_proves_nothing(self, browser: Client, application: Application, lost: str):
        first = post(browser, by_cookie(application)).json()["entity_id"]
        keep(browser, lost, "")

        second = post(browser, by_cookie(application)).json()["entity_id"]

        assert second != first

    def test_one_customers_id_with_anothers_secret_proves_neither(
        self, browser: Client, application: Application
    ):
        victim = post(Client(), by_cookie(application))
        own = post(browser, by_cookie(application))
        keep(browser, "__lc_cid", victim.cookies["__lc_cid"].value)

        response = post(browser, by_cookie(application))

        assert response.json()["entity_id"] not in {
            victim.json()["entity_id"],
            own.json()["entity_id"],
        }
        assert response.cookies["__lc_cst"].value not in {
            victim.cookies["__lc_cst"].value,
            own.cookies["__lc_cst"].value,
        }

    @pytest.mark.parametrize("secret", ["guess", "x" * 4_000, "ä", "%00", "'; DROP TABLE"])
    def test_a_customers_id_with_a_guessed_secret_proves_nothing(
        self, browser: Client, application: Application, secret: str
    ):
        victim = post(Client(), by_cookie(application)).json()["entity_id"]
        browser.cookies["__lc_cid"] = victim
        browser.cookies["__lc_cst"] = secret

        response = post(browser, by_cookie(application))

        assert response.json()["entity_id"] != victim

    def test_a_pair_proves_nothing_to_another_organisation(
        self, browser: Client, application: Application
    ):
        first = post(browser, by_cookie(application)).json()["entity_id"]
        elsewhere = make.application(make.organization("Other"), [PAGE])

        second = post(browser, by_cookie(elsewhere)).json()

        customer = Customer.objects.get(pk=second["entity_id"])
        assert second["entity_id"] != first
        assert customer.organization == elsewhere.organization

    @pytest.mark.parametrize(
        "content_type",
        [
            "text/plain",
            "text/plain;charset=UTF-8",
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "nonsense",
        ],
    )
    def test_reads_json_whatever_the_content_type(
        self, browser: Client, application: Application, content_type: str
    ):
        response = post(browser, by_cookie(application), content_type=content_type)

        assert response.status_code == 200

    def test_ignores_fields_it_does_not_know(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application, license_id=1, tracking={"id": "x"}))

        assert response.status_code == 200

    def test_entity_id_does_not_choose_the_customer(
        self, browser: Client, application: Application
    ):
        victim = make.customer(application.organization)

        response = post(browser, by_cookie(application, entity_id=str(victim.pk)))

        assert response.json()["entity_id"] != str(victim.pk)

    def test_lives_as_long_as_asked_for(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application, expires_in=60))

        assert response.json()["expires_in"] == 60
        left = CustomerToken.objects.get().expires_at - clock.now()
        assert left <= timedelta(seconds=60)

    @pytest.mark.parametrize("field", ["client_id", "response_type", "organization_id"])
    def test_requires(self, browser: Client, application: Application, field: str):
        response = post(browser, by_cookie(application, **{field: None}))

        refused(response, 400, "oauth_exception", "invalid_request")
        assert field in response.json()["exception_description"]
        assert stored() == [0, 0, 0]

    def test_refuses_a_client_that_does_not_exist(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application, client_id=32 * "0"))

        refused(response, 401, "oauth_exception", "invalid_client")
        assert stored() == [0, 0, 0]

    def test_refuses_another_organisation_than_the_clients_without_telling_if_it_exists(
        self, browser: Client, application: Application
    ):
        existing = str(make.organization("Other").pk)

        answers = [
            post(browser, by_cookie(application, organization_id=organization_id))
            for organization_id in (existing, str(uuid.uuid4()))
        ]

        for response in answers:
            refused(response, 403, "oauth_exception", "unauthorized_client")
        assert answers[0].json() == answers[1].json()
        assert stored() == [0, 0, 0]


class TestPages:
    @pytest.mark.parametrize("redirect_uri", [f"{PAGE}/chat", f"{PAGE}/chat/", f"{PAGE}/chat/room"])
    def test_a_page_below_the_registered_one_may_ask(
        self, browser: Client, application: Application, redirect_uri: str
    ):
        response = post(browser, by_cookie(application, redirect_uri=redirect_uri), Origin=PAGE)

        assert response.status_code == 200

    @pytest.mark.parametrize(
        "redirect_uri", [PAGE, "http://shop.example/chat", "https://evil.example/chat"]
    )
    def test_no_other_page_may(self, browser: Client, application: Application, redirect_uri: str):
        response = post(browser, by_cookie(application, redirect_uri=redirect_uri))

        refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize(
        "redirect_uri",
        [f"{PAGE}/chat/../", f"{PAGE}/chat?x=1", f"{PAGE}/chat#x", "shop.example", "javascript:0"],
    )
    def test_an_address_that_is_no_plain_page_is_malformed(
        self, browser: Client, application: Application, redirect_uri: str
    ):
        response = post(browser, by_cookie(application, redirect_uri=redirect_uri))

        refused(response, 400, "oauth_exception", "invalid_request")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "null"])
    def test_a_page_can_not_pass_for_another(
        self, browser: Client, application: Application, origin: str
    ):
        known = post(browser, by_cookie(application), Origin=PAGE)
        before = stored()

        response = post(browser, by_cookie(application), Origin=origin)

        assert known.status_code == 200
        refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == before

    def test_the_origin_stands_in_for_a_missing_redirect_uri(
        self, browser: Client, organization: Organization
    ):
        application = make.application(organization, [PAGE])

        response = post(browser, by_cookie(application, redirect_uri=None), Origin=PAGE)

        assert response.status_code == 200

    def test_a_host_in_another_script_is_the_one_its_page_names(
        self, browser: Client, organization: Organization
    ):
        application = make.application(organization, ["https://bücher.example"])

        response = post(
            browser,
            by_cookie(application, redirect_uri="https://bücher.example/shop"),
            Origin="https://xn--bcher-kva.example",
        )

        assert response.status_code == 200

    def test_without_either_nobody_knows_who_asks(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application, redirect_uri=None))

        refused(response, 400, "oauth_exception", "invalid_request")
        assert stored() == [0, 0, 0]

    def test_the_widget_may_be_on_any_page(self, browser: Client, organization: Organization):
        widget = Application.objects.get(client_id=organizations.widget_client_id(organization))

        response = post(
            browser, by_cookie(widget, redirect_uri=None), Origin="https://anywhere.example"
        )

        assert response.status_code == 200


class TestAgentTokenGrant:
    def test_makes_a_customer_a_backend_can_act_as(
        self, browser: Client, application: Application, owner: Agent
    ):
        token = make.access_token(owner, ["customers:own"])

        response = post(browser, by_agent(application), Authorization=f"Bearer {token}")

        customer = Customer.objects.get()
        answer = response.json()
        assert {**answer, "access_token": ""} == {
            "access_token": "",
            "client_id": application.client_id,
            "entity_id": str(customer.pk),
            "expires_in": 28_800,
            "organization_id": str(application.organization_id),
            "token_type": "Bearer",
        }
        requester = authentication.identify_customer(f"Bearer {answer['access_token']}")
        assert requester.customer_id == customer.pk
        assert not response.cookies

    def test_acts_as_the_customer_it_names(
        self, browser: Client, application: Application, owner: Agent
    ):
        customer = make.customer(application.organization)
        token = make.access_token(owner)

        response = post(
            browser,
            by_agent(
                application,
                entity_id=str(customer.pk),
                organization_id=str(application.organization_id),
                expires_in=600,
            ),
            Authorization=f"Bearer {token}",
        )

        assert response.json()["entity_id"] == str(customer.pk)
        assert response.json()["expires_in"] == 600
        assert Customer.objects.count() == 1

    def test_names_a_customer_that_exists(
        self, browser: Client, application: Application, owner: Agent
    ):
        token = make.access_token(owner)

        response = post(
            browser,
            by_agent(application, entity_id=str(uuid.uuid4())),
            Authorization=f"Bearer {token}",
        )

        refused(response, 404, "oauth_exception", "resource_not_found")
        assert stored() == [0, 0, 0]

    def test_needs_the_scope(self, browser: Client, application: Application, owner: Agent):
        token = make.access_token(owner, ["customers:rw", "chats--all:rw"])

        response = post(browser, by_agent(application), Authorization=f"Bearer {token}")

        refused(response, 403, "identity_exception", "access_denied")
        assert stored() == [0, 0, 0]

    def test_needs_a_role_that_allows_the_scope(
        self, browser: Client, application: Application, organization: Organization
    ):
        token = make.access_token(make.agent(organization), ["customers:own"])

        response = post(browser, by_agent(application), Authorization=f"Bearer {token}")

        refused(response, 403, "identity_exception", "access_denied")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Digest x"])
    def test_needs_an_agents_token(
        self, browser: Client, application: Application, authorization: str
    ):
        response = post(browser, by_agent(application), Authorization=authorization)

        refused(response, 401, "identity_exception", "unauthorized")
        assert response["WWW-Authenticate"] == "Bearer"
        assert stored() == [0, 0, 0]

    def test_a_personal_access_token_does_not_serve(
        self, browser: Client, application: Application, owner: Agent
    ):
        basic = make.basic(owner, make.pat(owner))

        response = post(browser, by_agent(application), Authorization=basic)

        refused(response, 401, "identity_exception", "unauthorized")
        assert stored() == [0, 0, 0]

    def test_a_customers_token_does_not_serve(self, browser: Client, application: Application):
        token = make.customer_token(make.customer(application.organization))
        before = stored()

        response = post(browser, by_agent(application), Authorization=f"Bearer {token}")

        refused(response, 401, "identity_exception", "unauthorized")
        assert stored() == before

    @pytest.mark.parametrize("state", ["suspended", "awaiting_approval"])
    def test_an_agent_who_may_not_work_may_not_do_this_either(
        self, browser: Client, application: Application, owner: Agent, state: str
    ):
        token = make.access_token(owner)
        setattr(owner, state, True)
        owner.save()

        response = post(browser, by_agent(application), Authorization=f"Bearer {token}")

        refused(response, 403, "identity_exception", "access_denied")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize("by_address", [True, False])
    def test_a_banned_customer_is_nobody_to_act_as(
        self, browser: Client, application: Application, owner: Agent, by_address: bool
    ):
        customer = make.customer(application.organization)
        named = {"ip": "127.0.0.1"} if by_address else {"customer_id": str(customer.pk)}
        bans.ban(make.requester(owner), seconds=60, **named)
        bearer = f"Bearer {make.access_token(owner)}"
        before = stored()

        response = post(
            browser, by_agent(application, entity_id=str(customer.pk)), Authorization=bearer
        )

        refused(response, 403, "identity_exception", "customer_banned")
        assert stored() == before

    def test_another_organisations_customers_do_not_exist(
        self, browser: Client, application: Application, owner: Agent
    ):
        foreign = make.customer(make.organization("Other"))
        before = stored()

        response = post(
            browser,
            by_agent(application, entity_id=str(foreign.pk)),
            Authorization=f"Bearer {make.access_token(owner)}",
        )

        refused(response, 404, "oauth_exception", "resource_not_found")
        assert stored() == before

    def test_another_organisations_client_does_not_serve(
        self, browser: Client, application: Application, owner: Agent
    ):
        foreign = make.application(make.organization("Other"))

        response = post(
            browser, by_agent(foreign), Authorization=f"Bearer {make.access_token(owner)}"
        )

        refused(response, 403, "oauth_exception", "unauthorized_client")
        assert stored() == [0, 0, 0]

    def test_another_organisation_can_not_be_named(
        self, browser: Client, application: Application, owner: Agent
    ):
        foreign = make.organization("Other")

        response = post(
            browser,
            by_agent(application, organization_id=str(foreign.pk)),
            Authorization=f"Bearer {make.access_token(owner)}",
        )

        refused(response, 403, "identity_exception", "access_denied")
        assert stored() == [0, 0, 0]


class TestBadInput:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'"cookie"',
            b"{",
            b"\xff\xfe",
            b"\x00",
            b"grant_type=cookie&client_id=x",
            b"[" * 60_000,
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            b'{"grant_type": NaN}',
            b"{}",
        ],
        ids=lambda body: repr(body[:20]),
    )
    def test_what_is_no_json_object_of_this_kind_is_refused(self, browser: Client, body: bytes):
        response = post(browser, body)

        refused(response, 400, "oauth_exception", "invalid_request")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("grant_type", 1),
            ("grant_type", ["cookie"]),
            ("client_id", ""),
            ("client_id", 7),
            ("client_id", "a\x00b"),
            ("client_id", 500 * "a"),
            ("response_type", "code"),
            ("response_type", True),
            ("organization_id", "not-a-uuid"),
            ("organization_id", {"id": 1}),
            ("organization_id", "\x00"),
            ("redirect_uri", 1),
            ("redirect_uri", "https://shop.example/\x00"),
            ("redirect_uri", "https://shop.example/" + 5_000 * "a"),
            ("expires_in", 0),
            ("expires_in", -1),
            ("expires_in", "60"),
            ("expires_in", 1.5),
            ("expires_in", True),
        ],
    )
    def test_a_field_of_the_wrong_kind_is_refused(
        self, browser: Client, application: Application, field: str, value: Any
    ):
        response = post(browser, by_cookie(application, **{field: value}))

        refused(response, 400, "oauth_exception", "invalid_request")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize("entity_id", ["", "x", "\x00", 5, ["x"]])
    def test_an_entity_id_that_is_no_uuid_is_refused(
        self, browser: Client, application: Application, owner: Agent, entity_id: Any
    ):
        response = post(
            browser,
            by_agent(application, entity_id=entity_id),
            Authorization=f"Bearer {make.access_token(owner)}",
        )

        refused(response, 400, "oauth_exception", "invalid_request")
        assert stored() == [0, 0, 0]

    def test_the_longest_wish_becomes_thirty_days(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application, expires_in=2**63 - 1))

        assert response.json()["expires_in"] == 30 * 24 * 3_600

    @pytest.mark.parametrize("grant_type", ["authorization_code", "password", ""])
    def test_a_grant_that_is_not_served_is_named_as_such(
        self, browser: Client, application: Application, grant_type: str
    ):
        response = post(browser, by_cookie(application, grant_type=grant_type))

        refused(response, 400, "oauth_exception", "unsupported_grant_type")
        assert stored() == [0, 0, 0]

    @pytest.mark.parametrize("size", [64 * 1024 + 1, 2 * 1024 * 1024])
    def test_a_body_over_64_kib_is_refused(
        self, browser: Client, application: Application, size: int
    ):
        response = post(browser, json.dumps(by_cookie(application)).encode().ljust(size))

        refused(response, 413, "oauth_exception", "invalid_request")
        assert stored() == [0, 0, 0]

    def test_a_body_of_64_kib_is_read(self, browser: Client, application: Application):
        response = post(browser, json.dumps(by_cookie(application)).encode().ljust(64 * 1024))

        assert response.status_code == 200

    @pytest.mark.parametrize(("path", "method"), [(TOKEN, "GET"), (TOKEN, "PUT"), (INFO, "POST")])
    def test_another_method_is_refused(self, browser: Client, path: str, method: str):
        response = browser.generic(method, path)

        refused(response, 405, "oauth_exception", "invalid_request")
        assert method not in response["Allow"]

    def test_a_database_that_is_away_is_said_so(
        self, browser: Client, application: Application, monkeypatch: pytest.MonkeyPatch
    ):
        def unavailable(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("the server is away")

        monkeypatch.setattr(customer_identities, "grant_by_cookie", unavailable)

        response = post(browser, by_cookie(application))

        refused(response, 503, "oauth_exception", "temporarily_unavailable")

    def test_our_own_fault_shows_nothing_of_itself(
        self, browser: Client, application: Application, monkeypatch: pytest.MonkeyPatch
    ):
        def broken(*args: Any, **kwargs: Any) -> None:
            raise KeyError("a secret detail")

        monkeypatch.setattr(customer_identities, "grant_by_cookie", broken)

        response = post(browser, by_cookie(application))

        refused(response, 500, "oauth_exception", "server_error")
        assert b"secret detail" not in response.content


class TestLimits:
    @pytest.fixture(autouse=True)
    def _few(self, settings: Settings):
        settings.ADDRESS_LIMIT_BURST = 2
        settings.ADDRESS_LIMIT_PER_SECOND = 0.001
        settings.REDIS_URL = ""

    def test_an_address_mints_only_so_many_customers(
        self, browser: Client, application: Application
    ):
        for _ in range(2):
            post(Client(), by_cookie(application))
        before = stored()

        response = post(browser, by_cookie(application))

        refused(response, 429, "oauth_exception", "temporarily_unavailable")
        assert int(response["Retry-After"]) > 0
        assert stored() == before

    def test_a_known_browser_is_not_counted(self, browser: Client, application: Application):
        answers = [post(browser, by_cookie(application)).status_code for _ in range(5)]

        assert answers == 5 * [200]

    def test_a_known_browser_asks_as_often_as_its_customer_may(
        self, browser: Client, application: Application, settings: Settings
    ):
        settings.RATE_LIMIT_BURST, settings.RATE_LIMIT_PER_SECOND = 2, 0.001
        for _ in range(3):
            assert post(browser, by_cookie(application)).status_code == 200
        before = stored()

        response = post(browser, by_cookie(application))

        refused(response, 429, "oauth_exception", "temporarily_unavailable")
        assert stored() == before
        assert post(Client(), by_cookie(application)).status_code == 200

    def test_a_backend_is_counted_for_new_customers_only(
        self, browser: Client, application: Application, owner: Agent
    ):
        bearer = f"Bearer {make.access_token(owner)}"
        customer = make.customer(application.organization)

        minted = [
            post(browser, by_agent(application), Authorization=bearer).status_code for _ in range(3)
        ]
        known = post(
            browser, by_agent(application, entity_id=str(customer.pk)), Authorization=bearer
        )

        assert minted == [200, 200, 429]
        assert known.status_code == 200

    def test_guessing_tokens_is_limited_by_address(self, browser: Client, application: Application):
        answers = [
            post(browser, by_agent(application), Authorization="Bearer guess").status_code
            for _ in range(3)
        ]

        assert answers == [401, 401, 429]


class TestCors:
    def test_every_answer_is_readable_by_the_page_that_asked(
        self, browser: Client, application: Application
    ):
        granted = post(browser, by_cookie(application), Origin=PAGE)
        refusal = post(browser, b"", Origin="https://evil.example")

        for response, origin in ((granted, PAGE), (refusal, "https://evil.example")):
            assert response["Access-Control-Allow-Origin"] == origin
            assert response["Access-Control-Allow-Credentials"] == "true"
            assert "Origin" in response["Vary"]

    def test_says_nothing_about_origins_to_others(self, browser: Client, application: Application):
        response = post(browser, by_cookie(application))

        assert "Access-Control-Allow-Origin" not in response
        assert "Origin" in response["Vary"]

    @pytest.mark.parametrize(
        ("path", "methods"), [(TOKEN, {"POST", "DELETE"}), (INFO, {"GET", "HEAD"})]
    )
    def test_a_preflight_is_answered(self, browser: Client, path: str, methods: set[str]):
        response = browser.options(
            path,
            headers={
                "Origin": PAGE,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization, content-type",
            },
        )

        assert response.status_code == 204
        assert response["Access-Control-Allow-Origin"] == PAGE
        assert response["Access-Control-Allow-Credentials"] == "true"
        assert methods <= set(response["Access-Control-Allow-Methods"].split(", "))
        assert {"authorization", "content-type"} <= set(
            response["Access-Control-Allow-Headers"].lower().split(", ")
        )
        assert stored() == [0, 0, 0]


class TestInfo:
    @pytest.fixture
    def token(self, application: Application) -> str:
        customer = make.customer(application.organization)
        return make.customer_token(customer, application, expires_in=600)

    def test_describes_the_token_in_the_header_or_the_query(
        self, browser: Client, application: Application, token: str
    ):
        by_header = browser.get(INFO, headers={"Authorization": f"Bearer {token}"})
        by_query = browser.get(INFO, {"code": token})

        answer = by_header.json()
        assert by_header.status_code == by_query.status_code == 200
        assert 590 <= answer["expires_in"] <= 600
        assert {**answer, "expires_in": 0} == {
            "access_token": token,
            "client_id": application.client_id,
            "entity_id": str(Customer.objects.get().pk),
            "expires_in": 0,
            "organization_id": str(application.organization_id),
            "token_type": "Bearer",
        }
        assert {**by_query.json(), "expires_in": 0} == {**answer, "expires_in": 0}

    @pytest.mark.parametrize("code", ["", "unknown", "\x00"])
    def test_knows_no_other_token(self, browser: Client, token: str, code: str):
        response = browser.get(INFO, {"code": code})

        refused(response, 401, "identity_exception", "unauthorized")

    def test_an_agents_token_is_none_of_its_business(self, browser: Client, owner: Agent):
        token = make.access_token(owner)

        response = browser.get(INFO, headers={"Authorization": f"Bearer {token}"})

        refused(response, 401, "identity_exception", "unauthorized")


class TestRevoking:
    def test_ends_the_token_and_its_connections_but_not_the_identity(
        self, browser: Client, application: Application, told: Told
    ):
        first = post(browser, by_cookie(application)).json()
        bearer = {"Authorization": f"Bearer {first['access_token']}"}

        with told() as events:
            response = browser.delete(TOKEN, headers=bearer)

        assert (response.status_code, response.json()) == (200, {})
        assert events == [
            SessionsEnded(
                organization_id=str(application.organization_id),
                reason="access_token_revoked",
                token_checksum=tokens.checksum(first["access_token"]),
            )
        ]
        refused(browser.get(INFO, headers=bearer), 401, "identity_exception", "unauthorized")
        assert post(browser, by_cookie(application)).json()["entity_id"] == first["entity_id"]

    @pytest.mark.parametrize("authorization", ["", "Bearer unknown"])
    def test_needs_the_token_itself(
        self, browser: Client, application: Application, authorization: str
    ):
        post(browser, by_cookie(application))
        before = stored()

        response = browser.delete(TOKEN, headers={"Authorization": authorization})

        refused(response, 401, "identity_exception", "unauthorized")
        assert stored() == before


def keep(browser: Client, name: str, value: str) -> None:
    """Change a cookie of the browser at all of its paths."""
    for cookie in browser.cookies.values():
        if cookie.key == name:
            cookie.set(name, value, value)


def attributes(cookie: "Morsel[str]") -> set[str]:
    """Return a cookie's attributes as the browser reads them, but for the date of expiry."""
    _, *rest = cookie.OutputString().split(";")
    found = {attribute.strip().lower() for attribute in rest}
    return {attribute for attribute in found if not attribute.startswith("expires=")}
