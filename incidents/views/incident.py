"""The list of incidents, and the panel of open ones."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.queries.dashboard import open_incidents
from incidents.tables import IncidentTable


@require_GET
@needs("incidents.view_incident")
def incident_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Incident.objects.select_related("service", "commander"),
        table_class=IncidentTable,
        filterset_class=IncidentFilter,
        template="incidents/incident_list.html",
    )


@require_GET
@needs("incidents.view_incident")
def incident_detail(request: ConsoleRequest, reference: str) -> HttpResponse:
    incidents = Incident.objects.select_related("service", "commander", "plan_version")
    incident = get_object_or_404(incidents, reference=reference)
    return render(request, "incidents/incident_detail.html", {"incident": incident})


@require_GET
@needs("incidents.view_incident")
def open_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_open_incidents.html", {"open_incidents": open_incidents()})
