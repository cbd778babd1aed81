"""System checks: refuse what would lose messages, and warn of what would lead people astray."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution

_IN_MEMORY = "channels.layers.InMemoryChannelLayer"
_CORE_REDIS = "channels_redis.core.RedisChannelLayer"


@register()
def channel_layer_loses_nothing(**kwargs: Any) -> list[CheckMessage]:
    """Refuse the in-process layer with several processes, and the core Redis layer at all."""
    backend = settings.CHANNEL_LAYERS["default"]["BACKEND"]
    problems: list[CheckMessage] = []
    if backend == _IN_MEMORY and settings.SERVER_PROCESSES > 1:
        problems.append(
            Error(
                "Several server processes can not share the in-process channel layer.",
                hint="Set REDIS_URL, or SERVER_PROCESSES=1.",
                id="chatplatform.E001",
            )
        )
    if backend == _IN_MEMORY and not settings.EMBEDDED_WORKER:
        problems.append(
            Error(
                "A separate worker can not reach the server without a shared channel layer.",
                hint="Set REDIS_URL, or EMBEDDED_WORKER=1.",
                id="chatplatform.E002",
            )
        )
    if backend == _CORE_REDIS:
        problems.append(
            Error(
                "The core Redis channel layer drops messages by design.",
                hint="Use channels_redis.pubsub.RedisPubSubChannelLayer.",
                id="chatplatform.E003",
            )
        )
    return problems


@register(Tags.security, deploy=True)
def links_lead_home(**kwargs: Any) -> list[CheckMessage]:
    """Warn where nothing but a request says which host is ours.

    Anybody can ask for a mail to somebody else, and name a host of their own.
    """
    if settings.PUBLIC_URL or "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Caution(
            "The site does not know its address: from a host that only a request names nobody is"
            " sent a link to set a new password, and nobody is invited.",
            hint="Set PUBLIC_URL, or name the hosts in ALLOWED_HOSTS, without '*'.",
            id="chatplatform.W001",
        )
    ]
