"""Start failovers and the ways back from them, and keep the incident true to what their runs did."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext_noop as _

from dr_console.plans.queries import current_number
from dr_console.runs import planning
from dr_console.runs import services as runs
from dr_console.runs.models import Approval, Run, StoredPreview
from dr_console.runs.planning import RunPreview
from dr_console.runs.registry import Facts
from dr_console.runs.specs import ApprovalSpec, RunSpec, StepSpec
from dr_console.web.sentences import Texts, sentence
from incidents.models import FailoverPlan, FailoverStep, Incident, Severity, TimelineEntry
from incidents.queries import failover as known
from incidents.services import incident as incidents
from incidents.services import timeline

Kind = TimelineEntry.Kind
Verb, Trigger = Run.Verb, Run.Trigger
# Whoever decides asks for these where failovers are started.
plan_for, failback_of, standby_urls = known.plan_for, known.failback_of, known.standby_urls
# What was done may be undone by one press for so long.
UNDO_SECONDS = 3600
# A run that waits for nobody and has not ended by then is stuck.
SPARE_SECONDS = 600
APPROVE = "runs.approve_step"
ORIGINS = {
    Trigger.AUTOMATIC: Incident.Origin.BREACH,
    Trigger.TERMINAL: Incident.Origin.TERMINAL,
    Trigger.API: Incident.Origin.API,
    Trigger.DRILL: Incident.Origin.DRILL,
}


def start(
    plan: FailoverPlan,
    *,
    incident: Incident | None,
    by: User | None,
    trigger: Run.Trigger,
    verb: Run.Verb = Verb.GRACEFUL,
    preview: StoredPreview | None = None,
    reason: str = "",
    client_token: str | None = None,
) -> tuple[Run, bool]:
    """Have the plan carried out. Returns its run, and whether it is new: the active run of the service else.

    Without an incident it belongs to the open one of its service, or to one that is declared for it. Not to be called
    in a transaction where a preview is given: the world is looked at again. Raises Refused.
    """
    incident = incident or _incident_for(plan, by=by, trigger=trigger)
    asked = spec(plan, incident, verb=verb, trigger=trigger, reason=reason)
    run, is_new = runs.start_run(asked, by=by, trigger=trigger, verb=verb, client_token=client_token, preview=preview)
    with transaction.atomic():
        incident.runs.add(run)
        if is_new:
            _tell_of_start(run, incident, by=by)
    return run, is_new


def spec(
    plan: FailoverPlan,
    incident: Incident | None,
    *,
    verb: str = Verb.GRACEFUL,
    trigger: str = Trigger.PERSON,
    reason: str = "",
) -> RunSpec:
    """What a run of this plan is made of, now. `incident` is None for a look at it beforehand."""
    steps = list(plan.steps.all())
    return RunSpec(
        kind=Run.Kind.FAILBACK if plan.fails_back else Run.Kind.FAILOVER,
        subject=f"service:{plan.service.key}",
        titles=texts(plan, "name"),
        steps=tuple(_step(step, plan, asks_first=_asks_first(plan, trigger) and step is steps[0]) for step in steps),
        context=_context(plan, incident, verb=verb, trigger=trigger),
        topics=(incident.topic,) if incident else (),
        plan_version=current_number() or None,
        plan_key=plan.key,
        is_practice=incident.is_practice if incident else False,
        deadline_seconds=_longest_seconds(plan, steps),
        reason=reason,
    )


def preview(plan: FailoverPlan, *, by: User | None) -> tuple[RunPreview, StoredPreview]:
    """Look at everything that the plan would change, and keep what was found, so that a start can quote it."""
    shown = planning.preview(spec(plan, known.open_incident(plan)))
    return shown, planning.store(shown, by=by)


def texts(row: Any, field: str) -> Texts:
    """A field of the plan in every language that it is written in."""
    found = {"en": getattr(row, f"{field}_en", None), "zh-hans": getattr(row, f"{field}_zh_hans", None)}
    return {language: text for language, text in found.items() if text}


def _asks_first(plan: FailoverPlan, trigger: str) -> bool:
    """At its first step: after the answer the failure is looked at once more. Who starts it by hand has said yes."""
    return plan.approval_seconds is not None and trigger == Trigger.AUTOMATIC


def _step(step: FailoverStep, plan: FailoverPlan, *, asks_first: bool) -> StepSpec:
    return StepSpec(
        key=step.key,
        does=step.does,
        titles=texts(step, "title"),
        parameters=step.parameters,
        depends_on=tuple(step.depends_on),
        runs_on=step.runs_on,
        on_failure=step.on_failure,
        timeout_seconds=step.timeout_seconds,
        attempts=step.attempts,
        interval_seconds=step.interval_seconds,
        approval=_approval(plan) if asks_first or step.needs_approval else None,
    )


def _approval(plan: FailoverPlan) -> ApprovalSpec:
    on_expiry = Approval.OnExpiry(plan.without_approval)
    return ApprovalSpec(permission=APPROVE, expires_seconds=plan.approval_seconds, on_expiry=on_expiry)


def _context(plan: FailoverPlan, incident: Incident | None, *, verb: str, trigger: str) -> Facts:
    """What the steps are told beside their parameters."""
    facts: Facts = {
        "reference": incident.reference if incident else _("preview"),
        "incident": incident.pk if incident else None,
        "plan": plan.key,
        "service": plan.service.key,
        "failure": plan.failure,
        "from_region": plan.from_region.key if plan.from_region else "",
        "to_region": plan.to_region.key if plan.to_region else "",
        "target": known.confirmation_word(plan),
        "verb": str(verb),
        "trigger": str(trigger),
        "undo_seconds": UNDO_SECONDS,
    }
    if plan.fails_back:
        facts["fails_back"] = plan.fails_back
        facts["kept"] = known.kept(plan.fails_back)
    return facts


def _longest_seconds(plan: FailoverPlan, steps: list[FailoverStep]) -> int:
    """If every step took all its time, one after the other, and every answer that is waited for came last."""
    spent = sum(step.timeout_seconds * step.attempts + step.interval_seconds * (step.attempts - 1) for step in steps)
    waits = sum(step.needs_approval for step in steps) + (plan.approval_seconds is not None)
    return spent + waits * (plan.approval_seconds or 0) + SPARE_SECONDS


def _incident_for(plan: FailoverPlan, *, by: User | None, trigger: str) -> Incident:
    found = known.open_incident(plan)
    if found is not None:
        return found
    incident, _is_new = incidents.declare(
        title=plan.name,
        severity=Severity.P1,
        service=plan.service,
        by=by,
        origin=ORIGINS.get(Trigger(trigger), Incident.Origin.PERSON),
        failure="" if plan.fails_back else plan.failure,
        dedup_key=f"plan:{plan.key}",
    )
    return incident


def _tell_of_start(run: Run, incident: Incident, *, by: User | None) -> None:
    text = _("“%(plan)s” was started: run %(run)s") if by else _("The console started “%(plan)s”: run %(run)s")
    said = sentence(text, plan=run.titles, run=run.code)
    shown = run.get_absolute_url()
    key = f"run:{run.code}:started"
    timeline.record(incident, said, kind=Kind.ACTED, by=by, at=run.created_at, dedup_key=key, evidence=shown)
