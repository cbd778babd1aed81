"""Organisations and their applications (protocol.md 2.1)."""

import threading

import pytest
from django.db import connection

from chatplatform.errors import Validation
from chatplatform.models import Application, Organization
from chatplatform.selectors import organizations as selectors
from chatplatform.services import applications, organizations
from tests import make

pytestmark = pytest.mark.django_db


class TestOrganizations:
    def test_begins_with_a_licence_the_general_group_and_its_own_clients(self):
        made = organizations.create_organization("  Acme  ")

        assert made.name == "Acme"
        assert made.license_id == 15_000_000
        assert [(group.number, group.name) for group in made.groups.all()] == [(0, "General")]
        assert sorted(client.purpose for client in made.applications.all()) == [
            "widget",
            "workspace",
        ]

    def test_licences_count_up(self):
        first, second = make.organization("First"), make.organization("Second")

        assert second.license_id == first.license_id + 1
        assert selectors.by_license(second.license_id) == second
        assert selectors.by_license(second.license_id + 1) is None
        assert selectors.by_id(first.pk) == first
        assert selectors.first_organization() == first

    def test_the_widget_has_a_public_client_open_to_every_page(self):
        made = make.organization()

        client = Application.objects.get(client_id=selectors.widget_client_id(made))

        assert client.organization == made
        assert client.client_type == Application.CLIENT_PUBLIC
        assert applications.is_open(client)

    @pytest.mark.parametrize("name", ["", "  ", "x" * 181, "nul\x00", "two\nlines"])
    def test_needs_a_plain_name(self, name: str):
        with pytest.raises(Validation):
            organizations.create_organization(name)

        assert not Organization.objects.exists()
        assert not Application.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_no_two_get_one_licence_when_made_at_once(self):
        failures: list[Exception] = []

        def make_some() -> None:
            try:
                for _ in range(3):
                    make.organization()
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=make_some) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        numbers = Organization.objects.order_by("license_id").values_list("license_id", flat=True)
        assert list(numbers) == list(range(15_000_000, 15_000_012))


class TestApplications:
    def test_shows_its_secret_once_and_keeps_a_hash(self):
        organization = make.organization()

        made, secret = applications.create_application(
            organization, "Integration", ["https://shop.example", "https://shop.example:8443/chat"]
        )

        made.refresh_from_db()
        assert secret not in made.client_secret
        assert len(made.client_id) == 32
        assert made.redirect_uris == "https://shop.example https://shop.example:8443/chat"
        assert not applications.is_open(made)

    @pytest.mark.parametrize("uri", ["https://shop.example/?x=1", "shop.example", "*"])
    def test_refuses_a_redirect_uri_that_is_no_plain_address(self, uri: str):
        organization = make.organization()
        before = Application.objects.count()

        with pytest.raises(Validation):
            applications.create_application(organization, "Integration", [uri])

        assert Application.objects.count() == before
