"""Say what a plan file may contain: to an editor as JSON Schema, to people as a page."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.plans import manual


class Command(BaseCommand):
    help = "Prints the JSON Schema of the plan file, or docs/plan-file.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--markdown", action="store_true", help="print docs/plan-file.md")

    def handle(self, *args: Any, markdown: bool, **options: Any) -> None:
        if markdown:
            self.stdout.write(manual.markdown(), ending="")
        else:
            self.stdout.write(json.dumps(manual.json_schema(), ensure_ascii=False, indent=2))
