"""Carry one step out by the engine, against the sandbox, with faults; and undo it."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from django.utils.timezone import now

from dr_console.providers.deadlines import Deadline
from dr_console.runs import executor
from dr_console.runs import services as runs
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, function
from dr_console.runs.specs import RunSpec, StepSpec

S = Step.State
_number = count(1)


def start(does: str, parameters: dict[str, Any], *, context: dict[str, Any] | None = None, **fields: Any) -> Run:
    """A run of this one step, which eager workers carry out at once."""
    given = {"timeout_seconds": 60, "attempts": 3} | fields
    spec = RunSpec(
        kind=Run.Kind.FAILOVER,
        subject=f"service:{next(_number)}",
        titles={"en": "A step"},
        steps=(StepSpec(key="it", does=does, parameters=parameters, **given),),
        context={"reference": "INC-2026-001", **(context or {})},
    )
    run, _is_new = runs.start_run(spec, by=None, trigger=Run.Trigger.AUTOMATIC)
    return run


def carry_out(run: Run, *, tries: int = 1, seconds: float = 30) -> Step:
    """Carry out what is due, so many times at most; a pause before the next try is left out."""
    until = time.monotonic() + seconds
    for _ in range(tries):
        due = run.steps.filter(state__in=(S.READY, S.RETRY_WAIT)).first()
        if due is None or time.monotonic() > until:
            break
        Step.objects.filter(pk=due.pk).update(not_before=now())
        executor.carry_out(due.pk)
    run.refresh_from_db()
    return run.steps.latest("position")


def done(does: str, parameters: dict[str, Any], *, tries: int = 1, **options: Any) -> Step:
    return carry_out(start(does, parameters, **options), tries=tries)


def undone(run: Run, by: Any) -> Run:
    run.refresh_from_db()
    runs.undo_run(run, by=by, expected_version=run.version, client_token=f"undo {run.code}", reason="test")
    carry_out(run, tries=5)
    return run


def context(does: str, parameters: dict[str, Any], **fields: Any) -> Context:
    """As a dry run gives it."""
    given: dict[str, Any] = {"context": {}, "is_dry": True} | fields
    return Context(
        run_code="preview",
        subject="service:api",
        reference="INC-2026-001",
        key="it",
        parameters=parameters,
        token="",
        deadline=Deadline.after(20),
        **given,
    )


def preview(does: str, parameters: dict[str, Any], **fields: Any) -> Any:
    return function(does).preview(context(does, parameters, **fields))
