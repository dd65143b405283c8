"""Failover plans: what is switched over, step by step."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.graph import Node, layout
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import FailoverFilter
from incidents.models import FailoverPlan, FailoverStep
from incidents.tables import FailoverTable


@require_GET
@needs("plans.view_plan")
def failover_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=FailoverPlan.objects.current().select_related("service", "from_region", "to_region"),
        table_class=FailoverTable,
        filterset_class=FailoverFilter,
        template="incidents/failover_list.html",
    )


@require_GET
@needs("plans.view_plan")
def failover_detail(request: ConsoleRequest, key: str) -> HttpResponse:
    plans = FailoverPlan.objects.current().select_related("service", "from_region", "to_region")
    plan = get_object_or_404(plans.prefetch_related("steps"), key=key)
    steps: list[FailoverStep] = list(plan.steps.all())
    graph = layout([Node(step.key, step.title, step.depends_on) for step in steps])
    return render(request, "incidents/failover_detail.html", {"plan": plan, "steps": steps, "graph": graph})
