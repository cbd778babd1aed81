"""Bots: agents without a login, owned by an application; and the templates bots are made from."""

from typing import Final

from django.db import models

from chatplatform import ids
from chatplatform.models.groups import GroupPriority
from chatplatform.models.people import Agent

CHATBOT: Final = "chatbot"
"""The type of a bot that does not say another."""
AI_AGENT: Final = "ai_agent"
"""The type of bot whose status is its owner's alone."""
MAX_BOT_TYPE: Final = 64


class BotTemplate(models.Model):
    """A bot an application brings along: each licence that installs it gets one (protocol.md 6.4).

    The bots have the template's id, and its secret as a checksum until they get one of their own.
    """

    id = models.CharField(primary_key=True, max_length=32, default=ids.opaque_id)
    application = models.ForeignKey(
        "chatplatform.Application", on_delete=models.CASCADE, related_name="bot_templates"
    )
    name = models.CharField(max_length=180)
    avatar = models.CharField(max_length=500, blank=True)
    job_title = models.CharField(max_length=180, blank=True)
    max_chats_count = models.PositiveSmallIntegerField(default=6)
    default_group_priority = models.CharField(
        max_length=12, choices=GroupPriority.choices, default=GroupPriority.NORMAL
    )
    secret_checksum = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.name


class Bot(models.Model):
    """What a bot is beyond an agent. Its secret is stored as a checksum."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, primary_key=True)
    owner = models.ForeignKey(
        "chatplatform.Application", on_delete=models.RESTRICT, related_name="bots"
    )
    template = models.ForeignKey(
        BotTemplate, on_delete=models.SET_NULL, null=True, related_name="bots"
    )
    """What it was made from, if it was."""
    type = models.CharField(max_length=MAX_BOT_TYPE, default=CHATBOT)
    """``chatbot``, ``ai_agent`` or a word of its owner's."""
    default_group_priority = models.CharField(
        max_length=12, choices=GroupPriority.choices, default=GroupPriority.NORMAL
    )
    """Holds in groups where the bot has no priority of its own."""
    secret_checksum = models.CharField(max_length=64)
    by_person = models.BooleanField(default=False)
    """Made with a personal access token: whoever comes with one counts it among their own."""

    def __str__(self) -> str:
        return self.agent.name
