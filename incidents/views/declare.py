"""Declare an incident: one form of three fields, from any page."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.lifecycle_forms import DeclareForm
from incidents.queries import consequences
from incidents.queries.dashboard import open_incidents
from incidents.services import incident as incidents

DECLARE = "incidents.declare_incident"


@require_http_methods(["GET", "POST"])
@needs(DECLARE)
@never_cache
def declare(request: ConsoleRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request, DeclareForm(initial={"token": secrets.token_urlsafe(16)}))
    form = DeclareForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    said = form.cleaned_data
    incident, is_new = incidents.declare(
        title=said["title"],
        severity=said["severity"],
        service=said["service"],
        by=request.user,
        client_token=f"person:{request.user.pk}:{said['token']}",
    )
    text = _("%(reference)s is declared.") if is_new else _("%(reference)s was declared already.")
    messages.success(request, text % {"reference": incident.reference})
    return redirect(incident)


def _page(request: ConsoleRequest, form: DeclareForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "severities": consequences.of_severities(), "open_incidents": open_incidents()}
    return render(request, "incidents/declare.html", context, status=status)
