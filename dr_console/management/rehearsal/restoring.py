"""After the rehearsal: bring users back to where they were, by the plan's own way back, or by undoing what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from django.contrib.auth.models import User

from dr_console.errors import Refused
from dr_console.management.rehearsal.people import whoever
from dr_console.management.rehearsal.watching import Watch
from dr_console.runs import services as runs
from dr_console.runs.models import Approval, Run
from incidents.models import FailoverPlan
from incidents.services import failover

REASON = "The rehearsal is over."


class Until(Protocol):
    def __call__(self, is_so: Callable[[], bool], seconds: float) -> bool: ...


def go_back(watch: Watch, *, until: Until, patience: float) -> None:
    """Undo every failover since the rehearsal began, the newest first, each in at most `patience` seconds of ours."""
    by = whoever()
    for run in reversed(watch.runs(Run.Kind.FAILOVER)):
        if run.is_active:
            runs.abort(run, by=by, expected_version=run.version, reason=REASON, undo=True)
        else:
            run = _start(run, by)
        until(lambda code=run.code: _has_ended(code, by), patience)  # type: ignore[misc]


def _start(run: Run, by: User) -> Run:
    """The failback of the plan that was carried out; the undoing of its run where there is none."""
    plan = FailoverPlan.objects.current().filter(key=run.plan_key).first()
    back = failover.failback_of(plan) if plan is not None else None
    if back is None:
        return runs.undo_run(run, by=by, expected_version=run.version, reason=REASON)
    begun, _is_new = failover.start(
        back,
        incident=run.incidents.first(),
        by=by,
        trigger=Run.Trigger.TERMINAL,
        verb=Run.Verb.FORCE,
        reason=REASON,
    )
    return begun


def _has_ended(code: str, by: User) -> bool:
    run = Run.objects.get(code=code)
    for waiting in Approval.objects.filter(step__run=run, state=Approval.State.WAITING).select_related("step__run"):
        try:
            runs.approve(waiting.step, by=by, expected_version=run.version, reason=REASON)
        except Refused:
            # It went on meanwhile; the next look tells.
            return False
    return not run.is_active
