"""The escalation matrix: who is told how fast."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.queries.escalation import ladders


@require_GET
@needs("plans.view_plan")
def escalation_matrix(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/escalation_matrix.html", {"ladders": ladders()})
