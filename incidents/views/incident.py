"""The list of incidents, the panel of open ones, and the page of one of them with its panels."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dr_console.runs.asking import CONTROL
from dr_console.runs.models import Run
from dr_console.runs.queries import ShownRun, shown_run
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.sentences import spoken
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.queries.alerts import told_of
from incidents.queries.checklist import ShownChecklist, shown_checklist
from incidents.queries.dashboard import counts, open_incidents
from incidents.queries.incident import (
    degradation_level,
    deliveries,
    milestones,
    phase,
    runs_of,
    target_clock,
)
from incidents.queries.next_action import next_action
from incidents.tables import IncidentTable
from incidents.views.ask import asks_context
from incidents.views.command import command_context
from incidents.views.decision_log import decisions_context
from incidents.views.lifecycle import state_context
from incidents.views.paging import paging_context
from incidents.views.room import the_incident
from incidents.views.timeline import panel_context
from incidents.views.update import updates_context

VIEW = "incidents.view_incident"


@require_GET
@needs(VIEW)
def incident_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Incident.objects.select_related("service", "commander", "merged_into"),
        table_class=IncidentTable,
        filterset_class=IncidentFilter,
        template="incidents/incident_list.html",
        context={"counts": counts()},
    )


@require_GET
@needs(VIEW)
@never_cache
def incident_detail(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    run = _run(request, incident)
    listed = shown_checklist(incident)
    context = run | _bar(incident, run["runs"]) | _next(request, incident, run["shown"], listed) | {"checklist": listed}
    context |= panel_context(request, incident) | _deliveries(incident) | _diagnosis(incident)
    context |= state_context(incident) | command_context(request, incident) | asks_context(request, incident)
    context |= decisions_context(request, incident) | {"told": told_of(incident)}
    context |= updates_context(request, incident) | paging_context(request, incident)
    return render(request, "incidents/incident_detail.html", context | {"incident": incident})


@require_GET
@needs(VIEW)
@never_cache
def bar(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    return render(request, "incidents/_incident_bar.html", _bar(incident, runs_of(incident)))


@require_GET
@needs(VIEW)
@never_cache
def next_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    return render(request, "incidents/_next_action.html", _next(request, incident, _run(request, incident)["shown"]))


@require_GET
@needs(VIEW)
@never_cache
def run_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_run.html", _run(request, the_incident(reference)))


@require_GET
@needs(VIEW)
@never_cache
def deliveries_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_deliveries.html", _deliveries(the_incident(reference)))


@require_GET
@needs(VIEW)
@never_cache
def diagnosis_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_diagnosis.html", _diagnosis(the_incident(reference)))


def _bar(incident: Incident, runs: list[Run]) -> dict[str, Any]:
    first = runs[0] if runs else None
    level = degradation_level()
    return {"incident": incident, "clock": target_clock(incident), "phase": phase(incident, first), "level": level}


def _run(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    runs = runs_of(incident)
    shown = shown_run(runs[0]) if runs else None
    # Its buttons stand in the box of the next action.
    asked = (shown.waiting_for_approval or shown.stuck) if shown else None
    context = {"incident": incident, "runs": runs, "shown": shown, "covered": asked.step.key if asked else ""}
    return context | {"may_control": request.user.has_perm(CONTROL)}


def _next(
    request: ConsoleRequest, incident: Incident, shown: ShownRun | None, checklist: ShownChecklist | None = None
) -> dict[str, Any]:
    return {"incident": incident, "action": next_action(incident, shown, request.user, checklist)}


def _deliveries(incident: Incident) -> dict[str, Any]:
    return {"incident": incident, "deliveries": deliveries(incident)}


def _diagnosis(incident: Incident) -> dict[str, Any]:
    reasons = [spoken(one) for one in incident.diagnosis.get("reasons", [])]
    return {"incident": incident, "reasons": reasons, "milestones": milestones(incident)}


@require_GET
@needs(VIEW)
def open_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_open_incidents.html", {"open_incidents": open_incidents()})
