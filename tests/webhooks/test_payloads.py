"""Which payloads there are: one for whatever makes a webhook."""

from chatplatform.webhook_actions import ACTIONS
from webhooks import payload


def test_every_pair_of_webhook_and_event_has_a_payload_and_there_is_no_other() -> None:
    wanted = {(action.name, event) for action in ACTIONS.values() for event in action.events}

    assert payload._payloads.keys() == wanted
