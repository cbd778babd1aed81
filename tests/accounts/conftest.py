"""People with browsers, and the mails they get."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from chatplatform.models import Agent, AuditEntry, Organization
from chatplatform.models.people import AgentRole
from chatplatform.services import staff_mails
from tests import make

PASSWORD = "correct horse battery"
OTHER = "staple of seven rivers"
ADDRESS = "192.0.2.7"
LINK = re.compile(r"https?://[^/\s]+(/\S+)")


class Browser(Client):
    """A browser that shows pages from ``ADDRESS``."""

    def __init__(self, address: str = ADDRESS, **more: Any) -> None:
        super().__init__(
            REMOTE_ADDR=address,
            headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"},
            **more,
        )

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> Any:
        """Send the form of the sign-in page."""
        return self.post("/signin", {"username": email, "password": password, **more})

    def answer(self, path: str, **values: str) -> Any:
        """Send the form of the page that a link in a mail led to."""
        found = re.search(r'name="link" value="(\w+)"', self.get(path).content.decode())
        return self.post(path, {"link": found[1] if found else "", **values})

    @property
    def is_in(self) -> bool:
        """Whether somebody is signed in."""
        return self.get("/workspace/").status_code == 200

    def open(self, link: str) -> Any:
        """Open a link and follow where it leads."""
        return self.get(link, follow=True)


def sent() -> EmailMessage:
    """Let the worker send what is due, and return the only mail that left."""
    mail.outbox.clear()
    staff_mails.send_due()
    (only,) = mail.outbox
    return only


def nothing_sent() -> bool:
    """Let the worker send what is due, and tell whether that was nothing."""
    mail.outbox.clear()
    staff_mails.send_due()
    return not mail.outbox


def link_in(message: EmailMessage) -> str:
    """Return the path of the link in a mail."""
    found = LINK.search(str(message.body))
    assert found is not None
    return found[1]


def code_of(seed: str, steps: int = 0) -> str:
    """Return what an authenticator app shows for a seed, some steps from now."""
    return format_hotp_value(hotp_value(seed.replace(" ", ""), int(time.time()) // 30 + steps))


def logged(organization: Organization | None) -> list[str]:
    """Return the actions in an organisation's audit log, the oldest first."""
    rows = AuditEntry.objects.filter(organization=organization).order_by("id")
    return list(rows.values_list("action", flat=True))


def title(response: Any) -> str:
    """Return the heading of a page."""
    found = re.search(r"<h1>\s*(.*?)\s*</h1>", response.content.decode(), re.S)
    assert found is not None
    return found[1]


@pytest.fixture
def browser() -> Browser:
    """A browser nobody signed in with."""
    return Browser()


@pytest.fixture
def pam(acme: Organization) -> Agent:
    """An agent with a password."""
    return make.agent(acme, email="pam@example.com", name="Pam Poe", password=PASSWORD)


@pytest.fixture
def owner(acme: Organization) -> Agent:
    """The owner, with a password."""
    return make.agent(
        acme, AgentRole.OWNER, email="olga@example.com", name="Olga Owner", password=PASSWORD
    )


@pytest.fixture
def signed_in(pam: Agent, browser: Browser) -> Browser:
    """A browser in which Pam signed in a moment ago."""
    browser.sign_in("pam@example.com")
    assert browser.is_in
    return browser


@pytest.fixture
def another() -> Callable[[str], Browser]:
    """Return how to take another browser, elsewhere."""
    return lambda address: Browser(address)
