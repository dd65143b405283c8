"""The first page: the state of the world on one screen. It stands above the apps, since it asks all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from backups import queries as backups
from dr_console.operations import deadman, loudness
from dr_console.operations.data_age import data_age
from dr_console.operations.provider_checks import failed_vendors
from dr_console.plans.queries import newest_version
from dr_console.web import charts
from dr_console.web.access import needs
from dr_console.web.requests import ConsoleRequest
from dr_console.web.times import duration
from dr_console.web.words import listed
from drills import queries as drills
from incidents.models import Objectives
from incidents.queries.dashboard import longest_recovery, open_incidents
from incidents.queries.degradation import in_force
from incidents.queries.health import availability
from incidents.queries.readiness import Finding
from incidents.queries.readiness import findings as incident_findings
from incidents.queries.world import world

PERIOD = timedelta(days=30)


@dataclass(frozen=True)
class Objective:
    """What is asked and what was reached (None: not measured), both in `unit`."""

    label: str
    value: float | None
    target: float
    unit: str
    note: str
    better: charts.Better = "below"


@require_GET
@needs("plans.view_plan")
def home(request: ConsoleRequest) -> HttpResponse:
    states = backups.recovery_states()
    context = {
        "objectives": objectives(states),
        "alarms": loudness.at_home(),
        "world": world(),
        "open_incidents": open_incidents(),
        "now_in_force": in_force(),
        "upcoming": drills.upcoming(),
        "last_drill": drills.last_drill(),
        "recovery_states": states,
        "findings": not_ready(states),
        "plan_version": newest_version(),
    }
    return render(request, "home/home.html", context)


@require_GET
@needs("plans.view_plan")
def objectives_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "home/_objectives.html", {"objectives": objectives(backups.recovery_states())})


@require_GET
@needs("plans.view_plan")
def alarms_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "home/_alarms.html", {"alarms": loudness.at_home()})


@require_GET
@needs("plans.view_plan")
def not_ready_panel(request: ConsoleRequest) -> HttpResponse:
    return render(request, "home/_not_ready.html", {"findings": not_ready(backups.recovery_states())})


def not_ready(states: list[backups.RecoveryState]) -> list[Finding]:
    """What every room says is not ready, failures first."""
    doubts = data_age().reasons
    console = [Finding("failed", doubt, _("The console itself."), "operations:readyz") for doubt in doubts]
    vendors = [
        Finding("failed", label, listed(str(row.finding) for row in failed), "operations:readiness")
        for label, failed in failed_vendors()
    ]
    found = [*console, *_deadman(), *vendors, *incident_findings(), *backups.findings(states), *drills.findings()]
    order = ["failed", "waiting", "unknown"]
    return sorted(found, key=lambda finding: order.index(finding.state))


def _deadman() -> list[Finding]:
    """In live mode somebody outside has to notice when the console is dead."""
    switch, page = deadman.switch(), "operations:readiness"
    if switch.is_set and (switch.is_old or switch.error or switch.withheld):
        why = listed(switch.withheld_words) or str(switch.error or _("No sign of life has been taken for minutes."))
        return [Finding("failed", _("The dead man’s switch outside is not asked"), why, page)]
    if not switch.is_set and settings.DR_MODE == "live":
        why = _("Set DR_DEADMAN_URL.")
        return [Finding("waiting", _("Nobody outside would notice if this console were dead"), why, page)]
    return []


def objectives(states: list[backups.RecoveryState]) -> list[Objective]:
    """RTO, RPO and availability; empty where the plan has no objectives yet."""
    asked = Objectives.objects.current().first()
    if asked is None:
        return []
    slowest, oldest = longest_recovery(PERIOD), backups.worst_age(states)
    budget = duration(asked.downtime_allowed(PERIOD))
    return [
        Objective(
            _("Recovery time (RTO)"),
            _minutes(slowest),
            asked.rto_minutes,
            _("min"),
            _("Slowest recovery in 30 days") if slowest else _("No recovery in the last 30 days"),
        ),
        Objective(
            _("Recovery point (RPO)"),
            _minutes(oldest),
            asked.rpo_minutes,
            _("min"),
            _("Age of the oldest real-time copy") if oldest else _("No recovery point has been seen yet"),
        ),
        Objective(
            _("Availability"),
            _percent(availability(PERIOD)),
            asked.availability_percent,
            "%",
            _("%(budget)s of downtime allowed in 30 days") % {"budget": budget},
            better="above",
        ),
    ]


def _percent(value: float | None) -> float | None:
    """Rounded down, so that what is missed is not shown as reached; 99.95 takes more places than 60."""
    if value is None:
        return None
    scale = 1000 if value > 99 else 10
    return math.floor(value * scale) / scale


def _minutes(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds() / 60, 1)
