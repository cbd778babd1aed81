"""The Configuration API's changes, one module per noun; each step down gathers its own."""

from chatplatform.api.versions.configuration import (
    agents,
    bots,
    greetings,
    webhooks,
    working_hours,
)

_NOUNS = (agents, bots, greetings, webhooks, working_hours)

TO_3_6 = tuple(change for noun in _NOUNS for change in noun.TO_3_6)
"""3.7 → 3.6."""

TO_3_5 = tuple(change for noun in _NOUNS for change in noun.TO_3_5)
"""3.6 → 3.5."""

TO_3_4 = tuple(change for noun in _NOUNS for change in noun.TO_3_4)
"""3.5 → 3.4."""
