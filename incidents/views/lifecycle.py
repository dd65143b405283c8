"""How far an incident is and how bad: every change is a question first, which says what follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import dialog_closed
from incidents.lifecycle_forms import ASKS, COMMAND, MergeForm, ReasonForm, SeverityForm
from incidents.models import Incident, Severity
from incidents.queries import consequences
from incidents.queries.lifecycle import merge_targets
from incidents.queries.lifecycle_acts import acts, duplicates, stages
from incidents.services import lifecycle, merging
from incidents.views.room import the_incident

MOST_TARGETS = 20
ACTS: dict[str, Callable[..., Incident]] = {
    "mitigate": lifecycle.mitigate,
    "resolve": lifecycle.resolve,
    "close": lifecycle.close,
    "reopen": lifecycle.reopen,
    "unmerge": merging.unmerge,
}
DONE = {
    "mitigate": gettext_lazy("The incident is mitigated."),
    "resolve": gettext_lazy("The incident is resolved."),
    "close": gettext_lazy("The incident is closed."),
    "reopen": gettext_lazy("The incident is open again."),
    "unmerge": gettext_lazy("They are two incidents again."),
}


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def change(request: ConsoleRequest, reference: str, verb: str) -> HttpResponse:
    incident = the_incident(reference)
    ask = ASKS[verb]
    form = ReasonForm(request.POST if request.method == "POST" else None, ask=ask, incident=incident)
    context = {"ask": ask, "verb": verb, "title": ask.title}

    def asked(status: int = 200, refused: str = "") -> HttpResponse:
        says = [*ask.says, *consequences.of_change(incident, verb)]
        return _ask(request, "change", incident, form, context | {"says": says}, status, refused)

    if request.method == "GET":
        return asked()
    if not form.is_valid():
        return asked(422)
    try:
        ACTS[verb](incident, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refusal:
        return asked(409, str(refusal))
    return _done(request, incident, str(DONE[verb]))


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def set_severity(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = SeverityForm(request.POST if request.method == "POST" else None)

    def asked(status: int = 200, refused: str = "") -> HttpResponse:
        now = the_incident(reference)
        context = {"changes": consequences.changes(now), "title": _("How bad is it?")}
        return _ask(request, "severity", now, form, context, status, refused)

    if request.method == "GET":
        return asked()
    if not form.is_valid():
        return asked(422)
    said = form.cleaned_data
    severity = Severity(said["severity"])
    try:
        lifecycle.set_severity(incident, severity, by=request.user, seen=said["seen"], reason=said["reason"])
    except Refused as refusal:
        return asked(409, str(refusal))
    return _done(request, incident, _("The incident is %(severity)s now.") % {"severity": severity.value})


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def merge(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = MergeForm(request.POST if request.method == "POST" else None)

    def asked(status: int = 200, refused: str = "") -> HttpResponse:
        context = {"targets": merge_targets(incident)[:MOST_TARGETS], "title": _("Is it the same as another one?")}
        return _ask(request, "merge", incident, form, context, status, refused)

    if request.method == "GET":
        return asked()
    if not form.is_valid():
        return asked(422)
    into: Incident = form.cleaned_data["into"]
    try:
        merging.merge(incident, into, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refusal:
        return asked(409, str(refusal))
    return _done(request, incident, _("It goes on as %(into)s.") % {"into": into.reference})


@require_GET
@needs("incidents.view_incident")
@never_cache
def state(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_state.html", state_context(the_incident(reference)))


def state_context(incident: Incident) -> dict[str, Any]:
    """What the panel of its state shows."""
    return {
        "incident": incident,
        "stages": stages(incident),
        "acts": acts(incident),
        "duplicates": duplicates(incident),
    }


def _ask(
    request: ConsoleRequest,
    what: str,
    incident: Incident,
    form: Any,
    context: dict[str, Any],
    status: int,
    refused: str,
) -> HttpResponse:
    """A dialog to htmx, a page to everyone else. `what` names the partial with the form."""
    body = f"incidents/_ask_{what}.html"
    template = "incidents/_ask_dialog.html" if request.htmx else "incidents/ask.html"
    context = {"incident": incident, "form": form, "body": body, "refused": refused, **context}
    context["in_dialog"] = bool(request.htmx)
    response = render(request, template, context, status=status)
    if request.htmx:  # what was pressed without a dialog may open one
        response["HX-Retarget"], response["HX-Reswap"] = "#ask", "innerHTML"
    return response


def _done(request: ConsoleRequest, incident: Incident, said: str) -> HttpResponse:
    """To htmx: no dialog any more, and the panels renew themselves. To everyone else the incident's page."""
    if not request.htmx:
        messages.success(request, said)
        return redirect(incident)
    return dialog_closed("incident")
