"""Measure the platform and print a table: ``python -m benchmarks``, or ``make bench``.

Needs PostgreSQL and Redis (``DATABASE_URL``, ``REDIS_URL``; by default those of this machine) and
takes less than ten minutes, the first time included, when the histories are written. Databases
named ``chatplatform_bench_…`` are kept for the next run. Name parts (``rtm``, ``web``,
``webhooks``, ``memory``, ``cost``) to measure only those. Ends with 1 when a figure misses what was
promised.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

import django

from benchmarks import cost, history, machine, memory, report, rtm, web, webhooks
from benchmarks.history import Past
from benchmarks.installation import VAR_DIR, Database, Unavailable, check, past_of
from benchmarks.report import Figure

SHORT = Database("chatplatform_bench_short")
LONG = Database("chatplatform_bench_long")
SHORT_CHATS, LONG_CHATS = 1_000, 200_000
PGBENCH_CHATS = 1_000
HISTORY_MARK, LOAD_MARK, HOOKS_MARK = "B", "A", "C"

RATIO = 0.15
FULL_DELIVERY_MS = 300
HALF_DELIVERY_MS = 100
CONNECTION_KIB = 64
HISTORY_FACTOR = 1.5
WEBHOOK_RATIO = 0.4
WEBHOOK_DELAY_MS = 100


class Bench:
    """The databases, with their histories written."""

    def __init__(self) -> None:
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        self.pasts: dict[Database, tuple[dict[str, Any], Past]] = {}
        for database, chats in ((SHORT, SHORT_CHATS), (LONG, LONG_CHATS)):
            database.prepare()
            demo = database.demo("History")
            past = past_of(demo, chats, HISTORY_MARK)
            self.pasts[database] = demo, past
            with database.connect() as connection:
                if not history.exists(connection, past):
                    print(f"writing a history of {chats:,} chats …", flush=True)
                    history.forget(connection, past)
                    history.write(connection, past)
                    history.settle(connection)

    def rtm(self) -> list[Figure]:
        """Messages over RTM, beside pgbench."""
        demo = LONG.demo("Load")
        past = past_of(demo, PGBENCH_CHATS, LOAD_MARK, active=PGBENCH_CHATS)
        with LONG.connect() as connection:
            history.forget(connection, past)
            history.write(connection, past)
            history.settle(connection)
            try:
                found = rtm.measure(LONG, demo, past, _append_statement())
            finally:
                history.forget(connection, past)
        full, half = found.full, found.half
        return [
            report.plain("pgbench, 1 client", found.pgbench_1, "/s"),
            report.plain("pgbench, 8 clients", found.pgbench_8, "/s"),
            report.plain("full load: messages", full.per_second, "/s"),
            report.at_least("full load, of pgbench with 1 client", found.ratio, RATIO, "", 2),
            report.plain("full load: response p50", full.response_p50, "ms"),
            report.plain("full load: response p99", full.response_p99, "ms"),
            report.plain("full load: delivery p50", full.delivery_p50, "ms"),
            report.at_most("full load: delivery p99", full.delivery_p99, FULL_DELIVERY_MS, "ms"),
            report.none_of("full load: lost", full.lost),
            report.none_of("full load: out of order", full.disordered),
            report.plain("full load: processor time of the server", full.server_cpu, "cores", 2),
            report.plain("half load: messages", half.per_second, "/s"),
            report.plain("half load: response p50", half.response_p50, "ms"),
            report.plain("half load: response p99", half.response_p99, "ms"),
            report.plain("half load: delivery p50", half.delivery_p50, "ms"),
            report.at_most("half load: delivery p99", half.delivery_p99, HALF_DELIVERY_MS, "ms"),
            report.none_of("half load: lost", half.lost),
            report.none_of("half load: out of order", half.disordered),
        ]

    def web(self) -> list[Figure]:
        """Messages over HTTP."""
        _, past = self.pasts[LONG]
        found = web.measure(LONG, past)
        with LONG.connect() as connection:
            history.rewind(connection, past)
        return [
            report.plain(f"{web.WORKERS} workers: send_event", found.per_second, "/s"),
            report.plain("response p50", found.response_p50, "ms", 1),
            report.plain("response p99", found.response_p99, "ms", 1),
            report.none_of("refused", found.refused),
        ]

    def webhooks(self) -> list[Figure]:
        """Webhooks sent by one worker, which has no long past to index besides."""
        demo = SHORT.demo("Hooks")
        past = past_of(demo, webhooks.CHATS, HOOKS_MARK, active=webhooks.CHATS)
        with SHORT.connect() as connection:
            history.forget(connection, past)
            history.write(connection, past)
            try:
                found = webhooks.measure(SHORT, past)
            finally:
                history.forget(connection, past)
        return [
            report.plain("a bare loop of requests", found.bare_per_second, "/s"),
            report.plain("full load: deliveries", found.per_second, "/s"),
            report.at_least("full load, of the bare loop", found.ratio, WEBHOOK_RATIO, "", 2),
            report.plain("full load: processor time of the worker", found.worker_cpu, "cores", 2),
            report.at_most(
                f"{webhooks.RATE} messages/s: commit to receiver p50",
                found.delay_p50,
                WEBHOOK_DELAY_MS,
                "ms",
            ),
            report.plain("commit to receiver p99", found.delay_p99, "ms"),
            report.none_of("lost", found.lost),
        ]

    def memory(self) -> list[Figure]:
        """Memory per connection."""
        _, past = self.pasts[LONG]
        grown = memory.measure(LONG, past) / 1024
        with LONG.connect() as connection:
            history.rewind(connection, past)
        name = f"each of {memory.CONNECTIONS:,} idle RTM connections"
        return [report.at_most(name, grown, CONNECTION_KIB, "KiB", 1)]

    def cost(self) -> list[Figure]:
        """Cost against history."""
        sides = [cost.side(database, *self.pasts[database]) for database in (SHORT, LONG)]
        figures = []
        for found in cost.measure(*sides):
            target = f"≤ × {HISTORY_FACTOR}"
            value = f"{found.short:.1f} → {found.long:.1f} ms, × {found.factor:.2f}"
            name = f"{found.action} ({found.reader})"
            figures.append(Figure(name, value, target, found.factor <= HISTORY_FACTOR))
        return figures


def _append_statement() -> str:
    """Return the statement with which the platform stores an event."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
    os.environ["VAR_DIR"] = str(VAR_DIR)
    django.setup()
    from chatplatform.services.events import APPEND_STATEMENT

    return APPEND_STATEMENT


TITLES = {
    "rtm": "RTM: 50 customers write, 2 agents follow all chats, one server process",
    "web": "Web API: WSGI workers, a connection per request, 8 at a time",
    "memory": "Memory",
    "cost": f"p95 with {SHORT_CHATS:,} → {LONG_CHATS:,} chats of {history.EVENTS_PER_CHAT} events",
    "webhooks": f"Webhooks: {webhooks.ENDPOINTS} endpoints, one worker; for delays one is dead",
}


def main(parts: list[str]) -> int:
    """Measure ``parts``, or everything, and return the exit code."""
    if unknown := set(parts) - TITLES.keys():
        print(f"unknown: {', '.join(sorted(unknown))}; choose from {', '.join(TITLES)}")
        return 2
    began = time.monotonic()
    figures: list[Figure] = []
    try:
        check()
        bench = Bench()
        report.print_section("Machine", machine.description(LONG))
        for part in parts or TITLES:
            measure: Callable[[], list[Figure]] = getattr(bench, part)
            found = measure()
            report.print_section(TITLES[part], found)
            figures += found
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    missed = [figure for figure in figures if figure.reached is False]
    print(f"\n{len(missed)} missed; {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
