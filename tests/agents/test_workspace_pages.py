"""The pages around the workspace: who gets in, what may run there, how long its token lives."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from agents.workspace.catalogue import CATALOGUE
from chatplatform.errors import Authentication
from chatplatform.models import AccessToken, Agent
from chatplatform.services import agent_tokens, authentication
from tests import make

PASSWORD = "correct horse battery"
SCRIPTS = Path(django_settings.BASE_DIR) / "agents" / "static" / "workspace"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> Agent:
    return make.agent(
        make.organization(), email="ann@example.com", name="Ann Agent", password=PASSWORD
    )


@pytest.fixture
def browser() -> Client:
    """A browser that, like a real one, must prove that a form came from our page."""
    return Client(enforce_csrf_checks=True)


def sign_in(browser: Client, email: str = "ann@example.com", password: str = PASSWORD) -> Any:
    browser.get("/signin")
    return browser.post(
        "/signin",
        {"username": email, "password": password, "csrfmiddlewaretoken": csrf(browser)},
    )


def csrf(browser: Client) -> str:
    return browser.cookies["csrftoken"].value


def ask_token(browser: Client, **headers: str) -> Any:
    return browser.post("/workspace/token", headers={"X-CSRFToken": csrf(browser), **headers})


def rendered(html: str, name: str) -> Any:
    """Return the data block ``name`` of a page."""
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', html, re.S)
    assert found is not None
    return json.loads(found[1])


class TestSigningIn:
    def test_the_workspace_sends_strangers_to_sign_in_and_back(
        self, browser: Client, ann: Agent
    ) -> None:
        refused = browser.get("/workspace/")
        assert (refused.status_code, refused["Location"]) == (302, "/signin?next=/workspace/")

        browser.get(refused["Location"])
        entered = browser.post(
            "/signin",
            {
                "username": "ann@example.com",
                "password": PASSWORD,
                "next": "/workspace/",
                "csrfmiddlewaretoken": csrf(browser),
            },
        )

        assert (entered.status_code, entered["Location"]) == (302, "/workspace/")
        assert browser.get("/workspace/").status_code == 200

    def test_the_address_may_be_written_in_capitals(self, browser: Client, ann: Agent) -> None:
        assert sign_in(browser, email="Ann@Example.com").status_code == 302

    def test_it_never_leads_to_another_site(self, browser: Client, ann: Agent) -> None:
        browser.get("/signin")
        entered = browser.post(
            "/signin",
            {
                "username": "ann@example.com",
                "password": PASSWORD,
                "next": "https://evil.example/",
                "csrfmiddlewaretoken": csrf(browser),
            },
        )
        assert entered["Location"] == "/workspace/"

    @pytest.mark.parametrize(
        ("email", "password"),
        [("ann@example.com", "wrong"), ("nobody@example.com", PASSWORD)],
    )
    def test_a_refusal_says_the_same_whatever_was_wrong(
        self, browser: Client, ann: Agent, email: str, password: str
    ) -> None:
        answer = sign_in(browser, email, password)

        page = answer.content.decode()
        assert answer.status_code == 200
        assert re.search(r"<title>\s*Error:\s+Sign in\s*</title>", page)
        assert "There is a problem" in page
        assert '<a href="#id_username">The e-mail address or the password is wrong</a>' in page
        assert browser.get("/workspace/").status_code == 302

    def test_missing_entries_are_named_in_the_summary_and_at_their_field(
        self, browser: Client
    ) -> None:
        page = sign_in(browser, "", "").content.decode()

        assert '<a href="#id_username">Enter your e-mail address</a>' in page
        assert '<a href="#id_password">Enter your password</a>' in page
        assert 'aria-describedby="id_username-error"' in page
        assert 'aria-describedby="id_password-error"' in page

    def test_one_account_can_be_tried_ten_times_from_one_address(
        self, browser: Client, ann: Agent
    ) -> None:
        # given ten wrong guesses
        statuses = [sign_in(browser, password="wrong").status_code for _ in range(10)]

        # when the right password follows
        answer = sign_in(browser)

        # then it is not even looked at, but the owner can still come in from elsewhere
        assert statuses == [200] * 10
        assert answer.status_code == 429
        assert browser.get("/workspace/").status_code == 302
        assert sign_in(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302

    def test_too_many_failures_of_one_address_are_refused(
        self, browser: Client, ann: Agent, settings: Any
    ) -> None:
        settings.ADDRESS_LIMIT_BURST = 2
        settings.ADDRESS_LIMIT_PER_SECOND = 0.001

        statuses = [sign_in(browser, password="wrong").status_code for _ in range(3)]

        assert statuses == [200, 200, 429]

    def test_a_form_of_another_site_is_refused(self, browser: Client, ann: Agent) -> None:
        answer = browser.post("/signin", {"username": "ann@example.com", "password": PASSWORD})
        assert answer.status_code == 403
        assert browser.get("/workspace/").status_code == 302


def test_the_front_page_leads_to_every_door(browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert re.findall(r'class="door" href="([^"]+)"', page) == ["/workspace/", "/demo/", "/docs/"]


class TestThePage:
    def test_it_runs_and_styles_nothing_inline(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        for path in ("/workspace/", "/signin"):
            page = (browser if path != "/signin" else Client()).get(path).content.decode()
            for attributes in re.findall(r"<script\b([^>]*)>", page):
                assert "src=" in attributes or 'type="application/json"' in attributes
            assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", page)

    def test_it_forbids_everything_but_its_own_origin(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        policy = browser.get("/workspace/")["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy

    def test_it_is_never_kept_by_caches(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        assert "no-store" in browser.get("/workspace/")["Cache-Control"]

    def test_it_holds_no_token(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        page = browser.get("/workspace/").content.decode()
        token = ask_token(browser).json()["access_token"]
        assert token not in page

    def test_it_tells_the_script_where_and_as_whom_to_connect(
        self, browser: Client, ann: Agent
    ) -> None:
        sign_in(browser)
        config = rendered(browser.get("/workspace/").content.decode(), "workspace-config")
        assert config["rtmPath"] == "/v3.7/agent/rtm/ws"
        assert config["apiPath"] == "/v3.7/agent/action"
        assert config["tokenUrl"] == "/workspace/token"
        assert config["accountId"] == str(ann.account_id)

    def test_every_word_the_script_asks_for_is_in_the_catalogue(
        self, browser: Client, ann: Agent
    ) -> None:
        sign_in(browser)
        words = rendered(browser.get("/workspace/").content.decode(), "workspace-catalogue")
        source = "\n".join(path.read_text() for path in SCRIPTS.rglob("*.js"))

        asked = set(re.findall(r'\bt\(\s*"([^"]+)"', source))
        counted = set(re.findall(r'\bplural\(\s*"([^"]+)"', source))

        assert len(asked) > 80
        assert asked - set(words) == set()
        assert {f"{name}.other" for name in counted} - set(words) == set()

    def test_a_name_can_not_break_out_of_the_page(self, browser: Client, ann: Agent) -> None:
        account = make.account(ann)
        account.name = '</script><script src="//evil.example">'
        account.save(update_fields=["name"])
        sign_in(browser)
        assert '<script src="//evil' not in browser.get("/workspace/").content.decode()


class TestTheToken:
    def test_it_speaks_for_the_agent_who_signed_in(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)

        answer = ask_token(browser)

        body = answer.json()
        assert answer.status_code == 200
        assert set(body) == {
            "access_token",
            "expires_in",
            "account_id",
            "organization_id",
            "license_id",
        }
        assert body["expires_in"] == agent_tokens.WORKSPACE_LIFETIME_SECONDS
        assert body["account_id"] == str(ann.account_id)
        assert body["organization_id"] == str(ann.organization_id)
        assert body["license_id"] == ann.organization.license_id
        assert "no-store" in answer["Cache-Control"]
        requester = authentication.authenticate_agent(f"Bearer {body['access_token']}")
        assert requester.public_id == "ann@example.com"

    def test_without_a_session_there_is_none(self, browser: Client, ann: Agent) -> None:
        browser.get("/signin")
        answer = ask_token(browser)
        assert (answer.status_code, answer.json()) == (401, {"reason": "signed_out"})
        assert not AccessToken.objects.exists()

    def test_without_the_pages_csrf_token_there_is_none(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        assert browser.post("/workspace/token").status_code == 403
        assert ask_token(browser, **{"X-CSRFToken": "wrong"}).status_code == 403
        assert not AccessToken.objects.exists()

    def test_it_can_not_be_asked_for_by_a_link(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        assert browser.get("/workspace/token").status_code == 405

    def test_an_account_without_a_seat_gets_none(self, browser: Client, ann: Agent) -> None:
        ann.delete()
        sign_in(browser)
        answer = ask_token(browser)
        assert (answer.status_code, answer.json()) == (403, {"reason": "no_agent"})

    def test_it_dies_with_the_sign_out(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        token = ask_token(browser).json()["access_token"]
        other = Client()
        other.force_login(make.account(ann))
        kept = other.post("/workspace/token").json()["access_token"]

        left = browser.post("/signout", {"csrfmiddlewaretoken": csrf(browser)})

        assert (left.status_code, left["Location"]) == (302, "/signin")
        with pytest.raises(Authentication):
            authentication.authenticate_agent(f"Bearer {token}")
        assert authentication.authenticate_agent(f"Bearer {kept}").public_id == "ann@example.com"
        assert browser.get("/workspace/").status_code == 302

    def test_signing_out_needs_our_own_form(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        token = ask_token(browser).json()["access_token"]

        assert browser.post("/signout").status_code == 403
        assert browser.get("/signout")["Location"] == "/account/"

        assert authentication.authenticate_agent(f"Bearer {token}").public_id == "ann@example.com"
        assert browser.get("/workspace/").status_code == 200


def test_the_catalogue_has_both_forms_of_everything_counted() -> None:
    counted = {name.removesuffix(".one") for name in CATALOGUE if name.endswith(".one")}
    assert counted
    assert {f"{name}.other" for name in counted} <= set(CATALOGUE)


class TestTheDirectory:
    """The names the script shows."""

    def test_it_names_the_agents_groups_and_tags_of_the_own_organisation(
        self, browser: Client, ann: Agent
    ) -> None:
        # given two organisations with people, groups and tags
        sales = make.group(ann.organization, "Sales", agents=[ann])
        make.tag(ann.organization, "vip", groups=[sales.number])
        strangers = make.organization("Other")
        make.agent(strangers, email="eve@example.com", name="Eve")
        make.group(strangers, "Secret")
        make.tag(strangers, "hidden")
        sign_in(browser)

        # when the script asks
        answer = browser.get("/workspace/directory")

        # then it is told of its own alone
        told = answer.json()
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        assert told["agents"] == [{"id": "ann@example.com", "name": "Ann Agent", "bot": False}]
        assert {"id": sales.number, "name": "Sales"} in told["groups"]
        assert "Secret" not in {group["name"] for group in told["groups"]}
        assert told["tags"] == [{"name": "vip", "group_ids": [sales.number]}]

    def test_without_a_session_there_is_none(self, browser: Client) -> None:
        answer = browser.get("/workspace/directory")
        assert (answer.status_code, answer.json()) == (401, {"reason": "signed_out"})

    @pytest.mark.parametrize("flaw", ["suspended", "awaiting_approval", "deleted"])
    def test_an_account_that_may_not_work_gets_none(
        self, browser: Client, ann: Agent, flaw: str
    ) -> None:
        sign_in(browser)
        if flaw == "deleted":
            ann.delete()
        else:
            Agent.objects.filter(pk=ann.pk).update(**{flaw: True})
        answer = browser.get("/workspace/directory")
        assert (answer.status_code, answer.json()) == (403, {"reason": "no_agent"})

    def test_it_can_only_be_read(self, browser: Client, ann: Agent) -> None:
        sign_in(browser)
        token = {"X-CSRFToken": csrf(browser)}
        assert browser.post("/workspace/directory", headers=token).status_code == 405
