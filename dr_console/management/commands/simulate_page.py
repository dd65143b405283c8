"""`manage.py simulate_page`: if an incident began then, who would hear of it when, by what, and why."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from dr_console.web.times import duration
from incidents.models import Contact, Severity
from incidents.oncall_forms import YEARS
from incidents.queries.escalation_simulation import Asked, Line, Simulation, simulate


class Command(BaseCommand):
    help = (
        "Climbs the plan's escalation ladder as it would be climbed for an incident that begins at a given time. "
        "Nobody is told. Exit status: 0 if somebody would be paged, 1 if nobody would, 2 if it was asked for wrongly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("severity", choices=Severity.values)
        parser.add_argument("at", help="When it begins, by the clock of the zone: “2026-11-28 03:00”.")
        parser.add_argument(
            "--zone", default=settings.TIME_ZONE, metavar="NAME", help="Of that time: Asia/Shanghai. UTC without it."
        )
        parser.add_argument(
            "--absent", action="append", default=[], metavar="KEY", help="A contact who is away. May be given again."
        )
        parser.add_argument(
            "--answers", default="", metavar="KEY", help="The contact who acknowledges. Nobody without."
        )
        parser.add_argument("--after", type=int, default=0, metavar="MIN", help="So many minutes after they are told.")
        parser.add_argument("--json", action="store_true", help="Print it for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = Asked(
            severity=options["severity"],
            at=_moment(options["at"], options["zone"]),
            absent=[_known(key) for key in options["absent"]],
            answers=_known(options["answers"]) if options["answers"] else "",
            after=timedelta(minutes=_minutes(options["after"])),
        )
        simulation = simulate(asked)
        if options["json"]:
            self.stdout.write(json.dumps(_facts(simulation), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
        else:
            self._print(simulation)
        if not any(line.key for line in simulation.lines):
            raise SystemExit(1)

    def _print(self, simulation: Simulation) -> None:
        if not simulation.has_policy:
            self.stdout.write(f"The plan has no ladder for {simulation.asked.severity}.")
        for line in simulation.lines:
            who = " · ".join(part for part in (line.who, line.what) if part)
            by = f" by {', '.join(line.by)}" if line.by else ""
            after = duration(line.after) if line.after else "at once"
            self.stdout.write(f"{line.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {after:>10}  {who}{by}")
            for reason in line.why:
                self.stdout.write(f"{'':34}{reason}")
        self.stdout.write(simulation.end)


def _moment(text: str, zone: str) -> datetime:
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
        if found.year not in YEARS:
            raise ValueError(found.year)
        return found.astimezone(UTC)
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        example = "Write the time as “2026-11-28 03:00” and the zone as Asia/Shanghai."
        raise CommandError(f"“{text}” in “{zone}” is no time. {example}", returncode=2) from wrong


def _known(key: str) -> str:
    if not Contact.objects.current().filter(key=key).exists():
        known = ", ".join(Contact.objects.current().values_list("key", flat=True))
        raise CommandError(f"There is no contact “{key}” in the plan. There are: {known or 'none'}.", returncode=2)
    return key


def _minutes(count: int) -> int:
    if not 0 <= count <= 24 * 60:
        raise CommandError("--after takes 0 to 1440 minutes.", returncode=2)
    return count


def _facts(simulation: Simulation) -> dict[str, Any]:
    asked = simulation.asked
    return {
        "severity": asked.severity,
        "begins_at": asked.at,
        "absent": list(asked.absent),
        "answers": asked.answers or None,
        "answers_after_seconds": int(asked.after.total_seconds()) if asked.answers else None,
        "has_policy": simulation.has_policy,
        "is_cut_off": simulation.is_cut_off,
        "end": simulation.end,
        "lines": [_line(line) for line in simulation.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "at": line.at.astimezone(UTC),
        "after_seconds": int(line.after.total_seconds()),
        "kind": str(line.kind),
        "place": line.place,
        "what": line.what,
        "contact": line.key or None,
        "who": line.who,
        "by": line.by,
        "why": line.why,
    }
