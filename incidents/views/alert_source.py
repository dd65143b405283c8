"""Where alerts come from: the list of sources, one of them with what it sent last, and its secret."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import go_to, invalid
from incidents.alert_forms import SecretForm, SettingsForm, SourceForm
from incidents.alert_tables import SourceTable, source_state
from incidents.models import AlertPayload, AlertSource
from incidents.services import alert_sources as services

VIEW, CHANGE = "incidents.view_incident", "incidents.change_alert_source"
# As many as are kept.
MOST_PAYLOADS = 70


@require_GET
@needs(VIEW)
def source_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=AlertSource.objects.filter(removed_at=None),
        table_class=SourceTable,
        template="incidents/alert_source_list.html",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(CHANGE)
def add(request: ConsoleRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "incidents/alert_source_add.html", {"form": SourceForm()})
    form = SourceForm(request.POST)
    if not form.is_valid():
        template = "incidents/_alert_source_form.html" if request.htmx else "incidents/alert_source_add.html"
        return invalid(request, template, {"form": form})
    source, plain = services.make(**form.cleaned_data, by=request.user)
    return _show(request, source, plain)


@require_GET
@needs(VIEW)
@never_cache
def detail(request: ConsoleRequest, key: str) -> HttpResponse:
    return render(request, "incidents/alert_source_detail.html", _everything(_source(key)))


@require_GET
@needs(VIEW)
@never_cache
def payloads(request: ConsoleRequest, key: str) -> HttpResponse:
    source = _source(key)
    return render(request, "incidents/_alert_payloads.html", {"source": source, "payloads": _payloads(source)})


@require_GET
@needs(VIEW)
@never_cache
def payload(request: ConsoleRequest, key: str, pk: int) -> HttpResponse:
    one = get_object_or_404(AlertPayload.objects.select_related("source"), source__key=key, pk=pk)
    return render(request, "incidents/alert_payload.html", {"payload": one, "source": one.source, "body": _pretty(one)})


@require_POST
@needs(CHANGE)
def change(request: ConsoleRequest, key: str) -> HttpResponse:
    source = _source(key)
    form = SettingsForm(request.POST, source=source)
    if not form.is_valid():
        return invalid(request, "incidents/alert_source_detail.html", _everything(source, settings_form=form))
    services.change(source, by=request.user, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect(source)


@never_cache
@require_POST
@needs(CHANGE)
def new_secret(request: ConsoleRequest, key: str) -> HttpResponse:
    source = _source(key)
    form = SecretForm(request.POST, kind=source.kind)
    if not form.is_valid():
        return invalid(request, "incidents/alert_source_detail.html", _everything(source, secret_form=form))
    plain = services.new_secret(source, by=request.user, given=form.cleaned_data.get("given", ""))
    return _show(request, _source(key), plain)


@require_POST
@needs(CHANGE)
def forget_old_secret(request: ConsoleRequest, key: str) -> HttpResponse:
    services.forget_old_secret(_source(key), by=request.user)
    return _done(request, key, _("The secret before the present one opens nothing any more."))


@require_POST
@needs(CHANGE)
def pause(request: ConsoleRequest, key: str) -> HttpResponse:
    services.pause(_source(key), by=request.user)
    return _done(request, key, _("Paused: what it sends is passed over."))


@require_POST
@needs(CHANGE)
def resume(request: ConsoleRequest, key: str) -> HttpResponse:
    services.resume(_source(key), by=request.user)
    return _done(request, key, _("It is listened to again."))


@require_POST
@needs(CHANGE)
def remove(request: ConsoleRequest, key: str) -> HttpResponse:
    services.remove(_source(key), by=request.user)
    messages.success(request, _("Removed: its address answers nobody any more."))
    return go_to(request, "incidents:alert-sources")


def _done(request: ConsoleRequest, key: str, said: str) -> HttpResponse:
    messages.success(request, said)
    return go_to(request, "incidents:alert-source", key)


def _show(request: ConsoleRequest, source: AlertSource, plain: str) -> HttpResponse:
    """A secret is in this answer and nowhere else; where there is none to show, the source's page is enough."""
    if not plain:
        messages.success(request, _("Saved."))
        return go_to(request, "incidents:alert-source", source.key)
    template = "incidents/_alert_source_made.html" if request.htmx else "incidents/alert_source_made.html"
    return render(request, template, {"source": source, "plain": plain, "hook_url": _hook_url(source)})


def _source(key: str) -> AlertSource:
    return get_object_or_404(AlertSource.objects.select_related("service", "made_by"), key=key)


def _everything(source: AlertSource, **forms: Any) -> dict[str, Any]:
    return {
        "source": source,
        "state": source_state(source),
        "hook_url": _hook_url(source),
        "plain": "…",
        "payloads": _payloads(source),
        "settings_form": SettingsForm(source=source),
        "secret_form": SecretForm(kind=source.kind),
    } | forms


def _payloads(source: AlertSource) -> list[AlertPayload]:
    return list(source.payloads.defer("body")[:MOST_PAYLOADS])


def _hook_url(source: AlertSource) -> str:
    return f"{settings.DR_PUBLIC_URL}{reverse('incidents:alert-hook', args=[source.key])}"


def _pretty(payload: AlertPayload) -> str:
    try:
        return json.dumps(json.loads(payload.body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return payload.body
