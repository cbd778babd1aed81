"""Properties in the admin: registered, published and set by the API's own rules."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.domain_events.properties import (
    GroupPropertiesUpdated,
    LicensePropertiesUpdated,
)
from chatplatform.models import Application, Group, Organization, PropertyDefinition
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told

LIST = "chatplatform/propertydefinition/"
ADD = f"{LIST}add/"
VALUES = "property-values/"
EVERYWHERE = {
    "license": {"agent": ["read", "write"]},
    "group": {"agent": ["read", "write"]},
}


@pytest.fixture
def app(acme: Organization) -> Application:
    return make.application(acme)


def page(row: PropertyDefinition, name: str) -> str:
    return f"{LIST}{row.pk}/{name}/"


def new(app: Application, **more: Any) -> dict[str, Any]:
    return {
        "owner": app.client_id,
        "name": "plan",
        "type": "string",
        "description": "What they pay",
        "domain": "",
        "lowest": "",
        "highest": "",
        "default_value": "",
        "access-license-agent-read": "on",
        **more,
    }


class TestRegistering:
    def test_a_property_is_registered_with_its_table_of_rights(
        self, owner: Visitor, acme: Organization, app: Application
    ):
        values = new(app, domain="free\r\n\r\npaid", default_value="free")

        response = owner.post(
            ADD, **values, **{"access-chat-customer-read": "on", "access-chat-agent-write": "on"}
        )

        assert response.status_code == 302
        made = PropertyDefinition.objects.get(organization=acme)
        assert (made.namespace, made.name, made.type) == (app.client_id, "plan", "string")
        assert made.access == {
            "license": {"agent": ["read"]},
            "chat": {"agent": ["write"], "customer": ["read"]},
        }
        assert (made.domain, made.default_value, made.public_access) == (
            ["free", "paid"],
            "free",
            None,
        )

    def test_numbers_have_a_range(self, owner: Visitor, app: Application):
        owner.post(ADD, **new(app, type="int", lowest="1", highest="9", default_value="5"))

        made = PropertyDefinition.objects.get()
        assert (made.range, made.default_value) == ({"from": 1, "to": 9}, 5)

    def test_a_default_that_is_no_number_is_marked(self, owner: Visitor, app: Application):
        response = owner.post(ADD, **new(app, type="int", default_value="many"))

        assert errors(response) == {"default_value": ["Write a whole number."]}
        assert not PropertyDefinition.objects.exists()

    def test_what_makes_no_sense_is_refused(self, owner: Visitor, app: Application):
        response = owner.post(ADD, **new(app, lowest="1"))

        assert errors(response) == {"__all__": ["only integers have a `range`"]}
        assert not PropertyDefinition.objects.exists()

    def test_another_organisations_application_is_refused(self, owner: Visitor):
        foreign = make.application(make.organization("Globex"))

        response = owner.post(ADD, **new(foreign))

        assert list(errors(response)) == ["owner"]
        assert not PropertyDefinition.objects.exists()


class TestPublishing:
    def test_it_is_published_for_good_after_a_page_that_says_so(
        self, owner: Visitor, app: Application
    ):
        row = make.definition(app)

        asked = owner.get(page(row, "publish-read"))
        owner.post(page(row, "publish-read"))

        assert b"This is for good" in asked.content
        row.refresh_from_db()
        assert row.public_access == ["read"]
        assert owner.post(page(row, "delete"), post="yes").status_code == 403
        assert PropertyDefinition.objects.filter(pk=row.pk).exists()

    def test_a_private_one_is_taken_back(self, owner: Visitor, app: Application):
        row = make.definition(app)

        owner.post(page(row, "delete"), post="yes")

        assert not PropertyDefinition.objects.exists()

    def test_another_organisations_are_not_there(self, owner: Visitor):
        row = make.definition(make.application(make.organization("Globex")), "globex_plan")

        assert b"globex_plan" not in owner.get(LIST).content
        for name in ("publish-read", "delete"):
            assert owner.post(page(row, name), post="yes").status_code == 302
        row.refresh_from_db()
        assert row.public_access is None


def values(owner: Visitor, path: str = VALUES, **given: Any) -> dict[str, Any]:
    """Return what the page would send, with ``given`` typed in."""
    form = owner.get(path).context["form"]
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent = {name: "" if value is None else value for name, value in sent.items()}
    return sent | given


class TestValues:
    def test_the_licences_are_set_by_their_types(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        given = {
            "test:int_property": "7",
            "test:bool_property": "false",
            "test:string_property": " as typed ",
        }

        with told() as events:
            response = owner.post(VALUES, **values(owner, **given))

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.properties["test"] == {
            "int_property": 7,
            "bool_property": False,
            "string_property": " as typed ",
        }
        (event,) = [one for one in events if isinstance(one, LicensePropertiesUpdated)]
        assert event.properties == {"test": acme.properties["test"]}

    def test_saving_what_is_there_changes_nothing(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        acme.properties["test"] = {"string_property": "one\ntwo", "int_property": 0}
        acme.save()
        sent = {name: str(value).replace("\n", "\r\n") for name, value in values(owner).items()}

        with told() as events:
            owner.post(VALUES, **sent)

        assert events == []

    def test_a_text_set_to_nothing_stays_set(self, owner: Visitor, acme: Organization, told: Told):
        acme.properties["test"] = {"string_property": ""}
        acme.save()

        with told() as events:
            owner.post(VALUES, **values(owner))

        acme.refresh_from_db()
        assert acme.properties["test"] == {"string_property": ""}
        assert events == []

    def test_what_is_emptied_is_deleted(self, owner: Visitor, acme: Organization, told: Told):
        acme.properties["test"] = {"int_property": 7}
        acme.save()

        with told() as events:
            owner.post(VALUES, **values(owner, **{"test:int_property": ""}))

        acme.refresh_from_db()
        assert "int_property" not in acme.properties.get("test", {})
        assert LicensePropertiesUpdated in [type(event) for event in events]

    def test_a_groups_own_are_set(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        path = f"{VALUES}?group={sales.number}"

        with told() as events:
            response = owner.post(path, **values(owner, path, **{"test:int_property": "3"}))

        assert response.url == f"/admin/{path}"
        sales.refresh_from_db()
        assert sales.properties == {"test": {"int_property": 3}}
        assert [type(event) for event in events] == [GroupPropertiesUpdated]

    def test_what_is_no_number_is_marked(self, owner: Visitor, acme: Organization, told: Told):
        before = acme.properties

        with told() as events:
            response = owner.post(VALUES, **values(owner, **{"test:int_property": "many"}))

        assert list(response.context["form"].errors) == ["test:int_property"]
        acme.refresh_from_db()
        assert acme.properties == before
        assert events == []

    def test_what_can_only_be_read_stays(self, owner: Visitor, acme: Organization, told: Told):
        with told() as events:
            owner.post(VALUES, **values(owner, **{"limits:agents.base": "9999"}))

        acme.refresh_from_db()
        assert acme.properties.get("limits", {}).get("agents.base") != 9999
        assert events == []

    def test_public_ones_of_applications_are_there_and_private_ones_are_not(
        self, owner: Visitor, app: Application
    ):
        make.definition(app, "shown", access=EVERYWHERE, public=["read", "write"])
        make.definition(app, "hidden", access=EVERYWHERE)

        names = owner.get(VALUES).context["form"].fields

        assert f"{app.client_id}:shown" in names
        assert f"{app.client_id}:hidden" not in names

    def test_what_routing_asks_for_is_called_as_there(self, owner: Visitor, sales: Group):
        fields = owner.get(VALUES).context["form"].fields
        of_sales = owner.get(f"{VALUES}?group={sales.number}").context["form"].fields

        picking = fields["chats:manual_routing"]
        assert picking.label == "Agents pick chats themselves"
        assert "Programs call it manual_routing;" in picking.help_text
        assert fields["chats:archive_chat_after_min"].label.endswith(" (minutes)")
        assert of_sales["chats:queue.enabled.override"].label == "Queue"
        assert fields["monitoring:ip_mask"].label == "ip_mask"

    def test_one_namespace_is_looked_at(self, owner: Visitor):
        names = owner.get(VALUES, namespace="test").context["form"].fields

        assert {name.partition(":")[0] for name in names} == {"test"}

    @pytest.mark.parametrize("number", ["7", "x", "-1"])
    def test_a_group_that_is_not_there_is_not_found(self, number: str, owner: Visitor):
        make.group(make.organization("Globex"))

        assert owner.get(f"{VALUES}?group={number}").status_code == 404
        assert owner.post(f"{VALUES}?group={number}").status_code == 404
