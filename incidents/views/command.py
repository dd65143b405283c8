"""Who leads and who does what: taking and giving roles, and handing command over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.live import presence
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to
from incidents.command_forms import OfferForm, ReasonForm, RoleForm
from incidents.models import Handover, Incident, RoleAssignment
from incidents.queries.briefing import briefing_facts, told
from incidents.queries.command import COMMAND, RESPOND, command, here_now
from incidents.services import command as services
from incidents.views.room import VIEW, Question, asked, changed, sent, the_incident

PANEL = "command"


@require_GET
@needs(VIEW)
@never_cache
def command_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_command.html", command_context(request, the_incident(reference)))


@require_GET
@needs(VIEW)
@never_cache
def here_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    """Who asks for it is here, as long as their stream is open."""
    incident = the_incident(reference)
    presence.sign_of_life(incident.topic, request.user.pk)
    return render(request, "incidents/_here.html", {"incident": incident, "here": here_now(incident)})


@require_POST
@needs(RESPOND)
def acknowledge(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    services.acknowledge(incident, by=request.user)
    return changed(request, incident, PANEL, _("Acknowledged: you are on it."))


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def take_command(request: ConsoleRequest, reference: str) -> HttpResponse:
    """At once where nobody leads; where somebody does, it is asked why."""
    incident = the_incident(reference)
    if request.method == "POST" and "reason" not in request.POST:
        services.take_command(incident, by=request.user)
        return changed(request, incident, PANEL, _("You have command."))
    if incident.commander in (None, request.user):
        return go_to(request, incident)
    question = Question(
        title=_("Take command over from %(name)s?") % {"name": incident.commander},
        says=_("Do this only if they do not answer: else let them hand it over, with a briefing. They are told."),
        button=_("Take command"),
        keep=_("Leave it to %(name)s") % {"name": incident.commander},
        panel=PANEL,
        said=_("You have command."),
    )
    form = ReasonForm(sent(request))
    return asked(request, incident, question, form, lambda: _take(incident, request, form))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def give_role(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = RoleForm(sent(request), by=request.user, here=presence.here(incident.topic) or ())
    question = Question(
        title=_("Who does what?"),
        says=_("A role that one person has goes from whoever has it to the new one."),
        button=_("Give the role"),
        keep=_("Leave it as it is"),
        panel=PANEL,
        said=_("The role is given."),
    )
    return asked(request, incident, question, form, lambda: _give(incident, request, form.cleaned_data))


@require_POST
@needs(RESPOND)
def end_role(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    roles = RoleAssignment.objects.select_related("incident", "person")
    assignment = get_object_or_404(roles, incident__reference=reference, pk=pk)
    services.end_role(assignment, by=request.user)
    return changed(request, assignment.incident, PANEL, _("The role is free."))


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def offer(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = OfferForm(sent(request), giver=request.user, here=presence.here(incident.topic) or ())
    question = Question(
        title=_("Hand over command?"),
        says=_("They get a briefing, and accept or decline. Until then you keep command."),
        button=_("Offer command"),
        keep=_("Keep command"),
        panel=PANEL,
        said=_("Command is offered. You keep it until they accept."),
    )

    def act() -> None:
        services.offer(incident, form.cleaned_data["receiver"], by=request.user, note=form.cleaned_data["note"])

    return asked(request, incident, question, form, act)


@require_GET
@needs(VIEW)
@never_cache
def handover(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    return render(request, "incidents/handover.html", _briefing(request, _handover(reference, pk)))


@require_POST
@needs(COMMAND)
def accept(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    offered = _handover(reference, pk)
    services.accept(offered, by=request.user)
    messages.success(request, _("You have command."))
    return go_to(request, offered.incident)


@require_http_methods(["GET", "POST"])
@needs(COMMAND)
@never_cache
def decline(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    offered = _handover(reference, pk)
    form = ReasonForm(sent(request))
    question = Question(
        title=_("Decline command?"),
        says=_("%(name)s keeps it, and is told why.") % {"name": offered.giver},
        button=_("Decline"),
        keep=_("Not yet"),
        panel=PANEL,
        said=_("You have declined command."),
        icon="x",
    )
    return asked(
        request,
        offered.incident,
        question,
        form,
        lambda: services.decline(offered, by=request.user, reason=form.cleaned_data["reason"]),
    )


@require_POST
@needs(COMMAND)
def withdraw(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    offered = _handover(reference, pk)
    services.withdraw(offered, by=request.user)
    return changed(request, offered.incident, PANEL, _("You keep command."))


def command_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    """What _command.html and _here.html need."""
    return {"incident": incident, "command": command(incident, request.user), "here": here_now(incident)}


def _briefing(request: ConsoleRequest, offered: Handover) -> dict[str, Any]:
    """What was accepted, as it was then; of an open offer, what there is to know now."""
    facts = offered.briefing or briefing_facts(offered.incident)
    is_mine = offered.is_open and offered.receiver == request.user
    return {"incident": offered.incident, "handover": offered, "briefing": told(facts), "is_mine": is_mine}


def _take(incident: Incident, request: ConsoleRequest, form: ReasonForm) -> None:
    services.take_command(incident, by=request.user, reason=form.cleaned_data["reason"])


def _give(incident: Incident, request: ConsoleRequest, given: dict[str, Any]) -> None:
    role = RoleAssignment.Role(given["role"])
    services.assign(incident, role, given["person"], by=request.user, about=given["about"])


def _handover(reference: str, pk: int) -> Handover:
    offers = Handover.objects.select_related("incident__commander", "incident__service", "giver", "receiver")
    return get_object_or_404(offers, incident__reference=reference, pk=pk)
