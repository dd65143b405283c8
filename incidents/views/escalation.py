"""The escalation matrix: who is told how fast, and who has accepted that a ladder may take too long."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.escalation_forms import AcceptForm, SimulationForm
from incidents.queries.escalation import Ladder, ladders
from incidents.queries.escalation_simulation import simulate as simulation
from incidents.services import acceptance


@require_GET
@needs("plans.view_plan")
def escalation_matrix(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/escalation_matrix.html", {"ladders": ladders()})


@require_http_methods(["GET", "POST"])
@needs("plans.change_plan")
def accept(request: ConsoleRequest, key: str) -> HttpResponse:
    """Take a ladder that is in the plan already as it is, by name."""
    ladder = _ladder(key)
    sent = request.POST if request.method == "POST" else None
    form = AcceptForm(sent, person=request.user, initial={"seen": ladder.fingerprint})
    if not form.is_valid():
        return _ask(request, ladder, form, status=422 if form.is_bound else 200)
    try:
        acceptance.accept_as_it_is(key, by=request.user, name=form.cleaned_data["name"], seen=form.cleaned_data["seen"])
    except Refused as refusal:
        again = AcceptForm(person=request.user, initial={**form.cleaned_data, "seen": ladder.fingerprint})
        return _ask(request, ladder, again, status=409, refused=str(refusal))
    messages.success(request, _("Accepted in your name."))
    return redirect("incidents:escalation")


@require_GET
@needs("plans.view_plan")
@never_cache
def simulate(request: ConsoleRequest) -> HttpResponse:
    """Who would hear what when. Nobody is told: it only reads."""
    form = SimulationForm(request.GET or None)
    is_valid = form.is_valid()
    context = {"form": form, "simulation": simulation(form.asked()) if is_valid else None}
    template = "incidents/_simulation.html" if request.htmx else "incidents/escalation_simulate.html"
    return render(request, template, context, status=200 if is_valid else 422)


def _ladder(key: str) -> Ladder:
    found = next((one for one in ladders() if one.policy.key == key), None)
    if found is None:
        raise Http404
    return found


def _ask(request: ConsoleRequest, ladder: Ladder, form: AcceptForm, *, status: int, refused: str = "") -> HttpResponse:
    context = {"ladder": ladder, "form": form, "refused": refused}
    return render(request, "incidents/escalation_accept.html", context, status=status)
