"""Incidents that the console noticed itself: opened once, renamed when it looks otherwise, over with good answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.runs.models import Run
from dr_console.web.sentences import Sentence, sentence, spoken
from incidents.models import Incident, Service, Severity, TimelineEntry
from incidents.observations import Diagnosis, Kind, Observations, Sighting
from incidents.queries import decisions
from incidents.queries.lifecycle import open_about
from incidents.services import incident as incidents
from incidents.services import timeline

Origin, Status = Incident.Origin, Incident.Status
NOTICED = TimelineEntry.Kind.NOTICED
BY_OTHERS = (Origin.PERSON, Origin.TERMINAL, Origin.API, Origin.ALERT)
# What others declared longer ago than this is about something else.
DECLARED_LATELY = timedelta(hours=4)


@transaction.atomic
def notice(diagnosis: Diagnosis, *, title: Sentence, seen: Observations, at: datetime) -> tuple[Incident, bool]:
    """The incident of what is certain now, and whether it was opened for it. However often it is seen, it is one."""
    known = open_about(diagnosis.key)
    if known is None and diagnosis.is_felt:
        known = _same_trouble()
        if known is not None and not known.runs.active().exists():
            known = _renamed(known, diagnosis, title=title, severity=severity_of(diagnosis, seen))
    if known is None and diagnosis.is_felt:
        known = _joined(diagnosis, title=title, seen=seen, at=at)
    if known is not None:
        if diagnosis.is_felt and (since := _fails_anew_since(known, seen)) is not None:
            incidents.failing_again(known, at=since, why=title)
        return known, False
    return _declared(diagnosis, title=title, seen=seen, at=at)


def severity_of(diagnosis: Diagnosis, seen: Observations) -> Severity:
    """Critical where everything fails that users ask for, or what the plan lists first; a lost standby is medium."""
    if not diagnosis.is_felt:
        return Severity.P2
    if diagnosis.is_total or (diagnosis.is_trouble and seen.services[:1] == diagnosis.services[:1]):
        return Severity.P0
    return Severity.P1


def unrecovered() -> QuerySet[Incident]:
    """Seen by health checks, whoever declared it; not recovered, and no run at work on it, which says that itself."""
    mine = Incident.objects.real().open().filter(recovered_at=None, dedup_key__startswith="failure:")
    return mine.exclude(runs__state__in=Run.ACTIVE)


def is_over(incident: Incident, diagnosis: Diagnosis, seen: Observations) -> bool:
    """Everything that its users ask for has answered well, several times in a row, to all who may judge."""
    if diagnosis.kind in (Kind.UNSURE, Kind.CUT_OFF):
        return False
    answers = _answers(incident, seen)
    return bool(answers) and all(one.is_good and one.streak >= settings.DR_PROBE_GOOD_ROUNDS for one in answers)


def recover(incident: Incident, seen: Observations, *, at: datetime) -> bool:
    """Put down that it is over: since the last of its addresses began to answer well. False if that was known."""
    answers = _answers(incident, seen)
    since = max((one.since for one in answers if one.since), default=at)
    return incidents.recovered(incident, at=since, verified_at=at)


def _same_trouble() -> Incident | None:
    """One that users notice and that is not over: what is seen now is part of it, or is what it really is."""
    seen_by_us = Q(origin=Origin.BREACH) | Q(dedup_key__startswith="failure:")
    mine = Incident.objects.real().filter(seen_by_us, status=Status.OPEN, recovered_at=None)
    return next((one for one in mine.order_by("started_at") if decisions.facts_of(one).get("is_felt", True)), None)


def _joined(diagnosis: Diagnosis, *, title: Sentence, seen: Observations, at: datetime) -> Incident | None:
    """What people or alerts have told of lately, of one of the services that fail or of none in particular, is this."""
    unseen = Q(dedup_key="") | Q(dedup_key__startswith="alerts:")
    by_others = Incident.objects.real().filter(unseen, origin__in=BY_OTHERS, status=Status.OPEN, recovered_at=None)
    about = Q(service=None) | Q(service__key__in=diagnosis.services) if diagnosis.services else Q()
    lately = by_others.filter(about, started_at__gte=at - DECLARED_LATELY)
    known = lately.order_by("started_at", "pk").first()
    if known is None:
        return None
    return incidents.join(
        known,
        title=title,
        severity=severity_of(diagnosis, seen),
        started_at=diagnosis.began_at or at,
        detected_at=now(),
        failure=diagnosis.kind.value,
        diagnosis=diagnosis.facts(),
        dedup_key=diagnosis.key,
    )


def _renamed(incident: Incident, diagnosis: Diagnosis, *, title: Sentence, severity: Severity) -> Incident:
    """A second look at a whole region that is lost may see less of it; what is known stays so."""
    if diagnosis.kind is Kind.UNSURE and incident.failure not in ("", Kind.UNSURE.value):
        return incident
    return incidents.rediagnose(
        incident,
        title=title,
        severity=severity,
        failure=diagnosis.kind.value,
        diagnosis=diagnosis.facts(),
        dedup_key=diagnosis.key,
    )


def _declared(diagnosis: Diagnosis, *, title: Sentence, seen: Observations, at: datetime) -> tuple[Incident, bool]:
    service = Service.objects.current().filter(key=next(iter(diagnosis.services), diagnosis.service_key)).first()
    with translation.override("en"):
        in_english = spoken(title)
    incident, is_new = incidents.declare(
        title=in_english,
        said_title=title,
        severity=severity_of(diagnosis, seen),
        service=service,
        by=None,
        origin=Origin.BREACH,
        started_at=diagnosis.began_at or at,
        detected_at=now(),
        failure=diagnosis.kind.value,
        diagnosis=diagnosis.facts(),
        dedup_key=diagnosis.key,
        why=together(diagnosis.reasons),
    )
    if is_new:
        _tell(incident, diagnosis, at)
    return incident, is_new


def _tell(incident: Incident, diagnosis: Diagnosis, at: datetime) -> None:
    why = together(diagnosis.reasons)
    first = sentence(_("First health check that failed"))
    known: timeline.Known = {"source": TimelineEntry.Source.PROBES, "evidence": reverse("incidents:health")}
    timeline.record(incident, first, kind=NOTICED, at=diagnosis.began_at or at, dedup_key="first-failure", **known)
    timeline.record(incident, why, kind=NOTICED, at=at, dedup_key=f"reasons:{diagnosis.key}"[:120], **known)


def together(sentences: tuple[Sentence, ...]) -> Sentence:
    """Several as one, each in the reader's language."""
    names = {f"part{number}": one for number, one in enumerate(sentences)}
    return sentence(" · ".join(f"%({name})s" for name in names), **names)


def _fails_anew_since(incident: Incident, seen: Observations) -> datetime | None:
    """Since when what had recovered fails again; None while it does not.

    A place that has not seen the recovery yet, for it still believes what the name was before, has nothing new to
    tell, unless it sees so for as many rounds as it takes to call an address well.
    """
    verified = incident.verified_at or incident.started_at
    patience = timedelta(seconds=settings.DR_PROBE_GOOD_ROUNDS * settings.DR_PROBE_INTERVAL_SECONDS)
    failing = [(one.since or one.at, one.at) for one in _fresh(seen) if one.is_public and not one.is_good]
    return min(
        (max(since, verified) for since, at in failing if since > verified or at > verified + patience), default=None
    )


def _fresh(seen: Observations) -> list[Sighting]:
    """What those places see now that may judge."""
    believed = {place.name for place in seen.places if place.hears_the_world}
    return [one for one in seen.sightings if one.location in believed and seen.at - one.at <= decisions.rules().fresh]


def _answers(incident: Incident, seen: Observations) -> list[Sighting]:
    """What its users ask for; where they notice nothing, what the region answers itself."""
    facts = decisions.facts_of(incident)
    fresh = _fresh(seen)
    if not facts.get("is_felt", True):
        return [one for one in fresh if one.region == facts.get("region") and not one.is_through_cdn]
    services = facts.get("services") or []
    return [one for one in fresh if one.is_public and (not services or one.service in services)]
