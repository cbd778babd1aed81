"""The Configuration API's actions; importing this package registers them."""

from configuration.actions import (
    access_rules,
    agents,
    bans,
    bot_templates,
    bots,
    canned_responses,
    company,
    domains,
    greetings,
    groups,
    properties,
    tags,
    translations,
    webhooks,
)

__all__ = [
    "access_rules",
    "agents",
    "bans",
    "bot_templates",
    "bots",
    "canned_responses",
    "company",
    "domains",
    "greetings",
    "groups",
    "properties",
    "tags",
    "translations",
    "webhooks",
]
