"""`manage.py serve NAME`: one of the console's processes, for machines where something else supervises them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.management.processes import PROCESSES
from dr_console.operations.children import Lifeline


class Command(BaseCommand):
    help = "Runs one process of the console in the foreground, as containers and systemd want it. Prepare first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(PROCESSES), help="which process")

    def handle(self, *args: Any, **options: Any) -> None:
        Lifeline.hold_given()
        PROCESSES[options["name"]]()
