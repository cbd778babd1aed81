"""Webhooks about tags, and threads that carry them."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.domain_events import Record
from chatplatform.domain_events.tags import ThreadTagged, ThreadUntagged
from webhooks.payload import payload

payload("tag_created")(told.tag_created)
payload("tag_updated")(told.tag_updated)
payload("tag_deleted")(told.tag_deleted)


@payload("thread_tagged")
def thread_tagged(event: ThreadTagged) -> Record:
    """A thread carries a tag now."""
    return told.thread_tag(event)


@payload("thread_untagged")
def thread_untagged(event: ThreadUntagged) -> Record:
    """A thread carries a tag no more."""
    return told.thread_tag(event)
