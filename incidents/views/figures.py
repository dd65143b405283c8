"""How incidents went, in figures: the real ones and, apart from them, drills."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from incidents.models import Severity
from incidents.queries.figures_of_incidents import MOST, figures

PERIODS = {
    "30": _("30 days"),
    "90": _("90 days"),
    "365": _("a year"),
    "all": _("everything"),
}
USUAL = "90"


class FiguresForm(forms.Form):
    """Which incidents: words of the page's address."""

    period = forms.ChoiceField(label=_("Began in the last"), required=False, choices=PERIODS.items, initial=USUAL)
    severity = forms.ChoiceField(
        label=_("Severity"), required=False, choices=lambda: [("", _("Every severity")), *Severity.choices]
    )


@require_GET
@needs("incidents.view_incident")
def page(request: ConsoleRequest) -> HttpResponse:
    form = FiguresForm({"period": USUAL, **request.GET.dict()})
    if not form.is_valid():
        return render(request, "incidents/figures.html", {"form": form, "rooms": [], "most": MOST}, status=422)
    period = form.cleaned_data["period"] or USUAL
    since = None if period == "all" else now() - timedelta(days=int(period))
    severity = form.cleaned_data["severity"]
    rooms = [
        ("real", _("Real incidents"), figures(is_practice=False, since=since, severity=severity)),
        ("drills", _("Drills"), figures(is_practice=True, since=since, severity=severity)),
    ]
    return render(request, "incidents/figures.html", {"form": form, "rooms": rooms, "most": MOST})
