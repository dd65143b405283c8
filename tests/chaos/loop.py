"""Kill workers in mid-run, again and again, and see whether the end is the same.

python -m tests.chaos.loop --kills 100 --seed 1 [--freezes 30] [--mutation without_observe] [--database URL]

Prints one JSON object; ends with status 1 where a promise was broken. The seed decides on plans, faults and victims;
what the machine does meanwhile is its own.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import django

from tests.chaos.stage import Options, Stage, luck, staged

WORKERS = 3
ACTIVE_RUNS = 4


class Loop:
    """Keeps a few runs going, and kills whoever carries one out."""

    def __init__(self, stage: Stage, *, kills: int, freezes: int, runs: int, seconds: float, redis_kills: int) -> None:
        self.stage, self.kills, self.freezes, self.runs = stage, kills, freezes, runs
        self.until = time.monotonic() + seconds
        self.redis_kills = redis_kills
        self.luck = luck(stage.options.seed, "victims")
        self.started = self.frozen = self.redis_killed = 0

    def run(self) -> None:
        for _ in range(WORKERS):
            self.stage.hire()
        while not self.is_done() and time.monotonic() < self.until:
            self.start_runs()
            time.sleep(self.luck.uniform(0.05, 0.25))
            if self.has_work_left():
                self.strike()
            while len(self.stage.workers) < WORKERS:
                self.stage.hire()

    def has_work_left(self) -> bool:
        return len(self.stage.killed) < self.kills or self.frozen < self.freezes or self.started < self.runs

    def is_done(self) -> bool:
        from dr_console.runs.models import Run  # noqa: PLC0415 (Django is set up after the stage)

        return not self.has_work_left() and not Run.objects.active().exists()

    def start_runs(self) -> None:
        from dr_console.runs import services  # noqa: PLC0415
        from dr_console.runs.models import Run  # noqa: PLC0415
        from tests.chaos.plans import some_run  # noqa: PLC0415

        while self.has_work_left() and Run.objects.active().count() < ACTIVE_RUNS:
            name = f"r{self.started}"
            plan = some_run(name, luck(self.stage.options.seed, name))
            services.start_run(plan, by=None, trigger=Run.Trigger.AUTOMATIC, client_token=name)
            self.started += 1

    def strike(self) -> None:
        victims = sorted(self._busy())
        if not victims:
            return
        pid = self.luck.choice(victims)
        if self.frozen < self.freezes and self.luck.random() < 0.3:
            self.frozen += 1
            self.stage.freeze(pid, self.stage.options.lease + self.luck.uniform(0.5, 1.5))
        elif len(self.stage.killed) < self.kills:
            self.stage.kill(pid)
        if self.redis_killed < self.redis_kills and self.luck.random() < 0.1:
            self.redis_killed += 1
            self.stop_redis()

    def stop_redis(self) -> None:
        assert self.stage.redis.process is not None
        self.stage.redis.process.kill()
        self.stage.redis.process.wait()
        time.sleep(1.0)
        self.stage.redis.start(output=subprocess.DEVNULL)

    def _busy(self) -> set[int]:
        """Those of our workers that are at a step right now."""
        from dr_console.runs.models import Step  # noqa: PLC0415

        owners = Step.objects.filter(state=Step.State.RUNNING).values_list("owner", flat=True)
        return {int(owner.rpartition(":")[2].partition("-")[0]) for owner in owners} & self.stage.workers


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="dr-console-chaos-", ignore_cleanup_errors=True) as place:
        stage_options = Options(
            Path(place),
            seed=options.seed,
            faults=options.faults,
            lag=options.lag,
            mutation=options.mutation,
            database=options.database,
        )
        with staged(stage_options) as stage:
            django.setup()
            logging.disable(logging.INFO)
            began = time.monotonic()
            loop = Loop(
                stage,
                kills=options.kills,
                freezes=options.freezes,
                runs=options.runs,
                seconds=options.seconds,
                redis_kills=options.redis_kills,
            )
            loop.run()
            report = told(stage, loop, time.monotonic() - began)
            if options.keep:
                (Path(options.keep)).write_text((stage_options.folder / "workers.log").read_text())
    print(json.dumps(report, indent=1))
    return 1 if report["violations"] else 0


def told(stage: Stage, loop: Loop, seconds: float) -> dict[str, Any]:
    from dr_console.runs.models import Run, Step  # noqa: PLC0415
    from tests.chaos.invariants import violations  # noqa: PLC0415

    log = stage.log()
    resumed = sorted(resume_seconds(stage))
    return {
        "seed": stage.options.seed,
        "seconds": round(seconds, 1),
        "runs": Run.objects.count(),
        "succeeded": Run.objects.filter(state=Run.State.SUCCEEDED).count(),
        "kills": len(stage.killed),
        "freezes": loop.frozen,
        "redis killed": loop.redis_killed,
        "faults": sum(bool(line["fault"]) for line in log),
        "changes": sum(line["applied"] for line in log),
        "taken over": sum(Step.objects.values_list("takeovers", flat=True)),
        "resumed after": {"median": _at(resumed, 0.5), "p95": _at(resumed, 0.95), "most": _at(resumed, 1.0)},
        "violations": violations(stage),
    }


def resume_seconds(stage: Stage) -> list[float]:
    """For each step whose owner was killed: from the kill to the next claim."""
    from dr_console.runs.models import StepEvent  # noqa: PLC0415

    gone = StepEvent.objects.filter(kind="owner_gone").values_list("at", "data")
    pids = [(at.timestamp(), int(data["owner"].rpartition(":")[2].partition("-")[0])) for at, data in gone]
    return [at - stage.killed[pid] for at, pid in pids if pid in stage.killed]


def _at(values: list[float], share: float) -> float | None:
    return round(values[min(len(values) - 1, int(share * len(values)))], 2) if values else None


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--freezes", type=int, default=0)
    parser.add_argument("--runs", type=int, default=0, help="at least so many")
    parser.add_argument("--redis-kills", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=300, help="give up after")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--faults", type=float, default=0.2)
    parser.add_argument("--lag", type=float, default=0.3)
    parser.add_argument("--mutation", default="")
    parser.add_argument("--database", default="")
    parser.add_argument("--keep", default="", help="file for what the workers logged")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
