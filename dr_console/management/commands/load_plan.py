"""Make a plan file the current plan, or only show what it would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import IO, Any, cast

import yaml
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _
from rich.console import Console
from rich.text import Text

from dr_console.errors import Refused
from dr_console.plans import difference, reader, services
from dr_console.plans.difference import Change
from dr_console.plans.problems import PlanError


class Command(BaseCommand):
    help = "Loads a plan from a YAML file, all of it or nothing, and prints what changes. Exit status 2: a wrong file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the plan, as export_plan writes it and docs/plan-file.md describes it")
        parser.add_argument("--dry-run", action="store_true", help="print what would change, and change nothing")
        parser.add_argument("--note", default="", help="why, for the list of versions")

    def handle(self, *args: Any, file: str, dry_run: bool, note: str, **options: Any) -> None:
        try:
            document = reader.read(file)
            if dry_run:
                changes = difference.compare(services.export(), document.content())
                end = _("Nothing was changed: this was a dry run.")
            else:
                version = services.load(document, by=None, source=Path(file).name, note=note)
                changes = services.changes_of(version)
                end = _("The plan is now version %(number)d.") % {"number": version.number}
        except (PlanError, Refused) as error:
            self.stderr.write(str(error))
            raise SystemExit(2) from error
        console = Console(
            file=cast(IO[str], self.stdout._out),
            no_color=options["no_color"],
            force_terminal=options["force_color"] or None,
            highlight=False,
            soft_wrap=True,
        )
        for line in [*_lines(changes), Text(_counted(changes)), Text(end)]:
            console.print(line)


def _counted(changes: list[Change]) -> str:
    if not changes:
        return _("Nothing differs from the current plan.")
    counts = Counter(change.kind for change in changes)
    return _("%(added)d added, %(changed)d changed, %(removed)d removed.") % {
        kind: counts[kind] for kind in ("added", "changed", "removed")
    }


def _lines(changes: list[Change]) -> Iterator[Text]:
    """Like a diff: each section, each entry in it, and what went (-) and came (+) there."""
    for section, in_section in groupby(changes, key=lambda change: change.section):
        yield Text(section, style="bold")
        for key, of_entry in groupby(in_section, key=lambda change: change.key):
            indent = "  "
            fields = list(of_entry)
            if key and fields[0].field:
                yield Text(f"  ~ {key}", style="yellow")
                indent = "      "
            for change in fields:
                yield from _change(change, indent)


def _change(change: Change, indent: str) -> Iterator[Text]:
    what = change.field or change.key or _("all of it")
    if change.kind != "added":
        yield Text(f"{indent}- {what}: {_short(change.before)}", style="red")
    if change.kind != "removed":
        yield Text(f"{indent}+ {what}: {_short(change.after)}", style="green")


def _short(value: Any) -> str:
    """One line of YAML; of a whole entry only its name."""
    if isinstance(value, dict):
        named = (value.get(name) for name in ("name", "title", "heading", "text", "key"))
        value = next(filter(None, named), value)
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, sort_keys=False, width=10_000)
    return " ".join(text.removesuffix("...\n").split())
