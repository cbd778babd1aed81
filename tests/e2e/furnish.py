"""What an owner sets up for the widget, made by the services: forms and greetings.

``python -m tests.e2e.furnish ORGANIZATION_ID`` on a server's database reads JSON: ``forms`` by
kind (lists of fields; an empty one ends a form), ``greetings`` (lists of arguments of
:func:`tests.make.greeting`), ``keys`` (names of identity keys), and ``apart`` to keep the visitors
of groups apart, of which one is made. All greetings there were end first. Prints the ids of what
was made.
"""

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
django.setup()

from chatplatform.models import Greeting, Organization  # noqa: E402 - Django comes first
from chatplatform.services import forms, greetings, identity_keys  # noqa: E402
from tests import make  # noqa: E402

NOTHING = ({"id": "none", "type": "header", "label": "Nothing"},)


def furnish(organization: Organization, things: dict[str, Any]) -> dict[str, Any]:
    """Make the things; return their ids."""
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


if __name__ == "__main__":
    found = Organization.objects.get(id=sys.argv[1])
    json.dump(furnish(found, json.load(sys.stdin)), sys.stdout)
