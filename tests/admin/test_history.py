"""An object's History leads to what the audit log says of it, whatever kind of object it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model

from chatplatform.admin.nouns import Noun
from chatplatform.models import (
    AccessRule,
    Agent,
    AllowedDomain,
    Application,
    AuditEntry,
    Bot,
    BotTemplate,
    CannedResponse,
    Customer,
    CustomerBan,
    Form,
    Goal,
    Greeting,
    Group,
    IdentityKey,
    IdentityProvider,
    Organization,
    PersonalAccessToken,
    PropertyDefinition,
    Tag,
    Webhook,
    WebhookDelivery,
)
from chatplatform.services import identity_providers
from tests import make
from tests.admin.conftest import Visitor

OF_A_BOT = {
    "name": "Robbie",
    "job_title": "Robot",
    "max_chats_count": "7",
    "default_group_priority": "first",
}


def rows(*lists: str) -> dict[str, Any]:
    """Return lists of a form that are left empty."""
    return {f"{one}-{what}_FORMS": 0 for one in lists for what in ("TOTAL", "INITIAL")}


def added(model: type[Model]) -> Callable[..., Model]:
    """Return how to send the form of a new one, and what it made."""

    def add(visitor: Visitor, **values: Any) -> Model:
        before = [*model._default_manager.values_list("pk", flat=True)]
        visitor.post(f"{at(model)}add/", **values)
        return model._default_manager.exclude(pk__in=before).get()

    return add


def at(model: type[Model]) -> str:
    """Return where the list of a model is."""
    return f"chatplatform/{model._meta.model_name}/"


def done(visitor: Visitor, row: Model, name: str) -> Model:
    """Do something to an object, and return it."""
    b"".join(visitor.post(f"{at(type(row))}{row.pk}/{name}/"))
    return row


def customer_export(visitor: Visitor, acme: Organization) -> Model:
    """Take a customer's copy."""
    return done(visitor, make.customer(acme), "export")


def application_cut_off(visitor: Visitor, acme: Organization) -> Model:
    """End an application's tokens."""
    shop = make.application(acme)
    make.access_token(make.agent(acme), application=shop)
    return done(visitor, shop, "revoke-tokens")


def call_sent_again(visitor: Visitor, acme: Organization) -> Model:
    """Send a webhook's call again."""
    call = make.delivery(acme, make.webhook(make.application(acme)))
    return done(visitor, call, "again")


def agent_changed(visitor: Visitor, acme: Organization) -> Model:
    """Suspend an agent."""
    return done(visitor, make.agent(acme), "suspend")


def provider_renamed(visitor: Visitor, acme: Organization) -> Model:
    """Call a provider otherwise; its issuer need not answer to that."""
    values: identity_providers.ProviderValues = {
        "name": "Acme",
        "issuer": "https://login.example.com",
        "client_id": "chat",
        "client_secret": "planted-secret",
        "enabled": True,
        "required": False,
    }
    row = identity_providers.create_provider(acme, values)
    shown = {"name": "Acme Login", "issuer": row.issuer, "client_id": "chat", "enabled": "on"}
    visitor.post(f"{at(IdentityProvider)}{row.pk}/change/", **shown)
    return row


def token_made(visitor: Visitor, acme: Organization) -> Model:
    """Have a token of one's own, which people make in their own account."""
    assert visitor.agent is not None
    make.pat(visitor.agent)
    return PersonalAccessToken.objects.get()


Making = Callable[[Visitor, Organization], Model]


def adding(model: type[Model], **values: Any) -> Making:
    """Return how to make one with these values of the form."""
    return lambda visitor, acme: added(model)(visitor, **values)


def adding_to_an_application(model: type[Model], owner: str = "owner", **values: Any) -> Making:
    """Return how to make one of an application's with these values of the form."""
    return lambda visitor, acme: added(model)(
        visitor, **values, **{owner: make.application(acme).client_id}
    )


MAKING: dict[type[Model], Making] = {
    AccessRule: adding(
        AccessRule,
        description="Prices",
        main_group=0,
        url_mode="values",
        domain_mode="values",
        **{**rows("url", "domain", "places"), "url-TOTAL_FORMS": 1, "url-0-value": "/pricing"},
    ),
    Agent: agent_changed,
    AllowedDomain: adding(AllowedDomain, domain="shop.example", agreed="the only website"),
    Application: application_cut_off,
    Bot: adding_to_an_application(Bot, type="chatbot", **OF_A_BOT),
    BotTemplate: adding_to_an_application(BotTemplate, **OF_A_BOT),
    CannedResponse: adding(CannedResponse, text="Good morning", shortcuts="hi", group_id=0),
    Customer: customer_export,
    CustomerBan: lambda visitor, acme: added(CustomerBan)(
        visitor, customer_id=str(make.customer(acme).pk), days=3
    ),
    Form: adding(
        Form,
        **{
            **rows("fields_asked"),
            "group": 0,
            "type": "prechat",
            "enabled": "on",
            "fields_asked-TOTAL_FORMS": 1,
            "fields_asked-0-type": "name",
            "fields_asked-0-label": "Your name",
        },
    ),
    Goal: adding(Goal, name="Sale", active="on", type="url", operator="contains", value="/thanks"),
    Greeting: adding(
        Greeting,
        **{
            **rows("cards", "buttons", "rules"),
            "name": "Welcome",
            "group": 0,
            "active": "on",
            "type": "normal",
            "says": "text",
            "message": "Do you need a hand?",
            "rules-TOTAL_FORMS": 1,
            "rules-0-condition": "and",
            "rules-0-type": "visit_time_page",
            "rules-0-operator": "greater_than",
            "rules-0-value": "10",
        },
    ),
    Group: lambda visitor, acme: added(Group)(
        visitor,
        name="Night",
        language_code="pl",
        **{f"members-{make.agent(acme).public_id}": "first"},
    ),
    IdentityKey: adding(IdentityKey, name="Web shop"),
    IdentityProvider: provider_renamed,
    PersonalAccessToken: token_made,
    PropertyDefinition: adding_to_an_application(
        PropertyDefinition,
        name="plan",
        type="string",
        description="What they pay",
        **{"access-license-agent-read": "on"},
    ),
    Tag: adding(Tag, name="refund", group_ids=[0]),
    Webhook: adding_to_an_application(
        Webhook,
        owner="owner_client_id",
        action="incoming_event",
        url="https://hooks.acme.example/",
        secret_key="hush-hush",
        type="license",
    ),
    WebhookDelivery: call_sent_again,
}
"""How an owner comes to have an object, of each noun, that there is an entry on."""
OTHERS = {AuditEntry, Organization}
"""Entries themselves, and what superusers alone make."""


def entries(visitor: Visitor, row: Model) -> list[AuditEntry]:
    """Follow an object's History; return what it shows."""
    page = visitor.client.get(f"/admin/{at(type(row))}{row.pk}/history/", follow=True)
    found: list[AuditEntry] = page.context["cl"].result_list
    return found


def test_every_noun_is_among_these():
    nouns = {model for model, one in admin.site._registry.items() if isinstance(one, Noun)}

    assert {*MAKING, *OTHERS} == nouns


@pytest.mark.parametrize("model", MAKING, ids=lambda model: model.__name__)
def test_what_was_done_to_it_is_found(model: type[Model], owner: Visitor, acme: Organization):
    row = MAKING[model](owner, acme)

    assert isinstance(row, model)
    assert entries(owner, row)


def test_of_an_organisation_superusers_find_it(superuser: Visitor):
    values = {"name": "Globex", "owner_email": "h@globex.example", "owner_name": "Hank"}
    row = added(Organization)(superuser, **values)

    assert [one.action for one in entries(superuser, row)] == ["create_organization"]


def test_of_a_ban_of_an_address_it_is_found(owner: Visitor, acme: Organization):
    row = added(CustomerBan)(owner, address="192.0.2.99", days=3)

    assert [one.subject_id for one in entries(owner, row)] == ["192.0.2.99"]
