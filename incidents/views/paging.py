"""The paging panel of an incident's page, and what a person may do about it: answer, go on, put off, begin anew."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to
from dr_console.web.sentences import spoken
from incidents.escalation_forms import EscalateForm, PutOffForm, RearmForm
from incidents.models import Incident
from incidents.queries.actions import RESPOND
from incidents.queries.escalation import target_names
from incidents.queries.escalation_panel import next_who, paging, place_words, snooze_choices
from incidents.queries.paging import open_escalation
from incidents.services import escalation_acts as services
from incidents.views.room import VIEW, Question, asked, changed, sent, the_incident

PANEL, VIA = "paging", "page"


@require_GET
@needs(VIEW)
@never_cache
def panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_paging.html", paging_context(request, the_incident(reference)))


@require_POST
@needs(RESPOND)
def acknowledge(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    reply = services.acknowledge(incident, by=request.user, name=str(request.user), via=VIA)
    if not reply.is_done:
        raise Refused(spoken(reply.said))
    return changed(request, incident, PANEL, spoken(reply.said))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def escalate(request: ConsoleRequest, reference: str) -> HttpResponse:
    """Page the next level now. Whoever did not see that somebody was quicker is told so, and asked again."""
    incident = the_incident(reference)
    found = open_escalation(incident)
    if found is None:
        return go_to(request, incident)
    form = EscalateForm(sent(request), seen=found)
    names = target_names()
    question = Question(
        title=_("Page the next level now?"),
        says=_("So far: %(place)s. Then paged at once: %(who)s.")
        % {"place": place_words(found, names), "who": next_who(found, names)},
        button=_("Page them now"),
        keep=_("Wait"),
        panel=PANEL,
        said=_("The next level is paged."),
        icon="siren",
    )
    return asked(request, incident, question, form, lambda: _escalate(incident, request, form))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def put_off(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    found = open_escalation(incident)
    if found is None or not snooze_choices(found):
        return go_to(request, incident)
    form = PutOffForm(sent(request), minutes=snooze_choices(found))
    question = Question(
        title=_("Put paging off?"),
        says=_("Nobody is paged until then; after it, the next level is. Everybody sees who put it off."),
        button=_("Put off"),
        keep=_("Keep paging"),
        panel=PANEL,
        said=_("Paging is put off."),
        icon="timer",
    )
    return asked(request, incident, question, form, lambda: _put_off(incident, request, form.cleaned_data["minutes"]))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def rearm(request: ConsoleRequest, reference: str) -> HttpResponse:
    """Begin at the first level again, by the plan as it is now."""
    incident = the_incident(reference)
    form = RearmForm(sent(request))
    question = Question(
        title=_("Page anew?"),
        says=_("The ladder begins at its first level again, as the plan has it now. Who is on it is paged as well."),
        button=_("Page anew"),
        keep=_("Leave it as it is"),
        panel=PANEL,
        said=_("Paging has begun anew."),
        icon="rotate-cw",
    )
    return asked(request, incident, question, form, lambda: _rearm(incident, request, form.cleaned_data["reason"]))


def paging_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    """What _paging.html needs."""
    return {"incident": incident, "paging": paging(incident, request.user)}


def _escalate(incident: Incident, request: ConsoleRequest, form: EscalateForm) -> None:
    """Whoever was slower than somebody else reads in the dialog what has happened meanwhile, and may press again."""
    found, as_of = open_escalation(incident), form.cleaned_data["as_of"]
    is_late = found is not None and found.last_step_at is not None and found.last_step_at > as_of
    reply = services.escalate_now(incident, by=request.user, name=str(request.user), via=VIA, as_of=as_of)
    if found is not None and is_late:
        form.has_seen(found)
    if is_late or not reply.is_done:
        raise Refused(spoken(reply.said))


def _put_off(incident: Incident, request: ConsoleRequest, minutes: int) -> None:
    services.snooze(incident, minutes=minutes, by=request.user)


def _rearm(incident: Incident, request: ConsoleRequest, reason: str) -> None:
    services.page_anew(incident, by=request.user, why=reason)
