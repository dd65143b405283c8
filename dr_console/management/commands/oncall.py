"""`manage.py oncall`: who is on call, in a terminal, where there is no browser."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, now

from incidents.oncall_api import FIRST, LAST, shown
from incidents.queries.oncall import roster
from incidents.queries.oncall_page import AHEAD

WRITTEN = "%a %Y-%m-%d %H:%M"


class Command(BaseCommand):
    help = (
        "Says who is on call and who comes next, in each rotation of the plan. "
        "Exit status: 0 if somebody is in all of them, 1 if nobody is in one of them, 2 if it was asked for wrongly."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", metavar="TIME", help="“2026-11-28 03:00”, by the clock of --zone. Without it: now.")
        parser.add_argument("--zone", default="UTC", metavar="ZONE", help="Time zone of the times: Asia/Tokyo.")
        parser.add_argument("--rotation", metavar="KEY", help="One rotation, by its key in the plan. Without it: all.")
        parser.add_argument("--json", action="store_true", help="Print the facts as GET /api/v1/oncall gives them.")

    def handle(self, *args: Any, **options: Any) -> None:
        zone = _zone(options["zone"])
        at = _moment(options["at"], zone)
        known = roster(at, at + AHEAD)
        wanted = options["rotation"]
        if wanted is not None and wanted not in known.rotations:
            there = ", ".join(known.rotations) or "none"
            raise CommandError(f"There is no rotation “{wanted}” in the plan. There are: {there}.", returncode=2)
        facts = shown(known, [wanted] if wanted else list(known.rotations), at)
        if options["json"]:
            self.stdout.write(json.dumps(facts, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))
        else:
            self._say(facts, zone)
        if any(one["on_call"] is None for one in facts["rotations"]):
            sys.exit(1)

    def _say(self, facts: dict[str, Any], zone: ZoneInfo) -> None:
        self.stdout.write(f"On {facts['at'].astimezone(zone):{WRITTEN}} {zone}:")
        for one in facts["rotations"]:
            now_on, following = one["on_call"], one["next"]
            if now_on is None:
                self.stdout.write(self.style.ERROR(f"{one['name']} ({one['key']}): NOBODY"))
            else:
                end = f"{now_on['ends_at'].astimezone(zone):{WRITTEN}}"
                why = "" if now_on["because"] == "turn" else f", {now_on['because']}"
                self.stdout.write(f"{one['name']} ({one['key']}): {now_on['name']} until {end}{why}")
            if following is not None:
                start = f"{following['starts_at'].astimezone(zone):{WRITTEN}}"
                self.stdout.write(f"  then {following['name']} from {start}")
        if not facts["rotations"]:
            self.stdout.write("The plan has no rotation.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CommandError(f"“{name}” is no time zone, such as Asia/Tokyo.", returncode=2) from None


def _moment(text: str | None, zone: ZoneInfo) -> datetime:
    if text is None:
        return now()
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"“{text}” is no time, such as “2026-11-28 03:00”.", returncode=2)
    at = found if is_aware(found) else found.replace(tzinfo=zone)
    if not FIRST <= at <= LAST:
        raise CommandError("--at has to be in this century.", returncode=2)
    return at.astimezone(UTC)
