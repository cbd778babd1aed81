"""What an owner sets up on a server, made by the services. Done by a server's ``backstage``."""

from typing import Any

from chatplatform import clock
from chatplatform.models import ApiCall, Greeting, Organization
from chatplatform.services import applications, forms, greetings, identity_keys
from tests import make

NOTHING = ({"id": "none", "type": "header", "label": "Nothing"},)


def furnish(organization_id: str, **things: Any) -> dict[str, Any]:
    """Make things for the widget; return their ids.

    ``forms`` by kind (lists of fields; an empty one ends a form), ``greetings`` (lists of
    arguments of :func:`tests.make.greeting`), ``keys`` (names of identity keys), and ``apart`` to
    keep the visitors of groups apart, of which one is made. All greetings there were end first.
    """
    organization = Organization.objects.get(id=organization_id)
    made: dict[str, Any] = {"forms": {}, "greetings": []}
    for kind, fields in things.get("forms", {}).items():
        form = forms.set_form(organization, 0, kind, enabled=bool(fields), fields=fields or NOTHING)
        made["forms"][kind] = form.public_id
    for greeting in Greeting.objects.filter(organization=organization):
        greetings.delete_greeting(organization, greeting.pk)
    for values in things.get("greetings", ()):
        made["greetings"].append(make.greeting(organization, **values).pk)
    made["keys"] = [
        {"id": key.key.public_id, "secret": key.secret}
        for key in (
            identity_keys.create_identity_key(organization.pk, name)
            for name in things.get("keys", ())
        )
    ]
    if things.get("apart"):
        organization.properties.setdefault("chats", {})["chat_between_groups"] = False
        organization.save(update_fields=["properties"])
        made["group"] = make.group(organization, "Boats").number
    return made


def register(organization_id: str, origin: str, **values: Any) -> dict[str, str]:
    """Register a site as an application; return its credentials."""
    organization = Organization.objects.get(id=organization_id)
    made = applications.create_application(organization, values.pop("name"), [origin], **values)
    return {"client_id": made.application.client_id, "client_secret": made.client_secret}


def tag(organization_id: str, names: list[str]) -> None:
    """Make tags for everybody's chats."""
    for name in names:
        make.tag(Organization.objects.get(id=organization_id), name)


def application_with_history(organization_id: str) -> str:
    """Make an application with a webhook, a delivery and a call; return its client id."""
    organization = Organization.objects.get(id=organization_id)
    shop = make.application(organization)
    webhook = make.webhook(shop, "chat_properties_updated", url="https://hooks.shop.example/chats")
    make.delivery(organization, webhook)
    ApiCall.objects.create(
        organization=organization,
        client_id=shop.client_id,
        user_id="administrator.of.everything@example.com",
        at=clock.now(),
        api="configuration",
        action="list_license_properties",
        version="3.6",
        transport="web",
        seconds=0.0042,
    )
    return str(shop.client_id)
