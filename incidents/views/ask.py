"""Tasks for one named person each: asked, accepted, declined, done."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.live import presence
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.command_forms import AskForm, DoneForm, ReasonForm
from incidents.models import Ask, Incident
from incidents.queries.command import RESPOND, asks
from incidents.services import asks as services
from incidents.views.room import VIEW, Question, asked, changed, sent, the_incident

PANEL = "asks"


@require_GET
@needs(VIEW)
@never_cache
def asks_panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_asks.html", asks_context(request, the_incident(reference)))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def ask(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = AskForm(sent(request), here=presence.here(incident.topic) or ())
    question = Question(
        title=_("Ask somebody for something"),
        says=_("One person, one task, a time: they accept or decline, and are reminded."),
        button=_("Ask"),
        keep=_("Ask nobody"),
        panel=PANEL,
        said=_("They are asked."),
    )

    def act() -> None:
        given = form.cleaned_data
        services.ask(incident, given["text"], given["person"], minutes=given["minutes"], by=request.user)

    return asked(request, incident, question, form, act)


@require_POST
@needs(RESPOND)
def accept(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    one = _ask(reference, pk)
    services.accept(one, by=request.user)
    return changed(request, one.incident, PANEL, _("Accepted."))


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def decline(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    one = _ask(reference, pk)
    form = ReasonForm(sent(request))
    question = Question(
        title=_("Decline “%(task)s”?") % {"task": one.text},
        says=_("%(name)s is told why, and can ask somebody else.") % {"name": one.asked_by},
        button=_("Decline"),
        keep=_("Not yet"),
        panel=PANEL,
        icon="x",
        said=_("Declined."),
    )

    def act() -> None:
        services.decline(one, by=request.user, reason=form.cleaned_data["reason"])

    return asked(request, one.incident, question, form, act)


@require_http_methods(["GET", "POST"])
@needs(RESPOND)
@never_cache
def finish(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    one = _ask(reference, pk)
    form = DoneForm(sent(request))
    question = Question(
        title=_("“%(task)s” is done?") % {"task": one.text},
        button=_("Done"),
        keep=_("Not yet"),
        panel=PANEL,
        said=_("Done."),
    )

    def act() -> None:
        services.finish(one, by=request.user, outcome=form.cleaned_data["outcome"])

    return asked(request, one.incident, question, form, act)


@require_POST
@needs(RESPOND)
def cancel(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    one = _ask(reference, pk)
    services.cancel(one, by=request.user)
    return changed(request, one.incident, PANEL, _("It is no longer wanted."))


def asks_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    """What _asks.html needs."""
    return {"incident": incident, "asks": asks(incident, request.user)}


def _ask(reference: str, pk: int) -> Ask:
    found = Ask.objects.select_related("incident__commander", "incident__service", "person", "asked_by")
    return get_object_or_404(found, incident__reference=reference, pk=pk)
