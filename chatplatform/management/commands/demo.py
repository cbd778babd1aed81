"""``manage.py demo``: a small organisation to try everything with."""

import json
import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chatplatform.errors import AlreadyExists, Validation
from chatplatform.models import Group
from chatplatform.services import demo


class Command(BaseCommand):
    """Makes the organisation once and shows its credentials each time."""

    help = "Make a demo organization once, and show its addresses and credentials."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define ``--json`` and ``--organization``."""
        parser.add_argument(
            "--json", action="store_true", help="write one JSON object, for programs"
        )
        parser.add_argument(
            "--organization",
            metavar="NAME",
            default=demo.DEFAULT_NAME,
            help="make or show another, separate organization",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the credentials to standard output, and nothing else."""
        try:
            prepared = demo.prepare(options["organization"])
        except (AlreadyExists, Validation) as error:
            raise CommandError(str(error)) from error
        show = _as_json if options["json"] else _as_table
        self.stdout.write(show(prepared))


def _as_json(prepared: demo.Demo) -> str:
    groups = Group.objects.filter(organization=prepared.organization).order_by("number")
    return json.dumps(
        {
            "license_id": prepared.organization.license_id,
            "organization_id": str(prepared.organization.pk),
            "client_id": prepared.client_id,
            "client_secret": prepared.client_secret,
            "agents": [
                {
                    "id": agent.id,
                    "account_id": agent.account_id,
                    "password": agent.password,
                    "role": agent.role,
                    "pat": agent.pat,
                    "access_token": agent.access_token,
                }
                for agent in prepared.agents
            ],
            "bots": [{"id": bot.id, "secret": bot.secret} for bot in prepared.bots],
            "groups": [{"id": group.number, "name": group.name} for group in groups],
        }
    )


def _as_table(prepared: demo.Demo) -> str:
    address = settings.PUBLIC_URL or f"http://localhost:{os.environ.get('PORT') or 8000}"
    widest = max(len(agent.id) for agent in prepared.agents)
    page = f"{address}/demo/"
    if prepared.organization.name != demo.DEFAULT_NAME:
        page += f"?organization_id={prepared.organization.pk}"
    return "\n".join(
        [
            f"{prepared.organization.name}",
            "",
            f"  A page with the widget   {page}",
            f"  The agents' workspace    {address}/workspace/",
            f"  The API's description    {address}/docs/",
            "",
            f"  {'Sign in as':<{widest}}  {'Role':<6}  Password",
            *(
                f"  {agent.id:<{widest}}  {agent.role:<6}  {agent.password}"
                for agent in prepared.agents
            ),
            "",
            f"  Organization  {prepared.organization.pk}",
            f"  License       {prepared.organization.license_id}",
            f"  Client id     {prepared.client_id}",
            "",
            "  Tokens for the APIs: .venv/bin/python manage.py demo --json",
        ]
    )
