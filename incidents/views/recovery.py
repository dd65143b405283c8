"""How lost data is brought back, and what is reported afterwards."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.models import RecoveryStage, ReportTemplate


@require_GET
@needs("plans.view_plan")
def recovery_stages(request: ConsoleRequest) -> HttpResponse:
    stages = RecoveryStage.objects.current().prefetch_related("tasks")
    return render(request, "incidents/recovery_stages.html", {"stages": stages})


@require_GET
@needs("plans.view_plan")
def report_template(request: ConsoleRequest) -> HttpResponse:
    template = ReportTemplate.objects.current().prefetch_related("sections").first()
    return render(request, "incidents/report_template.html", {"template": template})
