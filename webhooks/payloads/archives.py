"""Webhooks about threads that are history."""

from chatplatform.api import told
from webhooks.payload import payload

payload("thread_summary_set")(told.thread_summary_set)
