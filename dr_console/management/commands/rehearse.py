"""`manage.py rehearse`: break the pretend world, let the console act, and hold its word against what happened."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dr_console.errors import ProviderError, Refused
from dr_console.management.rehearsal import own, report, stage
from dr_console.management.rehearsal.readiness import NotReady
from dr_console.management.rehearsal.scenarios import SCENES
from dr_console.management.rehearsal.screen import Screen, screen_for
from dr_console.management.rehearsal.story import Rehearsal
from dr_console.people.services import first_administrator
from dr_console.plans import reader
from dr_console.plans import services as plans
from dr_console.plans.problems import PlanError
from dr_console.providers import sandbox
from dr_console.providers.deadlines import Deadline
from dr_console.providers.sandbox import WrongInput

# An ordinary morning, so that caches are filled as they are on an ordinary day.
WORLD_AGE_SECONDS = 600.0
SECONDS = 10.0


class Command(BaseCommand):
    help = (
        "Breaks the sandbox's world, lets the console notice and fail over, puts everything back, and prints what was "
        "measured beside what really happened. Uses the console that runs; starts one of its own where none does. "
        "Exit status: 0 if every objective was met and console and truth agree, 1 if not, 2 if it could not be done."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        stage.add_arguments(parser)
        parser.add_argument("--scenario", choices=list(SCENES), default="region-outage", help="(region-outage)")
        parser.add_argument(
            "--parameter",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            type=_parameter,
            help="Of the scenario: region=us-west-1. More than once for several.",
        )
        parser.add_argument("--plan", type=Path, metavar="FILE", help="Rehearse this plan, at a console of its own.")
        parser.add_argument("--json", type=Path, metavar="FILE", help="Write the report there too; - for the output.")
        parser.add_argument("--schema", action="store_true", help="Print the JSON Schema of that report.")
        parser.add_argument("--plain", action="store_true", help="Lines instead of a picture, in a terminal too.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(json.dumps(report.schema(), indent=2))
            return
        if options["plan"] is not None and stage.own is None:
            raise CommandError("The console that runs has its plan. Add --own for one with this plan.", returncode=2)
        options["output"] = _kept_for_the_report() if str(options["json"]) == "-" else None
        if stage.own is None or not settings.DR_SANDBOX_URL:
            status = rehearse(options)
        else:
            status = own.run(stage.own, partial(rehearse, options))
        sys.exit(status)


def rehearse(options: dict[str, Any]) -> int:
    """Carry it out at the console that runs. Returns the exit status."""
    screen = screen_for(plain=options["plain"])
    try:
        with screen, _speed(options["speed"]):
            _set_up(options, screen)
            scene, parameters = SCENES[options["scenario"]], dict(options["parameter"])
            found = Rehearsal(scene, parameters, screen).carry_out()
            screen.report(found)
    except (ProviderError, NotReady, PlanError, Refused, WrongInput) as problem:
        print(f"Not rehearsed: {problem}", file=sys.stderr)
        return 2
    if options["json"] is not None:
        _write(options["json"], options["output"], found.model_dump_json(indent=2) + "\n")
    return 0 if found.passed else 1


def _set_up(options: dict[str, Any], screen: Screen) -> None:
    """At a console of the rehearsal's own: somebody who may log in and watch, the plan, and a world with a past."""
    if stage.own is None:
        return
    person, _made_up = first_administrator(settings.DR_ADMIN_USERNAME, settings.DR_ADMIN_EMAIL, stage.own.password)
    screen.say(f"Watch it at {settings.DR_PUBLIC_URL} as {person.get_username()}, password {stage.own.password}")
    if options["plan"] is not None:
        plans.load(reader.read(options["plan"]), by=None, source=options["plan"].name)
    _wait_for_sandbox()
    sandbox.set_clock({"advance": WORLD_AGE_SECONDS}, deadline=Deadline.after(SECONDS))


def _wait_for_sandbox() -> None:
    """Raises the last ProviderError when it has not answered in time."""
    deadline = Deadline.after(30)
    while True:
        try:
            sandbox.clock(deadline=Deadline.after(1))
            return
        except ProviderError:
            if deadline.left() <= 0:
                raise
            time.sleep(0.1)


@contextmanager
def _speed(wanted: int | None) -> Iterator[None]:
    """Let the world of a console that runs go at this speed, and afterwards at its own again."""
    if wanted is None or stage.own is not None:
        yield
        return
    before = sandbox.clock(deadline=Deadline.after(SECONDS)).speed
    sandbox.set_clock({"speed": wanted}, deadline=Deadline.after(SECONDS))
    try:
        yield
    finally:
        sandbox.set_clock({"speed": before}, deadline=Deadline.after(SECONDS))


def _kept_for_the_report() -> IO[str]:
    """The standard output as it was. Whatever else is printed, by whichever process, goes to the standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return output


def _write(path: Path, output: IO[str] | None, text: str) -> None:
    if output is not None:
        with output:
            output.write(text)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"--json: {path} cannot be written ({error.strerror}).", returncode=2) from error


def _parameter(text: str) -> tuple[str, str | float]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError(f"“{text}” is not NAME=VALUE")
    try:
        return name, float(value)
    except ValueError:
        return name, value
