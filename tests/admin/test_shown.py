"""Saving a page changes what was changed on it, whatever happened since it was opened."""

from __future__ import annotations

from typing import Any

from chatplatform.models import Agent, Application, Group, Organization
from chatplatform.services import groups, identity_providers, installations
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.html_forms import form_of

ROUTING = "chats/routing/"
SENDING = "webhooks/sending/"
VALUES = "property-values/"


def group_page(group: Group) -> str:
    return f"chatplatform/group/{group.pk}/change/"


def members(group: Group) -> dict[str, str]:
    return dict(group.members.values_list("agent__public_id", "priority"))


def opened(visitor: Visitor, path: str) -> Any:
    """Return what the page's form would send, had nothing been changed."""
    return form_of(visitor.get(path))


def set_values(holder: Organization | Group, namespace: str, **values: Any) -> None:
    """Have an integration set properties."""
    holder.properties = {**holder.properties, namespace: values}
    holder.save(update_fields=["properties"])


class TestGroups:
    def test_who_was_added_meanwhile_stays(self, owner: Visitor, acme: Organization, sales: Group):
        ann, bob = make.agent(acme, groups=[sales]), make.agent(acme)
        sent = opened(owner, group_page(sales))
        groups.add_group_member(sales, bob)

        owner.post(group_page(sales), **{**sent, "name": "Sellers"})

        sales.refresh_from_db()
        assert sales.name == "Sellers"
        assert members(sales) == {ann.public_id: "normal", bob.public_id: "normal"}

    def test_who_was_moved_here_is_moved_and_nobody_else(
        self, owner: Visitor, acme: Organization, sales: Group
    ):
        ann, bob = make.agent(acme, groups=[sales]), make.agent(acme)
        sent = opened(owner, group_page(sales))
        groups.add_group_member(sales, bob)

        owner.post(group_page(sales), **{**sent, f"members-{ann.public_id}": ""})

        assert members(sales) == {bob.public_id: "normal"}

    def test_a_name_that_was_changed_meanwhile_stays(self, owner: Visitor, sales: Group):
        sent = opened(owner, group_page(sales))
        Group.objects.filter(pk=sales.pk).update(name="Sellers")

        owner.post(group_page(sales), **{**sent, "language_code": "pl"})

        sales.refresh_from_db()
        assert (sales.name, sales.language_code) == ("Sellers", "pl")

    def test_saving_what_was_opened_changes_nothing(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        make.agent(acme, groups=[sales])
        sent = opened(owner, group_page(sales))

        with told() as events:
            owner.post(group_page(sales), **sent)

        assert events == []

    def test_what_is_refused_is_shown_with_what_is_there_by_then(
        self, owner: Visitor, acme: Organization, sales: Group
    ):
        sent = opened(owner, group_page(sales))
        bob = make.agent(acme, groups=[sales])

        refused = owner.post(group_page(sales), **{**sent, "name": ""})
        again = form_of(refused)
        owner.post(group_page(sales), **{**again, "name": "Sellers"})

        assert list(errors(refused)) == ["name"]
        assert again[f"members-{bob.public_id}"] == ["normal"]
        sales.refresh_from_db()
        assert (sales.name, members(sales)) == ("Sellers", {bob.public_id: "normal"})


class TestAgents:
    def test_groups_they_came_to_meanwhile_stay(
        self, owner: Visitor, acme: Organization, sales: Group
    ):
        ann = make.agent(acme)
        page = f"chatplatform/agent/{ann.pk}/change/"
        sent = opened(owner, page)
        groups.add_group_member(sales, ann)

        owner.post(page, **{**sent, "job_title": "Seller"})

        ann.refresh_from_db()
        assert ann.job_title == "Seller"
        assert members(sales) == {ann.public_id: "normal"}

    def test_hours_that_were_set_meanwhile_stay(self, owner: Visitor, acme: Organization):
        ann = make.agent(acme)
        page = f"chatplatform/agent/{ann.pk}/change/"
        sent = opened(owner, page)
        monday = {"day": "monday", "enabled": True, "start": "09:00", "end": "17:00"}
        hours = {"timezone": "Europe/Warsaw", "schedule": [monday]}
        Agent.objects.filter(pk=ann.pk).update(work_scheduler=hours)

        owner.post(page, **{**sent, "job_title": "Seller"})

        ann.refresh_from_db()
        assert (ann.job_title, ann.work_scheduler) == ("Seller", hours)

    def test_boxes_are_ticked_one_by_one(self, owner: Visitor, acme: Organization):
        ann = make.agent(acme)
        Agent.objects.filter(pk=ann.pk).update(notifications=["incoming_chat"])
        page = f"chatplatform/agent/{ann.pk}/change/"
        sent = opened(owner, page)
        Agent.objects.filter(pk=ann.pk).update(notifications=[])

        owner.post(page, **{**sent, "notifications": ["incoming_chat", "new_visitor"]})

        ann.refresh_from_db()
        assert ann.notifications == ["new_visitor"]


class TestSending:
    def test_what_was_installed_meanwhile_goes_on(self, owner: Visitor, acme: Organization):
        first = self.installed(acme)
        sent = opened(owner, SENDING)
        second = self.installed(acme)

        del sent[first.client_id]
        owner.post(SENDING, **sent)

        assert self.enabled(acme) == {first.client_id: False, second.client_id: True}

    def test_so_it_does_where_nothing_was_installed_before(
        self, owner: Visitor, acme: Organization
    ):
        sent = opened(owner, SENDING)
        app = self.installed(acme)

        owner.post(SENDING, **sent)

        assert self.enabled(acme) == {app.client_id: True}

    def installed(self, organization: Organization) -> Application:
        app = make.application(organization)
        if not organization.installations.filter(application=app).exists():
            installations.install(organization, app)
        return app

    def enabled(self, organization: Organization) -> dict[str, bool]:
        rows = organization.installations.filter(application__purpose="integration")
        return dict(rows.values_list("application__client_id", "webhooks_enabled"))


class TestPropertyValues:
    def test_what_was_set_meanwhile_stays(self, owner: Visitor, acme: Organization):
        sent = opened(owner, VALUES)
        set_values(acme, "test", string_property="by an integration")

        owner.post(VALUES, **{**sent, "test:int_property": "7"})

        acme.refresh_from_db()
        assert acme.properties["test"] == {
            "string_property": "by an integration",
            "int_property": 7,
        }

    def test_what_was_registered_meanwhile_is_not_emptied(self, owner: Visitor, acme: Organization):
        everywhere = {"license": {"agent": ["read", "write"]}}
        sent = opened(owner, VALUES)
        app = make.application(acme)
        make.definition(app, access=everywhere, public=["read", "write"])
        set_values(acme, app.client_id, plan="paid")

        owner.post(VALUES, **sent)

        acme.refresh_from_db()
        assert acme.properties[app.client_id] == {"plan": "paid"}

    def test_what_is_emptied_is_deleted(self, owner: Visitor, acme: Organization):
        set_values(acme, "test", string_property="one\ntwo", int_property=7)
        sent = opened(owner, VALUES)

        owner.post(VALUES, **{**sent, "test:int_property": ""})

        acme.refresh_from_db()
        assert acme.properties["test"] == {"string_property": "one\ntwo"}

    def test_words_of_several_lines_are_known_again(self, owner: Visitor, acme: Organization):
        set_values(acme, "test", string_property="one\ntwo")
        sent = opened(owner, VALUES)
        set_values(acme, "test", string_property="three")

        owner.post(VALUES, **sent)

        acme.refresh_from_db()
        assert acme.properties["test"] == {"string_property": "three"}


class TestRouting:
    def test_settings_of_others_stay(self, owner: Visitor, acme: Organization):
        sent = opened(owner, ROUTING)
        set_values(acme, "chats", archive_chat_after_min=90)

        owner.post(ROUTING, **{**sent, "chat_inactive_after_min": "5"})

        acme.refresh_from_db()
        assert acme.properties["chats"] == {
            "archive_chat_after_min": 90,
            "chat_inactive_after_min": 5,
        }

    def test_so_do_those_of_a_group(self, owner: Visitor, sales: Group):
        page = f"{ROUTING}group/?group={sales.number}"
        sent = opened(owner, page)
        set_values(sales, "chats", **{"queue.routing_priority": 3})

        owner.post(page, **{**sent, "manual_routing_override": "1"})

        sales.refresh_from_db()
        assert sales.properties["chats"] == {
            "queue.routing_priority": 3,
            "manual_routing.override": 1,
        }


class TestWhatIsToldOfAPage:
    def test_secrets_are_not(self, owner: Visitor, acme: Organization):
        values = {"name": "Acme Login", "issuer": "https://login.example.com", "client_id": "chat"}
        row = identity_providers.create_provider(acme, {**values, "client_secret": "planted"})

        page = owner.get(f"chatplatform/identityprovider/{row.pk}/change/").text

        assert 'name="shown-name"' in page
        assert 'name="shown-client_secret"' not in page
        assert "planted" not in page

    def test_nothing_is_of_what_is_not_made_yet(self, owner: Visitor):
        assert "shown-" not in owner.get("chatplatform/group/add/").text

    def test_what_is_malformed_is_as_if_it_were_not_told(self, owner: Visitor, sales: Group):
        sent = opened(owner, group_page(sales))

        response = owner.post(group_page(sales), **{**sent, "name": "Sellers", "shown-name": "{"})

        assert response.status_code == 302
        sales.refresh_from_db()
        assert sales.name == "Sellers"
