"""Take a step for this process: by a conditional update whose count is looked at, which needs no lock of a vendor's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.runs import clocks, interlocks, machine, owners, registry
from dr_console.runs.changes import Change, changing
from dr_console.runs.leases import Lease
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Facts
from dr_console.web.sentences import sentence

MOST_AT_ONCE = 4
# A step whose process dies again and again is what kills it.
MOST_TAKEOVERS = 50

S, R = Step.State, Run.State


@dataclass(frozen=True)
class Claim:
    """A step that is ours until the lease ends. `results`: what the steps before it left, by key.

    `unfinished`: the steps of its run that have not ended, this one among them.
    """

    run: Run
    step: Step
    lease: Lease
    results: dict[str, Facts]
    unfinished: tuple[Step, ...] = ()


def take(step_id: int) -> Claim | None:
    """Claim a step that is due; None where it is not, or somebody else has it."""
    found = Step.objects.filter(pk=step_id, run__mode=settings.DR_MODE).values_list("run_id").first()
    if found is None:
        return None
    with changing(found[0]) as change:
        return take_within(change, change.by_id[step_id])


def coming(step_id: int) -> tuple[Run, tuple[Step, ...]] | None:
    """The run of a step that is due and was never begun, with its steps that have not ended.

    Nothing is locked: by the time it is taken, somebody else may have it. None where there is nothing to take.
    """
    due = Step.objects.filter(pk=step_id, state=S.READY, fence=0, undoes=None, run__mode=settings.DR_MODE)
    step = due.select_related("run").first()
    if step is None:
        return None
    return step.run, tuple(Step.objects.filter(run=step.run, undoes=None).exclude(state__in=Step.ENDED))


def take_within(change: Change, step: Step) -> Claim | None:
    """The same as a part of a change that goes on. It is ours once that is committed."""
    began = clocks.steady()
    if not _is_claimable(change, step):
        return None
    if step.state == S.RUNNING and not _settle_orphan(change, step):
        return None
    if not _claim(step):
        return None
    step.refresh_from_db()
    change.log("claimed", step.said, step=step, owner=step.owner, attempt=step.attempt)
    results = {key: change.steps[key].after or {} for key in step.depends_on if key in change.steps}
    unfinished = tuple(one for one in change.steps.values() if not one.has_ended and one.undoes_id is None)
    return Claim(change.run, step, Lease(step.pk, step.fence, began), results, unfinished)


def due(dead: Iterable[str] = ()) -> Q:
    """Steps that somebody may take now, as far as they themselves say."""
    waiting = Q(state__in=(S.READY, S.RETRY_WAIT)) & (Q(not_before=None) | Q(not_before__lte=now()))
    gone = Q(lease_until__lt=clocks.over()) | Q(owner__in=list(dead))
    return waiting | (Q(state=S.RUNNING) & gone)


def _is_claimable(change: Change, step: Step) -> bool:
    dead = [step.owner] if owners.is_dead(step.owner) else []
    if not Step.objects.filter(due(dead), pk=step.pk, fence=step.fence).exists():
        return False
    state, node = R(change.run.state), machine.Node.of(step)
    if step.state == S.RUNNING:
        return True
    if (
        not machine.may_begin(state, node)
        or sum(one.state == S.RUNNING for one in change.steps.values()) >= MOST_AT_ONCE
    ):
        return False
    return not (interlocks.holding(change.run.subject) and will_act(step))


def will_act(step: Step) -> bool:
    """Whether the step may still change something; what only looks, or has acted, goes on under a kill switch."""
    try:
        return not registry.function(step.does).only_looks and step.acted_at is None
    except LookupError:
        return True


def _settle_orphan(change: Change, step: Step) -> bool:
    """Of a step whose owner is gone: whether somebody else goes on with it. Else it is put where its run wants it."""
    change.log("owner_gone", step=step, owner=step.owner, lease_until=str(step.lease_until))
    if machine.may_be_finished(R(change.run.state), machine.Node.of(step)):
        if step.takeovers < MOST_TAKEOVERS:
            return True
        text = _("The process that carried it out has died %(times)s times in the middle of it.")
        change.move(step, S.UNKNOWN if step.intent_at else S.FAILED, sentence(text, times=step.takeovers))
    else:
        change.move(step, S.READY, sentence(_("Stopped in the middle. It looks again before it goes on.")))
    return False


def _claim(step: Step) -> int:
    """Count of rows: 1 if it is ours."""
    fresh = step.state != S.RUNNING
    text = _("Looking …") if fresh else _("Taken over after its process had gone; looking what has happened.")
    seconds = step.timeout_seconds
    return Step.objects.filter(pk=step.pk, fence=step.fence, state=step.state).update(
        state=S.RUNNING,
        phase=Step.Phase.OBSERVE,
        fence=F("fence") + 1,
        owner=owners.me(),
        said=sentence(text),
        lease_until=clocks.lease_end(),
        attempt=F("attempt") + (1 if fresh else 0),
        takeovers=F("takeovers") + (0 if fresh else 1),
        not_before=None,
        started_at=step.started_at or now(),
        deadline=now() + timedelta(seconds=seconds) if fresh or step.deadline is None else step.deadline,
    )
