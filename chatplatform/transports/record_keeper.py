"""Writing down what a WSGI process noted: it has no event loop with timers (``server.py``)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.db import connections

from chatplatform.services import api_calls

log = structlog.get_logger(__name__)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_running_in = 0
"""The process whose thread writes; a forked child starts one of its own."""
_starting = threading.Lock()


def with_record_keeper(application: Application) -> Application:
    """Let a thread write down the calls ``application`` serves, from the first request on."""

    def served(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _running_in != os.getpid():
            _start()
        return application(environ, start_response)

    return served


def _start() -> None:
    global _running_in
    with _starting:
        if _running_in == os.getpid():
            return
        _running_in = os.getpid()
        threading.Thread(target=_keep, name="record-keeper", daemon=True).start()


def _keep() -> None:
    while True:
        time.sleep(api_calls.FLUSH_SECONDS)
        try:
            api_calls.flush()
        except Exception:
            log.exception("calls not written down")
        finally:
            connections.close_all()
