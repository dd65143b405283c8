"""What alerts with certain labels mean, and which are held back for a time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.web.access import needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import invalid
from incidents.alert_forms import RuleForm, SilenceForm
from incidents.alert_tables import SilenceTable
from incidents.models import AlertRule, Silence
from incidents.queries.decisions import open_windows
from incidents.services import silences as services

VIEW, CHANGE = "incidents.view_incident", "incidents.change_alert_source"
RESPOND = "incidents.respond_to_incident"


@require_GET
@needs(VIEW)
def rule_list(request: ConsoleRequest) -> HttpResponse:
    rules = AlertRule.objects.select_related("source", "service")[: services.MOST_RULES]
    return render(request, "incidents/alert_rule_list.html", {"rules": rules})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CHANGE)
def add_rule(request: ConsoleRequest) -> HttpResponse:
    form = RuleForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "incidents/alert_rule_form.html", {"form": form})
    if not form.is_valid():
        return invalid(request, "incidents/alert_rule_form.html", {"form": form})
    services.add_rule(**form.cleaned_data, by=request.user)
    messages.success(request, _("Saved: it holds from the next alert on."))
    return redirect("incidents:alert-rules")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(CHANGE)
def change_rule(request: ConsoleRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(AlertRule.objects.select_related("source", "service"), pk=pk)
    form = RuleForm(request.POST if request.method == "POST" else None, rule=rule)
    if request.method != "POST":
        return render(request, "incidents/alert_rule_form.html", {"form": form, "rule": rule})
    if not form.is_valid():
        return invalid(request, "incidents/alert_rule_form.html", {"form": form, "rule": rule})
    services.change_rule(rule, by=request.user, **form.cleaned_data)
    messages.success(request, _("Saved: it holds from the next alert on."))
    return redirect("incidents:alert-rules")


@require_POST
@needs(CHANGE)
def move_rule(request: ConsoleRequest, pk: int) -> HttpResponse:
    rule = get_object_or_404(AlertRule, pk=pk)
    services.move_rule(rule, up=request.POST.get("to") == "up", by=request.user)
    return redirect("incidents:alert-rules")


@require_POST
@needs(CHANGE)
def remove_rule(request: ConsoleRequest, pk: int) -> HttpResponse:
    services.remove_rule(get_object_or_404(AlertRule, pk=pk), by=request.user)
    messages.success(request, _("The rule is gone."))
    return redirect("incidents:alert-rules")


@require_GET
@needs(VIEW)
def silence_list(request: ConsoleRequest) -> HttpResponse:
    return _silences(request, SilenceForm())


@require_POST
@needs(RESPOND)
def begin_silence(request: ConsoleRequest) -> HttpResponse:
    form = SilenceForm(request.POST)
    if not form.is_valid():
        return _silences(request, form, status=422)
    services.begin(**form.cleaned_data, by=request.user)
    messages.success(request, _("These alerts are held back; what still fires at the end opens an incident then."))
    return redirect("incidents:silences")


@require_POST
@needs(RESPOND)
def end_silence(request: ConsoleRequest, pk: int) -> HttpResponse:
    services.end(get_object_or_404(Silence, pk=pk), by=request.user)
    messages.success(request, _("The silence is over: what still fires is looked at anew."))
    return redirect("incidents:silences")


def _silences(request: ConsoleRequest, form: SilenceForm, *, status: int = 200) -> HttpResponse:
    at = now()
    running = Silence.objects.filter(ends_at__gt=at).select_related("source", "by")[: services.MOST_RULES]
    response = list_page(
        request,
        queryset=Silence.objects.select_related("source", "by"),
        table_class=SilenceTable,
        template="incidents/silence_list.html",
        context={"form": form, "running": running, "windows": open_windows(at)[: services.MOST_RULES]},
    )
    response.status_code = status
    return response
