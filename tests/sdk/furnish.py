"""What the conversations through official clients find in an organisation, made by the services.

``python -m tests.sdk.furnish ORGANIZATION_ID`` on the server's database; prints what the
conversations have to know. A page with ``/offers`` in its address shows the first greeting, one
with ``/news`` the second.
"""

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
django.setup()

from chatplatform.models import Application, Organization  # noqa: E402 - Django comes first
from chatplatform.services import bots, forms, goals, greetings  # noqa: E402
from tests import make  # noqa: E402

TAGS = ("parcel", "late")
WEBSITE = "https://shop.example.com"


def _rule(part: str) -> dict[str, str]:
    return {"condition": "and", "type": "url_current", "operator": "contains", "value": part}


def _greeting(organization: Organization, part: str, **values: Any) -> int:
    values = {"active": True, "name": part, "rules": [_rule(part)], **values}
    return greetings.create_greeting(organization, 0, values).pk


def furnish(organization: Organization) -> dict[str, Any]:
    """Make tags, greetings, forms, a goal and a bot; return what a client must know of them."""
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


if __name__ == "__main__":
    print(json.dumps(furnish(Organization.objects.get(pk=sys.argv[1]))))
