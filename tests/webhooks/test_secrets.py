"""Webhooks' secrets while the settings' ``SECRET_KEY`` changes, or is lost."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pytest_django.fixtures import Settings

from chatplatform.models import Organization, Webhook, WebhookDelivery
from tests import make
from tests.installations import ROOT
from tests.webhooks.hooks import Hooks, client_of
from tests.world import User
from webhooks.calls import Composed, Unready, composed

Ids = dict[str, str]


@pytest.fixture
def hook(hooks: Hooks) -> Webhook:
    """A webhook that was registered under the first key."""
    return hooks.listen("incoming_event", secret_key="my secret")


def lose_the_key(settings: Settings) -> None:
    settings.SECRET_KEY = "another " * 8


def say(ann: User, ids: Ids) -> WebhookDelivery:
    """Say something and return what is owed because of it."""
    ann.call("send_event", chat_id=ids["chat_id"], event=make.message("Hi"))
    return WebhookDelivery.objects.latest("id")


def test_a_former_key_still_reads_what_was_written_under_it(
    settings: Settings, hook: Webhook, ann: User, ids: Ids
) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    lose_the_key(settings)
    owed = say(ann, ids)

    call = composed([owed])[owed.pk]

    assert isinstance(call, Composed)
    assert call.secret_key == "my secret"


def test_operators_name_former_keys() -> None:
    program = "from chatplatform.settings import SECRET_KEY_FALLBACKS as keys; print(*keys)"

    printed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "SECRET_KEY_FALLBACKS": "former,eldest"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout

    assert printed.split() == ["former", "eldest"]


def test_an_unreadable_secret_holds_up_no_other_webhook(
    settings: Settings, hook: Webhook, hooks: Hooks, ann: User, ids: Ids
) -> None:
    lose_the_key(settings)
    hooks.listen("incoming_event", secret_key="new secret")
    say(ann, ids)
    unreadable, readable = WebhookDelivery.objects.order_by("webhook__created_at")

    calls = composed([unreadable, readable])

    assert calls[unreadable.pk] == Unready("its secret was stored under another SECRET_KEY")
    assert isinstance(calls[readable.pk], Composed)


def test_whatever_else_there_is_can_be_done_without_the_secret(
    settings: Settings, hook: Webhook, hooks: Hooks, root: User, acme: Organization
) -> None:
    lose_the_key(settings)
    owner = {"owner_client_id": hooks.application.client_id}

    (listed,) = root.configuration.call("list_webhooks", **owner)
    root.configuration.call("unregister_webhook", id=hook.id, **owner)

    assert listed["id"] == hook.id
    assert root.configuration.call("list_webhooks", **owner) == []


def test_bots_work_without_the_secret(
    settings: Settings, acme: Organization, root: User, ann: User, ids: Ids
) -> None:
    own = Hooks(acme, make.Application.objects.get(client_id=client_of(root)))
    hook = own.listen("incoming_event", kind="bot")
    bot_id = root.configuration.call("create_bot", name="Robin")["id"]
    lose_the_key(settings)

    root.call("set_routing_status", agent_id=bot_id, status="accepting_chats")

    assert say(ann, ids).webhook_id == hook.id
