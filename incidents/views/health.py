"""From which value on a metric alerts somebody, what it reads now, and when it has."""

from __future__ import annotations

from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.utils.timezone import now
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import BreachFilter, ThresholdFilter
from incidents.models import Breach, Service, Threshold
from incidents.queries.last_hour import last_hour
from incidents.queries.metrics import prometheus_trouble
from incidents.threshold_tables import BreachTable, ThresholdTable


@require_GET
@needs("plans.view_plan")
def threshold_list(request: ConsoleRequest) -> HttpResponse:
    latest = Breach.objects.filter(threshold=OuterRef("pk")).order_by("-opened_at").values("opened_at")[:1]
    return list_page(
        request,
        queryset=Threshold.objects.current().select_related("state").annotate(last_breach_at=Subquery(latest)),
        table_class=ThresholdTable,
        filterset_class=ThresholdFilter,
        template="incidents/threshold_list.html",
        context={"trouble": prometheus_trouble()},
        table_kwargs={
            "hours": last_hour(Threshold.objects.current(), now()),
            "services": {one.key: one.name for one in Service.objects.all()},
        },
    )


@require_GET
@needs("incidents.view_incident")
def breach_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Breach.objects.select_related("threshold", "incident"),
        table_class=BreachTable,
        filterset_class=BreachFilter,
        template="incidents/breach_list.html",
    )
