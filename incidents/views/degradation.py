"""Degradation levels: which is in force and why, how to set another, and what the plan says of each."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import dialog_closed
from incidents.filters import DegradationFilter
from incidents.forms import DegradationForm
from incidents.models import DegradationChange, DegradationLevel
from incidents.queries.degradation import active_run, in_force, recent_changes
from incidents.services import degradation
from incidents.tables import DegradationTable

CHANGE = "incidents.change_degradation_level"


@require_GET
@needs("plans.view_plan")
def degradation_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=DegradationLevel.objects.current(),
        table_class=DegradationTable,
        filterset_class=DegradationFilter,
        template="incidents/degradation_list.html",
        context=_panel(request),
    )


@require_GET
@needs("plans.view_plan")
@never_cache
def panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_degradation.html", _panel(request))


@require_GET
@needs("plans.view_plan")
@never_cache
def notice(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_degradation_notice.html", {"now_in_force": in_force()})


@require_http_methods(["GET", "POST"])
@needs(CHANGE)
@never_cache
def set_level(request: ConsoleRequest, level: int) -> HttpResponse:
    wanted = get_object_or_404(DegradationLevel.objects.current(), level=level)
    if request.method == "GET":
        return _ask(request, wanted, DegradationForm(initial={"token": secrets.token_urlsafe(16)}))
    form = DegradationForm(request.POST)
    if not form.is_valid():
        return _ask(request, wanted, form, status=422)
    reason, token = form.cleaned_data["reason"], form.cleaned_data["token"]
    try:
        degradation.set_level(level, by=request.user, reason=reason, until=form.until, client_token=token)
    except Refused as refusal:
        return _ask(request, wanted, form, status=409, refused=str(refusal))
    return _done(request, _("Level %(level)s is being set.") % {"level": level})


@require_POST
@needs(CHANGE)
def put_back(request: ConsoleRequest, change: int) -> HttpResponse:
    newest = get_object_or_404(DegradationChange, pk=change)
    degradation.put_back(newest, by=request.user)
    return _done(request, _("The level before is being put back."))


def _ask(
    request: ConsoleRequest, level: DegradationLevel, form: DegradationForm, status: int = 200, refused: str = ""
) -> HttpResponse:
    context = {"level": level, "form": form, "refused": refused, "now_in_force": in_force()}
    template = "incidents/_degradation_dialog.html" if request.htmx else "incidents/degradation_set.html"
    return render(request, template, context, status=status)


def _done(request: ConsoleRequest, said: str) -> HttpResponse:
    """To htmx: no dialog any more, and the panel renews itself. To everyone else the page."""
    if not request.htmx:
        messages.success(request, said)
        return redirect("incidents:degradation")
    return dialog_closed("degradation")


def _panel(request: ConsoleRequest) -> dict[str, Any]:
    return {
        "now_in_force": in_force(),
        "levels": list(DegradationLevel.objects.current()),
        "changes": recent_changes(),
        "changing": active_run(),
        "may_change": request.user.has_perm(CHANGE),
    }
