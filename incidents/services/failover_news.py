"""What the runs of failovers and failbacks did, told to the incident that they belong to.

Called for rows of the engine's outbox, each at least once: everything here bears a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Facts
from dr_console.web.sentences import Sentence, sentence
from incidents.models import ChannelKind, FailoverPlan, Incident, TimelineEntry
from incidents.queries import failover as known
from incidents.services import alerts, checklist_actions, timeline
from incidents.services import incident as incidents

Kind = TimelineEntry.Kind
State = Run.State
STUCK = (Step.State.FAILED, Step.State.TIMED_OUT, Step.State.UNKNOWN)
KINDS = (Run.Kind.FAILOVER, Run.Kind.FAILBACK)
VERIFIES, POINTS = "failover.verify_health", known.POINTS_DNS

# How a run that ended is told of.
ENDED: dict[str, str] = {
    State.SUCCEEDED: _("“%(plan)s” is done: run %(run)s"),
    State.SUCCEEDED_WITH_EXCEPTIONS: _("“%(plan)s” is done, with exceptions: run %(run)s"),
    State.NOT_NEEDED: _("“%(plan)s” ended before it changed anything: it is not needed (run %(run)s)"),
    State.ABORTED: _("“%(plan)s” was aborted: run %(run)s"),
    State.ROLLED_BACK: _("“%(plan)s” was undone: run %(run)s"),
}
# And one that needs somebody.
IN_TROUBLE: dict[str, str] = {
    State.PAUSED_BY_FAILED_STEP: _("“%(plan)s” stands still at a step that failed: run %(run)s"),
    State.FAILED: _("“%(plan)s” failed: run %(run)s"),
    State.TIMED_OUT: _("“%(plan)s” ran out of time: run %(run)s"),
    State.ROLLBACK_FAILED: _("“%(plan)s” could not be undone: run %(run)s"),
}

DRIFT = {
    "drifted": _("“%(step)s” is not as run %(run)s had left it: something else has changed it"),
    "as_wanted_again": _("“%(step)s” is again as run %(run)s had left it"),
}


def on_run_changed(payload: Facts) -> None:
    """A run has another state: the timeline says how it ended, and people are called where they are needed."""
    run = Run.objects.filter(code=payload["run"], kind__in=KINDS).first()
    if run is None:
        return
    for incident in _incidents(run):
        if payload["state"] in ENDED:
            _record(incident, run, ENDED[payload["state"]], payload["state"])
        elif payload["state"] in IN_TROUBLE:
            _call_for_help(incident, run, payload["state"])


def on_step_ended(payload: Facts) -> None:
    """A step has ended: when traffic was pointed away, and when users were served again."""
    step = Step.objects.select_related("run").filter(run__code=payload["run"], key=payload["step"]).first()
    if step is None or step.run.kind not in KINDS or payload["state"] != Step.State.SUCCEEDED:
        return
    tell = _TOLD.get(step.does)
    if tell is None or step.undoes_id is not None:
        return
    for incident in _incidents(step.run):
        tell(incident, step)


def on_step_drifted(payload: Facts) -> None:
    """What a failover had changed is different now, without a run of ours: people have to know, and to look."""
    step = Step.objects.select_related("run").filter(run__code=payload["run"], key=payload["step"]).first()
    if step is None or step.run.kind not in KINDS:
        return
    said = sentence(DRIFT[payload["kind"]], step=step.titles, run=step.run.code)
    key = f"{payload['kind']}:{step.run.code}:{step.key}:{payload['number']}"
    for incident in _incidents(step.run):
        timeline.record(incident, said, kind=Kind.NOTICED, dedup_key=key, **_known(step.run))
        alerts.on_channel(ChannelKind.SLACK, alerts.Event.NOTICE, said=said, dedup_key=key, incident=incident)


def _incidents(run: Run) -> QuerySet[Incident]:
    """Also where whoever started the run was killed before it could write down what it belongs to."""
    return Incident.objects.filter(Q(runs=run) | Q(pk=run.context.get("incident"))).distinct()


def failed_key(run_code: str) -> str:
    """By which the plan's own alert and the one of a run in trouble are the same message."""
    return f"failover-failed:{run_code}"


def why_it_failed(run: Run) -> Sentence:
    """What stands in the alert: which step failed, and what can be done about it."""
    stuck = run.steps.filter(state__in=STUCK).first()
    plan = known.plans().filter(key=run.plan_key).first()
    onwards = known.next_standby(plan) if plan else None
    text = (
        _("“%(step)s” did not succeed: %(why)s Choose: try it again, undo it, or go on to “%(next)s”.")
        if onwards
        else _("“%(step)s” did not succeed: %(why)s Choose: try it again, or undo it.")
    )
    return sentence(
        text,
        step=stuck.titles if stuck else run.titles,
        why=stuck.said if stuck else run.said,
        next=_names(onwards) if onwards else "",
    )


def _switched(incident: Incident, step: Step) -> None:
    """The first moment at which a name led elsewhere; a way back is none."""
    if step.is_noop or step.run.kind != Run.Kind.FAILOVER:
        return
    at = step.acted_at or step.ended_at or now()
    with transaction.atomic():
        earlier = Q(switched_at__isnull=True) | Q(switched_at__gt=at)
        Incident.objects.filter(earlier, pk=incident.pk).update(switched_at=at)
        nudge(incident.topic, "incident")


def _verified(incident: Incident, step: Step) -> None:
    """Users are served: the clock of the recovery time stops at the first good answer."""
    if step.run.kind != Run.Kind.FAILOVER:
        return
    after = step.after or {}
    first, last = _moment(after.get("first_good_at")), _moment(after.get("verified_at"))
    ended = step.ended_at or now()
    incidents.recovered(incident, at=first or ended, verified_at=last or ended)
    checklist_actions.catch_up(incident)


def _call_for_help(incident: Incident, run: Run, state: str) -> None:
    _record(incident, run, IN_TROUBLE[state], state)
    if run.kind == Run.Kind.FAILBACK and not run.steps.filter(acted_at__isnull=False).exists():
        return  # A way back that did not begin harms nobody.
    alerts.critical(incident, why_it_failed(run), failed_key(run.code), event=alerts.Event.FAILOVER_FAILED)


def _record(incident: Incident, run: Run, text: str, state: str) -> None:
    said = sentence(text, plan=run.titles, run=run.code)
    # A run may stand still more than once; each time is a fact of its own.
    stuck = run.steps.filter(state__in=STUCK).first() if state in IN_TROUBLE else None
    key = f"run:{run.code}:{state}:{stuck.pk}:{stuck.attempt}" if stuck else f"run:{run.code}:{state}"
    timeline.record(incident, said, kind=Kind.ACTED, at=run.ended_at or now(), dedup_key=key, **_known(run))


def _known(run: Run) -> timeline.Known:
    return {"source": TimelineEntry.Source.RUN, "evidence": run.get_absolute_url()}


def _names(plan: FailoverPlan) -> dict[str, str]:
    found = {"en": plan.name_en, "zh-hans": plan.name_zh_hans}  # type: ignore[attr-defined]
    return {language: name for language, name in found.items() if name}


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None


_TOLD: dict[str, Callable[[Incident, Step], None]] = {VERIFIES: _verified, **dict.fromkeys(POINTS, _switched)}
