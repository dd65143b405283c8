"""The public status page as the console sees it: where it stands, how it looks, and planned maintenance."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dr_console.errors import Refused
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import partial_or_redirect
from incidents.models import MaintenanceNotice
from incidents.queries import status_stores
from incidents.queries.status_page import announced, public_page
from incidents.services import status_page
from incidents.services.status_files import files
from incidents.update_forms import NoticeForm
from incidents.views.room import VIEW
from incidents.views.update import PUBLISH

PANEL = "incidents/_status_places.html"
# As the files themselves ask for, which need no more than this.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"


@require_GET
@needs(VIEW)
@never_cache
def overview(request: ConsoleRequest) -> HttpResponse:
    return _page(request, NoticeForm(initial={"token": secrets.token_urlsafe(16)}))


@require_GET
@needs(VIEW)
@never_cache
def panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, PANEL, _places(request))


@require_GET
@needs(VIEW)
@never_cache
def preview(request: ConsoleRequest, name: str) -> HttpResponse:
    """A file of the page as it would be pushed now."""
    found = files(public_page(now())).get(name)
    if found is None:
        raise Http404
    response = HttpResponse(found.content, content_type=found.content_type)
    response["Content-Security-Policy"] = POLICY
    return response


@require_POST
@needs(PUBLISH)
def push(request: ConsoleRequest) -> HttpResponse:
    status_page.push_now(by=request.user)
    if not request.htmx:
        messages.success(request, _("It is being pushed."))
    return partial_or_redirect(request, PANEL, _places(request), to="incidents:status-page")


@require_POST
@needs(PUBLISH)
def announce(request: ConsoleRequest) -> HttpResponse:
    form = NoticeForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        status_page.announce(form.planned(), by=request.user, token=form.cleaned_data["token"])
    except Refused as refusal:
        return _page(request, form, status=409, refused=str(refusal))
    messages.success(request, _("Customers are told of it on the public page."))
    return redirect("incidents:status-page")


@require_POST
@needs(PUBLISH)
def call_off(request: ConsoleRequest, pk: int) -> HttpResponse:
    status_page.call_off(get_object_or_404(MaintenanceNotice, pk=pk), by=request.user)
    messages.success(request, _("The public page no longer tells of it."))
    return redirect("incidents:status-page")


def _places(request: ConsoleRequest) -> dict[str, object]:
    return {"stores": status_stores.stores(), "may_publish": request.user.has_perm(PUBLISH)}


def _page(request: ConsoleRequest, form: NoticeForm, *, status: int = 200, refused: str = "") -> HttpResponse:
    url = settings.DR_STATUS_PAGE.url
    context = _places(request) | {"form": form, "refused": refused, "notices": announced(now()), "public_url": url}
    return render(request, "incidents/status_page.html", context, status=status)
