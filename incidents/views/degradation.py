"""Degradation levels: what is switched off so that the rest survives."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import DegradationFilter
from incidents.models import DegradationLevel
from incidents.tables import DegradationTable


@require_GET
@needs("plans.view_plan")
def degradation_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=DegradationLevel.objects.current(),
        table_class=DegradationTable,
        filterset_class=DegradationFilter,
        template="incidents/degradation_list.html",
    )
