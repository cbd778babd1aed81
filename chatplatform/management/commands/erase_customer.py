"""``manage.py erase_customer``: leave nothing of a customer."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatplatform import transports
from chatplatform.domain_events import caused_by
from chatplatform.management import customers
from chatplatform.services import customer_data
from chatplatform.services.customer_data import Held


class Command(BaseCommand):
    """Erases a customer, step by step; one that was broken off goes on where it was."""

    help = (
        "Erase everything held on a customer. Their chats stay, without a word. Bans of them are "
        "lifted, and of nothing but an address they came from. Can not be undone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define whom it is about, and whether to ask before."""
        customers.add_arguments(parser)
        parser.add_argument("--no-input", action="store_true", help="do not ask before it begins")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask, erase, and say what has gone after each step."""
        organization = customers.organization_named(options["organization"])
        if customer_data.was_erased(organization.pk, options["customer"]):
            self.stdout.write("The customer was erased already: nothing is held on them")
            return
        customer = customers.customer_named(organization, options["customer"])
        held = customer_data.held(customer)
        self.stdout.write(f"Customer {customer.pk} of {organization.name}: {_listed(held)}")
        if not options["no_input"] and input("Erase all of this? Type `erase`: ") != "erase":
            raise CommandError("nothing was erased")
        transports.start()  # live sockets are in other processes
        with caused_by(customers.COMMAND):
            customer_data.erase(organization.pk, str(customer.pk), self._say)
        self.stdout.write("Nothing is held on them any more")

    def _say(self, gone: Held) -> None:
        self.stdout.write(f"gone: {_listed(gone)}")


def _listed(counts: Held) -> str:
    found = [f"{number} {name}" for name, number in counts.record().items() if number]
    return ", ".join(found).replace("_", " ") or "nothing but their row"
