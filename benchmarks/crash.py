"""P3: kill -9 during a failover, at each boundary of its steps in turn.

python -m benchmarks.crash [--rounds 10]

Each round carries out the same plan in a new world, and kills at one more of its events: the worker for failovers with
its whole process group, in every second round the process that watches too, in every fifth Redis as well. Counted are
what the world says was done twice, runs that did not end well, and how long it took until a run went on.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.recovering.console import Console, console
from benchmarks.recovery import wait_for_workers

if TYPE_CHECKING:
    from dr_console.runs.models import Run

PLAN = "manual-failover"
MOST_SECONDS_TO_RESUME = 10.0
MOST_SECONDS_A_RUN = 120.0
GOOD = ("succeeded", "succeeded_with_exceptions")


@dataclass(frozen=True)
class Round:
    """`resumed`: seconds from the kill to the next event of the run; None if nothing was left to do."""

    killed_at: str
    victims: tuple[str, ...]
    state: str
    resumed: float | None
    doubles: list[dict[str, Any]]
    effects: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with console(DR_PROBE_INTERVAL_SECONDS="3600") as ours:
        wait_for_workers()
        expected = _round(ours, 10_000, ()).effects
        rounds = [_round(ours, number + 1, _victims(number)) for number in range(options.rounds)]
    return _said(rounds, expected)


def _said(rounds: list[Round], expected: tuple[str, ...]) -> int:
    for number, each in enumerate(rounds, start=1):
        after = "nothing was left" if each.resumed is None else f"went on after {each.resumed:.1f} s"
        print(f"{number}: {', '.join(each.victims)} killed at {each.killed_at}: {each.state}, {after}", flush=True)
    ended = sum(each.state in GOOD for each in rounds)
    doubled = sum(len(each.doubles) for each in rounds)
    same = sum(each.effects == expected for each in rounds)
    # Whatever watches is started again after a pause that grows with each kill: here it grows as it never does in life.
    judged = [each.resumed for each in rounds if each.resumed is not None and "watch" not in each.victims]
    resumed = [each.resumed for each in rounds if each.resumed is not None]
    slowest = max(judged, default=0.0)
    reached = [
        _judge("runs that ended as one without a kill", ended, len(rounds), ended == len(rounds)),
        _judge("worlds changed exactly as without a kill", same, len(rounds), same == len(rounds)),
        _judge("changes made twice", doubled, 0, doubled == 0),
        _judge(
            "slowest to go on where something still watches (s)",
            slowest,
            MOST_SECONDS_TO_RESUME,
            slowest <= MOST_SECONDS_TO_RESUME,
        ),
    ]
    print(f"slowest to go on where nothing did: {max(resumed, default=0.0):.1f} s")
    print(f"median to go on: {statistics.median(resumed) if resumed else 0:.1f} s; Celery by itself: an hour")
    return 0 if all(reached) else 1


def _judge(what: str, measured: float, goal: float, reached: bool) -> bool:
    print(f"{what}: {measured:g} (goal: {goal:g}) {'reached' if reached else 'MISSED'}")
    return reached


def _victims(number: int) -> tuple[str, ...]:
    return ("failover", *(("watch",) if number % 2 else ()), *(("redis",) if number % 5 == 4 else ()))


def _round(ours: Console, event: int, victims: tuple[str, ...]) -> Round:
    """Start the plan in a new world and kill once it has had so many events."""
    from benchmarks.recovering import stage  # noqa: PLC0415 (once Django is set up)

    stage.set_up(ours.world)
    with stage.seen_after(ours.world, 0.5):
        run = _start()
        killed_at, at = _kill(ours, run, event, victims)
        _wait_for_end(run)
    resumed = run.events.filter(at__gt=at).order_by("seq").first() if at else None
    effects = ours.world.get("/truth/effects")["effects"]
    return Round(
        killed_at,
        victims,
        run.state,
        (resumed.at - at).total_seconds() if resumed and at else None,
        ours.world.get("/truth")["doubles"],
        tuple(sorted(f"{each['vendor']} {each['what']} {each['target']}" for each in effects if _is_of_plan(each))),
    )


def _is_of_plan(effect: dict[str, Any]) -> bool:
    """Messages to people may come twice after a kill, and say so; changes of the world may not."""
    return bool(effect["request"]) and effect["vendor"] in ("cloudflare", "vercel", "aws")


def _start() -> Run:
    from dr_console.runs.models import Run  # noqa: PLC0415
    from incidents.models import FailoverPlan  # noqa: PLC0415
    from incidents.services import failover  # noqa: PLC0415

    plan = FailoverPlan.objects.current().get(key=PLAN)
    run, is_new = failover.start(
        plan, incident=None, by=None, trigger=Run.Trigger.TERMINAL, verb=Run.Verb.FORCE, reason="benchmark"
    )
    assert is_new
    return run


def _kill(ours: Console, run: Run, event: int, victims: tuple[str, ...]) -> tuple[str, Any]:
    from django.utils.timezone import now  # noqa: PLC0415

    while True:
        run.refresh_from_db()
        reached = run.events.filter(seq__gte=event).order_by("seq").first()
        if reached is not None or not run.is_active:
            break
        time.sleep(0.005)
    if reached is None:
        return "its end", None
    for name in victims:
        _kill_group(ours.process(name))
    return f"event {reached.seq}, {reached.step} {reached.kind}", now()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # Killed in the round before, and not back yet: the run has to do without it.
        return


def _wait_for_end(run: Run) -> None:
    until = time.monotonic() + MOST_SECONDS_A_RUN
    run.refresh_from_db()
    while run.is_active and time.monotonic() < until:
        time.sleep(0.05)
        run.refresh_from_db()


if __name__ == "__main__":
    sys.exit(main())
