"""`manage.py worker`: timers and deliveries in a process of their own."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from chatplatform import transports, worker
from chatplatform.transports.database_threads import mend_connections


class Command(BaseCommand):
    """Runs the worker's jobs until SIGTERM; several may run side by side."""

    help = "Run timers and deliveries until stopped; several workers may run side by side."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run due jobs twice a second, whatever becomes of the database meanwhile."""
        transports.start()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        worker.start()
        while not stop.wait(0.5):
            worker.run_once()
            mend_connections()
        worker.stop()
