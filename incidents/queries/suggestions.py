"""Which failover plan answers an incident, the best first. Nothing here writes."""

from __future__ import annotations

from dr_console.runs.models import Run
from incidents.models import BlockedTrigger, FailoverPlan, Failure, Incident
from incidents.queries import failover
from incidents.queries.incident import runs_of


def suggested_plans(incident: Incident, last: Run | None, blocked: BlockedTrigger | None = None) -> list[FailoverPlan]:
    """Plans that answer the failure, the best first: the next standby where one was not enough, what was blocked, what
    answers this kind of failure, and what a person may always start."""
    plans = list(failover.plans())
    by_key = {plan.key: plan for plan in plans}
    tried = by_key.get(last.plan_key) if last is not None else None
    found = [failover.next_standby(tried)] if tried is not None else []
    found.append(by_key.get(blocked.plan.key) if blocked is not None and blocked.plan is not None else None)
    if incident.failure:
        found.append(
            failover.plan_for(incident.failure, incident.service, str(incident.diagnosis.get("region_key") or ""))
        )
    found += [plan for plan in plans if plan.service_id == incident.service_id and plan.failure == Failure.MANUAL]
    fitting = [plan for plan in found if plan is not None and not plan.fails_back]
    # What has just failed comes last.
    ordered = sorted(fitting, key=lambda plan: tried is not None and plan.key == tried.key)
    return list({plan.key: plan for plan in ordered}.values())


def blocked_trigger(incident: Incident) -> BlockedTrigger | None:
    """What keeps its failover from starting by itself now."""
    return incident.blocked_triggers.filter(ended_at=None).select_related("plan").first()


def plan_at_hand(incident: Incident) -> FailoverPlan | None:
    """The plan of the failover that was carried out or is under way, else the one that answers best."""
    runs = [run for run in runs_of(incident) if run.kind == Run.Kind.FAILOVER]
    carried_out = failover.plans().filter(key=runs[0].plan_key).first() if runs else None
    return carried_out or next(iter(suggested_plans(incident, None, blocked_trigger(incident))), None)
