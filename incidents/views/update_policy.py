"""What the plan says of status updates: who is told how often, by what, and in which words an update begins."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.queries.updates import shown_policies


@require_GET
@needs("plans.view_plan")
def policy_list(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/update_policy_list.html", {"policies": shown_policies()})
