"""``manage.py export_customer``: a copy of everything that is held on a customer."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatplatform.domain_events import caused_by
from chatplatform.management import customers
from chatplatform.services import customer_data


class Command(BaseCommand):
    """Writes the archive that the admin's button downloads."""

    help = "Write everything held on a customer into a ZIP archive, for them to have."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define whom it is about, and where the archive goes."""
        customers.add_arguments(parser)
        parser.add_argument("--output", metavar="FILE", help="where to; else customer-ID.zip, here")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the archive and say what is in it; a file that is there is not overwritten."""
        organization = customers.organization_named(options["organization"])
        customer = customers.customer_named(organization, options["customer"])
        path = Path(options["output"] or f"customer-{customer.pk}.zip")
        try:
            file = path.open("xb")
        except OSError as error:
            raise CommandError(f"{path} can not be written: {error.strerror}") from None
        try:
            with file, caused_by(customers.COMMAND):
                counts = customer_data.export(organization.pk, str(customer.pk), file)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        for name, count in counts.items():
            if count:
                self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"Wrote {path}")
