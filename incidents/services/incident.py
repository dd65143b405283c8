"""Declare incidents, and say how far they are."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.live.publish import nudge
from dr_console.plans.queries import newest_version
from dr_console.web.sentences import sentence
from incidents.models import Incident, ReferenceCounter, ReportTemplate, Service, Severity, TimelineEntry
from incidents.services import timeline

Kind = TimelineEntry.Kind
DEFAULT_PATTERN = "INC-{year}-{number:03}"


@transaction.atomic
def declare(
    *,
    title: str,
    severity: Severity,
    service: Service | None,
    by: User | None,
    origin: Incident.Origin = Incident.Origin.PERSON,
    started_at: datetime | None = None,
    detected_at: datetime | None = None,
    failure: str = "",
    diagnosis: dict[str, object] | None = None,
    dedup_key: str = "",
    is_practice: bool = False,
) -> tuple[Incident, bool]:
    """Open an incident, or return the open one that was noticed by the same `dedup_key`, and whether it is new.

    `started_at`: the first failing probe where one saw it. However many notice at once, one is opened: numbers are
    given one after the other, and whoever comes second finds what the first has written.
    """
    year = now().year
    _take_turn(year)
    attached = Incident.objects.open().filter(dedup_key=dedup_key).first() if dedup_key else None
    if attached is not None:
        return attached, False
    incident = Incident.objects.create(
        reference=_next_reference(year),
        title=title,
        severity=severity,
        service=service,
        plan_version=newest_version(),
        origin=origin,
        declared_by=by,
        started_at=started_at or now(),
        detected_at=detected_at,
        failure=failure,
        diagnosis=diagnosis or {},
        dedup_key=dedup_key,
        is_practice=is_practice,
    )
    audit("incident.declared", by=by, target=incident, after={"severity": severity, "origin": origin})
    timeline.record(incident, sentence(_("Declared as %(severity)s"), severity=severity), kind=Kind.DECLARED, by=by)
    nudge("console", "incidents")
    return incident, True


def _take_turn(year: int) -> None:
    """Whoever comes second waits here for the end of the first one's transaction, and then sees what it wrote."""
    ReferenceCounter.objects.bulk_create([ReferenceCounter(year=year)], ignore_conflicts=True)
    ReferenceCounter.objects.filter(year=year).update(last=F("last"))


def _next_reference(year: int) -> str:
    """The next one of the year, in its turn: no number is left out."""
    ReferenceCounter.objects.filter(year=year).update(last=F("last") + 1)
    template = ReportTemplate.objects.current().first()
    pattern = template.reference_pattern if template else DEFAULT_PATTERN
    return pattern.format(year=year, number=ReferenceCounter.objects.get(year=year).last)
