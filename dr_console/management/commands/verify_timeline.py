"""`manage.py verify_timeline`: whether anything on incidents' timelines was changed behind the console's back."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.models import Incident, TimelineEntry
from incidents.queries.timeline_check import Finding, findings, length

LONGEST = 100


class Command(BaseCommand):
    help = (
        "Goes through the hash chain of every timeline, and of the logs of the incidents' runs, and names each row "
        "that was edited, removed or inserted. Exit status: 0 if all is as it was written, 1 if not, 2 if there is no "
        "such incident. Whoever can write to the database could make a whole chain anew: exports carry its end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("incident", nargs="?", metavar="INC", help="Reference of one incident: INC-2026-001.")

    def handle(self, *args: Any, incident: str | None = None, **options: Any) -> None:
        incidents = Incident.objects.order_by("pk")
        if incident is not None:
            incidents = incidents.filter(reference=incident)
            if not incidents.exists():
                raise CommandError(f"There is no incident {incident}.", returncode=2)
        troubles = checked = rows = 0
        for one in incidents.iterator():
            checked, rows = checked + 1, rows + length(one)
            for found in findings(one):
                troubles += 1
                self.stdout.write(self.style.ERROR(_line(found)))
        if troubles:
            self.stdout.write(self.style.ERROR(f"{troubles} rows are not as they were written."))
            sys.exit(1)
        self.stdout.write(self.style.SUCCESS(f"All {rows} rows of {checked} timelines are as they were written."))


def _line(found: Finding) -> str:
    where = f"run {found.run}, line {found.place}" if found.run else f"entry {found.place}"
    line = f"{found.incident.reference}: {where} was {found.trouble}"
    if found.row is None:
        return line
    who = found.row.author if isinstance(found.row, TimelineEntry) else found.row.by
    words = " ".join(found.row.words.split())[:LONGEST]
    return f"{line}: {found.row.at:%Y-%m-%d %H:%M:%S} UTC, {who or 'the console'}, “{words}”"
