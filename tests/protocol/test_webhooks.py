"""Whatever webhooks are told has the documented fields, in every version (see README.md).

The tables below name every exception, by patterns, with its reason.
"""

import pytest

from chatplatform.webhook_actions import ACTIONS
from tests.protocol.catalogue import VERSIONS, Comparison, catalogue
from tests.protocol.test_shapes import (
    assert_as_documented,
    take_event,
    unexplained,
    without_events,
)
from tests.samples import Stage
from tests.webhooks.everything import Told, everything_told

_RULE = "only the conditions a rule has, and only what changed of it"
_CHANGED = "only what has changed is told"
CONDITIONAL: dict[str, str] = {
    "agent_updated work_scheduler*": _CHANGED,
    "auto_access_added conditions.*": _RULE,
    "auto_access_updated access": _RULE,
    "auto_accesses_updated *": _RULE,
    "bot_updated name": _CHANGED,
    "chat_transferred requester_id": "only when an agent did it",
    "group_updated *": _CHANGED,
    "incoming_rich_message_postback postback.*": "only what the button says",
}
"""Documented fields that are not always there, and why."""

_WHOLE = "created things are told whole, here with what the configuration API documents"
EXTRA: dict[str, str] = {
    "agent_created *": _WHOLE,
    "agent_updated *": _CHANGED,
    "auto_access_added conditions.*": _RULE,
    "auto_access_updated *": _RULE,
    "auto_accesses_updated *": _RULE,
    "bot_created *": _WHOLE,
    "bot_updated *": _CHANGED,
    "group_updated *": _CHANGED,
    "incoming_chat chat.access": "documented with the structure, left out of this sample",
    "incoming_chat transferred_from": "only after a transfer, as the push has it",
}
"""Fields beyond those documented in that place, and why they are there."""

ENVELOPE = {"webhook_id", "action", "organization_id", "payload", "additional_data"}
REQUESTER = {"user_id", "account_id", "client_id"}


@pytest.fixture
def told(stage: Stage) -> Told:
    """Let everything happen; return what webhooks of every version are told of it."""
    return everything_told(stage)


def test_webhooks_have_the_documented_fields(told: Told) -> None:
    for version in VERSIONS:
        documented = catalogue(version)["webhooks"]
        compared, bodies = Comparison(), [body for one, body in told if one == version]
        for body in bodies:
            action, payload = body["action"], body["payload"]
            compared.take(action, payload, without_events(documented[action]))
        assert unexplained(compared.absent, CONDITIONAL) == set()
        assert unexplained(compared.extra, EXTRA) == set()
        assert documented.keys() == {name for name, one in ACTIONS.items() if one.exists(version)}
        assert documented.keys() == {body["action"] for body in bodies}


def test_events_are_told_with_the_fields_of_their_type(stage: Stage, told: Told) -> None:
    compared = Comparison()
    for version, body in told:
        if "event" in body["payload"]:
            take_event(compared, stage.alpha.ann, body["payload"]["event"], version)

    assert_as_documented(compared)
    assert {name.partition(" event")[0] for name in compared.seen} >= {
        "agent system_message",
        "agent file",
        "agent rich_message",
    }


def test_bodies_have_the_documented_envelope(told: Told) -> None:
    for version, body in told:
        configures = version >= "3.6" and ACTIONS[body["action"]].configures
        optional = {"requester"} if configures else set()
        assert ENVELOPE <= body.keys() <= ENVELOPE | optional
        if "requester" in body:
            assert body["requester"].keys() == REQUESTER
        assert isinstance(body["additional_data"], dict)
    named = {body["action"] for _, body in told if "requester" in body}
    assert named == {
        name for name, one in ACTIONS.items() if one.configures and one.exists(VERSIONS[-1])
    }
