"""Pushes of the Customer RTM API: domain events in the customers' shape, to the chat's customer.

Nothing with visibility ``agents`` passes (customers/shapes.py). Importing registers the pushes.
"""

from customers.pushes import (  # noqa: F401 - importing registers
    chats,
    events,
    greetings,
    people,
    properties,
)
