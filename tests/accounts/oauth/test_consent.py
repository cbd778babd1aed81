"""What a person is asked, what is remembered, and what can not be forged."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from chatplatform.models import Agent, Application, AuditEntry, Consent, Organization
from chatplatform.services import authentication
from tests import make
from tests.accounts.oauth.flows import (
    NOTHING,
    REDIRECT_URI,
    STATE,
    Browser,
    envelope,
    field,
    fragment,
    query,
    refusal,
    stored,
)

pytestmark = pytest.mark.django_db

FRAME = {"Sec-Fetch-Dest": "iframe"}


class TestThePageThatAsks:
    def test_says_who_asks_for_what_and_where_one_goes(self, browser: Browser):
        Application.objects.update(description="Puts chats into the shop's <files>.")

        html = browser.ask().content.decode()

        assert "Let Integration act for you?" in html
        assert "Puts chats into the shop&#x27;s &lt;files&gt;." in html
        assert "Acme" in html
        assert "https://shop.example" in html
        assert "olivia@acme.example" in html
        assert "start, close, transfer and write in all chats" in html
        assert "see customers, with their contact details and visits" in html
        assert stored() == NOTHING

    def test_shows_only_what_the_role_allows(self, application: Application, member: Agent):
        html = Browser(application).sign_in(member).ask().content.decode()

        assert "write in all chats" not in html
        assert "start, close, transfer and write in the chats of your groups" in html
        assert "It asks for more than your role allows" in html

    def test_can_not_be_put_into_a_frame(self, browser: Browser):
        page = browser.ask()

        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY"

    def test_is_kept_by_no_cache(self, browser: Browser):
        assert "no-store" in browser.ask()["Cache-Control"]

    def test_lets_its_form_lead_to_the_application_and_nowhere_else(self, browser: Browser):
        policy = browser.ask()["Content-Security-Policy"]

        assert "form-action 'self' https://shop.example" in policy


class TestSayingYes:
    def test_gives_a_token_in_the_fragment(self, browser: Browser, owner: Agent):
        response = browser.allow()

        assert response.status_code == 303
        assert response["Location"].startswith(f"{REDIRECT_URI}#access_token=")
        given = fragment(response)
        assert {name: given[name] for name in given if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": "28800",
            "scope": "agents--my:ro,chats--all:rw,customers:ro",
            "state": STATE,
        }
        requester = authentication.authenticate_agent(f"Bearer {given['access_token']}")
        assert requester.agent_id == owner.pk
        assert requester.client_id == browser.application.client_id
        assert stored() == {**NOTHING, "AccessToken": 1, "Consent": 1, "AuditEntry": 1}

    def test_gives_a_code_in_the_query(self, browser: Browser):
        response = browser.allow(response_type="code")

        assert response["Location"].startswith(f"{REDIRECT_URI}?code=")
        assert query(response)["state"] == STATE
        assert set(query(response)) == {"code", "state"}
        assert stored() == {**NOTHING, "Grant": 1, "Consent": 1, "AuditEntry": 1}

    def test_leads_to_an_address_in_another_script(self, owner: Agent, acme: Organization):
        shop = make.application(acme, ["https://bücher.example/läden"], scopes=["customers:ro"])

        response = Browser(shop).sign_in(owner).allow(redirect_uri="https://bücher.example/läden")

        address = "https://xn--bcher-kva.example/l%C3%A4den#access_token="
        assert response["Location"].startswith(address)

    def test_leads_to_an_application_on_the_persons_own_machine(
        self, owner: Agent, acme: Organization
    ):
        native = make.application(acme, ["shop-app://done"], scopes=["customers:ro"])
        browser = Browser(native).sign_in(owner)

        page = browser.ask(redirect_uri="shop-app://done", flow="button")
        response = browser.decide(page, "allow")

        assert "form-action 'self' shop-app:" in page["Content-Security-Policy"]
        assert response["Location"].startswith("shop-app://done#access_token=")

    def test_sends_no_state_where_none_came(self, browser: Browser):
        assert "state" not in fragment(browser.allow(state=None))

    def test_is_written_down_once_with_who_and_for_what_and_never_the_token(
        self, browser: Browser, owner: Agent
    ):
        token = fragment(browser.allow())["access_token"]

        row = AuditEntry.objects.get(action="authorize_application")
        assert row.user_id == "olivia@acme.example"
        assert row.door == AuditEntry.Door.PAGES
        assert (row.subject_type, row.subject_id) == (
            "application",
            browser.application.client_id,
        )
        assert row.after == {
            "name": "Integration",
            "response_type": "token",
            "redirect_uri": REDIRECT_URI,
            "scopes": ["agents--my:ro", "chats--all:rw", "customers:ro"],
        }
        assert token not in str(row.__dict__)

    def test_carries_only_what_was_asked_for(self, browser: Browser):
        given = fragment(browser.allow(scope="customers:ro chats--my:ro"))

        assert given["scope"] == "chats--my:ro,customers:ro"

    def test_carries_only_what_the_role_allows(self, application: Application, member: Agent):
        given = fragment(Browser(application).sign_in(member).allow())

        assert given["scope"] == "agents--my:ro,chats--access:rw,customers:ro"

    def test_tells_the_page_that_opened_the_popup_and_nobody_else(self, browser: Browser):
        page = browser.allow(flow="button")

        told = envelope(page)
        assert told["origin"] == "https://shop.example"
        data = told["message"]["data"]
        assert set(data) == {"access_token", "token_type", "expires_in", "scopes", "state"}
        assert data["scopes"] == "agents--my:ro,chats--all:rw,customers:ro"
        authentication.authenticate_agent(f"Bearer {data['access_token']}")
        assert page["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert "no-store" in page["Cache-Control"]

    def test_tells_a_code_by_message(self, browser: Browser):
        told = envelope(browser.allow(flow="button", response_type="code"))

        assert set(told["message"]["data"]) == {"code", "state"}


class TestSayingNo:
    def test_is_said_on_a_page_of_ours(self, browser: Browser):
        response = browser.decide(browser.ask(), "cancel")

        assert response.status_code == 403
        assert refusal(response) == ("oauth_exception", "access_denied")
        assert stored() == NOTHING

    def test_is_told_by_message_in_the_popup_flow(self, browser: Browser):
        response = browser.decide(browser.ask(flow="button"), "cancel")

        assert envelope(response)["message"]["error"]["oauth_exception"] == "access_denied"
        assert stored() == NOTHING

    def test_changing_accounts_ends_the_session(self, browser: Browser):
        response = browser.decide(browser.ask(), "switch")

        assert response["Location"].startswith("/signin?next=")
        assert browser.ask().status_code == 302
        assert stored() == NOTHING


class TestWhatIsRemembered:
    def test_nobody_is_asked_twice(self, browser: Browser):
        browser.allow()

        response = browser.ask()

        assert response.status_code == 302
        assert "access_token" in fragment(response)

    def test_less_than_before_needs_no_question(self, browser: Browser):
        browser.allow()

        assert browser.ask(scope="chats--my:ro").status_code == 302

    def test_more_than_before_is_asked(self, browser: Browser):
        browser.allow(scope="customers:ro")
        before = stored()

        assert browser.ask(scope="customers:ro,chats--my:ro").status_code == 200
        assert stored() == before

    def test_what_was_allowed_adds_up(self, browser: Browser):
        browser.allow(scope="customers:ro")
        browser.allow(scope="chats--all:rw")

        assert Consent.objects.get().scopes == ["chats--all:rw", "customers:ro"]
        assert browser.ask(scope="customers:ro,chats--my:ro").status_code == 302

    def test_is_asked_again_where_the_application_wants_so(self, browser: Browser):
        browser.allow()

        assert browser.ask(prompt="consent").status_code == 200

    def test_is_asked_again_at_the_sign_in_page(self, browser: Browser):
        browser.allow(flow="button")

        page = browser.ask("/signin", flow="button")
        assert page.status_code == 200
        assert "access_token" in envelope(browser.decide(page, "allow"))["message"]["data"]

    def test_is_one_persons_own(self, browser: Browser, member: Agent):
        browser.allow()

        assert Browser(browser.application).sign_in(member).ask().status_code == 200

    def test_our_own_clients_never_ask(self, browser: Browser):
        Application.objects.filter(pk=browser.application.pk).update(skip_authorization=True)

        assert "access_token" in fragment(browser.ask(prompt="consent"))
        assert stored() == {**NOTHING, "AccessToken": 1, "AuditEntry": 1}

    def test_a_frame_is_answered_without_a_word(self, browser: Browser):
        browser.allow()

        page = browser.ask(flow="button", headers=FRAME)

        assert "access_token" in envelope(page)["message"]["data"]
        assert "frame-ancestors https://shop.example" in page["Content-Security-Policy"]
        assert "X-Frame-Options" not in page

    def test_a_frame_never_asks(self, browser: Browser):
        page = browser.ask(flow="button", headers=FRAME)

        assert envelope(page)["message"]["error"] == {
            "identity_exception": "unauthorized",
            "exception_description": "consent is missing",
        }
        assert stored() == NOTHING

    def test_a_browser_that_comes_from_our_sign_in_moves_on_by_itself(self, browser: Browser):
        browser.allow()

        page = browser.ask(headers={"Sec-Fetch-Site": "same-origin"})

        assert page.status_code == 200
        assert f'content="0;url={REDIRECT_URI}#access_token=' in page.content.decode()


class TestForging:
    def test_needs_the_forms_own_token(self, browser: Browser):
        page = browser.ask()
        browser.client.cookies["csrftoken"] = "a" * 32

        response = browser.decide(page, "allow")

        assert response.status_code == 403
        assert stored() == NOTHING

    @pytest.mark.parametrize("ticket", ["", "nonsense", "e30:1abc:def"])
    def test_without_having_been_shown_one_is_shown(self, browser: Browser, ticket: str):
        response = browser.decide(browser.ask(), "allow", ticket=ticket)

        assert response.status_code == 200
        assert "It will be able to" in response.content.decode()
        assert stored() == NOTHING

    def test_with_the_ticket_of_another_session_one_is_shown(
        self, browser: Browser, application: Application, owner: Agent
    ):
        theirs = field(browser.ask().content.decode(), "ticket")
        other = Browser(application).sign_in(owner)

        response = other.decide(other.ask(), "allow", ticket=theirs)

        assert response.status_code == 200
        assert stored() == NOTHING

    def test_with_the_ticket_of_another_application_one_is_shown(
        self, browser: Browser, public: Application
    ):
        ticket = field(browser.ask().content.decode(), "ticket")
        browser.application = public

        response = browser.decide(browser.ask(), "allow", ticket=ticket)

        assert response.status_code == 200
        assert stored() == NOTHING

    def test_gives_no_more_than_was_shown(self, browser: Browser):
        page = browser.ask()
        Application.objects.filter(pk=browser.application.pk).update(
            scopes=["chats--all:rw", "customers:rw", "agents--my:ro", "webhooks--all:rw"]
        )

        given = fragment(browser.decide(page, "allow"))

        assert given["scope"] == "agents--my:ro,chats--all:rw,customers:ro"

    def test_without_a_session_leads_to_the_sign_in(self, application: Application):
        anonymous = Browser(application)
        anonymous.client = Client()

        response = anonymous.client.post(anonymous.path(), {"decision": "allow"})

        assert response["Location"].startswith("/signin?next=")
        assert stored() == NOTHING


class TestGoingInCircles:
    @pytest.fixture(autouse=True)
    def _no_time_passes(self, settings: Any) -> None:
        """Let a slow machine take its time between the requests."""
        settings.REDIRECT_LIMIT_PER_SECOND = 0.001

    def test_a_fourth_time_in_half_a_minute_is_one_too_many(self, browser: Browser):
        browser.allow()
        browser.ask()
        browser.ask()
        before = stored()

        page = browser.ask()

        assert page.status_code == 429
        assert refusal(page) == ("oauth_exception", "invalid_request")
        assert "too_many_redirects" in page.content.decode()
        assert stored() == before

    def test_other_people_and_other_applications_are_not_held_up(
        self, browser: Browser, public: Application, member: Agent, owner: Agent
    ):
        browser.allow()
        browser.ask()
        browser.ask()

        assert Browser(public).sign_in(owner).allow().status_code == 303
        assert Browser(browser.application).sign_in(member).allow().status_code == 303


class TestOpeners:
    @pytest.mark.parametrize("flow", ["button", None])
    def test_the_tie_to_the_page_that_waits_outlasts_the_sign_in(
        self, application: Application, flow: str | None
    ):
        browser = Browser(application)

        first = browser.ask(flow=flow)
        sign_in = browser.client.get(first["Location"])

        assert first["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert sign_in["Cross-Origin-Opener-Policy"] == "unsafe-none"
        assert browser.client.get("/workspace/")["Cross-Origin-Opener-Policy"] == "same-origin"

    def test_pages_nobody_opened_for_this_are_cut_off(self, application: Application):
        sign_in = Browser(application).client.get("/signin")

        assert sign_in["Cross-Origin-Opener-Policy"] == "same-origin"

    def test_the_answer_is_the_last_such_page(self, browser: Browser):
        browser.client.cookies["opened_by_application"] = "1"

        browser.allow(flow="button")

        assert browser.client.get("/")["Cross-Origin-Opener-Policy"] == "same-origin"
