"""`manage.py check_providers`: ask every vendor, changing nothing, whether it would do what a recovery needs."""

from __future__ import annotations

import json
import logging
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from dr_console.providers.checking import CHECKS, LABELS, Finding, State, check_all
from dr_console.providers.deadlines import Deadline

WORDS = {State.OK: "ok", State.FAILED: "FAILED", State.UNKNOWN: "unknown", State.NOT_SET: "not set"}
BAD = (State.FAILED, State.UNKNOWN)


class Command(BaseCommand):
    help = "Asks every vendor whether its token works, has the rights that the plan needs, and the named things exist."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("vendors", nargs="*", metavar="vendor", help=f"Only these: {', '.join(CHECKS)}.")
        parser.add_argument("--json", action="store_true", help="One JSON object, for programs.")
        parser.add_argument("--seconds", type=float, default=60.0, help="How long it may take in all (60).")

    def handle(self, *args: Any, **options: Any) -> None:
        if unknown := sorted(set(options["vendors"]) - set(CHECKS)):
            raise CommandError(
                f"There is no vendor {', '.join(unknown)}. There are: {', '.join(CHECKS)}.", returncode=2
            )
        if not 0 < options["seconds"] <= 3600:
            raise CommandError("--seconds must be more than 0 and at most 3600.", returncode=2)
        # What goes wrong is in the findings; -v2 shows each call as well.
        with quiet("dr_console.providers") if options["verbosity"] < 2 else nullcontext():
            found = check_all(options["vendors"], deadline=Deadline.after(options["seconds"]))
        self.stdout.write(as_json(found) if options["json"] else as_table(found))
        if any(one.state in BAD for one in found):
            raise SystemExit(1)


@contextmanager
def quiet(name: str) -> Iterator[None]:
    log = logging.getLogger(name)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def as_json(found: list[Finding]) -> str:
    rows = [{"vendor": one.vendor, "subject": str(one), "state": one.state.value, "said": one.words} for one in found]
    well = not any(one.state in BAD for one in found)
    return json.dumps({"mode": settings.DR_MODE, "well": well, "findings": rows}, indent=2, ensure_ascii=False)


def as_table(found: list[Finding]) -> str:
    """By vendor: the state, what was looked at, and what was said, each on its line where it is long."""
    lines = [f"Mode: {settings.DR_MODE}"]
    for vendor, group in groupby(found, key=lambda one: one.vendor):
        lines += ["", _(LABELS.get(vendor, vendor))]
        for one in group:
            lines.append(f"  {WORDS[one.state]:<8} {one}")
            if one.words:
                lines.append(f"           {one.words}")
    counts = {state: sum(one.state is state for one in found) for state in State}
    lines += ["", ", ".join(f"{count} {WORDS[state].lower()}" for state, count in counts.items() if count)]
    return "\n".join(lines)
