"""Who may ask, for what, and where an answer goes (protocol.md 5.1)."""

from __future__ import annotations

from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from chatplatform.models import Agent, Application, Installation, Organization
from chatplatform.models.people import AgentRole
from chatplatform.scopes import ALL
from chatplatform.services import installations
from tests import make
from tests.accounts.conftest import PASSWORD
from tests.accounts.oauth.flows import (
    NOTHING,
    REDIRECT_URI,
    STATE,
    Browser,
    envelope,
    field,
    refusal,
    s256,
    stored,
)

pytestmark = pytest.mark.django_db


class TestTheClient:
    @pytest.mark.parametrize("signed_in", [True, False])
    @pytest.mark.parametrize("client_id", [None, "", "unknown", "x" * 500, "nul\0"])
    def test_an_unknown_one_is_a_page_of_ours_before_anybody_signs_in(
        self, application: Application, owner: Agent, client_id: str | None, signed_in: bool
    ):
        browser = Browser(application)
        if signed_in:
            browser.sign_in(owner)

        page = browser.ask(client_id=client_id, flow="button")

        assert page.status_code == 400
        assert refusal(page) == ("oauth_exception", "unauthorized_client")
        assert "client_id_not_found" in page.content.decode()
        assert "Location" not in page
        assert stored() == NOTHING

    @pytest.mark.parametrize(
        "redirect_uri",
        [
            None,
            "",
            "nowhere",
            "https://shop.example",
            "https://shop.example/application",
            "https://shop.example/app/../other",
            "https://shop.example/app/%2e%2e/other",
            "https://shop.example/app?to=evil",
            "https://shop.example/app#evil",
            "http://shop.example/app",
            "https://shop.example:8443/app",
            "https://www.shop.example/app",
            "https://shop.example.evil.example/app",
            "https://shop.example@evil.example/app",
            "https://evil.example/https://shop.example/app",
            "javascript://shop.example/app",
        ],
    )
    def test_an_address_that_is_not_its_own_is_a_page_of_ours_before_anybody_signs_in(
        self, application: Application, redirect_uri: str | None
    ):
        page = Browser(application).ask(redirect_uri=redirect_uri, flow="button")

        assert page.status_code == 400
        assert refusal(page) == ("oauth_exception", "unauthorized_client")
        assert "invalid_redirect_uri" in page.content.decode()
        assert "Location" not in page
        assert 'id="envelope"' not in page.content.decode()
        assert stored() == NOTHING

    def test_one_without_any_address_can_not_ask(self, acme: Organization):
        page = Browser(make.application(acme, [])).ask()

        assert page.status_code == 400
        assert "redirect_uri_not_set" in page.content.decode()

    def test_what_a_page_says_of_the_query_is_text(self, application: Application):
        page = Browser(application).ask(client_id="<script>alert(1)</script>")

        assert "<script>alert" not in page.content.decode()


class TestTheRequest:
    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"response_type": "id_token"}, "unsupported_response_type"),
            ({"response_type": ""}, "unsupported_response_type"),
            ({"scope": "chats--all:rw,nonsense"}, "invalid_scope"),
            ({"scope": "chats--all:rw webhooks--all:rw"}, "invalid_scope"),
            ({"organization_id": "acme"}, "invalid_request"),
            ({"response_type": "code", "code_challenge": "short"}, "invalid_request"),
            ({"response_type": "code", "code_challenge": "x" * 129}, "invalid_request"),
            ({"response_type": "code", "code_challenge": "ü" * 43}, "invalid_request"),
            (
                {"response_type": "code", "code_challenge": s256(), "code_challenge_method": "S1"},
                "invalid_request",
            ),
        ],
    )
    def test_what_is_wrong_with_it_is_said_on_a_page_of_ours(
        self, browser: Browser, asked: dict[str, str], code: str
    ):
        page = browser.ask(**asked)

        assert page.status_code == 400
        assert refusal(page) == ("oauth_exception", code)
        assert "Location" not in page
        assert stored() == NOTHING

    def test_what_is_wrong_is_told_by_message_in_the_popup_flow(self, browser: Browser):
        page = browser.ask(response_type="nothing", flow="button")

        assert envelope(page) == {
            "origin": "https://shop.example",
            "message": {
                "error": {
                    "oauth_exception": "unsupported_response_type",
                    "exception_description": "response_type must be token or code",
                }
            },
        }

    def test_a_client_without_a_secret_gets_no_code_without_a_challenge(
        self, public: Application, owner: Agent
    ):
        page = Browser(public).sign_in(owner).ask(response_type="code")

        assert refusal(page) == ("oauth_exception", "invalid_request")
        assert stored() == NOTHING

    @pytest.mark.parametrize("name", ["state", "scope", "response_type"])
    def test_a_value_that_is_there_twice_is_malformed(self, browser: Browser, name: str):
        page = browser.client.get(browser.path() + f"&{name}=token")

        if name == "scope":
            page = browser.client.get(browser.path(scope="customers:ro") + "&scope=customers:ro")
        assert refusal(page) == ("oauth_exception", "invalid_request")

    def test_an_application_without_scopes_has_nothing_to_ask_for(
        self, acme: Organization, owner: Agent
    ):
        bare = make.application(acme, ["https://shop.example/app"])

        page = Browser(bare).sign_in(owner).ask()

        assert refusal(page) == ("oauth_exception", "invalid_scope")

    def test_a_scope_within_what_the_application_has_may_be_asked_for(self, browser: Browser):
        page = browser.ask(scope="chats--my:ro")

        assert page.status_code == 200
        assert "read the chats you take part in" in page.content.decode()

    def test_nothing_happens_when_a_browser_only_looks_ahead(self, browser: Browser):
        assert browser.client.head(browser.path()).status_code == 405
        assert stored() == NOTHING

    def test_without_a_response_type_there_is_the_front_page(self, browser: Browser):
        page = browser.client.get("/", {"client_id": browser.application.client_id})

        assert page.status_code == 200
        assert "front.html" in [template.name for template in page.templates]


class TestSigningIn:
    def test_comes_first_and_leads_back_to_the_whole_request(self, application: Application):
        browser = Browser(application)

        response = browser.ask(scope="customers:ro", prompt="consent", email="olivia@acme.example")

        assert response.status_code == 302
        parts = urlsplit(response["Location"])
        assert parts.path == "/signin"
        values = parse_qs(parts.query)
        assert values["email"] == ["olivia@acme.example"]
        again = urlsplit(values["next"][0])
        assert (again.scheme, again.netloc, again.path) == ("", "", "/")
        assert parse_qs(again.query) == {
            "response_type": ["token"],
            "client_id": [application.client_id],
            "redirect_uri": [REDIRECT_URI],
            "state": [STATE],
            "scope": ["customers:ro"],
            "prompt": ["consent"],
            "email": ["olivia@acme.example"],
        }
        assert stored() == NOTHING

    def test_leads_back_however_much_is_asked_for(self, acme: Organization):
        greedy = make.application(acme, ["https://shop.example/app"], scopes=ALL)
        make.agent(acme, email="noah@acme.example", password=PASSWORD)
        browser = Browser(greedy)
        asked = browser.ask(scope=",".join(sorted(ALL)), state="s" * 4_000)

        html = browser.client.get(asked["Location"]).content.decode()
        wanted = unescape(field(html, "next"))
        response = browser.client.post(
            "/signin",
            {
                "csrfmiddlewaretoken": field(html, "csrfmiddlewaretoken"),
                "next": wanted,
                "username": "noah@acme.example",
                "password": PASSWORD,
            },
        )

        assert len(wanted) > 5_000
        assert response["Location"] == wanted
        assert browser.client.get(response["Location"]).status_code == 200

    def test_at_the_sign_in_page_leads_to_the_same_request(self, application: Application):
        response = Browser(application).ask("/signin", flow="button")

        values = parse_qs(urlsplit(response["Location"]).query)
        assert urlsplit(values["next"][0]).path == "/"

    def test_in_a_frame_there_is_only_the_message_that_nobody_is(self, application: Application):
        page = Browser(application).ask(flow="button", headers={"Sec-Fetch-Dest": "iframe"})

        assert envelope(page) == {
            "origin": "https://shop.example",
            "message": {
                "error": {
                    "identity_exception": "unauthorized",
                    "exception_description": "nobody is signed in",
                }
            },
        }
        assert "frame-ancestors https://shop.example" in page["Content-Security-Policy"]
        assert "X-Frame-Options" not in page


class TestThePerson:
    def test_of_another_organisation_is_refused(self, application: Application):
        stranger = make.agent(make.organization("Other"), AgentRole.OWNER)

        page = Browser(application).sign_in(stranger).ask()

        assert page.status_code == 403
        assert refusal(page) == ("oauth_exception", "access_denied")
        assert "This application belongs to another organisation" in page.content.decode()
        assert "Use another account" in page.content.decode()
        assert stored() == NOTHING

    def test_of_another_organisation_than_asked_for_may_change_accounts(self, browser: Browser):
        page = browser.ask(organization_id=str(uuid4()))

        assert page.status_code == 403
        assert refusal(page) == ("identity_exception", "access_denied")
        assert stored() == NOTHING
        response = browser.decide(page, "switch")
        assert response["Location"].startswith("/signin?next=")
        assert browser.ask()["Location"].startswith("/signin?next=")

    def test_of_the_organisation_asked_for_is_asked(self, browser: Browser, acme: Organization):
        assert browser.ask(organization_id=str(acme.pk)).status_code == 200

    @pytest.mark.parametrize("fault", ["suspended", "awaiting_approval"])
    def test_who_may_not_work_can_not_authorize(self, browser: Browser, owner: Agent, fault: str):
        Agent.objects.filter(pk=owner.pk).update(**{fault: True})

        page = browser.ask()

        assert page.status_code == 403
        assert refusal(page) == ("identity_exception", "access_denied")
        assert stored() == NOTHING

    def test_a_platform_superuser_has_no_seat_to_lend(self, application: Application):
        from chatplatform.models import Account

        root = Account.objects.create_superuser("root@platform.example", "secret")
        browser = Browser(application)
        browser.client.force_login(root, backend="django.contrib.auth.backends.ModelBackend")

        page = browser.ask()

        assert refusal(page) == ("oauth_exception", "access_denied")
        assert stored() == NOTHING

    def test_whose_role_has_none_of_the_scopes_is_told(self, acme: Organization, member: Agent):
        keeper = make.application(acme, ["https://shop.example/app"], scopes=["webhooks--all:rw"])

        page = Browser(keeper).sign_in(member).ask()

        assert refusal(page) == ("oauth_exception", "invalid_scope")
        assert stored() == NOTHING


def test_an_application_that_was_removed_from_the_licence_is_refused(
    browser: Browser, acme: Organization
):
    installations.remove(acme, browser.application)
    assert Installation.objects.get(application=browser.application).removed_at is not None

    page = browser.ask()

    assert page.status_code == 403
    assert refusal(page) == ("oauth_exception", "unauthorized_client")
    assert stored() == NOTHING
