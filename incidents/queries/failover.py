"""Which failover plan answers what, where it leads to, and what its last run left behind. Nothing here writes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from dr_console.runs.models import Step
from incidents.models import FailoverPlan, Failure, Incident, Region, Service, ServiceEndpoint

WARMS = "failover.warm_function"
POINTS_DNS = ("failover.point_dns", "failover.put_dns_back")


def plans() -> QuerySet[FailoverPlan]:
    """What is current, with all that starting one needs."""
    current = FailoverPlan.objects.current().select_related("service", "from_region", "to_region")
    return current.prefetch_related("steps")


def plan_for(failure: str, service: Service | str | None, region: Region | str | None) -> FailoverPlan | None:
    """The failover plan that answers this kind of failure: of this service if there is one, and out of this region.

    A plan that stays in its region fits every region; `region` is None where that is not known or makes no difference.
    """
    wanted_service, wanted_region = _key(service), _key(region)
    fitting = [
        plan
        for plan in plans().filter(failure=failure, fails_back="").exclude(failure=Failure.MANUAL)
        if not (wanted_region and plan.from_region and plan.from_region.key != wanted_region)
    ]
    return min(fitting, key=lambda plan: (plan.service.key != wanted_service, plan.position), default=None)


def next_standby(plan: FailoverPlan) -> FailoverPlan | None:
    """The plan that goes on from where this one leads to, for when that is not well either."""
    if plan.to_region is None:
        return None
    onwards = plans().filter(failure=plan.failure, from_region=plan.to_region, fails_back="")
    return onwards.exclude(pk=plan.pk).first()


def failback_of(plan: FailoverPlan) -> FailoverPlan | None:
    """The way back from this one."""
    return plans().filter(fails_back=plan.key).first()


def confirmation_word(plan: FailoverPlan) -> str:
    """What has to be typed before a person starts it: the key of the region, else the name that users are led to."""
    if plan.to_region is not None:
        return plan.to_region.key
    return next((target for _name, target in pointings(plan)), plan.key)


def pointings(plan: FailoverPlan) -> list[tuple[str, str]]:
    """Names that users ask, and what each will lead to."""
    steps = [step for step in plan.steps.all() if step.does in POINTS_DNS]
    records = [record for step in steps for record in step.parameters.get("records", [])]
    return [(str(record.get("name", "")), str(record.get("target", ""))) for record in records]


def standby_urls(plan: FailoverPlan) -> list[str]:
    """Health endpoints that must answer well before traffic is led there.

    None for a cold standby, which answers nobody until it is warmed up: its plan does that, and looks.
    """
    if plan.to_region is not None:
        if plan.to_region.status == Region.Status.COLD_STANDBY:
            return []
        endpoints = ServiceEndpoint.objects.filter(service=plan.service, region=plan.to_region)
        return [endpoint.url for endpoint in endpoints]
    return list(dict.fromkeys(f"https://{target}/health" for _name, target in pointings(plan)))


def open_incident(plan: FailoverPlan) -> Incident | None:
    """The newest open incident of the plan's service that is real."""
    return Incident.objects.real().open().filter(service=plan.service).order_by("-started_at", "-pk").first()


def kept(plan_key: str) -> dict[str, Any]:
    """What the last run of this plan that changed something found before it did, and that was not undone since.

    `records`: DNS records, whole. `function`: the cold standby; left out where it was not touched.
    """
    steps = Step.objects.filter(
        run__plan_key=plan_key,
        run__mode=settings.DR_MODE,
        does__in=(*POINTS_DNS, WARMS),
        state=Step.State.SUCCEEDED,
        is_noop=False,
        undoes=None,
        before__isnull=False,
    )
    newest = steps.order_by("-run__created_at", "-run").values("run")[:1]
    found: dict[str, Any] = {"records": []}
    for step in steps.filter(run__in=newest).order_by("position"):
        before = step.before or {}
        if step.does == WARMS:
            found["function"] = before
        else:
            found["records"] += before.get("records", [])
    return found


def _key(row: Service | Region | str | None) -> str:
    return row.key if isinstance(row, (Service, Region)) else row or ""
