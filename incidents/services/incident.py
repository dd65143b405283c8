"""Declare incidents, and say how far they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.plans.queries import newest_version
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Incident, ReferenceCounter, ReportTemplate, Service, Severity, TimelineEntry
from incidents.services import alerts, consequences, timeline

Kind = TimelineEntry.Kind
Status = Incident.Status
DEFAULT_PATTERN = "INC-{year}-{number:03}"
LONGEST_TITLE = 200


class Facts(TypedDict, total=False):
    """What may be known of an incident when it is declared; the words are those of models.Incident."""

    said_title: Sentence
    started_at: datetime | None
    detected_at: datetime | None
    failure: str
    diagnosis: dict[str, Any]
    dedup_key: str
    is_practice: bool


@transaction.atomic
def declare(
    *,
    title: str,
    severity: Severity,
    service: Service | None,
    by: User | None,
    origin: Incident.Origin = Incident.Origin.PERSON,
    **facts: Unpack[Facts],
) -> tuple[Incident, bool]:
    """Open an incident, or return the open one that was noticed by the same `dedup_key`, and whether it is new.

    `started_at`: the first failing probe where one saw it. However many notice at once, one is opened: numbers are
    given one after the other, and whoever comes second finds what the first has written.
    """
    year = now().year
    _take_turn(year)
    attached = _noticed_by(facts.get("dedup_key", ""))
    if attached is not None:
        return attached, False
    incident = Incident.objects.create(
        reference=_next_reference(year),
        title=title[:LONGEST_TITLE],
        severity=severity,
        service=service,
        plan_version=newest_version(),
        origin=origin,
        declared_by=by,
        **{name: value for name, value in facts.items() if value is not None},
    )
    audit("incident.declared", by=by, target=incident, after={"severity": severity, "origin": origin})
    nudge("console", "incidents")
    timeline.record(incident, sentence(_("Declared as %(severity)s"), severity=severity), kind=Kind.DECLARED, by=by)
    consequences.declared(incident)
    return incident, True


@transaction.atomic
def rediagnose(incident: Incident, *, title: Sentence, severity: Severity, **facts: Unpack[Facts]) -> Incident:
    """It is something else than it seemed at first, or worse: the same incident goes on under another name.

    A severity never goes down by itself.
    """
    incident = _locked(incident)
    worse = min(severity, incident.assumed_severity, key=Severity.values.index)
    changed: dict[str, Any] = {**facts, "said_title": title, "severity": worse}
    was, was_as_bad_as = incident.said_title or {"text": incident.title}, incident.severity
    for name, value in changed.items():
        setattr(incident, name, value)
    incident.save(update_fields=list(changed))
    _tell_pages(incident)
    if was != title:
        timeline.record(incident, sentence(_("Now it looks like this: %(title)s"), title=title), kind=Kind.NOTICED)
    if was_as_bad_as != worse:
        consequences.severity_changed(incident, was_as_bad_as)
    return incident


@transaction.atomic
def recovered(incident: Incident, *, at: datetime, verified_at: datetime) -> bool:
    """Users are served again: the clock of the recovery time stopped `at` the first good probe of those that verified
    it. The incident is mitigated; resolving it stays with people. False if that was known.
    """
    incident = _locked(incident)
    if incident.recovered_at is not None or incident.is_over:
        return False
    was = incident.status
    incident.recovered_at, incident.verified_at = max(at, incident.started_at), verified_at
    incident.status, incident.mitigated_at = Status.MITIGATED, verified_at
    incident.save(update_fields=["recovered_at", "verified_at", "status", "mitigated_at"])
    _tell_pages(incident)
    _record_recovery(incident, verified_at)
    if was != Status.MITIGATED:
        consequences.status_changed(incident, was)
    alerts.recovered(incident)
    return True


@transaction.atomic
def failing_again(incident: Incident, *, at: datetime, why: Sentence) -> bool:
    """What had recovered fails again: the incident is open once more, and its clock runs on. False if it was open."""
    incident = _locked(incident)
    if incident.status != Status.MITIGATED:
        return False
    incident.status, incident.mitigated_at = Status.OPEN, None
    incident.recovered_at = incident.verified_at = None
    incident.save(update_fields=["status", "mitigated_at", "recovered_at", "verified_at"])
    _tell_pages(incident)
    timeline.record(incident, sentence(_("It fails again: %(why)s"), why=why), kind=Kind.NOTICED, at=at)
    consequences.status_changed(incident, Status.MITIGATED)
    return True


def mitigate(incident: Incident, *, by: User | None) -> Incident:
    """Users are no longer harmed, as a person or a step says, be it repaired or not."""
    return _become(incident, Status.MITIGATED, by=by, said=sentence(_("Mitigated")), mitigated_at=now())


def resolve(incident: Incident, *, by: User) -> Incident:
    """It is over. Only people say so."""
    return _become(incident, Status.RESOLVED, by=by, said=sentence(_("Resolved")), resolved_at=now())


def reopen(incident: Incident, *, by: User) -> Incident:
    """It is not over after all."""
    cleared = {"resolved_at": None, "mitigated_at": None}
    return _become(incident, Status.OPEN, by=by, said=sentence(_("Opened again")), **cleared)


@transaction.atomic
def _become(
    incident: Incident, status: Incident.Status, *, by: User | None, said: Sentence, **times: datetime | None
) -> Incident:
    incident = _locked(incident)
    if not incident.can_become(status):
        before = {"reference": incident.reference, "status": incident.get_status_display()}
        raise Refused(_now("%(reference)s is in the state “%(status)s”, from which that cannot be.") % before)
    was = incident.status
    for name, value in {"status": status, **times}.items():
        setattr(incident, name, value)
    incident.save(update_fields=["status", *times])
    audit(f"incident.{status.value}", by=by, target=incident, before={"status": was}, after={"status": status.value})
    _tell_pages(incident)
    timeline.record(incident, said, kind=Kind.CHANGED, by=by)
    consequences.status_changed(incident, was)
    return incident


def _record_recovery(incident: Incident, verified_at: datetime) -> None:
    """Two moments: when users were served again, and when that was certain."""
    at = incident.recovered_at
    back, certain = sentence(_("Users are served again")), sentence(_("Verified: mitigated"))
    timeline.record(incident, back, kind=Kind.RECOVERED, at=at, dedup_key=f"recovered:{at:%Y%m%d%H%M%S}")
    timeline.record(incident, certain, kind=Kind.CHANGED, at=verified_at, dedup_key=f"verified:{at:%Y%m%d%H%M%S}")


def _locked(incident: Incident) -> Incident:
    return Incident.objects.select_for_update().get(pk=incident.pk)


def _tell_pages(incident: Incident) -> None:
    """Before the timeline does: topics are told in the order of their names."""
    nudge("console", "incidents")
    nudge(incident.topic, "incident")


def _noticed_by(dedup_key: str) -> Incident | None:
    """The open incident that the same was noticed by before."""
    return Incident.objects.open().filter(dedup_key=dedup_key).first() if dedup_key else None


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
