"""Failover plans: what is switched over, step by step."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.errors import Refused
from dr_console.runs.models import Run, StoredPreview
from dr_console.web.access import needs
from dr_console.web.graph import Node, layout
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from incidents.filters import FailoverFilter
from incidents.forms import StartForm
from incidents.models import FailoverPlan, FailoverStep, Incident
from incidents.queries import failover as known
from incidents.queries.preview import shown_preview
from incidents.services import failover
from incidents.tables import FailoverTable

START = "incidents.start_failover"


@require_GET
@needs("plans.view_plan")
def failover_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=FailoverPlan.objects.current().select_related("service", "from_region", "to_region"),
        table_class=FailoverTable,
        filterset_class=FailoverFilter,
        template="incidents/failover_list.html",
    )


@require_GET
@needs("plans.view_plan")
def failover_detail(request: ConsoleRequest, key: str) -> HttpResponse:
    plans = FailoverPlan.objects.current().select_related("service", "from_region", "to_region")
    plan = get_object_or_404(plans.prefetch_related("steps"), key=key)
    steps: list[FailoverStep] = list(plan.steps.all())
    graph = layout([Node(step.key, step.title, step.depends_on) for step in steps])
    return render(request, "incidents/failover_detail.html", {"plan": plan, "steps": steps, "graph": graph})


@require_GET
@needs(START)
@never_cache
def failover_preview(request: ConsoleRequest, key: str) -> HttpResponse:
    """The dry run: everything that would be changed is looked at, and nothing is changed."""
    return _preview(request, _plan(key), _incident(request.GET.get("incident", "")))


@require_POST
@needs(START)
@never_cache
def failover_start(request: ConsoleRequest, key: str) -> HttpResponse:
    plan = _plan(key)
    form = StartForm(request.POST, phrase=known.confirmation_word(plan))
    incident = _incident(request.POST.get("incident", ""))
    if not form.is_valid():
        return _preview(request, plan, incident, typed=request.POST.dict(), status=422)
    try:
        run, is_new = _start(request, plan, incident, form)
    except Refused as refusal:
        return _preview(request, plan, incident, typed=form.cleaned_data, refused=str(refusal), status=409)
    if not is_new:
        messages.warning(request, _("A run of this service is under way already: this is it. No other was started."))
    shown = run.incidents.first()
    return redirect(shown or run)


def _start(request: ConsoleRequest, plan: FailoverPlan, incident: Incident | None, form: StartForm) -> tuple[Run, bool]:
    verb = Run.Verb(form.cleaned_data["verb"])
    seen = StoredPreview.objects.filter(code=form.cleaned_data["preview"], plan_key=plan.key).first()
    if seen is None:
        raise Refused(_("The preview is older than an hour. Look at it again."))
    # What was looked at once is started once, however often the button is pressed.
    token = f"preview:{seen.code}"
    run, is_new = failover.start(
        plan,
        incident=incident,
        by=request.user,
        trigger=Run.Trigger.PERSON,
        verb=verb,
        preview=seen if verb == Run.Verb.GRACEFUL else None,
        reason=form.cleaned_data["reason"],
        client_token=token,
    )
    return run, is_new or run.client_token == token


def _preview(
    request: ConsoleRequest,
    plan: FailoverPlan,
    incident: Incident | None,
    *,
    typed: dict[str, Any] | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """Looks anew each time: whoever presses the button has seen the world as it is."""
    seen, stored = failover.preview(plan, by=request.user)
    now = {"preview": stored.code, "incident": incident.reference if incident else ""}
    phrase = known.confirmation_word(plan)
    if typed is not None and status == 422:
        form = StartForm({**typed, **now}, phrase=phrase)
    else:
        form = StartForm(initial={**(typed or {}), **now}, phrase=phrase)
    context = {"plan": plan, "incident": incident, "shown": shown_preview(seen), "form": form, "refused": refused}
    context["phrase"] = phrase
    return render(request, "incidents/failover_preview.html", context | {"at": stored.at}, status=status)


def _plan(key: str) -> FailoverPlan:
    return get_object_or_404(known.plans(), key=key)


def _incident(reference: str) -> Incident | None:
    return get_object_or_404(Incident.objects.open(), reference=reference) if reference else None
