"""The timeline: the newest lines on the incident's page, the whole story on a page of its own, and what people add."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.paging import BrokenCursor
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import file_of, invalid, renewed
from incidents import timeline_export
from incidents.models import Incident, TimelineEntry
from incidents.queries import timeline as queries
from incidents.services import timeline as services
from incidents.timeline_forms import CorrectionForm, NoteForm, StoryForm
from incidents.views.room import the_incident

VIEW, WRITE = "incidents.view_incident", "incidents.respond_to_incident"
# As many as stand on the incident's own page; the others are one press away.
NEWEST = 12


@require_GET
@needs(VIEW)
@never_cache
def panel(request: ConsoleRequest, reference: str) -> HttpResponse:
    return render(request, "incidents/_timeline.html", panel_context(request, the_incident(reference)))


def panel_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    """What the incident's page shows of its timeline: the newest lines, and a form for a note."""
    newest = queries.story(incident, rows=NEWEST)
    return {"incident": incident, "timeline": newest.lines, "has_more": newest.older is not None} | note_context(
        request, incident
    )


def note_context(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    may_note = request.user.has_perm(WRITE)
    return {"incident": incident, "may_note": may_note, "note_form": NoteForm(incident=incident), "note_said": ""}


@require_GET
@needs(VIEW)
@never_cache
def page(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    context = _story(request, incident)
    is_part = bool(request.htmx) and not request.htmx.history_restore_request
    template = "incidents/_story.html" if is_part else "incidents/timeline.html"
    if not is_part:
        context |= note_context(request, incident)
    response = render(request, template, context, status=200 if context["form"].is_valid() else 422)
    patch_vary_headers(response, ["HX-Request"])
    # A story that renews itself has not gone anywhere.
    if is_part and request.htmx.trigger != "story":
        response["HX-Push-Url"] = context["address"]
    return response


@require_http_methods(["GET", "POST"])
@needs(WRITE)
@never_cache
def note(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    form = NoteForm(request.POST or None, incident=incident)
    context = {"incident": incident, "note_form": form, "may_note": True, "note_said": ""}
    template = "incidents/_note.html" if request.htmx else "incidents/timeline_note.html"
    if request.method == "GET":
        return render(request, template, context)
    if not form.is_valid():
        return invalid(request, template, context)
    services.note(incident, form.written, by=request.user, token=form.cleaned_data["token"])
    if request.htmx:
        said = {"note_form": NoteForm(incident=incident), "note_said": _("Noted.")}
        return trigger_client_event(render(request, template, context | said), "live:timeline", {})
    messages.success(request, _("Noted."))
    return redirect("incidents:timeline-page", reference)


@require_http_methods(["GET", "POST"])
@needs(WRITE)
@never_cache
def correct(request: ConsoleRequest, reference: str, number: int) -> HttpResponse:
    incident = the_incident(reference)
    current = queries.current_entry(incident, number)
    if current is None:
        raise Http404
    form = CorrectionForm(request.POST or None, entry=_looked_at(incident, current, request.POST))
    before = queries.revisions(current)
    context = {"incident": incident, "form": form, "entry": current, "before": before, "number": number}
    if request.method == "GET":
        return render(request, "incidents/timeline_correct.html", context)
    if not form.is_valid():
        return invalid(request, "incidents/timeline_correct.html", context)
    try:
        services.correct(form.entry, form.written, by=request.user)
    except Refused as error:
        # What was typed stays where it is.
        form.add_error(None, str(error))
        return render(request, "incidents/timeline_correct.html", context, status=409)
    messages.success(request, _("Corrected. What it said before stays beside it."))
    return redirect("incidents:timeline-page", reference)


@require_POST
@needs(WRITE)
def pin(request: ConsoleRequest, reference: str) -> HttpResponse:
    incident = the_incident(reference)
    line = request.POST.get("line", "")
    if not queries.has_line(incident, line):
        raise Http404
    is_off = request.POST.get("off") == "yes"
    (services.unpin if is_off else services.pin)(incident, line, by=request.user)
    if request.htmx:
        return renewed("timeline")
    return redirect(_back(request, incident))


@require_GET
@needs(VIEW)
def as_json(request: ConsoleRequest, reference: str) -> StreamingHttpResponse:
    incident = the_incident(reference)
    audit("timeline.exported", by=request.user, target=reference, after={"as": "json"})
    pieces = timeline_export.json_pieces(incident)
    return file_of(request, pieces, name=f"{reference}-timeline.json", content_type="application/json")


@require_GET
@needs(VIEW)
def as_csv(request: ConsoleRequest, reference: str) -> StreamingHttpResponse:
    incident = the_incident(reference)
    audit("timeline.exported", by=request.user, target=reference, after={"as": "csv"})
    pieces = timeline_export.csv_pieces(incident)
    return file_of(request, pieces, name=f"{reference}-timeline.csv", content_type="text/csv; charset=utf-8")


def _story(request: ConsoleRequest, incident: Incident) -> dict[str, Any]:
    form = StoryForm(request.GET, people=queries.tellers(incident))
    wanted = form.wanted if form.is_valid() else None
    try:
        story = (
            queries.story(incident, wanted, request.GET.get("cursor", "")) if wanted is not None else queries.Story([])
        )
    except BrokenCursor as error:
        raise BadRequest(_("This address names a place in the list that does not exist. Start at its top.")) from error
    return {
        "incident": incident,
        "form": form,
        "story": story,
        "is_filtered": bool(wanted),
        "address": _address(request, request.GET.get("cursor")),
        "older": story.older and _address(request, story.older),
        "newer": story.newer and _address(request, story.newer),
        "newest": _address(request, None),
        "cursor": request.GET.get("cursor", ""),
        "may_note": request.user.has_perm(WRITE),
    }


def _address(request: ConsoleRequest, cursor: str | None) -> str:
    """This page's address with the filters that are set, at another place."""
    query = QueryDict(mutable=True)
    for name in ("kind", "who", "pinned"):
        if value := request.GET.get(name):
            query[name] = value
    if cursor:
        query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _back(request: ConsoleRequest, incident: Incident) -> str:
    """The page of the timeline that was looked at, with its filters and its place."""
    query = QueryDict(mutable=True)
    for name in ("kind", "who", "pinned", "cursor"):
        if value := request.POST.get(name):
            query[name] = value
    address = redirect("incidents:timeline-page", incident.reference).url
    return f"{address}?{query.urlencode()}" if query else address


def _looked_at(incident: Incident, current: TimelineEntry, posted: QueryDict) -> TimelineEntry:
    """The row that the form was filled in from, which may have been corrected since."""
    seq = posted.get("seq", "")
    if not seq.isascii() or not seq.isdigit() or len(seq) > 9 or int(seq) == current.seq:
        return current
    root = current.original_id or current.pk
    rows = TimelineEntry.objects.filter(incident=incident, seq=int(seq)).select_related("incident", "author")
    found = rows.first()
    return found if found and (found.original_id or found.pk) == root else current
