"""From which value on a metric alerts somebody."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import ThresholdFilter
from incidents.models import Threshold
from incidents.tables import ThresholdTable


@require_GET
@needs("plans.view_plan")
def threshold_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Threshold.objects.current(),
        table_class=ThresholdTable,
        filterset_class=ThresholdFilter,
        template="incidents/threshold_list.html",
    )
