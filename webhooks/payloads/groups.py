"""Webhooks about groups."""

from chatplatform.api import told
from webhooks.payload import payload

payload("group_created")(told.group_created)
payload("group_updated")(told.group_updated)
payload("group_deleted")(told.group_deleted)
