"""What alerts mean by plan, rules, silences and maintenances, and what an incident’s page tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from incidents.alerting import matchers
from incidents.alerting.severities import severity_of
from incidents.models import Alert, AlertRule, AlertSource, Incident, MaintenanceWindow, Service, Silence
from incidents.models.alert import AlertQuerySet
from incidents.queries import decisions
from incidents.queries.lifecycle import story

Status, Origin = Incident.Status, Incident.Origin
# Labels in which programs name the service, the first that is known decides.
SERVICE_LABELS = ("service", "service_name", "app", "application", "component", "job", "hostname", "host", "instance")
MOST_INCIDENTS = 200
# Whoever else notices it too calls it otherwise.
NOTICED = ("alerts:", "practice-alerts:")
SHOWN = 10


@dataclass(frozen=True)
class Meaning:
    """What is to be done with one alert. `severity`: empty while nobody knows. `held_until`: held back so long."""

    severity: str
    service: Service | None
    rule: AlertRule | None
    opens: bool
    silence: Silence | None = None
    maintenance: MaintenanceWindow | None = None

    @property
    def held_until(self) -> datetime | None:
        ends = [one.ends_at for one in (self.silence, self.maintenance) if one is not None]
        return max(ends, default=None)


@dataclass(frozen=True)
class Book:
    """Everything that decides what an alert of this source means, read once for a whole message: four queries."""

    source: AlertSource
    rules: list[AlertRule]
    silences: list[Silence]
    windows: list[MaintenanceWindow]
    services: Mapping[str, Service] = field(default_factory=dict)

    def meaning(self, alert: Alert) -> Meaning:
        labels = {**alert.labels, "title": alert.title, "source": self.source.key}
        rule = next((one for one in self.rules if matchers.hold(one.matchers, labels)), None)
        severity = (rule.severity if rule else "") or severity_of(alert.labels) or self.source.severity
        service = (rule.service if rule else None) or self._named(alert.labels) or self.source.service
        return Meaning(
            severity=severity,
            service=service,
            rule=rule,
            opens=self._opens(rule, severity),
            silence=next((one for one in self.silences if matchers.hold(one.matchers, labels)), None),
            maintenance=next((one for one in self.windows if one.service_id in (None, service and service.pk)), None),
        )

    def _opens(self, rule: AlertRule | None, severity: str) -> bool:
        if rule is not None:
            return rule.action == AlertRule.Action.ROUTE
        if self.source.opens == AlertSource.Opens.NEVER:
            return False
        # Of what nobody knows how bad it is, the worse is assumed.
        return not severity or severity <= self.source.opens

    def _named(self, labels: Mapping[str, str]) -> Service | None:
        words = (labels.get(label, "").casefold() for label in SERVICE_LABELS)
        return next((self.services[word] for word in words if word in self.services), None)


def book(source: AlertSource, at: datetime) -> Book:
    def of_this(rows: QuerySet[Any]) -> list[Any]:
        return list(rows.filter(source=None) | rows.filter(source=source))

    return Book(
        source=source,
        rules=of_this(AlertRule.objects.select_related("service")),
        silences=of_this(Silence.objects.in_force(at)),
        windows=list(decisions.open_windows(at).order_by("-ends_at")),
        services=services_by_word(Service.objects.current()),
    )


def services_by_word(services: Iterable[Service]) -> dict[str, Service]:
    """By key, by name in each language, and by host name; in small letters."""
    found: dict[str, Service] = {}
    for service in services:
        for word in (service.key, *decisions.texts(service, "name").values(), *service.hostnames):
            found.setdefault(str(word).casefold(), service)
    return found


def open_incidents(*, is_practice: bool) -> list[Incident]:
    """Those that an alert may belong to, the newest first."""
    rows = Incident.objects.open().filter(is_practice=is_practice).select_related("service")
    return list(rows.order_by("-started_at")[:MOST_INCIDENTS])


def incident_for(service: Service | None, source: AlertSource, among: Iterable[Incident]) -> Incident | None:
    """The open incident that an alert of this service, or of none, is part of."""
    if service is None:
        theirs = set(Alert.objects.firing().filter(source=source, service=None).values_list("incident", flat=True))
        key = dedup_key(None, source)
        return next((one for one in among if one.dedup_key == key or one.pk in theirs), None)
    own = next((one for one in among if one.service_id == service.pk), None)
    return own or next((one for one in among if _concerns(one, service)), None)


def dedup_key(service: Service | None, source: AlertSource) -> str:
    """What makes two alerts that open an incident at the same moment open one."""
    practice = "practice-" if source.is_practice else ""
    return f"{practice}alerts:{f'service:{service.key}' if service else f'source:{source.key}'}"


def opened_lately(source: AlertSource, since: datetime) -> list[Incident]:
    """Incidents that are still open and that alerts of this source have opened since then, the newest first."""
    rows = Incident.objects.open().filter(origin=Origin.ALERT, detected_at__gte=since, alerts__source=source)
    return list(rows.select_related("service").order_by("-pk").distinct()[:MOST_INCIDENTS])


def _concerns(incident: Incident, service: Service) -> bool:
    """What the console noticed itself may be wrong with several services at once."""
    facts = decisions.facts_of(incident)
    if incident.origin != Origin.BREACH or not facts.get("is_felt", True):
        return False
    services = facts.get("services") or []
    return service.key in services or bool(facts) and not services


@dataclass(frozen=True)
class Told:
    """The alerts of an incident, as its page shows them: those that fire before those that are over."""

    shown: list[Alert]
    firing: int
    all: int

    @property
    def more(self) -> int:
        return self.all - len(self.shown)


def of_incident(incident: Incident) -> AlertQuerySet:
    """Its own, and those of the incidents that were found to be the same."""
    return Alert.objects.filter(incident__reference__in=story(incident))


def told_of(incident: Incident) -> Told:
    """A few queries, however many there are."""
    mine = of_incident(incident)
    firing = mine.firing().select_related("source", "service")
    shown = list(firing.order_by("-pk")[:SHOWN])
    if len(shown) < SHOWN:
        over = mine.filter(ended_at__isnull=False).select_related("source", "service")
        shown += list(over.order_by("-pk")[: SHOWN - len(shown)])
    return Told(shown, mine.firing().count(), mine.count())
