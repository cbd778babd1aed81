"""Links in mails: which hosts they may lead to, and where their tokens do not come to lie."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.checks import links_lead_home
from chatplatform.models import Account, Agent, AuditEntry, Organization, StaffMail
from chatplatform.models.people import AgentRole
from chatplatform.services import invitations, passwords, sign_in_addresses
from tests import make
from tests.accounts.conftest import OTHER, PASSWORD, Browser, nothing_sent, sent
from tests.admin.conftest import Visitor

pytestmark = pytest.mark.django_db

SITE = "https://chat.example"
PAM = "pam@example.com"
TOM = "tom@example.com"
FORM_LINK = re.compile(r'name="link" value="(\w+)"')
FORGERY_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
REFUSED = "No link can be sent from this address of the site"


def forgotten(host: str, email: str = PAM) -> Any:
    return Browser().post("/account/forgotten/", {"email": email}, HTTP_HOST=host)


class TestAForgedHost:
    """Anybody can ask for somebody's new password, and name a host of their own."""

    @pytest.fixture(autouse=True)
    def _out_of_the_box(self, settings: Settings) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "", ["*"]

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "192.0.2.66",
            "192.168.1.66:8000",
            "[2001:db8::66]:8000",
        ],
    )
    def test_no_link_leads_there(
        self, pam: Agent, caplog: pytest.LogCaptureFixture, host: str
    ) -> None:
        answer = forgotten(host)

        assert (answer.status_code, REFUSED in answer.content.decode()) == (200, True)
        assert not StaffMail.objects.exists()
        assert nothing_sent()
        (told,) = [one for one in caplog.records if one.name == "chatplatform.mail_links"]
        assert told.levelno == logging.WARNING
        assert "PUBLIC_URL" in told.getMessage()
        assert host in told.getMessage()

    def test_nobody_learns_who_has_an_account(self, pam: Agent) -> None:
        first, second = (
            FORGERY_TOKEN.sub("", forgotten("evil.example", email).content.decode())
            for email in (PAM, "nobody@example.com")
        )

        assert first.replace(PAM, "nobody@example.com") == second

    def test_a_link_for_who_is_locked_out_does_not_lead_there(
        self, pam: Agent, settings: Settings
    ) -> None:
        settings.SIGN_IN_FAILURES = 1

        Browser().post("/signin", {"username": PAM, "password": "wrong"}, HTTP_HOST="evil.example")

        body = str(sent().body)
        assert "ask for a new password" in body
        assert "/account/" not in body
        assert "evil.example" not in body

    def test_no_address_is_proved_from_there(self, signed_in: Browser) -> None:
        answer = signed_in.post("/account/address/", {"email": PAM}, HTTP_HOST="evil.example")

        assert REFUSED in answer.content.decode()
        assert not StaffMail.objects.exists()

    def test_an_agent_who_is_made_from_there_is_sent_nothing(
        self, acme: Organization, caplog: pytest.LogCaptureFixture
    ) -> None:
        owner = make.agent(acme, AgentRole.OWNER)

        made = Browser().post(
            "/v3.7/configuration/action/create_agent",
            {"id": "nora@example.com", "name": "Nora New"},
            "application/json",
            HTTP_HOST="evil.example",
            HTTP_AUTHORIZATION=f"Bearer {make.access_token(owner)}",
        )

        assert made.json() == {"id": "nora@example.com"}
        assert not StaffMail.objects.exists()
        (told,) = [one for one in caplog.records if one.name == "chatplatform.mail_links"]
        assert "evil.example" in told.getMessage()

    @pytest.fixture
    def visitor(self, acme: Organization) -> Visitor:
        """The owner, who opened the admin at another host."""
        owner = make.agent(acme, AgentRole.OWNER)
        visitor = Visitor(make.account(owner), owner)
        visitor.client.defaults["HTTP_HOST"] = "evil.example"
        return visitor

    def test_nobody_is_invited_from_there_by_a_button(
        self, acme: Organization, visitor: Visitor
    ) -> None:
        nora = make.agent(acme, email="nora@example.com")

        refused = visitor.post(f"chatplatform/agent/{nora.pk}/invite/", follow=True)

        assert REFUSED in refused.content.decode()
        assert not StaffMail.objects.exists()
        assert not AuditEntry.objects.filter(action__contains="invitation").exists()

    def test_a_link_to_hand_on_leads_to_where_its_reader_is(
        self, acme: Organization, visitor: Visitor
    ) -> None:
        nora = make.agent(acme, email="nora@example.com")

        shown = visitor.post(f"chatplatform/agent/{nora.pk}/invitation-link/", follow=True)

        assert "http://evil.example/account/invitation/" in shown.content.decode()

    def test_no_organisation_is_founded_from_there_whose_owner_learns_nothing_of_it(self) -> None:
        visitor = Visitor(Account.objects.create_superuser("root@example.com", name="Root"))
        visitor.client.defaults["HTTP_HOST"] = "evil.example"

        refused = visitor.post(
            "chatplatform/organization/add/",
            name="Globex",
            owner_email="hank@globex.example",
            owner_name="Hank Scorpio",
        )

        assert REFUSED in refused.content.decode()
        assert not Organization.objects.exists()
        assert not StaffMail.objects.exists()

    def test_one_signs_in_from_there_all_the_same(self, pam: Agent) -> None:
        answer = Browser().post(
            "/signin", {"username": PAM, "password": PASSWORD}, HTTP_HOST="192.168.1.66:8000"
        )

        assert answer["Location"] == "/workspace/"


class TestAKnownHost:
    @pytest.mark.parametrize(
        "host",
        ["localhost:8000", "LOCALHOST", "chat.localhost:8000", "127.0.0.1:8000", "[::1]:8000"],
    )
    def test_ones_own_machine_is_known_out_of_the_box(
        self, pam: Agent, settings: Settings, host: str
    ) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "", ["*"]

        assert forgotten(host)["Location"] == "/account/forgotten/sent/"

        assert f"http://{host}/account/password/new/" in str(sent().body)

    @pytest.mark.parametrize(
        ("allowed", "host"),
        [
            (["chat.example"], "chat.example"),
            (["*", "chat.example"], "chat.example:8443"),
            ([".example"], "chat.example"),
            (["192.168.1.5"], "192.168.1.5:8000"),
        ],
        ids=str,
    )
    def test_so_is_one_that_the_installation_names(
        self, pam: Agent, settings: Settings, allowed: list[str], host: str
    ) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "", allowed

        forgotten(host)

        assert f"http://{host}/account/password/new/" in str(sent().body)

    def test_the_public_address_goes_before_any(self, pam: Agent, settings: Settings) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = SITE, ["*"]

        for host in ("evil.example", "localhost:8000"):
            StaffMail.objects.all().delete()
            forgotten(host)
            assert f"{SITE}/account/password/new/" in str(sent().body)

    @pytest.mark.parametrize(
        ("public", "allowed", "warned"),
        [
            ("", ["*"], ["chatplatform.W001"]),
            ("", ["*", "chat.example"], ["chatplatform.W001"]),
            (SITE, ["*"], []),
            ("", ["chat.example"], []),
        ],
    )
    def test_an_installation_that_knows_none_is_told_before_it_goes_public(
        self, settings: Settings, public: str, allowed: list[str], warned: list[str]
    ) -> None:
        settings.PUBLIC_URL, settings.ALLOWED_HOSTS = public, allowed

        assert [one.id for one in links_lead_home()] == warned


def test_an_address_gets_ten_links_a_day(settings: Settings) -> None:
    settings.PUBLIC_URL = SITE
    with time_machine.travel(clock.now(), tick=False) as traveller:
        for _ in range(12):
            passwords.ask_for_reset(PAM, SITE)
            traveller.shift(timedelta(minutes=2))
        within_a_day = StaffMail.objects.count()

        traveller.shift(timedelta(days=1))
        passwords.ask_for_reset(PAM, SITE)

    assert (within_a_day, StaffMail.objects.count()) == (10, 11)


class TestTwoTabs:
    """Somebody opens a link, and another in a second tab: the browser knows the second one."""

    @pytest.fixture
    def browser(self, pam: Agent, acme: Organization, settings: Settings) -> Browser:
        """A browser."""
        settings.PUBLIC_URL = SITE
        make.agent(acme, email=TOM, password=PASSWORD)
        return Browser()

    def opened(self, browser: Browser, email: str) -> str:
        """Open somebody's link for a new password; return what the page's form names it by."""
        passwords.ask_for_reset(email, SITE)
        page = browser.open(path_in(str(sent().body))).content.decode()
        return FORM_LINK.findall(page)[0]

    def test_the_first_page_sets_nobodys_password(self, browser: Browser) -> None:
        first = self.opened(browser, PAM)
        self.opened(browser, TOM)

        refused = browser.post("/account/password/new/", {"link": first, "password": OTHER})

        page = refused.content.decode()
        assert refused.status_code == 409
        assert "You opened another link meanwhile" in page
        assert f"For {TOM}." in page
        for email in (PAM, TOM):
            assert Account.objects.get(email=email).check_password(PASSWORD)

    def test_what_it_shows_then_sets_the_others(self, browser: Browser) -> None:
        first = self.opened(browser, PAM)
        self.opened(browser, TOM)
        page = browser.post("/account/password/new/", {"link": first, "password": OTHER})
        (link,) = FORM_LINK.findall(page.content.decode())

        answer = browser.post("/account/password/new/", {"link": link, "password": OTHER})

        assert answer["Location"] == "/workspace/"
        assert Account.objects.get(email=TOM).check_password(OTHER)
        assert Account.objects.get(email=PAM).check_password(PASSWORD)

    def test_the_second_page_is_good_at_once(self, browser: Browser) -> None:
        self.opened(browser, PAM)
        second = self.opened(browser, TOM)

        browser.post("/account/password/new/", {"link": second, "password": OTHER})

        assert Account.objects.get(email=TOM).check_password(OTHER)

    def test_no_invitation_is_accepted_for_another(
        self, browser: Browser, acme: Organization
    ) -> None:
        nora, otto = (make.agent(acme, email=f"{name}@example.com") for name in ("nora", "otto"))
        page = browser.open(invitations.link(nora, SITE).removeprefix(SITE))
        browser.open(invitations.link(otto, SITE).removeprefix(SITE))
        (first,) = FORM_LINK.findall(page.content.decode())

        refused = browser.post("/account/invitation/", {"link": first, "password": OTHER})

        assert refused.status_code == 409
        for agent in (nora, otto):
            assert not Account.objects.get(pk=agent.account_id).has_usable_password()

    def test_no_address_is_proved_in_place_of_another(self, browser: Browser) -> None:
        account = Account.objects.get(email=PAM)
        links = []
        for address in ("one@example.com", "two@example.com"):
            sign_in_addresses.ask_to_prove(account, address, SITE)
            page = browser.open(path_in(str(sent().body)))
            links += FORM_LINK.findall(page.content.decode())

        refused = browser.post("/account/address/prove/", {"link": links[0]})

        assert refused.status_code == 409
        assert "two@example.com" in refused.content.decode()
        assert Account.objects.get(pk=account.pk).email == PAM


class TestTheToken:
    """Whoever reads it opens the account: it lies in the session, and nowhere else."""

    @pytest.fixture
    def paths(self, pam: Agent, settings: Settings) -> dict[str, str]:
        """A link of each kind, by what opens it."""
        settings.PUBLIC_URL = SITE
        account = Account.objects.get(email=PAM)
        passwords.ask_for_reset(PAM, SITE)
        reset = str(sent().body)
        sign_in_addresses.ask_to_prove(account, "new@example.com", SITE)
        proof = str(sent().body)
        return {"resetting": path_in(reset), "proving": path_in(proof)}

    @pytest.mark.parametrize("kind", ["resetting", "proving"])
    def test_no_page_has_it_in_its_address(self, paths: dict[str, str], kind: str) -> None:
        answer = Browser().get(paths[kind])

        assert answer.status_code == 302
        assert answer["Location"] == f"{paths[kind].rsplit('/', 2)[0]}/"

    @pytest.mark.parametrize("kind", ["resetting", "proving"])
    def test_no_error_writes_it_to_the_log(
        self,
        paths: dict[str, str],
        kind: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(token: str) -> None:
            raise RuntimeError("the database is away")

        module = passwords if kind == "resetting" else sign_in_addresses
        monkeypatch.setattr(module, kind, fail)
        token = paths[kind].split("/")[-2]

        answer = Browser(raise_request_exception=False).get(paths[kind])

        assert answer.status_code == 500
        assert "Internal Server Error: /account/" in caplog.text
        assert token not in caplog.text

    def test_a_link_that_is_gone_is_not_written_there_either(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "django.request")

        assert Browser().get("/account/invitation/nonsense/").status_code == 410

        assert "Gone: /account/invitation/" in caplog.text
        assert "nonsense" not in caplog.text


def path_in(body: str) -> str:
    (found,) = [line.removeprefix(SITE) for line in body.splitlines() if line.startswith(SITE)]
    return found
