"""What the conversations through official clients find in an organisation, made by the services.

Done by a server's ``backstage``. A page with ``/offers`` in its address shows the first greeting,
one with ``/news`` the second.
"""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from chatplatform.models import Application, Organization
from chatplatform.services import bots, forms, goals, greetings
from tests import make

TAGS = ("parcel", "late")
WEBSITE = "https://shop.example.com"


def _rule(part: str) -> dict[str, str]:
    return {"condition": "and", "type": "url_current", "operator": "contains", "value": part}


def _greeting(organization: Organization, part: str, **values: Any) -> int:
    values = {"active": True, "name": part, "rules": [_rule(part)], **values}
    return greetings.create_greeting(organization, 0, values).pk


def company(name: str) -> dict[str, Any]:
    """Make an organisation as ``manage.py demo`` does, and furnish it; return what is known."""
    printed = StringIO()
    call_command("demo", json=True, organization=name, stdout=printed)
    demo: dict[str, Any] = json.loads(printed.getvalue())
    return {**demo, **furnish(demo["organization_id"])}


def furnish(organization_id: str) -> dict[str, Any]:
    """Make tags, greetings, forms, a goal and a bot; return what a client must know of them."""
    organization = Organization.objects.get(pk=organization_id)
    for name in TAGS:
        make.tag(organization, name)
    button = {"type": "message", "text": "Show me", "value": "show", "postback_id": "show"}
    offer = _greeting(
        organization,
        "/offers",
        type="normal",
        properties={"greeting-message_text": "Can I help?"},
    )
    news = _greeting(
        organization,
        "/news",
        type="announcement",
        rich_message={
            "template_id": "cards",
            "elements": [{"title": "New!", "buttons": [button]}],
        },
    )
    fields = [
        {"type": "header", "label": "Welcome"},
        {"id": "name", "type": "name", "label": "Your name", "required": False},
        {
            "id": "topic",
            "type": "radio",
            "label": "Topic",
            "required": True,
            "options": [{"id": "a", "label": "Parcels"}, {"id": "b", "label": "Other"}],
        },
    ]
    asked = [
        forms.set_form(organization, 0, kind, enabled=True, fields=fields)
        for kind in ("prechat", "postchat")
    ]
    goals.create_goal(
        organization,
        {"name": "Bought", "type": "url", "operator": "contains", "value": "/thanks"},
    )
    owner = Application.objects.filter(organization=organization, name="Demo integration").get()
    helper = bots.create_bot(owner, "Helper", groups=[])
    return {
        "website": WEBSITE,
        "tags": TAGS,
        "greetings": {"offers": offer, "news": news},
        "forms": {form.type: form.public_id for form in asked},
        "bot": helper.agent.public_id,
    }
