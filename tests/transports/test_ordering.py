"""The order of a chat's changes, whatever order they arrive in."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from chatplatform.domain_events import ChatEvent
from chatplatform.transports.ordering import ChatOrder, Filled
from tests.transports.fakes import LONG_AGO, said

PATIENCE = 0.02
JUST_NOW = "2026-11-01T12:00:00.000000Z"
THEN = "2026-11-01T12:00:00.500000Z"


class Order:
    """A :class:`ChatOrder` with everything it did written down."""

    def __init__(self, **more: Any) -> None:
        self.delivered: list[int] = []
        self.lost: list[int] = []
        self.asked: list[tuple[int, int]] = []
        self.stored: list[ChatEvent] | None = []
        self.hold = False
        self.answers: list[Filled] = []
        self.order = ChatOrder(
            lambda event, origin: self.delivered.append(event.sequence),
            self._fetch,
            lambda event: self.lost.append(event.sequence),
            patience=PATIENCE,
            **more,
        )

    def _fetch(self, chat_id: str, after: int, before: int, filled: Filled) -> None:
        self.asked.append((after, before))
        if self.hold:
            self.answers.append(filled)
            return
        filled(self._between(after, before))

    def _between(self, after: int, before: int) -> Sequence[ChatEvent] | None:
        if self.stored is None:
            return None
        return [event for event in self.stored if after < event.sequence < before]

    def hear(self, *sequences: int, after: str = THEN, chat: str = "CHAT") -> None:
        """Let changes arrive; ``after`` is when the change before each was made."""
        for sequence in sequences:
            event = said(chat=chat, sequence=sequence, after=after, at=THEN)
            self.order.receive(event, None)


async def patience() -> None:
    """Wait until what is missing has been asked for."""
    await asyncio.sleep(PATIENCE * 3)


async def test_changes_in_order_are_delivered_at_once() -> None:
    order = Order()

    order.hear(1, 2, 3)

    assert order.delivered == [1, 2, 3]


async def test_a_change_that_comes_too_early_waits_for_the_one_before() -> None:
    order = Order()
    order.hear(1)

    order.hear(3, 4)
    before = list(order.delivered)
    order.hear(2)
    await patience()

    assert before == [1]
    assert order.delivered == [1, 2, 3, 4]
    assert order.asked == []


async def test_repeated_changes_are_dropped() -> None:
    order = Order()

    order.hear(1, 2, 2, 1, 4, 4, 3, 3)

    assert order.delivered == [1, 2, 3, 4]
    assert order.lost == []


async def test_a_gap_is_filled_from_the_database() -> None:
    order = Order()
    order.stored = [said(sequence=2), said(sequence=3)]
    order.hear(1, 4)

    await patience()

    assert order.asked == [(1, 4)]
    assert order.delivered == [1, 2, 3, 4]
    assert order.lost == []


async def test_what_arrives_while_the_database_is_read_is_not_lost() -> None:
    order = Order()
    order.hold = True
    order.hear(1, 3)
    await patience()

    order.hear(2, 4, 6)
    order.answers.pop()([said(sequence=2)])
    delivered = list(order.delivered)
    order.hold, order.stored = False, [said(sequence=5)]
    await patience()

    assert delivered == [1, 2, 3, 4]
    assert order.delivered == [1, 2, 3, 4, 5, 6]
    assert order.lost == []


@pytest.mark.parametrize("stored", [None, [], [said(sequence=3)]])
async def test_a_gap_that_can_not_be_filled_is_a_loss_and_the_chat_goes_on_after_it(
    stored: list[ChatEvent] | None,
) -> None:
    order = Order()
    order.stored = stored
    order.hear(1, 4)

    await patience()
    order.hear(5)

    assert order.lost == [4]
    assert order.delivered == [1, 5]


async def test_an_unknown_chat_begins_at_once_when_its_change_before_is_long_past() -> None:
    order = Order()

    order.hear(17, after=LONG_AGO)

    assert order.delivered == [17]


async def test_an_unknown_chats_change_waits_for_one_that_may_still_be_on_its_way() -> None:
    order = Order()
    order.hear(17, after=JUST_NOW)
    held = list(order.delivered)

    order.hear(16, after=LONG_AGO)

    assert held == []
    assert order.delivered == [16, 17]
    assert order.asked == []


async def test_an_unknown_chats_change_before_is_read_when_it_does_not_come() -> None:
    order = Order()
    order.stored = [said(sequence=15), said(sequence=16)]
    order.hear(18, 17, after=JUST_NOW)

    await patience()
    order.hear(16, after=JUST_NOW)

    assert order.asked == [(15, 18)]
    assert order.delivered == [16, 17, 18]
    assert order.lost == []


async def test_a_change_from_before_the_chat_became_known_is_a_loss() -> None:
    order = Order()
    order.hear(17, after=LONG_AGO)

    order.hear(16, after=LONG_AGO)

    assert order.delivered == [17]
    assert order.lost == [16]


async def test_chats_do_not_wait_for_each_other() -> None:
    order = Order()
    order.hear(1)
    order.hear(3)

    order.hear(1, 2, chat="OTHER")

    assert order.delivered == [1, 1, 2]


async def test_only_so_many_chats_are_remembered_and_none_that_waits_is_forgotten() -> None:
    order = Order(max_chats=3)
    order.stored = [said(sequence=2, chat="WAITS")]
    order.hear(1, 3, chat="WAITS")

    for number in range(20):
        order.hear(1, chat=f"C{number}")
    await patience()

    assert len(order.order._chats) <= 3
    assert order.delivered == [1] + [1] * 20 + [2, 3]


async def test_nothing_is_delivered_once_everything_was_forgotten() -> None:
    order = Order()
    order.stored = [said(sequence=2)]
    order.hear(1, 3)

    order.order.clear()
    await patience()

    assert order.delivered == [1]
    assert order.asked == []
