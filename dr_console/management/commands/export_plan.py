"""Write the plan as a file that people can edit and load again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.plans import services, writer
from dr_console.plans.models import PlanVersion


class Command(BaseCommand):
    help = "Prints the current plan, or an older version of it, as YAML."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--number", type=int, metavar="N", help="version N instead of the current one")

    def handle(self, *args: Any, number: int | None = None, **options: Any) -> None:
        current = services.current_version()
        version = PlanVersion.objects.filter(number=number).first() if number is not None else current
        if version is None:
            self.stderr.write("There is no plan yet." if number is None else f"The plan has no version {number}.")
            raise SystemExit(2)
        content = services.export() if version == current else version.content
        self.stdout.write(writer.written(content, name=f"DR Console plan, version {version.number}"), ending="")
