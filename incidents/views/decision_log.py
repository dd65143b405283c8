"""What the people of an incident have to decide: put up, objected to, decided."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.command_forms import DecideForm, ObjectionForm, QuestionForm, ReasonForm
from incidents.models import CommandDecision, Incident
from incidents.queries.command import COMMAND, RESPOND, decisions, may_weigh
from incidents.services import decision_log as services
from incidents.views.room import VIEW, Question, asked, changed, sent, the_incident

PANEL = "decision-log"


@require_GET
@needs(VIEW)
@never_cache
def decisions_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_decision_log.html", decisions_context(request, the_incident(reference)))


@require_GET
@needs(VIEW)
@never_cache
def command_decision(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    decision = _decision(reference, pk)
    opinions = list(decision.opinions.select_related("person"))
    may = {"may_respond": may_weigh(decision.incident, request.user), "may_command": request.user.has_perm(COMMAND)}
    context = {"incident": decision.incident, "decision": decision, "opinions": opinions}
    return render(request, "incidents/command_decision.html", context | may)


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def put_up(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = QuestionForm(sent(request))
    question = Question(
        title=_("What is to be decided?"),
        says=_("Everybody on the incident can object before it is decided."),
        button=_("Put it up"),
        keep=_("Nothing is to be decided"),
        panel=PANEL,
        said=_("It is to be decided."),
    )

    def act() -> None:
        services.put_up(incident, form.cleaned_data["question"], form.cleaned_data["options"], by=request.user)

    return asked(request, incident, question, form, act)


@require_POST
@needs(RESPOND)
def no_objection(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    decision = _decision(reference, pk)
    services.say(decision, by=request.user)
    return changed(request, decision.incident, PANEL, _("You have no strong objection."))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def objection(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    decision = _decision(reference, pk)
    form = ObjectionForm(sent(request))
    question = Question(
        title=_("Object to “%(question)s”?") % {"question": decision.question},
        button=_("Object"),
        keep=_("Do not object"),
        panel=PANEL,
        icon="hand",
        said=_("You have objected."),
    )

    def act() -> None:
        services.say(decision, by=request.user, objection=form.cleaned_data["objection"])

    return asked(request, decision.incident, question, form, act)


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def decide(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    decision = _decision(reference, pk)
    form = DecideForm(sent(request), options=decision.options)
    question = Question(
        title=decision.question,
        says=_objections(decision),
        button=_("Decide"),
        keep=_("Not yet"),
        panel=PANEL,
        said=_("Decided."),
    )

    def act() -> None:
        given = form.cleaned_data
        services.decide(decision, given["outcome"], by=request.user, reason=given["reason"])

    return asked(request, decision.incident, question, form, act)


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def drop(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    decision = _decision(reference, pk)
    form = ReasonForm(sent(request))
    question = Question(
        title=_("“%(question)s” need not be decided?") % {"question": decision.question},
        button=_("Take it off"),
        keep=_("Keep it open"),
        panel=PANEL,
        icon="x",
        said=_("It need not be decided any more."),
    )

    def act() -> None:
        services.drop(decision, by=request.user, reason=form.cleaned_data["reason"])

    return asked(request, decision.incident, question, form, act)


def decisions_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    """What _decision_log.html needs."""
    return {"incident": incident, "decisions": decisions(incident, request.user)}


def _objections(decision: CommandDecision) -> str:
    """What was objected, before it is decided over."""
    said = [f"{one.person}: {one.objection}" for one in decision.opinions.select_related("person") if one.objection]
    return _("Objections: %(objections)s") % {"objections": "; ".join(said)} if said else _("Nobody objects so far.")


def _decision(reference: str, pk: int) -> CommandDecision:
    found = CommandDecision.objects.select_related("incident__commander", "incident__service", "asked_by", "decided_by")
    return get_object_or_404(found, incident__reference=reference, pk=pk)
