"""Which failover plan answers what, where it leads to, and what its last run left behind. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet

from dr_console.runs.models import Run, Step
from incidents.models import FailoverPlan, Failure, Incident, Region, Service, ServiceEndpoint

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


def kept_records(plan_key: str) -> list[dict[str, Any]]:
    """The DNS records as they were before the last run of this plan changed them; none if that was undone since."""
    run = Run.objects.filter(plan_key=plan_key, mode=settings.DR_MODE).exclude(state=Run.State.NOT_NEEDED)
    newest = run.order_by("-created_at", "-pk").first()
    if newest is None:
        return []
    steps = Step.objects.filter(
        run=newest, does__in=POINTS_DNS, state=Step.State.SUCCEEDED, is_noop=False, undoes=None, before__isnull=False
    )
    return [record for before in _befores(steps) for record in before.get("records", [])]


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _befores(steps: Iterable[Step]) -> list[dict[str, Any]]:
    return [step.before for step in steps if step.before]


def _key(row: Service | Region | str | None) -> str:
    return row.key if isinstance(row, (Service, Region)) else row or ""
