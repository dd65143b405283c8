"""`manage.py declare`: open an incident from a terminal, where there is no browser."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from incidents.incident_api import shown
from incidents.models import Incident, Service, Severity
from incidents.services import incident as incidents


class Command(BaseCommand):
    help = (
        "Declares an incident, pages whom the plan names for it, and prints its reference. "
        "Exit status: 0 if it is declared, 2 if it was asked for wrongly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("title", help="What is wrong, as users notice it: “Checkout answers with errors”.")
        parser.add_argument(
            "--severity",
            choices=[*Severity.values, "pending"],
            default="pending",
            help="How bad it is. Without it nobody has decided yet, and it is taken for P1.",
        )
        parser.add_argument("--service", default="", metavar="KEY", help="Key of the service in the plan: api.")
        parser.add_argument("--drill", action="store_true", help="Nothing is really broken: marked everywhere.")
        parser.add_argument(
            "--client-token", default="", metavar="TEXT", help="Declared again with it, it is the same incident."
        )
        parser.add_argument("--json", action="store_true", help="Print all its facts instead of its reference.")

    def handle(self, *args: Any, **options: Any) -> None:
        title = " ".join(options["title"].split())
        if not 0 < len(title) <= incidents.LONGEST_TITLE:
            raise CommandError(f"Say what is wrong in 1 to {incidents.LONGEST_TITLE} letters.", returncode=2)
        if len(options["client_token"]) > 80:
            raise CommandError("--client-token takes at most 80 letters.", returncode=2)
        incident, is_new = incidents.declare(
            title=title,
            severity="" if options["severity"] == "pending" else options["severity"],
            service=_service(options["service"]),
            by=None,
            origin=Incident.Origin.TERMINAL,
            is_practice=options["drill"],
            client_token=f"terminal:{options['client_token']}" if options["client_token"] else "",
        )
        facts = shown(incident)
        if options["json"]:
            self.stdout.write(json.dumps(facts | {"is_new": is_new}, cls=DjangoJSONEncoder, indent=2))
        else:
            self.stdout.write(
                f"{incident.reference}  {'declared' if is_new else 'was declared already'}: {facts['url']}"
            )


def _service(key: str) -> Service | None:
    if not key:
        return None
    found = Service.objects.current().filter(key=key).first()
    if found is None:
        known = ", ".join(Service.objects.current().values_list("key", flat=True))
        raise CommandError(f"There is no service “{key}” in the plan. There are: {known or 'none'}.", returncode=2)
    return found
