"""``manage.py redeliver_webhooks``: have calls sent again, e.g. once a receiver is mended."""

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from chatplatform import clock, ids
from chatplatform.models import WebhookDelivery
from chatplatform.services import redelivery


class Command(BaseCommand):
    """Queues deliveries again; the worker sends them, under the ids they had."""

    help = "Queue deliveries of webhooks again: those given up, unless --all. Prints each queued."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define what narrows: at least one of it is needed."""
        parser.add_argument(
            "--delivery",
            metavar="ID",
            nargs="+",
            type=_number,
            help="these deliveries (`webhook-id` of the call), whatever became of them",
        )
        parser.add_argument("--webhook", metavar="ID", help="deliveries of this webhook")
        parser.add_argument(
            "--since", metavar="TIME", type=_moment, help="of what happened then or later"
        )
        parser.add_argument("--until", metavar="TIME", type=_moment, help="of what happened before")
        parser.add_argument(
            "--all", action="store_true", help="also those that were delivered already"
        )
        parser.add_argument(
            "--waiting",
            action="store_true",
            help="instead of those given up, those that wait for their next try: have it now",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue what is wanted; one line each, then how many."""
        if not any(options[name] for name in ("delivery", "webhook", "since", "until")):
            raise CommandError("say which: --delivery, --webhook, --since or --until")
        count = 0
        queue = redelivery.hurry if options["waiting"] else redelivery.queue_again
        for delivery in queue(_wanted(options)):
            count += 1
            moment = clock.to_wire(delivery.occurred_at)
            shown = (ids.delivery_id(delivery.pk), delivery.webhook_id, delivery.action, moment)
            self.stdout.write(" ".join(shown))
        self.stdout.write(f"Queued {count}")


def _wanted(options: dict[str, Any]) -> QuerySet[WebhookDelivery]:
    rows = WebhookDelivery.objects.all()
    if options["delivery"]:
        rows = rows.filter(pk__in=options["delivery"])
    elif not options["all"] and not options["waiting"]:
        rows = rows.filter(state=WebhookDelivery.State.FAILED)
    if options["webhook"]:
        rows = rows.filter(webhook=options["webhook"])
    if options["since"]:
        rows = rows.filter(occurred_at__gte=options["since"])
    if options["until"]:
        rows = rows.filter(occurred_at__lt=options["until"])
    return rows


def _number(text: str) -> int:
    number = ids.delivery_number(text)
    if number is None:
        raise ArgumentTypeError(f"{text!r} is no delivery's id")
    return number


def _moment(text: str) -> datetime:
    try:
        return clock.from_wire(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time like 2030-01-31T12:00:00Z") from None
