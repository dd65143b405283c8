"""Runs: the list, one of them as it goes, what happened in it, and what people tell it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dr_console.errors import Refused
from dr_console.runs import asking, telling
from dr_console.runs.asking import RUN_ASKS, STEP_ASKS, Ask
from dr_console.runs.forms import TellForm
from dr_console.runs.models import Run, Step
from dr_console.runs.previewing import look_at
from dr_console.runs.queries import shown_run, verify_chain
from dr_console.runs.tables import EventTable, RunFilter, RunTable
from dr_console.web.access import PermissionMissing, needs
from dr_console.web.listing import list_page
from dr_console.web.middleware import way_back
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import dialog_closed

VIEW = "runs.view_run"
NEWEST_EVENTS = 30


@require_GET
@needs(VIEW)
def run_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=Run.objects.select_related("by"),
        table_class=RunTable,
        filterset_class=RunFilter,
        template="runs/run_list.html",
    )


@require_GET
@needs(VIEW)
@never_cache
def run_detail(request: ConsoleRequest, code: str) -> HttpResponse:
    run = _run(code)
    context = _panel(request, run) | {"commands": list(run.commands.select_related("by", "step"))}
    return render(request, "runs/run_detail.html", context | _newest_events(run))


@require_GET
@needs(VIEW)
@never_cache
def run_panel(request: ConsoleRequest, code: str) -> HttpResponse:
    return render(request, "runs/_panel.html", _panel(request, _run(code)))


@require_GET
@needs(VIEW)
@never_cache
def newest_events(request: ConsoleRequest, code: str) -> HttpResponse:
    run = _run(code)
    return render(request, "runs/_newest_events.html", {"run": run} | _newest_events(run))


@require_GET
@needs(VIEW)
def run_events(request: ConsoleRequest, code: str) -> HttpResponse:
    run = _run(code)
    return list_page(
        request,
        queryset=run.events.select_related("by"),
        table_class=EventTable,
        template="runs/run_events.html",
        context={"run": run, "broken_at": verify_chain(run)},
    )


@require_http_methods(["GET", "POST"])
@needs(VIEW)
@never_cache
def tell_run(request: ConsoleRequest, code: str, verb: str) -> HttpResponse:
    return _tell(request, _run(code), None, verb, RUN_ASKS.get(verb))


@require_http_methods(["GET", "POST"])
@needs(VIEW)
@never_cache
def tell_step(request: ConsoleRequest, code: str, key: str, verb: str) -> HttpResponse:
    run = _run(code)
    step = get_object_or_404(run.steps.select_related("approval"), key=key)
    return _tell(request, run, step, verb, STEP_ASKS.get(verb))


@require_GET
@needs(asking.APPROVE)
@never_cache
def look_at_step(request: ConsoleRequest, code: str, key: str) -> HttpResponse:
    """What the step would do, for whoever has to say yes to it. Nothing is changed."""
    run = _run(code)
    context = {"run": run, "step": look_at(run, get_object_or_404(run.steps, key=key))}
    return render(request, "runs/_look.html" if request.htmx else "runs/look.html", context)


def _tell(request: ConsoleRequest, run: Run, step: Step | None, verb: str, ask: Ask | None) -> HttpResponse:
    if ask is None:
        raise Http404
    permission = asking.permission(ask, step)
    if not request.user.has_perm(permission):
        raise PermissionMissing(permission)
    phrase = asking.phrase(run, ask)
    if request.method == "GET":
        form = TellForm(ask=ask, phrase=phrase, initial={"version": run.version, "back": way_back(request)})
        return _ask(request, run, step, verb, form)
    form = TellForm(request.POST, ask=ask, phrase=phrase)
    if not form.is_valid():
        return _ask(request, run, step, verb, form, status=422)
    try:
        said = telling.tell(run, step, verb, by=request.user, **form.said)
    except Refused as refusal:
        # The form as it is now: whoever presses again knows what has changed.
        again = TellForm(ask=ask, phrase=phrase, initial=form.cleaned_data | {"version": _run(run.code).version})
        return _ask(request, _run(run.code), step, verb, again, status=409, refused=str(refusal))
    return _done(request, form.cleaned_data["back"] or way_back(request), said)


def _ask(
    request: ConsoleRequest,
    run: Run,
    step: Step | None,
    verb: str,
    form: TellForm,
    status: int = 200,
    refused: str = "",
) -> HttpResponse:
    ask = (STEP_ASKS if step else RUN_ASKS)[verb]
    context: dict[str, Any] = {"run": run, "step": step, "verb": verb, "ask": ask, "form": form, "refused": refused}
    context["phrase"] = form.phrase
    context["names"] = {"step": step.title if step else ""}
    context["back"] = form["back"].value() or run.get_absolute_url()
    response = render(request, "runs/_ask_dialog.html" if request.htmx else "runs/ask.html", context, status=status)
    if request.htmx:  # a press without a dialog that was refused opens one
        response["HX-Retarget"], response["HX-Reswap"] = "#ask", "innerHTML"
    return response


def _done(request: ConsoleRequest, back: str, said: str) -> HttpResponse:
    """To htmx: no dialog any more, and the panels renew themselves. To everyone else the page they came from."""
    if request.htmx:
        return dialog_closed("run")
    messages.success(request, said)
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if is_ours else way_back(request))


def _run(code: str) -> Run:
    return get_object_or_404(Run.objects.select_related("by"), code=code)


def _panel(request: ConsoleRequest, run: Run) -> dict[str, Any]:
    return {"run": run, "shown": shown_run(run), "may_control": request.user.has_perm(asking.CONTROL), "covered": ""}


def _newest_events(run: Run) -> dict[str, Any]:
    newest = list(run.events.select_related("by").order_by("-seq")[:NEWEST_EVENTS])
    return {"events": newest[::-1], "more_events": bool(newest) and newest[-1].seq > 1, "broken_at": verify_chain(run)}
