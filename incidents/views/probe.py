"""Health checks: what every address answers, from every place that asks."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.queries.checks import checks


@require_GET
@needs("plans.view_plan")
def health(request: ConsoleRequest) -> HttpResponse:
    context = {"checks": checks(), "interval": settings.DR_PROBE_INTERVAL_SECONDS}
    return render(request, "incidents/health.html", context)


@require_GET
@needs("plans.view_plan")
def health_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_health.html", {"checks": checks()})
