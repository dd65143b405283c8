"""P1: time to recover, beside the plan's own script and beside the least that it takes.

python -m benchmarks.recovery [--after 0.5 5] [--rounds 3]

Tokyo is gone, and the standby is there for users T seconds after the names were changed. Each of the three starts at
the same point of the same story, with the same answers of the same vendors after the same time: the floor carries out
what the console's plan needs and asks the public address every 30 ms; the script is the plan's, with its sleeps; the
console starts its plan as a person would. Floor and script end with the first good answer that they see. So does the
time to recover of the console (ENGINE.md, 15), and is held against the script's; held against the floor is the later
moment at which several good answers in a row have made it certain. Builds take no time, which favours the script: the
plan has it build anew, and the console shows what is built already. Medians of all rounds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.recovering.console import Console, console
from tests.running import ROOT

if TYPE_CHECKING:
    from benchmarks.recovering.stage import Ids
    from dr_console.runs.models import Run
    from incidents.models import FailoverPlan

PLAN = "manual-failover"
SCRIPT = Path(__file__).parent / "recovering" / "failover.sh"
MOST_OVER_FLOOR_SECONDS = 0.5
LEAST_TIMES_FASTER, UP_TO_SECONDS = 5.0, 5.0
# The failover process answers a few seconds after the first page.
WORKERS_SECONDS = 60.0


@dataclass(frozen=True)
class Recovered:
    """Seconds from the start: until a name was changed, until the first good answer, and until that was certain."""

    switched: float
    seconds: float
    certain: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--after", type=float, nargs="+", default=[0.5, 5.0], help="T, seconds (0.5 5)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the medians are taken (3)")
    options = parser.parse_args()
    reached = []
    # Health checks that never come: what is measured is what follows a start, not what leads to it.
    with console(DR_PROBE_INTERVAL_SECONDS="3600") as ours:
        wait_for_workers()
        for seconds in options.after:
            reached.append(_compare(ours, seconds, options.rounds))
    return 0 if all(reached) else 1


def _compare(ours: Console, after: float, rounds: int) -> bool:
    measured: dict[str, list[Recovered]] = {"floor": [], "script": [], "console": []}
    for _number in range(rounds):
        for name, measure in (("floor", _floor), ("script", _script), ("console", _console)):
            measured[name].append(measure(ours, after))
    floor, script, mine = (_median(each) for each in measured.values())
    over, times = mine.certain - floor.seconds, script.seconds / mine.seconds
    close, ahead = over <= MOST_OVER_FLOOR_SECONDS, times > (LEAST_TIMES_FASTER if after == UP_TO_SECONDS else 1)
    for name, each in (("floor", floor), ("script", script), ("console", mine)):
        print(f"T = {after:g} s, {name}: switched {each.switched:.2f} s, recovered {each.seconds:.2f} s")
    print(
        f"T = {after:g} s, console certain {mine.certain:.2f} s, floor {over:+.2f} s (goal: at most "
        f"+{MOST_OVER_FLOOR_SECONDS:g} s) {'reached' if close else 'MISSED'}; script / console {times:.2f}x "
        f"{'reached' if ahead else 'MISSED'} ({script.seconds / mine.certain:.2f}x when certain); "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    return close and ahead


def _median(measured: list[Recovered]) -> Recovered:
    fields = [(each.switched, each.seconds, each.certain) for each in measured]
    return Recovered(*(statistics.median(values) for values in zip(*fields, strict=True)))


def _floor(ours: Console, after: float) -> Recovered:
    from benchmarks.recovering import floor, stage  # noqa: PLC0415 (once Django is set up)
    from incidents.services import failover  # noqa: PLC0415

    stage.set_up(ours.world)
    spec = failover.spec(_plan(), None)
    with stage.seen_after(ours.world, after) as switched:
        began = time.time()
        recovered = floor.recover(spec, _address(ours)) - began
        return Recovered(switched[0] - began, recovered, recovered)


def _script(ours: Console, after: float) -> Recovered:
    from benchmarks.recovering import stage  # noqa: PLC0415

    ids = stage.set_up(ours.world)
    with stage.seen_after(ours.world, after) as switched:
        began = time.time()
        told = subprocess.run(
            ["bash", str(SCRIPT)], env=_environment(ours, ids), cwd=ROOT, check=True, capture_output=True, text=True
        )
        times = dict(line.split() for line in told.stdout.splitlines())
        recovered = float(times["verified"]) - began
        return Recovered(switched[0] - began, recovered, recovered)


def _console(ours: Console, after: float) -> Recovered:
    from benchmarks.recovering import stage  # noqa: PLC0415
    from dr_console.runs.models import Run  # noqa: PLC0415
    from incidents.services import failover  # noqa: PLC0415

    stage.set_up(ours.world)
    plan = _plan()
    with stage.seen_after(ours.world, after) as switched:
        began = time.time()
        run, is_new = failover.start(
            plan, incident=None, by=None, trigger=Run.Trigger.TERMINAL, verb=Run.Verb.FORCE, reason="benchmark"
        )
        assert is_new, (run.trigger, run.titles, run.state, run.words)
        _wait_for_end(run)
        incident = run.incidents.get()
        assert incident.recovered_at is not None
        assert incident.verified_at is not None
        recovered, certain = incident.recovered_at.timestamp(), incident.verified_at.timestamp()
        return Recovered(switched[0] - began, recovered - began, certain - began)


def _wait_for_end(run: Run) -> None:
    until = time.monotonic() + 180
    while run.is_active or run.incidents.get().verified_at is None:
        assert time.monotonic() < until, [(step.key, step.state, step.words) for step in run.steps.all()]
        time.sleep(0.1)
        run.refresh_from_db()
    incident = run.incidents.get()
    # The next one is to be an incident of its own.
    incident.status, incident.resolved_at = "resolved", incident.verified_at
    incident.save(update_fields=["status", "resolved_at"])


def wait_for_workers() -> None:
    """And for the one round of health checks at the start, so that it sees a world that is well."""
    from dr_console.management.rehearsal import readiness  # noqa: PLC0415

    until = time.monotonic() + WORKERS_SECONDS
    while readiness.why_not():
        assert time.monotonic() < until, readiness.why_not()
        time.sleep(0.2)
    _let_nothing_start_by_itself()


def _let_nothing_start_by_itself() -> None:
    """What is measured follows a start, and that is ours."""
    from datetime import timedelta  # noqa: PLC0415

    from django.utils.timezone import now  # noqa: PLC0415

    from dr_console.people.services import first_administrator  # noqa: PLC0415
    from incidents.models import MaintenanceWindow  # noqa: PLC0415

    by, _made_up = first_administrator("admin", "admin@example.com")
    times = {"starts_at": now(), "ends_at": now() + timedelta(days=1)}
    MaintenanceWindow.objects.create(reason="benchmark", by=by, **times)


def _plan() -> FailoverPlan:
    from incidents.models import FailoverPlan  # noqa: PLC0415

    return FailoverPlan.objects.current().get(key=PLAN)


def _address(ours: Console) -> str:
    return f"{ours.world.url}/edge/api.example.com/health"


def _environment(ours: Console, ids: Ids) -> dict[str, str]:
    from benchmarks.recovering.stage import STANDBY  # noqa: PLC0415

    url = ours.world.url
    return {
        "PATH": os.environ["PATH"],
        "CLOUDFLARE": f"{url}/cloudflare/client/v4",
        "CLOUDFLARE_TOKEN": "sandbox-cloudflare-token",
        "VERCEL": f"{url}/vercel",
        "VERCEL_TOKEN": "sandbox-vercel-token",
        "EDGE": f"{url}/edge",
        "PROJECT": STANDBY,
        **{name.upper(): value for name, value in asdict(ids).items()},
    }


if __name__ == "__main__":
    sys.exit(main())
