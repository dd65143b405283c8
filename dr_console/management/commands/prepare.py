"""`manage.py prepare`: make the database, the roles, the plan, the static files and the first administrator ready."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.management import preparation


class Command(BaseCommand):
    help = (
        "Makes everything ready that the console needs before it can serve: database, roles, built-in plan, static "
        "files, first administrator. Does nothing the second time. `manage.py up` does it by itself."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--welcome", action="store_true", help="say where the console is, as `manage.py up` does")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["welcome"]:
            preparation.welcome()
            return
        preparation.prepare()
        preparation.make_first_administrator()
