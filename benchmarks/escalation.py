"""I10: so many escalations at once, until the last page of their first level was started.

python -m benchmarks.escalation [--climbs 1000] [--severity P0]

A whole console as `manage.py up` starts it, with its worker, its process that watches, and the sandbox. The climbs are
written in one transaction, due at that moment; nobody is on any of them yet. From then on nothing is done but look.
"Started" is what the row of a message says was written before its vendor was spoken to, or the row of the message that
it was said together with. The goal is the time from the first to the last, of every
channel whose vendor takes as many: PagerDuty takes 120 events a minute for one integration (its Events API v2), so of a
thousand P0s most wait for it there, and only its share is said. The floor, in the same run: so many climbs
and messages written by a plain loop over the same database, with neither rules nor rows locked.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.recovering.console import console
from benchmarks.recovery import wait_for_workers

MOST_SECONDS = 10.0
GIVES_UP_AFTER_SECONDS = 240.0
HELD_BY_VENDOR = ("pagerduty",)


@dataclass(frozen=True)
class Started:
    """Moments in seconds since the climbs were due. `climbed`: when the last of them had been taken its first step."""

    climbed: float
    first: float
    last: float
    messages: int
    missing: int

    @property
    def spread(self) -> float:
        return self.last - self.first


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--climbs", type=int, default=1000)
    parser.add_argument("--severity", default="P0", choices=("P0", "P1", "P2", "P3"))
    options = parser.parse_args()
    with console(DR_PROBE_INTERVAL_SECONDS="3600"):
        wait_for_workers()
        floor = plain_loop(options.climbs, options.severity)
        began = begin(options.climbs, options.severity)
        measured = watch(options.climbs, began)
    return _said(measured, floor, options.climbs)


def _said(measured: Started, floor: float, climbs: int) -> int:
    reached = measured.spread <= MOST_SECONDS and not measured.missing
    print(f"{climbs} climbs, {measured.messages} messages of their first level, {measured.missing} never started")
    print(f"due to first started: {measured.first:.2f} s; to the last climb's first step: {measured.climbed:.2f} s")
    print(
        f"first to last started: {measured.spread:.2f} s (goal: {MOST_SECONDS:g} s) "
        f"{'reached' if reached else 'MISSED'}; plain loop {floor:.2f} s, {measured.spread / floor:.1f}x; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    return 0 if reached else 1


def plain_loop(climbs: int, severity: str) -> float:
    """Seconds for as many rows as a first step and its two messages have, each step in a transaction of its own."""
    from django.db import transaction  # noqa: PLC0415 (Django is set up after the console)

    from dr_console.notifications.models import Delivery, DeliveryEvent  # noqa: PLC0415
    from incidents.models import Escalation, EscalationEvent  # noqa: PLC0415

    escalations = _climbs(climbs, severity, is_due=False)
    began = time.monotonic()
    for climb in escalations:
        with transaction.atomic():
            Escalation.objects.filter(pk=climb.pk, version=0).update(version=1, level=0)
            EscalationEvent.objects.create(escalation=climb, kind="level_started", said={})
            for number in range(2):
                Delivery.objects.create(
                    channel="email", subject="Floor", dedup_key=f"floor:{climb.pk}:{number}", state="cancelled"
                )
    for delivery in Delivery.objects.filter(dedup_key__startswith="floor:"):
        with transaction.atomic():
            Delivery.objects.filter(pk=delivery.pk, fence=0).update(fence=1, handed_over_at=delivery.created_at)
            DeliveryEvent.objects.create(delivery=delivery, kind="tried")
    seconds = time.monotonic() - began
    Escalation.objects.filter(pk__in=[climb.pk for climb in escalations]).update(status="stopped", next_at=None)
    return seconds


def begin(climbs: int, severity: str) -> datetime:
    """They are due from this moment on."""
    _climbs(climbs, severity, is_due=True)
    from django.utils.timezone import now  # noqa: PLC0415

    return now()


def _climbs(climbs: int, severity: str, *, is_due: bool) -> list[Any]:
    from django.db import transaction  # noqa: PLC0415
    from django.utils.timezone import now  # noqa: PLC0415

    from incidents.models import Escalation, Incident  # noqa: PLC0415
    from incidents.queries import paging  # noqa: PLC0415

    series, at = "7" if is_due else "8", now()
    kept = paging.snapshot(severity) | {"reason": "declared", "why": {}}
    incidents = [
        Incident(reference=f"INC-2026-{series}{number:05}", title=f"Outage {number}", severity=severity)
        for number in range(climbs)
    ]
    with transaction.atomic():
        made = Incident.objects.bulk_create(incidents)
        return Escalation.objects.bulk_create(
            Escalation(
                incident=incident,
                number=1,
                severity=severity,
                snapshot=kept,
                started_at=at,
                next_at=at if is_due else None,
                status="active" if is_due else "snoozed",
            )
            for incident in made
        )


def watch(climbs: int, began: datetime) -> Started:
    """Look until everything of the first level has been started, or for as long as one would wait."""
    from incidents.models import Escalation  # noqa: PLC0415

    until, climbed = time.monotonic() + GIVES_UP_AFTER_SECONDS, 0.0
    while True:
        time.sleep(0.5)
        if not climbed and not Escalation.objects.filter(status="active", level=-1).exists():
            last = Escalation.objects.filter(status="active").order_by("-last_step_at").first()
            climbed = (last.last_step_at - began).total_seconds() if last and last.last_step_at else 0.0
        channels = _moments(began)
        moments = [moment for channel, moment in channels if channel not in HELD_BY_VENDOR]
        waiting = sum(moment is None for moment in moments)
        if (climbed and moments and not waiting) or time.monotonic() > until:
            seconds = [moment for moment in moments if moment is not None] or [0.0]
            held = [moment for channel, moment in channels if channel in HELD_BY_VENDOR]
            print(f"PagerDuty: {sum(moment is not None for moment in held)} of {len(held)} started by then")
            return Started(climbed, min(seconds), max(seconds), len(moments), waiting)


def _moments(began: datetime) -> list[tuple[str, float | None]]:
    """Of each message of the first level, its channel and when it was started; None while it was not."""
    from django.db.models.functions import Coalesce  # noqa: PLC0415

    from dr_console.notifications.models import Delivery  # noqa: PLC0415

    first = Delivery.objects.filter(group__startswith="escalation:", dedup_key__contains=":0:0:", stands_in_for=None)
    moments = first.annotate(started=Coalesce("handed_over_at", "bundled_into__handed_over_at"))
    found = moments.values_list("channel", "started")
    return [(channel, at and (at - began).total_seconds()) for channel, at in found]


if __name__ == "__main__":
    sys.exit(main())
