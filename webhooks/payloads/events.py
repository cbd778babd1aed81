"""Webhooks about events, as agents see them: whispers and stubs of deleted events among them."""

from chatplatform.api import told
from webhooks.payload import payload

payload("incoming_event")(told.incoming_event)
payload("event_updated")(told.event_updated)
payload("event_deleted")(told.event_deleted)
payload("incoming_rich_message_postback")(told.incoming_rich_message_postback)
payload("events_marked_as_seen")(told.events_marked_as_seen)
