"""Which steps can be put back, and the steps that do it: in reverse, carried out by the same machine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from dr_console.runs import registry
from dr_console.runs.models import Run, Step

UNDO_SECONDS = 3600
PREFIX = "undo-"


def window(run: Run) -> timedelta:
    """For how long after its end what the run has done may be put back by pressing a button."""
    return timedelta(seconds=run.context.get("undo_seconds", UNDO_SECONDS))


def can_be_undone(step: Step) -> bool:
    """Whether it changed something, or may have, and its function knows how to put that back.

    What was before is kept from the moment that it was decided to act, until a vendor says that nothing was done.
    """
    if step.undoes_id is not None or step.before is None or step.is_noop or step.state == Step.State.ROLLED_BACK:
        return False
    try:
        function = registry.function(step.does)
    except LookupError:
        return False
    knows_how = type(function).undo is not registry.StepFunction.undo
    return knows_how and not (function.irreversible or function.only_looks)


def make_steps(run: Run, steps: Iterable[Step]) -> list[Step]:
    """Store a step for each that can be undone; those that depend on one are undone before it."""
    steps = list(steps)
    existing = {step.undoes_id for step in steps}
    forward = {step.key: step for step in steps if step.undoes_id is None}
    undone = {key: step for key, step in forward.items() if step.pk not in existing and can_be_undone(step)}
    later = {key: _all_before(key, forward) for key in forward}
    made = [
        Step(
            run=run,
            key=f"{PREFIX}{key}"[:80],
            position=len(steps) + number,
            does=step.does,
            titles=step.titles,
            parameters=step.parameters,
            depends_on=[f"{PREFIX}{other}"[:80] for other in undone if key in later[other]],
            undoes=step,
            max_attempts=max(step.max_attempts, 3),
            interval_seconds=step.interval_seconds,
            timeout_seconds=step.timeout_seconds,
            token=f"{run.code}:{PREFIX}{key}:{run.generation}"[:120],
            before=step.before,
        )
        for number, (key, step) in enumerate(reversed(undone.items()))
    ]
    return Step.objects.bulk_create(made)


def _all_before(key: str, steps: dict[str, Step]) -> set[str]:
    """Keys of all steps that this one waits for, however far back."""
    found: set[str] = set()
    open_keys = list(steps[key].depends_on)
    while open_keys:
        before = open_keys.pop()
        if before not in found:
            found.add(before)
            open_keys += steps[before].depends_on
    return found
