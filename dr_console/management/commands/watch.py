"""`manage.py watch`: ask every health endpoint from here. `--location` makes it a further place of the console."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dr_console.management.watch import watch
from dr_console.operations.children import Lifeline


class Command(BaseCommand):
    help = (
        "Runs health checks from this machine until it is stopped, and writes what it finds to the console's database. "
        "`manage.py up` does so itself; start it on other machines, so that one place alone decides nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--location", default="", help="what this place is called; DR_PROBE_LOCATION otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        if len(options["location"]) > 60:
            raise CommandError("The name of a place has 60 characters at the most.")
        Lifeline.hold_given()
        watch(options["location"])
