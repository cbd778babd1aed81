"""The payloads of all webhooks, one module per noun. Importing this module registers them."""

from webhooks.payloads import (  # noqa: F401 - importing registers
    access_rules,
    archives,
    chats,
    customers,
    events,
    groups,
    people,
    properties,
    routing,
    tags,
)
