"""Which calls to webhooks tell of a chat, a thread or a customer: by what they are about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from chatplatform import domain_events
from chatplatform.domain_events import DomainEvent
from chatplatform.models import Organization, Webhook, WebhookDelivery
from chatplatform.selectors import webhooks
from chatplatform.services import deletion
from chatplatform.webhook_actions import CAUSED_BY
from tests import make

CHAT, THREAD = "SX0B7VQ8K2", "SX0B7VQ8TH"
ZARA = "6f0c7a52-2f0b-4d0e-9f2c-5a7d3f1b8e11"
ANN = "ann@acme.example"
OTHERS = {"chats": ["SX0B7VQ8K3"], "threads": [CHAT], "customers": [ZARA.replace("6", "7")]}

SAMPLES: dict[str, Any] = {
    "str": "",
    "int": 0,
    "bool": False,
    "Any": {},
    "Record": {},
    "Record | None": None,
    "list[int]": [0],
    "list[str]": [ANN],
    "list[Record]": [],
    "dict[str, int]": {},
}
ABOUT_THEM: dict[str, Any] = {
    "chat_id": CHAT,
    "thread_id": THREAD,
    "customer_id": ZARA,
    "participants": {ANN: {"type": "agent"}, ZARA: {"type": "customer"}},
}
"""What an event says whom and what it is about by."""


def names_of(kind: type[DomainEvent]) -> set[str]:
    return {field.name for field in fields(kind)}


EVENTS = [
    kind
    for kind in DomainEvent.types.values()
    if kind.__module__.startswith("chatplatform.") and names_of(kind) & ABOUT_THEM.keys()
]
"""Every event about a chat or a customer."""
OF_THE_CONFIGURATION = ("access_rules", "groups", "people", "routing", "tags")


def happened(kind: type[DomainEvent], **about: Any) -> DomainEvent:
    """Return an event of a kind that says nothing but ``about``."""
    values = {
        field.name: about[field.name] if field.name in about else SAMPLES[str(field.type)]
        for field in fields(kind)
        if field.name in about or str(field.type) in SAMPLES
    }
    return kind(**values)


@pytest.fixture
def owe(acme: Organization) -> Callable[..., WebhookDelivery]:
    """Return how Acme comes to owe a call."""
    webhook: Webhook = make.webhook(make.application(acme))

    def write(event: DomainEvent, **cause: str) -> WebhookDelivery:
        return WebhookDelivery.objects.create(
            organization=acme,
            webhook=webhook,
            endpoint=webhook.endpoint,
            action=webhook.action,
            event=domain_events.pack(event),
            cause=cause,
        )

    return write


def found(organization: Organization, **named: list[str]) -> list[int]:
    return [call.pk for calls in webhooks.calls_naming(organization.pk, **named) for call in calls]


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_they_are_found_by_what_they_are_about(
    kind: type[DomainEvent], acme: Organization, owe: Callable[..., WebhookDelivery]
) -> None:
    call, names = owe(happened(kind, **ABOUT_THEM)), names_of(kind)

    by_chat = found(acme, chats=[CHAT])
    by_thread = found(acme, threads=[THREAD])
    by_customer = found(acme, customers=[ZARA])

    assert by_chat == ([call.pk] if "chat_id" in names else [])
    assert by_thread == ([call.pk] if "thread_id" in names else [])
    assert by_customer == ([call.pk] if names & {"customer_id", "participants"} else [])
    assert found(acme, **OTHERS) == []


@pytest.mark.parametrize("kind", CAUSED_BY, ids=lambda kind: kind.__name__)
def test_no_call_is_about_anybody_by_another_name(kind: type[DomainEvent]) -> None:
    module = kind.__module__.rpartition(".")[2]

    assert kind in EVENTS or module in OF_THE_CONFIGURATION


def test_those_a_customer_caused_are_theirs(
    acme: Organization, owe: Callable[..., WebhookDelivery]
) -> None:
    kind = DomainEvent.types["RoutingStatusSet"]
    call = owe(happened(kind), user_id=ZARA, client_id="c")
    owe(happened(kind), user_id=ANN, client_id=ZARA)

    assert found(acme, customers=[ZARA]) == [call.pk]


def test_words_name_nobody(acme: Organization, owe: Callable[..., WebhookDelivery]) -> None:
    said = {"type": "message", "text": f"duplicate of {CHAT} {THREAD} {ZARA}", "author_id": ANN}
    event = happened(
        DomainEvent.types["EventAppended"],
        chat_id="SX0B7VQ8K9",
        thread_id="SX0B7VQ8T9",
        participants={ANN: {"note": ZARA}},
        event=said,
    )
    owe(event)

    assert found(acme, chats=[CHAT], threads=[THREAD], customers=[ZARA]) == []


def test_however_many_there_are_a_statement_looks_at_few(
    acme: Organization, owe: Callable[..., WebhookDelivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "AT_ONCE", 3)
    kind = DomainEvent.types["ChatDeactivated"]
    others = []
    for _ in range(4):
        owe(happened(kind, **ABOUT_THEM))
        others.append(owe(happened(kind, **{**ABOUT_THEM, "chat_id": "SX0B7VQ8K9"})).pk)
    sizes = [len(calls) for calls in webhooks.calls_naming(acme.pk, chats=[CHAT])]
    gone = deletion.forget_calls(acme.pk, chats=[CHAT])

    assert sizes == [2, 1, 1]
    assert gone == 4
    assert found(acme, chats=["SX0B7VQ8K9"]) == others


def test_those_before_one_are_not_read_again(
    acme: Organization, owe: Callable[..., WebhookDelivery]
) -> None:
    kind = DomainEvent.types["ChatDeactivated"]
    owe(happened(kind, **ABOUT_THEM))
    newest = webhooks.newest_call(acme.pk)
    later = owe(happened(kind, **ABOUT_THEM))

    calls = webhooks.calls_naming(acme.pk, chats=[CHAT], after=newest)

    assert [call.pk for some in calls for call in some] == [later.pk]
