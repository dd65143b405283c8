"""Runs for chaos tests: eight steps each, in some order, of every class that may be repeated."""

from __future__ import annotations

import random

from dr_console.runs.models import Run
from dr_console.runs.specs import RunSpec, StepSpec

STEPS = 8
CLASSES = ("chaos.set", "chaos.set", "chaos.make", "chaos.make_once")


def step(run: str, key: str, does: str, after: tuple[str, ...] = ()) -> StepSpec:
    parameters = {"name": f"{run}-{key}", "value": f"{run}-{key}-new"}
    # Enough tries for whatever a vendor does: what is tested is that the end is the same.
    return StepSpec(key, does, parameters=parameters, depends_on=after, attempts=60, interval_seconds=1)


def some_run(name: str, luck: random.Random) -> RunSpec:
    steps: list[StepSpec] = []
    for number in range(STEPS):
        before = tuple(one.key for one in steps if luck.random() < 0.35)
        steps.append(step(name, f"s{number}", luck.choice(CLASSES), before))
    return spec(name, *steps)


def spec(name: str, *steps: StepSpec) -> RunSpec:
    return RunSpec(kind=Run.Kind.FAILOVER, subject=f"service:{name}", titles={"en": name}, steps=steps)
