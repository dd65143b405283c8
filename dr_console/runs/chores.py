"""What falls due in runs without anybody doing anything: owners that have died, times that are up, steps left lying."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.runs import claims, machine, owners
from dr_console.runs.changes import Change, changing
from dr_console.runs.models import Approval, Run, Step
from dr_console.web.sentences import sentence

S, R = Step.State, Run.State
# A step that became due is being taken by whoever was rung for; only then is it left lying.
LEFT_LYING = timedelta(seconds=2)
# While a person is at it, or it is being wound up or undone, no time of the run's runs out.
RUNS_OUT = (R.PLANNED, R.RUNNING, R.WAITING_APPROVAL)


def dead_owners() -> set[str]:
    """Processes of this host that hold steps and are no more."""
    holding = Step.objects.filter(state=S.RUNNING, run__mode=settings.DR_MODE).values_list("owner", flat=True)
    return {owner for owner in set(holding) if owners.is_dead(owner)}


def left_lying(dead: set[str]) -> list[tuple[int, int, str]]:
    """Steps that nobody is at, though they are due: id, fence and state of each."""
    steps = Step.objects.filter(claims.due(dead), run__mode=settings.DR_MODE, run__state__in=Run.ACTIVE)
    just_now = Q(state=S.READY, ready_at__gt=now() - LEFT_LYING)
    stopped = Q(run__state=R.PAUSED_BY_OPERATOR) | Q(run__state=R.PAUSED_BY_FAILED_STEP, runs_on="success")
    paused = stopped & ~Q(state=S.RUNNING)
    return list(steps.exclude(just_now).exclude(paused).order_by("pk").values_list("pk", "fence", "state"))


def settle_runs() -> None:
    """Do in every run what follows from its steps and from the time."""
    for run in Run.objects.active().filter(mode=settings.DR_MODE).order_by("pk"):
        if _has_to_settle(run):
            with changing(run.pk) as change:
                _settle(change)


def _has_to_settle(run: Run) -> bool:
    if _is_late(run) or _unanswered(run):
        return True
    nodes = [machine.Node.of(step, asks=step.needs_approval) for step in run.steps.all()]
    outcome = machine.follow(R(run.state), nodes, ends_as=run.ends_as)
    return outcome.run != run.state or bool(outcome.steps)


def _settle(change: Change) -> None:
    for approval in _unanswered(change.run):
        _expire(change, change.by_id[approval.step_id], approval)
    if _is_late(change.run):
        change.run.state, change.run.ends_as = R.ABORTING, R.TIMED_OUT
        change.run.said = sentence(_("Its time was up. What had been done stays as it is; it can be undone."))


def _is_late(run: Run) -> bool:
    return run.deadline is not None and run.deadline <= now() and run.state in RUNS_OUT


def _unanswered(run: Run) -> list[Approval]:
    waiting = Approval.objects.filter(step__run=run, step__state=S.WAITING_APPROVAL, state=Approval.State.WAITING)
    return list(waiting.filter(expires_at__lte=now()))


def _expire(change: Change, step: Step, approval: Approval) -> None:
    """Nobody has answered in time: it is done as the plan says for that."""
    Approval.objects.filter(pk=approval.pk).update(state=Approval.State.EXPIRED, ended_at=change.at)
    if approval.on_expiry == Approval.OnExpiry.GO_AHEAD:
        change.move(step, S.READY, sentence(_("Nobody answered in time, and then it goes ahead, as the plan says.")))
        return
    said = sentence(_("Nobody approved it in time, and then it is given up, as the plan says."))
    change.move(step, S.FAILED, said, error={"said": said})
    change.run.said = said
    if not any(one.intent_at for one in change.steps.values()):
        # Nothing has been changed that anybody would have to decide about.
        change.run.state, change.run.ends_as = R.ABORTING, R.FAILED


def holders() -> set[str]:
    """All that stand in a step as its owner."""
    return set(Step.objects.filter(state=S.RUNNING).values_list("owner", flat=True))
