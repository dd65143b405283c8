"""How the parts of an incident's room answer: a form in a dialog, or as a page; and what is said after a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render

from dr_console.errors import Refused
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import dialog_closed, renewed
from incidents.models import Incident

VIEW = "incidents.view_incident"


@dataclass(frozen=True)
class Question:
    """A form's words. `keep`: the way out, named by what stays as it is. `panel`: the live name of what changes."""

    title: str
    button: str
    keep: str
    panel: str
    says: str = ""
    icon: str = "check"
    said: str = ""


def the_incident(reference: str) -> Incident:
    incidents = Incident.objects.select_related("service", "commander", "plan_version", "declared_by", "merged_into")
    return get_object_or_404(incidents, reference=reference)


def sent(request: ConsoleRequest) -> QueryDict | None:
    """What a form is filled with: nothing while it is only asked for."""
    return request.POST if request.method == "POST" else None


def asked(
    request: ConsoleRequest,
    incident: Incident,
    question: Question,
    form: forms.Form,
    act: Callable[[], object],
) -> HttpResponse:
    """The form; what it leads to, once it is valid; and the form again with what stands in its way.

    `form`: bound where something was sent. `act`: called with a valid form alone, may raise Refused.
    """
    form.auto_id = "asked_%s"  # the page behind the dialog has fields of its own
    if not form.is_bound:
        return _form(request, incident, question, form)
    if not form.is_valid():
        return _form(request, incident, question, form, status=422)
    try:
        act()
    except Refused as refusal:
        return _form(request, incident, question, form, status=409, refused=str(refusal))
    return _done(request, incident, question)


def changed(request: ConsoleRequest, incident: Incident, panel: str, said: str) -> HttpResponse:
    """After one press: to htmx only that the panel is to renew itself."""
    if request.htmx:
        return renewed(panel)
    messages.success(request, said)
    return redirect(incident)


def _done(request: ConsoleRequest, incident: Incident, question: Question) -> HttpResponse:
    """To htmx: no dialog any more, and the panel renews itself. To everyone else the page."""
    if not request.htmx:
        messages.success(request, question.said)
        return redirect(incident)
    return dialog_closed(question.panel)


def _form(
    request: ConsoleRequest,
    incident: Incident,
    question: Question,
    form: forms.Form,
    *,
    status: int = 200,
    refused: str = "",
) -> HttpResponse:
    context = {"incident": incident, "question": question, "form": form, "refused": refused, "action": request.path}
    template = "incidents/_room_dialog.html" if request.htmx else "incidents/room_form.html"
    return render(request, template, context, status=status)
