"""The checklists of the plan, which incidents start from."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import ChecklistFilter
from incidents.models import ChecklistTemplate
from incidents.tables import ChecklistTable


@require_GET
@needs("plans.view_plan")
def checklist_list(request: ConsoleRequest) -> HttpResponse:
    current = Count("items", filter=Q(items__retired_at__isnull=True))
    return list_page(
        request,
        queryset=ChecklistTemplate.objects.current().annotate(length=current),
        table_class=ChecklistTable,
        filterset_class=ChecklistFilter,
        template="incidents/checklist_list.html",
    )


@require_GET
@needs("plans.view_plan")
def checklist_detail(request: ConsoleRequest, key: str) -> HttpResponse:
    checklist = get_object_or_404(ChecklistTemplate.objects.current(), key=key)
    return render(request, "incidents/checklist_detail.html", {"checklist": checklist})
