"""The lines to paste, and where they have been seen."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import pytest
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.models import Channel, Group, Organization, Visit
from chatplatform.selectors import installation
from chatplatform.services import domains
from tests import make
from tests.admin.conftest import Visitor

PAGE = "website/install/"


class Script(HTMLParser):
    """The script element that is to be pasted."""

    def __init__(self, lines: str) -> None:
        super().__init__()
        self.attributes: dict[str, str | None] = {}
        self.feed(lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "script"
        self.attributes = dict(attrs)


def opened(organization: Organization, *urls: str, minutes: int = 0) -> None:
    """Let a new visitor open pages."""
    moment = clock.now() - timedelta(minutes=minutes)
    customer = make.customer(organization)
    pages = [{"opened_at": clock.to_wire(moment), "url": url, "title": ""} for url in urls]
    customer.last_visit = Visit.objects.create(customer=customer, last_pages=pages)
    customer.save(update_fields=["last_visit"])


class TestLines:
    def test_name_the_organisation(self, owner: Visitor, acme: Organization):
        script = Script(owner.get(PAGE).context["snippet"]).attributes

        assert script == {
            "src": f"http://testserver/widget.js?organization_id={acme.pk}",
            "data-organization-id": str(acme.pk),
            "async": None,
        }

    def test_name_group_language_and_the_public_address(
        self, owner: Visitor, acme: Organization, sales: Group, settings: Settings
    ):
        settings.PUBLIC_URL = "https://chat.example"

        lines = owner.get(PAGE, group=sales.number, language="de").context["snippet"]

        assert Script(lines).attributes == {
            "src": f"https://chat.example/widget.js?organization_id={acme.pk}&group_id={sales.number}",
            "data-organization-id": str(acme.pk),
            "data-group-id": str(sales.number),
            "data-language": "de",
            "async": None,
        }

    @pytest.mark.parametrize(
        "query", [{"group": "99"}, {"group": '"><script>'}, {"language": "tlh"}]
    )
    def test_take_no_nonsense(self, query: dict[str, str], owner: Visitor, acme: Organization):
        script = Script(owner.get(PAGE, **query).context["snippet"]).attributes

        assert list(script) == ["src", "data-organization-id", "async"]


class TestSeen:
    def test_nothing_is_installed_at_first(self, owner: Visitor, acme: Organization):
        page = owner.get(PAGE)

        assert "Not yet: no visitor has been seen" in page.content.decode()
        assert page.context["sites"] == []

    def test_hosts_with_their_last_pages_the_newest_first(self, acme: Organization):
        opened(acme, "https://old.example/a", minutes=9)
        opened(
            acme, "https://shop.example/a", "https://shop.example/b", "javascript:void", minutes=5
        )
        opened(make.organization("Globex"), "https://globex.example/")

        found = [(site.host, site.allowed) for site in installation.sites(acme)]

        assert found == [("shop.example", True), ("old.example", True)]

    def test_hosts_that_are_not_allowed_are_told_apart(self, acme: Organization):
        opened(acme, "https://shop.example/", "https://copy.example/")
        domains.allow_domain(acme, "shop.example")

        assert {site.host: site.allowed for site in installation.sites(acme)} == {
            "shop.example": True,
            "copy.example": False,
        }

    def test_the_first_use_is_known(self, owner: Visitor, acme: Organization):
        Channel.objects.create(organization=acme, type=Channel.Type.CODE)

        assert installation.first_seen(acme) is not None
        assert "Yes. The widget has been opened" in owner.get(PAGE).content.decode()
