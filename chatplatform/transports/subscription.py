"""A process's place at the channel layer: one channel that hears the groups it joined."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from chatplatform.transports import envelopes

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 0.25


class Subscription:
    """Receives the envelopes of organisations.

    ``on_message(organization_id, body)`` hears each layer message. ``on_loss()`` is called when
    the layer had to connect anew, for what was sent meanwhile is gone and the layer itself never
    says so, and when a message could not be read.
    """

    def __init__(
        self,
        layer: Any,
        on_message: Callable[[str, bytes], None],
        on_loss: Callable[[], None],
    ) -> None:
        self._layer = layer
        self._on_message = on_message
        self._on_loss = on_loss
        self._channel = ""
        self._receiver: asyncio.Task[None] | None = None

    async def join(self, organization_id: str) -> None:
        """Hear an organisation's envelopes; raise what the layer raises."""
        if self._receiver is None:
            self._receiver = asyncio.get_running_loop().create_task(self._receive())
        if not self._channel:
            self._channel = await self._layer.new_channel("hub")
        await self._layer.group_add(envelopes.group_name(organization_id), self._channel)
        self._watch()

    async def leave(self, organization_id: str) -> None:
        """Hear them no more."""
        try:
            group = envelopes.group_name(organization_id)
            await self._layer.group_discard(group, self._channel)
        except Exception as error:
            log.info("leaving failed", organization_id=organization_id, error=repr(error))

    async def stop(self) -> None:
        """End receiving."""
        if self._receiver is not None:
            self._receiver.cancel()
            await asyncio.gather(self._receiver, return_exceptions=True)
            self._receiver = None

    async def _receive(self) -> None:
        while True:
            if not self._channel:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                message = await self._layer.receive(self._channel)
            except Exception as error:
                log.warning("receiving failed", error=repr(error))
                self._on_loss()
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                self._on_message(message["organization_id"], message["body"])
            except Exception:
                log.exception("a message could not be read")
                self._on_loss()

    def _watch(self) -> None:
        """Ask the Redis client itself to report reconnections of the subscribing connection."""
        get_layer = getattr(self._layer, "_get_layer", None)
        if get_layer is None:
            return
        for shard in getattr(get_layer(), "_shards", ()):
            connection = getattr(getattr(shard, "_pubsub", None), "connection", None)
            if connection is not None:  # registering twice is registering once
                connection.register_connect_callback(self._reconnected)

    async def _reconnected(self, connection: Any) -> None:
        self._on_loss()
