"""System checks: refuse the combinations under which messages would be lost."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

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
