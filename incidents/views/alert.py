"""The list of alerts that other programs tell of, one of them, and the panel of an incident's alerts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.alert_tables import AlertFilter, AlertTable, alert_state, severity_badge
from incidents.models import Alert, Incident
from incidents.queries.alerts import told_of
from incidents.services import alert_routing

VIEW, RESPOND = "incidents.view_incident", "incidents.respond_to_incident"
SHOWN_WITH = ("source", "service", "incident", "silence", "maintenance", "rule", "cleared_by")


@require_GET
@needs(VIEW)
def alert_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Alert.objects.select_related(*SHOWN_WITH),
        table_class=AlertTable,
        filterset_class=AlertFilter,
        template="incidents/alert_list.html",
    )


@require_GET
@needs(VIEW)
@never_cache
def alert_detail(request: ConsoleRequest, pk: int) -> HttpResponse:
    alert = get_object_or_404(Alert.objects.select_related(*SHOWN_WITH), pk=pk)
    shown = {"alert": alert, "state": alert_state(alert), "severity_shown": severity_badge(alert.severity)}
    return render(request, "incidents/alert_detail.html", shown)


@require_POST
@needs(RESPOND)
def clear(request: ConsoleRequest, pk: int) -> HttpResponse:
    alert = alert_routing.clear(get_object_or_404(Alert.objects.select_related("source"), pk=pk), by=request.user)
    messages.success(request, _("The alert is over. If its source says otherwise, it comes back as another one."))
    return redirect(alert)


@require_GET
@needs(VIEW)
@never_cache
def incident_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = get_object_or_404(Incident, reference=reference)
    return render(request, "incidents/_alerts.html", {"incident": incident, "told": told_of(incident)})
