"""What the console concluded and decided, what kept it from acting, and what a person can do about that."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dr_console.runs.models import Run
from dr_console.runs.services import set_interlock
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to, partial_or_redirect
from incidents.decision_forms import KillSwitchForm, MaintenanceForm
from incidents.decision_tables import DecisionTable
from incidents.models import BlockedTrigger, Decision, MaintenanceWindow
from incidents.queries.deciding_page import deciding
from incidents.services import triggers

READ, START, SWITCH = "incidents.view_incident", "incidents.start_failover", "runs.change_interlock"
PANEL = "incidents/_deciding.html"


@require_GET
@needs(READ)
def decision_list(request: ConsoleRequest) -> HttpResponse:
    return _page(request)


@require_GET
@needs(READ)
def deciding_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, PANEL, {"deciding": deciding()})


@require_POST
@needs(START)
def release(request: ConsoleRequest, pk: int) -> HttpResponse:
    trigger = get_object_or_404(BlockedTrigger.objects.select_related("plan__service", "incident"), pk=pk)
    run = triggers.release(trigger, by=request.user, reason=request.POST.get("reason", ""))
    messages.success(request, _("Released: run %(run)s has started.") % {"run": run.code})
    return go_to(request, trigger.incident or run)


@require_POST
@needs(START)
def look_at(request: ConsoleRequest, code: str) -> HttpResponse:
    triggers.look_at(get_object_or_404(Run, code=code), by=request.user, reason=request.POST.get("reason", ""))
    return _panel(request)


@require_POST
@needs(SWITCH)
def switch_on(request: ConsoleRequest) -> HttpResponse:
    form = KillSwitchForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, kill_switch_form=form)
    set_interlock(form.cleaned_data["name"], True, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, _("The kill switch is on: nothing acts until it is released."))
    return redirect("incidents:decisions")


@require_POST
@needs(SWITCH)
def switch_off(request: ConsoleRequest) -> HttpResponse:
    set_interlock(request.POST.get("name", "")[:100], False, by=request.user)
    return _panel(request)


@require_POST
@needs(START)
def begin_maintenance(request: ConsoleRequest) -> HttpResponse:
    form = MaintenanceForm(request.POST)
    if not form.is_valid():
        return _page(request, status=422, maintenance_form=form)
    triggers.begin_maintenance(**form.cleaned_data, by=request.user)
    messages.success(request, _("Maintenance: nothing is started by itself until it is over."))
    return redirect("incidents:decisions")


@require_POST
@needs(START)
def end_maintenance(request: ConsoleRequest, pk: int) -> HttpResponse:
    triggers.end_maintenance(get_object_or_404(MaintenanceWindow, pk=pk), by=request.user)
    return _panel(request)


def _panel(request: ConsoleRequest) -> HttpResponse:
    context = {"deciding": deciding()} if request.htmx else {}
    return partial_or_redirect(request, PANEL, context, to="incidents:decisions")


def _page(
    request: ConsoleRequest,
    *,
    status: int = 200,
    kill_switch_form: KillSwitchForm | None = None,
    maintenance_form: MaintenanceForm | None = None,
) -> HttpResponse:
    response = list_page(
        request,
        queryset=Decision.objects.select_related("incident", "run"),
        table_class=DecisionTable,
        template="incidents/decision_list.html",
        context={
            "deciding": deciding(),
            "kill_switch_form": kill_switch_form or KillSwitchForm(),
            "maintenance_form": maintenance_form or MaintenanceForm(),
        },
    )
    response.status_code = status
    return response
