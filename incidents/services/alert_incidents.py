"""What alerts do to incidents: open them, join them, make them worse, and say when none of them fires any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence, sentence, spoken
from incidents.alerting import severities
from incidents.models import Alert, AlertSource, Incident, Service, Severity, TimelineEntry
from incidents.queries import alerts as queries
from incidents.queries.lifecycle import goes_on_in
from incidents.services import incident as incidents
from incidents.services import lifecycle, timeline, turns

Kind, Source = TimelineEntry.Kind, TimelineEntry.Source
Status, Origin = Incident.Status, Incident.Origin
# More services than that at once are one trouble, not so many.
MOST_AT_ONCE = 3
FLOOD = timedelta(minutes=10)
# An alert may take a while to notice that it is over; what still fires after that is not over.
GRACE = timedelta(minutes=30)


def bring(source: AlertSource, fresh: Sequence[Alert], *, at: datetime) -> list[Incident]:
    """Give each of these alerts its incident, which is opened where there is none. The caller saves the alerts."""
    if not fresh:
        return []
    present = queries.open_incidents(is_practice=source.is_practice)
    own = _own(fresh)
    _give(None, [alert for alert in fresh if alert.incident_id not in own])
    found = {one: queries.incident_for(one, source, present) for one in {alert.service for alert in fresh}}
    mine: dict[int, tuple[Incident, list[Alert]]] = {}
    left: dict[Service | None, list[Alert]] = {}
    for alert in fresh:
        incident = own.get(alert.incident_id or 0) or found[alert.service]
        if incident is None:
            left.setdefault(alert.service, []).append(alert)
        else:
            mine.setdefault(incident.pk, (incident, []))[1].append(alert)
    for incident, theirs in sorted(mine.values(), key=lambda pair: pair[0].topic):
        _join(incident, theirs, at)
    return [*(incident for incident, _theirs in mine.values()), *_opened(source, left, at)]


@transaction.atomic
def cleared(over: Sequence[Alert], *, at: datetime, by: User | None = None) -> None:
    """Say in the incidents of these alerts that they are over."""
    theirs = {alert.incident_id for alert in over if alert.incident_id is not None}
    living = {one.pk: goes_on_in(one) for one in Incident.objects.filter(pk__in=theirs).select_related("merged_into")}
    for incident in sorted(set(living.values()), key=lambda one: one.topic):
        alerts = [one for one in over if one.incident_id and living[one.incident_id] == incident]
        turns.at_console_and(incident)
        _say_cleared(incident, alerts, at, by)
        nudge(incident.topic, "alerts")


@transaction.atomic
def acknowledged(incident: Incident, who: str, *, at: datetime, event_id: str) -> None:
    """Somebody has taken the page on where they were paged. The first who does stops the clock."""
    incident = turns.at_console_and(goes_on_in(incident))
    first = Incident.objects.filter(pk=incident.pk, acknowledged_at=None, resolved_at=None).update(acknowledged_at=at)
    said, key = sentence(_("Acknowledged at PagerDuty by %(who)s"), who=who), f"acknowledged:{event_id}"[:120]
    nudge("console", "incidents")
    if first:
        nudge(incident.topic, "incident")
    timeline.record(incident, said, kind=Kind.ACTED, at=at, source=Source.ALERT, dedup_key=key)


def left_behind(firing: Iterable[Alert], at: datetime) -> list[Alert]:
    """Alerts that go on firing although their incident was resolved a while ago: they need another one."""
    ids = {alert.incident_id for alert in firing if alert.incident_id is not None}
    over = Incident.objects.filter(pk__in=ids, status__in=Incident.OVER, resolved_at__lte=at - GRACE)
    gone = {one.pk for one in over.select_related("merged_into") if goes_on_in(one).is_over}
    return [alert for alert in firing if alert.incident_id in gone]


def _own(alerts: Iterable[Alert]) -> dict[int, Incident]:
    """The incidents that they belong to already, as long as those are open, by number."""
    ids = {alert.incident_id for alert in alerts if alert.incident_id is not None}
    theirs = Incident.objects.filter(pk__in=ids).select_related("merged_into") if ids else []
    return {one.pk: goes_on_in(one) for one in theirs if not goes_on_in(one).is_over}


def _opened(source: AlertSource, left: dict[Service | None, list[Alert]], at: datetime) -> list[Incident]:
    """One incident for each service; one for all of them where there are too many at once."""
    if not left:
        return []
    lately = queries.opened_lately(source, at - FLOOD)
    if len(lately) >= MOST_AT_ONCE:
        together = [alert for alerts in left.values() for alert in alerts]
        _join(lately[0], together, at)
        return [lately[0]]
    if len(left) > MOST_AT_ONCE:
        left = {None: [alert for alerts in left.values() for alert in alerts]}
    return [_declared(source, service, alerts, at) for service, alerts in left.items()]


def _declared(source: AlertSource, service: Service | None, alerts: list[Alert], at: datetime) -> Incident:
    title, said = _title(source, alerts), _told(source, alerts)
    with translation.override("en"):
        in_english = spoken(title)
    incident, is_new = incidents.declare(
        title=in_english,
        said_title=title,
        severity=_severity(alerts),
        service=service,
        by=None,
        origin=Origin.ALERT,
        why=said,
        started_at=min(alert.started_at for alert in alerts),
        detected_at=at,
        dedup_key=queries.dedup_key(service, source),
        is_practice=source.is_practice,
    )
    if not is_new:
        _join(incident, alerts, at)
        return incident
    _give(incident, alerts)
    _record(incident, said, alerts)
    nudge(incident.topic, "alerts")
    return incident


def _join(incident: Incident, alerts: list[Alert], at: datetime) -> None:
    """It is more of the same: said on the timeline, and the incident is as bad as the worst that was told of it."""
    turns.at_console_and(incident)
    new = [alert for alert in alerts if alert.incident_id is None]
    _give(incident, alerts)
    if new:
        _record(incident, _told(new[0].source, new), new)
    if _is_of_alerts(incident):
        _worsen(incident, alerts)
        if incident.commander_id is None:
            incidents.failing_again(incident, at=at, why=_title(alerts[0].source, alerts), was_measured=False)
    nudge(incident.topic, "alerts")


def _is_of_alerts(incident: Incident) -> bool:
    """Nothing but alerts says so far that something is wrong: neither people nor the console's own health checks."""
    return incident.origin == Origin.ALERT and incident.dedup_key.startswith(queries.NOTICED)


def _worsen(incident: Incident, alerts: list[Alert]) -> None:
    told = severities.worst([alert.severity for alert in alerts])
    if told and incident.severity and told < incident.severity:
        incidents.rediagnose(incident, title=incident.said_title, severity=Severity(told))


def _give(incident: Incident | None, alerts: Iterable[Alert]) -> None:
    for alert in alerts:
        alert.incident = incident


def _severity(alerts: Iterable[Alert]) -> Severity | Literal[""]:
    """The worst that is said; where none of them says any, that is for people to decide."""
    told = severities.worst([alert.severity for alert in alerts])
    return Severity(told) if told else ""


def _title(source: AlertSource, alerts: list[Alert]) -> Sentence:
    first = _first(alerts)
    if len(alerts) == 1:
        return first.said or sentence("%(title)s", title=first.title)
    text = _("%(count)s alerts of %(source)s, the first: %(title)s")
    return sentence(text, count=len(alerts), source=source.name, title=first.said or first.title)


def _told(source: AlertSource, alerts: list[Alert]) -> Sentence:
    title = _first(alerts).said or _first(alerts).title
    if len(alerts) == 1:
        return sentence(_("Alert of %(source)s: %(title)s"), source=source.name, title=title)
    text = _("%(count)s alerts of %(source)s, the first: %(title)s")
    return sentence(text, count=len(alerts), source=source.name, title=title)


def _first(alerts: Iterable[Alert]) -> Alert:
    """The worst of them, and of those the one that began first."""
    return min(alerts, key=lambda alert: (alert.severity or "P9", alert.started_at))


def _record(incident: Incident, said: Sentence, alerts: Sequence[Alert]) -> None:
    first = _first(alerts)
    at = min(alert.started_at for alert in alerts)
    evidence = first.link or (first.get_absolute_url() if first.pk else "")
    timeline.record(incident, said, kind=Kind.NOTICED, at=at, source=Source.ALERT, evidence=evidence)


def _say_cleared(incident: Incident, alerts: list[Alert], at: datetime, by: User | None) -> None:
    title = alerts[0].said or alerts[0].title
    one, many = _("Alert cleared: %(title)s"), _("%(count)s alerts cleared, among them: %(title)s")
    said = sentence(one if len(alerts) == 1 else many, count=len(alerts), title=title)
    ended = max(alert.ended_at or at for alert in alerts)
    timeline.record(incident, said, kind=Kind.NOTICED, at=ended, by=by, source=None if by else Source.ALERT)
    if not queries.of_incident(incident).filter(ended_at__isnull=True).exists():
        _say_all_cleared(incident, ended)


def _say_all_cleared(incident: Incident, at: datetime) -> None:
    """It is mitigated if alerts alone said that something was wrong and nobody leads it; else people say so."""
    said = sentence(_("None of its alerts fires any more."))
    timeline.record(incident, said, kind=Kind.NOTICED, at=at, source=Source.ALERT)
    if _is_of_alerts(incident) and incident.status == Status.OPEN and incident.commander_id is None:
        lifecycle.mitigate(incident, by=None)
