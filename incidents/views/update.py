"""What people are told of an incident: the panel of what is owed, the composer with its preview, and what was said."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.command_forms import ReasonForm
from incidents.models import Audience, Incident, Stage, StatusUpdate
from incidents.queries import status_stores
from incidents.queries.updates import (
    PARTS,
    Standing,
    components,
    first_impact,
    first_words,
    readers,
    stage_of,
    standing,
)
from incidents.services import updates
from incidents.services.status_files import said
from incidents.services.updates import Draft
from incidents.update_forms import First, SnoozeForm, UpdateForm
from incidents.views.room import VIEW, Question, asked, the_incident

PUBLISH = "incidents.publish_update"
PANEL = "updates"
MOST_SHOWN = 100


@require_GET
@needs(VIEW)
@never_cache
def panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_updates.html", updates_context(request, the_incident(reference)))


def updates_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident,
        "standing": standing(incident),
        "stores": status_stores.stores(),
        "may_publish": request.user.has_perm(PUBLISH) and incident.merged_into_id is None,
    }


@require_GET
@needs(VIEW)
@never_cache
def update_list(request: ConsoleRequest, reference: str) -> HttpResponse:
    """Everything that was published, the newest first."""
    incident = the_incident(reference)
    found = StatusUpdate.objects.filter(incident=incident).select_related("by", "withdrawn_by")[: MOST_SHOWN + 1]
    shown = [{"update": one, "shown": _in_languages(one)} for one in found[:MOST_SHOWN]]
    context = updates_context(request, incident) | {"shown": shown, "has_more": len(found) > MOST_SHOWN}
    return render(request, "incidents/update_list.html", context)


@require_http_methods(["GET", "POST"])
@needs(PUBLISH)
@never_cache
def compose(request: ConsoleRequest, reference: str) -> HttpResponse:
    """`?audience=`: for one alone. A POST with `do`: words (of another stage), preview, or publish."""
    incident = the_incident(reference)
    audiences = _audiences(request)
    if request.method == "GET" or request.POST.get("do") == "words":
        return _page(request, incident, _new_form(incident, audiences, _stage(request, incident)))
    form = _form(incident, audiences, _stage(request, incident), data=request.POST)
    if not form.is_valid():
        return _page(request, incident, form, status=422)
    if request.POST.get("do") != "publish":
        return _page(request, incident, form, drafts=form.drafts())
    try:
        made = updates.publish(incident, form.drafts(), by=request.user, token=form.cleaned_data["token"])
    except Refused as refusal:
        return _page(request, incident, form, status=409, refused=str(refusal))
    names = ", ".join(str(one.get_audience_display()) for one in made)
    messages.success(request, _("Published to: %(audiences)s.") % {"audiences": names})
    return redirect(incident)


@require_http_methods(["GET", "POST"])
@needs(PUBLISH)
@never_cache
def snooze(request: ConsoleRequest, reference: str, audience: str) -> HttpResponse:
    incident, to = the_incident(reference), _audience(audience)
    form = SnoozeForm(request.POST or None)
    question = Question(
        title=_("Let the next update wait: %(audience)s") % {"audience": to.label},
        says=_("Until then nobody is reminded. What was promised to its readers stays written there."),
        button=_("Let it wait"),
        keep=_("Keep its time"),
        panel=PANEL,
        icon="clock",
        said=_("It waits."),
    )

    def act() -> None:
        updates.snooze(incident, to, by=request.user, **form.cleaned_data)

    return asked(request, incident, question, form, act)


@require_http_methods(["GET", "POST"])
@needs(PUBLISH)
@never_cache
def withdraw(request: ConsoleRequest, reference: str, pk: int) -> HttpResponse:
    incident = the_incident(reference)
    update = get_object_or_404(StatusUpdate.objects.select_related("incident"), pk=pk, incident=incident)
    form = ReasonForm(request.POST or None)
    question = Question(
        title=_("Withdraw “%(headline)s”?") % {"headline": update.words},
        says=_(
            "It disappears from the public page. Messages that were sent cannot be called back: publish what is right."
        ),
        button=_("Withdraw it"),
        keep=_("Keep it"),
        panel=PANEL,
        icon="undo-2",
        said=_("It is withdrawn."),
    )

    def act() -> None:
        updates.withdraw(update, by=request.user, reason=form.cleaned_data["reason"])

    return asked(request, incident, question, form, act)


def _audience(word: str) -> Audience:
    if word not in Audience.values:
        raise Http404
    return Audience(word)


def _audiences(request: ConsoleRequest) -> list[Audience]:
    word = request.GET.get("audience", "")
    return [_audience(word)] if word else list(Audience)


def _stage(request: ConsoleRequest, incident: Incident) -> Stage:
    """What is asked for, if it is a stage; else what the incident's state suggests."""
    asked_for = request.POST.get("stage") or request.GET.get("stage") or ""
    return Stage(asked_for) if asked_for in Stage.values else stage_of(incident)


def _new_form(incident: Incident, audiences: list[Audience], stage: Stage) -> UpdateForm:
    return _form(incident, audiences, stage, initial={"stage": stage.value, "token": secrets.token_urlsafe(16)})


def _form(incident: Incident, audiences: list[Audience], stage: Stage, **kwargs: Any) -> UpdateForm:
    known = {one.audience: one for one in standing(incident)}
    firsts = [_first(incident, known[one], stage) for one in audiences]
    return UpdateForm(firsts=firsts, services=components(), impact=first_impact(incident), **kwargs)


def _first(incident: Incident, known: Standing, stage: Stage) -> First:
    """Beside others, an audience is chosen that is owed something, or has heard of it."""
    every = None if stage == Stage.RESOLVED else known.every
    is_chosen = known.every is not None or known.last is not None
    return First(known.audience, known.label, first_words(incident, known.audience, stage), every, is_chosen)


def _page(
    request: ConsoleRequest,
    incident: Incident,
    form: UpdateForm,
    *,
    drafts: list[Draft] | None = None,
    status: int = 200,
    refused: str = "",
) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "refused": refused,
        "previews": [_preview(incident, one) for one in drafts or []],
        "address": request.get_full_path(),
    }
    return render(request, "incidents/update_compose.html", context, status=status)


def _preview(incident: Incident, draft: Draft) -> dict[str, Any]:
    to_customers = draft.audience == Audience.CUSTOMERS
    return {
        "draft": draft,
        "readers": readers(incident, draft.audience),
        "is_public": to_customers and not incident.is_practice,
        "is_practice": incident.is_practice,
        "shown": _in_languages(draft),
    }


def _in_languages(update: Draft | StatusUpdate) -> list[dict[str, Any]]:
    """As readers of each language see it."""
    return [
        {
            "language": code,
            "name": name,
            "headline": said(update.headline, code),
            "texts": [text for part in PARTS[1:] if (text := said(getattr(update, part), code))],
        }
        for code, name in settings.LANGUAGES
    ]
