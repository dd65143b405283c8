"""The page of the pretend world: see it, break it, heal it. In sandbox mode only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.errors import ProviderError, Refused
from dr_console.providers.sandbox import WrongInput
from dr_console.sandbox_page import queries, services
from dr_console.sandbox_page.forms import AdvanceForm, FaultForm, ScenarioForm, SpeedForm
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import invalid

View = TypeVar("View", bound=Callable[..., HttpResponse])
READ, CHANGE = "plans.view_plan", "sandbox_page.change_world"


def in_sandbox_mode(view: View) -> View:
    """Nothing is here in live mode."""

    @wraps(view)
    def sandboxed(*args: Any, **kwargs: Any) -> HttpResponse:
        if settings.DR_MODE != "sandbox":
            raise Http404
        return view(*args, **kwargs)

    return sandboxed  # type: ignore[return-value]  # wraps() keeps the signature, mypy cannot see it


def said_by_the_sandbox(view: View) -> View:
    """What the sandbox refuses, or that it is not there, is said in its words."""

    @wraps(view)
    def told(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except (ProviderError, WrongInput) as error:
            raise Refused(str(error)) from error

    return told  # type: ignore[return-value]  # as above


@require_GET
@needs(READ)
@never_cache
def page(request: ConsoleRequest) -> HttpResponse:
    template = "sandbox/_sandbox.html" if request.htmx else "sandbox/sandbox.html"
    return render(request, template, _everything(request))


@require_GET
@needs(READ)
@never_cache
def world(request: ConsoleRequest) -> HttpResponse:
    try:
        context = queries.panel()
    except ProviderError as error:
        return render(request, "sandbox/_gone.html", _gone(error))
    return render(request, "sandbox/_world.html", context | {"may_change": _may_change(request)})


@require_GET
@needs(READ)
@never_cache
def details(request: ConsoleRequest) -> HttpResponse:
    try:
        context = queries.panel()
    except ProviderError:
        return HttpResponse(status=204)  # the panel of the world says so; this one keeps what it has
    return render(request, "sandbox/_details.html", context | {"may_change": _may_change(request)})


@require_GET
@needs(READ)
@never_cache
def outbox(request: ConsoleRequest) -> HttpResponse:
    given = request.GET.get("limit", "")
    limit = int(given) if given.isascii() and given.isdecimal() and len(given) < 5 else queries.FIRST_MESSAGES
    limit = max(1, min(limit, queries.MOST_MESSAGES - 1))
    try:
        context = queries.messages(limit)
    except ProviderError:
        return HttpResponse(status=204)
    context["may_change"] = _may_change(request)
    return render(request, "sandbox/_outbox.html" if request.htmx else "sandbox/outbox.html", context)


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def start_scenario(request: ConsoleRequest, name: str) -> HttpResponse:
    context = queries.everything()
    card = next((card for card in context["cards"] if card.scenario.name == name), None)
    if card is None:
        raise Refused(_("There is no scenario “%(name)s”.") % {"name": name})
    form = ScenarioForm(request.POST, scenario=card.scenario, origins=context["shown"].world.origins)
    if form.is_valid():
        try:
            services.start_scenario(name, form.cleaned_data, by=request.user)
            return _done(request, _("Broken: %(scenario)s.") % {"scenario": card.title})
        except WrongInput as wrong:
            form.refuse(wrong.field, wrong.message)
    return _invalid(request, f"scenario-{name}", scenario_form=form)


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def heal_scenario(request: ConsoleRequest, name: str) -> HttpResponse:
    services.heal_scenario(name, by=request.user)
    return _done(request, _("Healed."))


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def add_fault(request: ConsoleRequest) -> HttpResponse:
    form = FaultForm(request.POST, world=queries.world_now())
    if form.is_valid():
        try:
            services.add_fault(form.rule(), by=request.user)
            return _done(request, _("The fault is at work."))
        except WrongInput as wrong:
            form.refuse(wrong.field, wrong.message)
    return _invalid(request, "fault", fault_form=form)


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def heal_fault(request: ConsoleRequest, id: str) -> HttpResponse:
    services.heal_fault(id, by=request.user)
    return _done(request, _("Healed."))


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def heal_everything(request: ConsoleRequest) -> HttpResponse:
    services.heal_everything(by=request.user)
    return _done(request, _("Everything is healed. What was lost stays lost until it is restored."))


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def set_clock(request: ConsoleRequest) -> HttpResponse:
    form = AdvanceForm(request.POST) if "advance" in request.POST else SpeedForm(request.POST)
    if not form.is_valid():
        raise Refused(_("The clock cannot be set to that."))
    services.set_clock(form.cleaned_data, by=request.user)
    return _done(request, _("The clock is set."))


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def connect(request: ConsoleRequest) -> HttpResponse:
    kind = "cache" if "cache" in request.POST else "database"
    name = request.POST.get(kind, "")
    services.connect(kind, name, by=request.user)
    return _done(request, _("The product uses %(store)s now.") % {"store": name})


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def answer(request: ConsoleRequest, message: int) -> HttpResponse:
    found = queries.answer_to(message, request.POST.get("answer", ""))
    if found is None:
        raise Refused(_("That message cannot be answered like this any more."))
    services.answer(message, found.name, found.path, found.body, by=request.user)
    if request.htmx:
        context = queries.messages(queries.FIRST_MESSAGES)
        return render(request, "sandbox/_outbox.html", context | {"may_change": True})
    return _done(request, _("Answered: %(answer)s.") % {"answer": found.label})


@require_POST
@needs(CHANGE)
@said_by_the_sandbox
def begin_anew(request: ConsoleRequest) -> HttpResponse:
    services.begin_anew(by=request.user)
    return _done(request, _("This is a new world."))


def _everything(request: ConsoleRequest, said: str = "", **forms: Any) -> dict[str, Any]:
    try:
        context = queries.everything(**forms)
    except ProviderError as error:
        return _gone(error) | {"said": said}
    return context | {"gone": "", "said": said, "may_change": _may_change(request)}


def _gone(error: ProviderError) -> dict[str, Any]:
    return {"gone": str(error), "address": settings.DR_SANDBOX_URL}


def _may_change(request: ConsoleRequest) -> bool:
    return request.user.has_perm(CHANGE)


def _done(request: ConsoleRequest, said: str) -> HttpResponse:
    """All of the page to htmx, for one act may change any of it."""
    if request.htmx:
        return render(request, "sandbox/_sandbox.html", _everything(request, said))
    messages.success(request, said)
    return redirect("sandbox:page")


def _invalid(request: ConsoleRequest, place: str, **forms: Any) -> HttpResponse:
    """The page again, with what is wrong in view at `place`."""
    template = "sandbox/_sandbox.html" if request.htmx else "sandbox/sandbox.html"
    response = invalid(request, template, _everything(request, **forms))
    response["HX-Reswap"] = f"outerHTML show:#{place}:top"
    return response
