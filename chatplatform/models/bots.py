"""Bots: agents without a login, owned by an application."""

from django.db import models

from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import Agent


class BotType(models.TextChoices):
    """What kind of bot it is; the status of an AI agent is its owner's alone."""

    CHATBOT = "chatbot"
    AI_AGENT = "ai_agent"


class Bot(models.Model):
    """What a bot is beyond an agent. Its secret is stored as a checksum."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, primary_key=True)
    owner = models.ForeignKey(
        "chatplatform.Application", on_delete=models.RESTRICT, related_name="bots"
    )
    type = models.CharField(max_length=16, choices=BotType.choices, default=BotType.CHATBOT)
    default_group_priority = models.CharField(
        max_length=12, choices=GroupPriority.choices, default=GroupPriority.NORMAL
    )
    """Holds in groups where the bot has no priority of its own."""
    secret_checksum = models.CharField(max_length=64)
