"""A process of the platform's own that owes webhooks: ``python -m benchmarks.owing ROLE``.

The configuration comes as one JSON line on standard input; ``ready`` is answered when the webhooks
are registered; the next line starts, and the result is printed as JSON. Everything is done by the
services behind the doors.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Any

import django
import orjson

PER_APPLICATION = 3
"""Webhooks of one action that an application may have."""

Config = dict[str, Any]


def _register(config: Config) -> None:
    """Register a webhook of all messages at each of ``urls``."""
    from chatplatform.models import Organization
    from chatplatform.services import applications, webhooks
    from chatplatform.services.webhooks import Registration

    organization = Organization.objects.get(id=config["organization_id"])
    urls = config["urls"]
    for first in range(0, len(urls), PER_APPLICATION):
        made = applications.create_application(organization, "Receivers", ["https://a.example/"])
        for url in urls[first : first + PER_APPLICATION]:
            wanted = Registration("incoming_event", url, "secret", "license", {})
            webhooks.register_webhook(made.application, wanted, "3.6")


def _write(config: Config) -> dict[str, float]:
    """Send ``count`` messages, ``rate`` a second or as they come; return when each was stored."""
    from chatplatform.services import authentication, events
    from chatplatform.services.events import Draft

    given = [f"Bearer {token}" for token in config["tokens"]]
    who = [authentication.identify_customer(credentials, "127.0.0.1") for credentials in given]
    rate = config["rate"]
    stored: dict[str, float] = {}
    began = time.monotonic()
    for number in range(config["count"]):
        if rate:
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
        chat_id, author = config["chat_ids"][number % len(who)], who[number % len(who)]
        name = f"{config['name']}-{number}"
        content = {"text": "What became of the parcel I sent back?"}
        draft = Draft(type="message", content=content, custom_id=name)
        events.append(author, chat_id, events.draft_by(author, draft))
        stored[name] = time.monotonic()
    return stored


def main() -> None:
    """Register, and write when told."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
    django.setup()
    config = orjson.loads(sys.stdin.buffer.readline())
    _register(config)
    gc.freeze()
    print("ready", flush=True)
    sys.stdin.buffer.readline()
    print(orjson.dumps(_write(config)).decode(), flush=True)


if __name__ == "__main__":
    main()
