"""Every chat's changes in the order of its ``sequence``, whoever published them.

Two processes that write to one chat publish side by side, so their envelopes may arrive in either
order. A change that comes too early waits for those before it. What is still missing after
:data:`PATIENCE_SECONDS` is read from the database; what can not be read counts as lost.

A chat that was not seen before has no known place to begin. If its change before is long past, or
there is none, the change is delivered at once; otherwise the one before may still be on its way
and is waited for like any other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta

from chatplatform import clock
from chatplatform.domain_events import ChatEvent
from chatplatform.transports.envelopes import Origin

PATIENCE_SECONDS = 0.2
SETTLED = timedelta(seconds=1)
"""A change older than this has long been published."""
MAX_FILLED = 50
MAX_CHATS = 10_000
"""Chats of one organisation whose place is remembered; the longest silent is forgotten first."""

Deliver = Callable[[ChatEvent, Origin | None], None]
Filled = Callable[[Sequence[ChatEvent] | None], None]
Fetch = Callable[[str, int, int, Filled], None]
"""``fetch(chat_id, after, before, filled)``: read the changes strictly between two sequences."""


class _Chat:
    """``first`` and ``next`` are 0 until it is known where the chat begins.

    ``filled`` are the last changes that were read from the database, which knows no origins.
    """

    __slots__ = ("filled", "filling", "first", "next", "pending", "timer")

    def __init__(self) -> None:
        self.first = 0
        self.next = 0
        self.pending: dict[int, tuple[ChatEvent, Origin | None]] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.filling = False
        self.filled: deque[int] = deque(maxlen=MAX_FILLED)

    def begin(self, sequence: int) -> None:
        self.first = self.next = sequence


class ChatOrder:
    """Puts the chat changes of one organisation in order.

    ``deliver`` gets each change once, in order. ``fetch`` reads what is missing; it calls back on
    the loop, with ``None`` when the database can not be read. ``lost`` hears of changes that can
    not be had: it must make whoever sees that chat start over. ``late`` gets changes again that
    were read meanwhile, with the origin that waits to hear of them.
    """

    def __init__(
        self,
        deliver: Deliver,
        fetch: Fetch,
        lost: Callable[[ChatEvent], None],
        late: Callable[[ChatEvent, Origin], None] = lambda event, origin: None,
        *,
        patience: float = PATIENCE_SECONDS,
        max_chats: int = MAX_CHATS,
    ) -> None:
        self._deliver = deliver
        self._fetch = fetch
        self._lost = lost
        self._late = late
        self._patience = patience
        self._max_chats = max_chats
        self._chats: dict[str, _Chat] = {}

    def receive(self, event: ChatEvent, origin: Origin | None) -> None:
        """Deliver ``event`` now or in its turn; a repeated one is dropped."""
        chat = self._chats.pop(event.chat_id, None)
        if chat is None:
            chat = _Chat()
            self._forget_oldest()
        self._chats[event.chat_id] = chat
        sequence = event.sequence
        if not chat.next and _may_begin(chat, event):
            chat.begin(sequence)
        if chat.next == sequence:
            chat.next = sequence + 1
            self._deliver(event, origin)
            if chat.pending:
                self._release(chat)
        elif not chat.next or sequence > chat.next:
            chat.pending.setdefault(sequence, (event, origin))
            self._wait(event.chat_id, chat)
        elif sequence < chat.first:
            self._lost(event)
        elif sequence in chat.filled and origin is not None:
            chat.filled.remove(sequence)
            self._late(event, origin)

    def clear(self) -> None:
        """Forget every chat and whatever waits."""
        for chat in self._chats.values():
            chat.pending.clear()
            if chat.timer is not None:
                chat.timer.cancel()
        self._chats.clear()

    def _forget_oldest(self) -> None:
        if len(self._chats) < self._max_chats:
            return
        for chat_id, chat in self._chats.items():
            if not chat.pending:
                del self._chats[chat_id]
                return

    def _release(self, chat: _Chat) -> None:
        while (found := chat.pending.pop(chat.next, None)) is not None:
            chat.next += 1
            self._deliver(*found)
        if not chat.pending and chat.timer is not None:
            chat.timer.cancel()
            chat.timer = None

    def _wait(self, chat_id: str, chat: _Chat) -> None:
        if chat.timer is None and not chat.filling:
            loop = asyncio.get_running_loop()
            chat.timer = loop.call_later(self._patience, self._fill, chat_id, chat)

    def _fill(self, chat_id: str, chat: _Chat) -> None:
        chat.timer = None
        if not chat.pending:
            return
        expected = chat.next or min(chat.pending) - 1
        newest = max(chat.pending)
        chat.filling = True

        def filled(changes: Sequence[ChatEvent] | None) -> None:
            chat.filling = False
            if self._chats.get(chat_id) is chat and chat.pending:
                self._fill_in(chat_id, chat, changes or (), expected, newest)

        self._fetch(chat_id, expected - 1, newest, filled)

    def _fill_in(
        self, chat_id: str, chat: _Chat, changes: Sequence[ChatEvent], expected: int, newest: int
    ) -> None:
        if not chat.next:
            chat.begin(expected)
        for change in changes:
            if change.sequence >= chat.next and change.sequence not in chat.pending:
                chat.pending[change.sequence] = (change, None)
                chat.filled.append(change.sequence)
        self._release(chat)
        if chat.next <= newest:
            event, _ = chat.pending[newest]
            for sequence in [known for known in chat.pending if known <= newest]:
                del chat.pending[sequence]
            chat.begin(newest + 1)
            self._lost(event)
            self._release(chat)
        if chat.pending:
            self._wait(chat_id, chat)


def _may_begin(chat: _Chat, event: ChatEvent) -> bool:
    """Tell whether nothing that belongs before ``event`` can still be on its way."""
    if chat.pending and min(chat.pending) < event.sequence:
        return False
    if event.sequence == 1:
        return True
    changed, previous = clock.from_wire(event.changed_at), clock.from_wire(event.previous_at)
    return changed - previous > SETTLED
