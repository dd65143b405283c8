"""Declare incidents, and put down what the console sees of them: another name, recovery, failing again."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.live.publish import hold, nudge
from dr_console.plans.queries import newest_version
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Incident, ReferenceCounter, ReportTemplate, Service, Severity, TimelineEntry
from incidents.queries.lifecycle import goes_on_in, open_about
from incidents.services import alerts, consequences, timeline, turns

Kind = TimelineEntry.Kind
Status = Incident.Status
# From where it is known that there is one, where that is not from whoever declares it.
SOURCES = {
    Incident.Origin.API: TimelineEntry.Source.API,
    Incident.Origin.TERMINAL: TimelineEntry.Source.TERMINAL,
}
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
    client_token: str
    is_practice: bool


@transaction.atomic
def declare(
    *,
    title: str,
    severity: Severity | Literal[""],
    service: Service | None,
    by: User | None,
    origin: Incident.Origin = Incident.Origin.PERSON,
    why: Sentence | None = None,
    **facts: Unpack[Facts],
) -> tuple[Incident, bool]:
    """Open an incident, or return the one that is there already, and whether it is new: the one that was declared with
    the same `client_token`, or the open one that was noticed by the same `dedup_key`.

    `severity`: empty where nobody can say yet. `started_at`: the first failing probe where one saw it. `why`: what was
    seen, for whoever is paged. However many notice at once, one is opened: numbers are given one after the other, and
    whoever comes second finds what the first has written.
    """
    year = now().year
    hold("console")
    _take_turn(year)
    known = _declared_with(facts.get("client_token", "")) or open_about(facts.get("dedup_key", ""))
    if known is not None:
        return known, False
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
    timeline.record(incident, _declared_as(incident), kind=Kind.DECLARED, by=by, source=SOURCES.get(origin))
    if origin == Incident.Origin.API and why is not None:
        timeline.record(incident, why, kind=Kind.NOTICED)
    consequences.declared(incident, why=why)
    return incident, True


def _declared_as(incident: Incident) -> Sentence:
    if incident.severity:
        return sentence(_("Declared as %(severity)s"), severity=incident.severity)
    text = _("Declared; how bad it is, is not decided yet: it is taken for %(severity)s")
    return sentence(text, severity=incident.assumed_severity.value)


@transaction.atomic
def rediagnose(incident: Incident, *, title: Sentence, severity: Severity, **facts: Unpack[Facts]) -> Incident:
    """It is something else than it seemed at first, or worse: the same incident goes on under another name.

    A severity never goes down by itself.
    """
    incident = turns.at_console_and(incident)
    worse = min(severity, incident.assumed_severity, key=Severity.values.index)
    changed: dict[str, Any] = {**facts, "severity": worse}
    if incident.origin == Incident.Origin.BREACH:  # else people gave it its name
        changed["said_title"] = title
    was, was_as_bad_as = incident.said_title or {"text": incident.title}, incident.severity
    for name, value in changed.items():
        setattr(incident, name, value)
    incident.save(update_fields=list(changed))
    tell_pages(incident)
    if was != title:
        timeline.record(incident, sentence(_("Now it looks like this: %(title)s"), title=title), kind=Kind.NOTICED)
    consequences.diagnosed(incident)
    if was_as_bad_as != worse:
        consequences.severity_changed(incident, was_as_bad_as)
    return incident


@transaction.atomic
def join(incident: Incident, *, title: Sentence, severity: Severity, **facts: Unpack[Facts]) -> Incident:
    """The console sees what a person declared first: the same incident goes on, under the name that people gave it.

    It began with whatever of the two was earlier. A severity never goes down by itself.
    """
    incident = turns.at_console_and(incident)
    started_at = min(facts.pop("started_at", None) or incident.started_at, incident.started_at)
    detected_at = incident.detected_at or facts.pop("detected_at", None)
    was = incident.severity
    worse = min(severity, incident.assumed_severity, key=Severity.values.index)
    changed: dict[str, Any] = {**facts, "started_at": started_at, "detected_at": detected_at, "severity": worse}
    for name, value in changed.items():
        setattr(incident, name, value)
    incident.save(update_fields=list(changed))
    tell_pages(incident)
    seen = sentence(_("The console sees it too: %(title)s"), title=title)
    timeline.record(incident, seen, kind=Kind.NOTICED, dedup_key=f"joined:{incident.dedup_key}"[:120])
    consequences.diagnosed(incident)
    if incident.severity != was:
        consequences.severity_changed(incident, was)
    return incident


@transaction.atomic
def recovered(incident: Incident, *, at: datetime, verified_at: datetime) -> bool:
    """Users are served again: the clock of the recovery time stopped `at` the first good probe of those that verified
    it. The incident is mitigated; resolving it stays with people. False if that was known.
    """
    incident = turns.at_console_and(goes_on_in(incident))
    if incident.recovered_at is not None or incident.is_over:
        return False
    was = incident.status
    incident.recovered_at, incident.verified_at = max(at, incident.started_at), verified_at
    # Whoever said so earlier was right.
    incident.status, incident.mitigated_at = Status.MITIGATED, incident.mitigated_at or verified_at
    incident.save(update_fields=["recovered_at", "verified_at", "status", "mitigated_at"])
    tell_pages(incident)
    _record_recovery(incident, verified_at)
    if was != Status.MITIGATED:
        consequences.status_changed(incident, was)
    alerts.recovered(incident)
    return True


@transaction.atomic
def failing_again(incident: Incident, *, at: datetime, why: Sentence, was_measured: bool = True) -> bool:
    """What had recovered fails again: the incident is open once more, and its clock runs on.

    False if it was open, or if only a person said that it was mitigated: that may be so while probes fail.
    `was_measured`: False where it was mitigated because its alerts had cleared, with no probe that saw it recover.
    """
    incident = turns.at_console_and(goes_on_in(incident))
    if incident.status != Status.MITIGATED or was_measured and incident.recovered_at is None:
        return False
    incident.status, incident.mitigated_at = Status.OPEN, None
    incident.recovered_at = incident.verified_at = None
    incident.save(update_fields=["status", "mitigated_at", "recovered_at", "verified_at"])
    tell_pages(incident)
    again = sentence(_("It fails again: %(why)s"), why=why)
    timeline.record(incident, again, kind=Kind.NOTICED, at=at)
    consequences.status_changed(incident, Status.MITIGATED, why=again)
    return True


def _record_recovery(incident: Incident, verified_at: datetime) -> None:
    """Two moments: when users were served again, and when that was certain."""
    at = incident.recovered_at
    back, certain = sentence(_("Users are served again")), sentence(_("Verified: mitigated"))
    key, probes = f"{at:%Y%m%d%H%M%S}", TimelineEntry.Source.PROBES
    timeline.record(incident, back, kind=Kind.RECOVERED, at=at, dedup_key=f"recovered:{key}", source=probes)
    timeline.record(incident, certain, kind=Kind.CHANGED, at=verified_at, dedup_key=f"verified:{key}", source=probes)


def tell_pages(incident: Incident) -> None:
    """Before the timeline does: topics are told in the order of their names."""
    nudge("console", "incidents")
    nudge(incident.topic, "incident")


def _declared_with(client_token: str) -> Incident | None:
    return Incident.objects.filter(client_token=client_token).first() if client_token else None


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
