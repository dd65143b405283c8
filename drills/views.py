"""When the plan is rehearsed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from drills.queries import last_drill, upcoming

SHOWN_AHEAD = 6


@require_GET
@needs("plans.view_plan")
def drill_calendar(request: ConsoleRequest) -> HttpResponse:
    return render(request, "drills/calendar.html", {"calendars": upcoming(SHOWN_AHEAD), "last_drill": last_drill()})


@require_GET
@needs("plans.view_plan")
def next_drill_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "drills/_next_drill.html", {"upcoming": upcoming(), "last_drill": last_drill()})
