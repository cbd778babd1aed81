"""The sender: claims what is due, has it called, and writes down what became of it.

Two threads of the worker: this one talks to the database only, ``calling`` to receivers only. What
is in hand is bounded, for each endpoint and altogether; everything else waits in the database.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from django.db import Error, InterfaceError, OperationalError, connections

from chatplatform import clock
from chatplatform.models import WebhookDelivery
from chatplatform.services import deliveries
from chatplatform.services.deliveries import Claimed, Outcome, Ready
from chatplatform.transports.database_threads import mend_connections
from webhooks.calling import AT_ONCE, Call, Calling
from webhooks.calls import Result, Unready, composed

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 0.02
"""Between two looks while anything happens."""
WRITE_EVERY_SECONDS: Final = 0.1
WRITE_AT_ONCE: Final = 100
"""So much later at most, and so many together, what is done is written down."""
IDLE_PAUSE_SECONDS: Final = 0.25
IDLE_AFTER_SECONDS: Final = 10.0
BUSY_PAUSE_SECONDS: Final = 0.005
"""Between two looks while there is more than was taken."""
LONGEST_TROUBLE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 3.0

SLOW_SECONDS: Final = 1.0
"""Who takes longer on average to answer is slow; so is who failed last."""
PROVEN_SECONDS: Final = 2.0
"""For how long an endpoint that took a call counts as one that takes more at once."""
PROVEN_IN_HAND: Final = 100
"""Deliveries in hand of an endpoint that takes them, so that it never waits for the database. Of
any other there are only as many as can be called at a time."""
FAST_ALTOGETHER: Final = 2_000
SLOW_ALTOGETHER: Final = 1_000

Compose = Callable[[Sequence[WebhookDelivery]], Mapping[int, Result]]


class Sender:
    """Delivers until stopped. Several may run, in one process or in many."""

    def __init__(self, compose: Compose = composed) -> None:
        self._compose = compose
        self._stopped = threading.Event()
        self._calling: Calling | None = None
        self._thread: threading.Thread | None = None
        self._finished: deque[tuple[Call, Outcome | None]] = deque()
        self._in_hand: dict[bool, Counter[int]] = {False: Counter(), True: Counter()}
        """How many calls of each endpoint are under way or wait for it: fast ones and slow ones."""
        self._proven: dict[int, float] = {}
        """When each endpoint last took a call at once."""
        self._after = 0
        self._busy = False
        self._active_at = 0.0
        self._written_at = 0.0

    def start(self) -> None:
        """Begin, unless it runs."""
        if self._thread is not None:
            return
        self._stopped.clear()
        self._calling = Calling(lambda call, outcome: self._finished.append((call, outcome)))
        self._calling.start()
        self._thread = threading.Thread(target=self._run, name="webhook-sender", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, finish what is under way within a few seconds, and return."""
        if self._thread is None:
            return
        self._stopped.set()
        self._thread.join(STOP_SECONDS + 5)
        self._thread = self._calling = None

    # --- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._calling is not None
        trouble = 0.0
        while not self._stopped.is_set():
            try:
                self._turn(self._calling)
                trouble = 0.0
            except Exception as error:
                trouble = min(LONGEST_TROUBLE_SECONDS, 2 * trouble or 0.1)
                if not isinstance(error, Error):
                    log.exception("webhooks wait")
                else:
                    log.warning("webhooks wait for the database", error=repr(error))
            mend_connections()
            self._stopped.wait(trouble or self._pause())
        self._calling.stop(STOP_SECONDS)
        try:
            self._write_down()
        except Exception:
            log.exception("the last webhooks were not written down")
        connections.close_all()

    def _pause(self) -> float:
        if self._busy:
            return BUSY_PAUSE_SECONDS
        is_idle = time.monotonic() - self._active_at > IDLE_AFTER_SECONDS
        return IDLE_PAUSE_SECONDS if is_idle else PAUSE_SECONDS

    def _turn(self, calling: Calling) -> None:
        """Take what is due and have it called, then write down what is done."""
        self._take_and_call(calling)
        is_late = time.monotonic() - self._written_at > WRITE_EVERY_SECONDS
        if is_late or len(self._finished) >= WRITE_AT_ONCE:
            self._write_down()

    def _take_and_call(self, calling: Calling) -> None:
        quotas, probes, slow = self._quotas(deliveries.ready(self._after))
        claimed = deliveries.claim(quotas, probes)
        taken = Counter(one.delivery.endpoint_id for one in claimed)
        self._busy = any(taken[endpoint_id] >= quota for endpoint_id, quota in quotas.items())
        if not claimed:
            return
        self._active_at = time.monotonic()
        calls = self._calls(claimed, slow)
        if untried := taken.keys() & set(probes) - {call.endpoint_id for call in calls}:
            deliveries.reopen(untried)
        for call in calls:
            self._in_hand[call.slow][call.endpoint_id] += 1
        calling.make(calls)

    # --- what is done -------------------------------------------------------------------------

    def _write_down(self) -> None:
        """Store outcomes, and only then count them as done: the next time repeats what fails.

        Giving back comes first, for it may be repeated.
        """
        self._written_at = time.monotonic()
        finished = list(self._finished)
        if not finished:
            return
        deliveries.release([call.claimed for call, outcome in finished if outcome is None])
        _store([outcome for _, outcome in finished if outcome is not None])
        for call, outcome in finished:
            self._finished.popleft()
            if outcome is not None and outcome.status is not None:
                self._proven[call.endpoint_id] = self._written_at
            in_hand = self._in_hand[call.slow]
            in_hand[call.endpoint_id] -= 1
            if not in_hand[call.endpoint_id]:
                del in_hand[call.endpoint_id]
        self._active_at = time.monotonic()
        latest = self._active_at - PROVEN_SECONDS
        self._proven = {one: last for one, last in self._proven.items() if last > latest}

    # --- what is due --------------------------------------------------------------------------

    def _quotas(self, found: Sequence[Ready]) -> tuple[dict[int, int], list[int], set[int]]:
        """Return how much to take of each endpoint, which to probe, and which are slow.

        Endpoints that find no room are looked at first the next time, or those behind them where
        nobody found any.
        """
        room = {
            False: FAST_ALTOGETHER - self._in_hand[False].total(),
            True: SLOW_ALTOGETHER - self._in_hand[True].total(),
        }
        quotas: dict[int, int] = {}
        probes: list[int] = []
        slow: set[int] = set()
        last = 0
        for one in found:
            is_slow = one.failures > 0 or one.answer_seconds > SLOW_SECONDS
            is_proven = one.endpoint_id in self._proven and not is_slow
            most = PROVEN_IN_HAND if is_proven else AT_ONCE
            in_hand = sum(counter[one.endpoint_id] for counter in self._in_hand.values())
            quota = min(most - in_hand, room[is_slow])
            if is_slow:
                slow.add(one.endpoint_id)
            if one.is_probed and room[is_slow] > 0:
                probes.append(one.endpoint_id)
                room[is_slow] -= 1
            elif not one.is_probed and quota > 0:
                quotas[one.endpoint_id] = quota
                room[is_slow] -= quota
                last = one.endpoint_id
        are_more = len(found) >= deliveries.LOOKED_AT
        if are_more and not last:  # none of these is to hold up those behind them
            last = found[-1].endpoint_id
        self._after = last if are_more or min(room.values()) <= 0 else 0
        return quotas, probes, slow

    def _calls(self, claimed: Sequence[Claimed], slow: set[int]) -> list[Call]:
        """Compose what is to be said; delete what nobody is to hear."""
        found = self._composed([one.delivery for one in claimed])
        calls: list[Call] = []
        unwanted: list[int] = []
        unready: list[Outcome] = []
        for one in claimed:
            delivery = one.delivery
            what = found[delivery.id]
            if what is None:
                unwanted.append(delivery.id)
            elif isinstance(what, Unready):
                unready.append(_not_composed(delivery, what))
            else:
                is_slow = delivery.endpoint_id in slow
                calls.append(Call(one, what.url, what.secret_key, what.body, slow=is_slow))
        if unwanted:
            deliveries.drop(unwanted)
        if unready:
            log.warning("webhooks could not be composed", count=len(unready), why=unready[0].error)
            deliveries.finish(unready)
        return calls

    def _composed(self, rows: Sequence[WebhookDelivery]) -> Mapping[int, Result]:
        """Compose all at once, or one by one where one of them can not be."""
        try:
            return self._compose(rows)
        except Error:
            raise
        except Exception:
            log.exception("webhooks could not be composed together", count=len(rows))
        found: dict[int, Result] = {}
        for row in rows:
            try:
                found.update(self._compose([row]))
            except Error:
                raise
            except Exception as error:
                log.exception("a webhook could not be composed", delivery=row.id)
                found[row.id] = Unready(f"it could not be composed: {type(error).__name__}")
        return found


def _store(outcomes: Sequence[Outcome]) -> None:
    """Store outcomes together; one that can not be is left out, or it would hold up all others.

    Its lease ends, and it is tried again. Raise what may pass: that the database is away, or busy.
    """
    try:
        deliveries.finish(outcomes)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(outcomes) == 1:
            log.exception("an attempt can not be written down", delivery=outcomes[0].delivery_id)
            return
        for one in outcomes:
            _store([one])


def _not_composed(row: WebhookDelivery, what: Unready) -> Outcome:
    return Outcome(
        delivery_id=row.id,
        endpoint_id=row.endpoint_id,
        attempts=row.attempts_count + 1,
        started_at=clock.now(),
        seconds=0.0,
        error=what.reason,
        ours=True,
    )
