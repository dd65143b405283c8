"""Who is on call: all rotations, one of them, and what is one's own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import get_current_timezone_name, now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.models import Swap
from incidents.oncall_forms import FIRST_YEAR, LAST_YEAR, AtForm, DeclineForm
from incidents.queries import oncall_page
from incidents.queries.oncall_words import reader_of

VIEW = "plans.view_plan"


@require_GET
@needs(VIEW)
def overview(request: ConsoleRequest) -> HttpResponse:
    """`?at=` and `?zone=`: also who is on call at another time."""
    form = AtForm(request.GET if "at" in request.GET else None)
    valid = form.is_valid()
    context = _overview(request, form.cleaned_data.get("at") if valid else None) | {"form": form}
    return render(request, "incidents/oncall.html", context, status=422 if form.is_bound and not valid else 200)


@require_GET
@needs(VIEW)
@never_cache
def overview_panel(request: ConsoleRequest) -> HttpResponse:
    form = AtForm(request.GET)
    asked = form.cleaned_data.get("at") if form.is_valid() else None
    return render(request, "incidents/_oncall.html", _overview(request, asked))


@require_GET
@needs(VIEW)
def rotation(request: ConsoleRequest, key: str) -> HttpResponse:
    """`?from=`: a day of the first week that is shown; `?words=`: all shifts in words, too, however many."""
    return render(request, "incidents/rotation.html", _rotation(request, key))


@require_GET
@needs(VIEW)
@never_cache
def rotation_panel(request: ConsoleRequest, key: str) -> HttpResponse:
    return render(request, "incidents/_rotation.html", _rotation(request, key))


@require_GET
@needs(VIEW)
def mine(request: ConsoleRequest) -> HttpResponse:
    """`?all=`: all of twelve weeks, however many."""
    return render(request, "incidents/my_shifts.html", _mine(request))


@require_GET
@needs(VIEW)
@never_cache
def mine_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "incidents/_my_shifts.html", _mine(request))


@require_GET
@needs(VIEW)
@never_cache
def swap(request: ConsoleRequest, pk: int) -> HttpResponse:
    """What is offered to whom, and the buttons to answer."""
    reader = reader_of(request.user)
    offer = oncall_page.offer(get_object_or_404(Swap.objects.select_related("made_by", "answered_by"), pk=pk), reader)
    return render(request, "incidents/swap.html", {"offer": offer, "reader": reader, "form": DeclineForm()})


def _overview(request: ConsoleRequest, asked: datetime | None) -> dict[str, Any]:
    shown = oncall_page.overview(reader_of(request.user), at=now(), asked=asked)
    return {"shown": shown, "zone": get_current_timezone_name(), "query": request.GET.urlencode()}


def _rotation(request: ConsoleRequest, key: str) -> dict[str, Any]:
    shown = oncall_page.detail(key, reader_of(request.user), at=now(), first=_day(request.GET.get("from", "")))
    if shown is None:
        raise Http404
    return {
        "shown": shown,
        "zone": get_current_timezone_name(),
        "query": request.GET.urlencode(),
        "in_words": "words" in request.GET,
    }


def _mine(request: ConsoleRequest) -> dict[str, Any]:
    shown = oncall_page.mine(reader_of(request.user), request.user, at=now())
    return {"shown": shown, "all_shown": "all" in request.GET}


def _day(text: str) -> date | None:
    """Of an address that somebody changed by hand: this week."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
