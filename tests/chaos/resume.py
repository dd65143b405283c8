"""One worker is killed in the middle of a step, with leases as long as in real use: how soon does another go on?

python -m tests.chaos.resume --kills 3
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import django

from tests.chaos.stage import Options, Stage, staged

LEASE_SECONDS = 30
WAITS_SECONDS = 60.0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=3)
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory(prefix="dr-console-chaos-", ignore_cleanup_errors=True) as place:
        # What is made shows late: the worker is killed while it waits for that.
        with staged(Options(Path(place), faults=0.0, lag=3.0, lease=LEASE_SECONDS)) as stage:
            django.setup()
            stage.hire()
            stage.hire()
            print(json.dumps([one_kill(stage, f"r{number}") for number in range(kills)]))
    return 0


def one_kill(stage: Stage, name: str) -> float:
    """Seconds from the kill to the claim of the next."""
    from dr_console.runs import services  # noqa: PLC0415 (Django is set up after the stage)
    from dr_console.runs.models import Run, Step, StepEvent  # noqa: PLC0415
    from tests.chaos import plans  # noqa: PLC0415

    plan = plans.spec(name, plans.step(name, "s", "chaos.make"))
    run, _new = services.start_run(plan, by=None, trigger=Run.Trigger.AUTOMATIC)
    verifying = Step.objects.filter(run=run, phase=Step.Phase.VERIFY, state=Step.State.RUNNING)
    until = time.monotonic() + WAITS_SECONDS
    while not (step := verifying.first()):
        assert time.monotonic() < until
        time.sleep(0.02)
    pid = int(step.owner.rpartition(":")[2].partition("-")[0])
    stage.kill(pid)
    gone = StepEvent.objects.filter(run=run, kind="owner_gone")
    while not (event := gone.first()):
        assert time.monotonic() < until
        time.sleep(0.02)
    stage.hire()
    while Run.objects.active().exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    return round(event.at.timestamp() - stage.killed[pid], 2)


if __name__ == "__main__":
    sys.exit(main())
