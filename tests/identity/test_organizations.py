"""Organisations, their people and groups (protocol.md 2.1)."""

import threading

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import connection
from pytest_django.fixtures import Settings

from chatplatform import settings as project_settings
from chatplatform.errors import Validation
from chatplatform.models import Account, Agent, Application, Group, GroupMember, Organization
from chatplatform.models.people import AgentRole
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


class TestAgents:
    def test_gets_an_account_and_a_seat_known_by_the_address(self):
        organization = make.organization()

        agent = organizations.add_agent(
            organization, " Ann@Example.com ", "Ann Agent", "correct horse battery", job_title="Ace"
        )

        account = make.account(agent)
        assert agent.public_id == account.email == "ann@example.com"
        assert agent.organization == account.organization == organization
        assert (agent.name, agent.role, agent.job_title) == ("Ann Agent", "normal", "Ace")
        assert account.check_password("correct horse battery")

    def test_can_not_sign_in_with_a_password_nobody_set(self):
        agent = make.agent(make.organization())

        assert not make.account(agent).has_usable_password()

    def test_an_address_is_taken_once_whatever_its_case_and_organisation(self):
        make.agent(make.organization("First"), email="ann@example.com")
        second = make.organization("Second")

        with pytest.raises(Validation, match="taken"):
            organizations.add_agent(second, "ANN@example.com", "Ann")

        assert Account.objects.count() == Agent.objects.count() == 1

    def test_an_organisation_has_one_owner(self):
        organization = make.organization()
        make.agent(organization, AgentRole.OWNER)

        with pytest.raises(Validation, match="owner"):
            make.agent(organization, AgentRole.OWNER)

        assert Agent.objects.count() == 1

    @pytest.mark.parametrize(
        ("email", "name", "password", "role"),
        [
            ("not an address", "Ann", None, "normal"),
            ("ann@example.com\x00", "Ann", None, "normal"),
            (245 * "a" + "@example.com", "Ann", None, "normal"),
            ("ann@example.com", "", None, "normal"),
            ("ann@example.com", "Ann", "short", "normal"),
            ("ann@example.com", "Ann", "password", "normal"),
            ("ann@example.com", "Ann", None, "emperor"),
        ],
    )
    def test_anything_malformed_is_refused(
        self, email: str, name: str, password: str | None, role: str
    ):
        organization = make.organization()

        with pytest.raises(Validation):
            organizations.add_agent(organization, email, name, password, role=role)

        assert not Account.objects.exists()

    def test_passwords_are_hashed_with_argon2(self, settings: Settings):
        settings.PASSWORD_HASHERS = project_settings.PASSWORD_HASHERS

        assert identify_hasher(make_password("correct horse battery")).algorithm == "argon2"


class TestGroups:
    def test_numbers_count_up_within_the_organisation(self):
        first, second = make.organization("First"), make.organization("Second")

        numbers = [
            organizations.create_group(organization, "Sales").number
            for organization in (first, first, second)
        ]

        assert numbers == [1, 2, 1]

    def test_has_members_with_a_priority_that_can_change(self):
        organization = make.organization()
        agent, group = make.agent(organization), make.group(organization)

        organizations.add_group_member(group, agent)
        organizations.add_group_member(group, agent, "supervisor")

        assert [(member.agent, member.priority) for member in group.members.all()] == [
            (agent, "supervisor")
        ]

    def test_takes_nobody_of_another_organisation_and_general_nobody_at_all(self):
        organization = make.organization()
        agent = make.agent(organization)
        general = Group.objects.get(organization=organization, number=0)
        foreign = make.group(make.organization("Other"))

        with pytest.raises(Validation):
            organizations.add_group_member(general, agent)
        with pytest.raises(Validation):
            organizations.add_group_member(foreign, agent)
        with pytest.raises(Validation):
            organizations.add_group_member(make.group(organization), agent, "sometimes")

        assert not GroupMember.objects.exists()


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
