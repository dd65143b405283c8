"""Put down what sources say of their alerts, and open or find the incident that each of them belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _now

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from incidents.alerting.severities import severity_of
from incidents.alerting.signals import Signal
from incidents.models import Alert, AlertSource
from incidents.queries import alerts as queries
from incidents.services import alert_incidents

# What comes again is written down as having been heard; only what is said anew of it is written at all.
TOLD = ("title", "said", "text", "link", "labels")
WRITTEN = (*TOLD, "ended_at", "said_at", "heard_at", "times", "cleared_by")
ROUTED = ("severity", "service", "incident", "rule", "silence", "maintenance", "held_until")
AT_ONCE = 200


@dataclass(frozen=True)
class Taken:
    """What became of the alerts of one message: how many were new, known, over; held back or only listed of the new."""

    new: int = 0
    known: int = 0
    cleared: int = 0
    held: int = 0
    listed: int = 0
    references: tuple[str, ...] = ()


@transaction.atomic
def take(source: AlertSource, signals: Iterable[Signal], *, at: datetime) -> Taken:
    """Believe what the source says. The same said again changes nothing; of two, the later is believed."""
    told = {one.fingerprint: _in_time(one, at) for one in signals}
    if not told:
        return Taken()
    # One message of a source after the other: else two that come at once would both take an alert for new.
    AlertSource.objects.select_for_update().get(pk=source.pk)
    rows = Alert.objects.select_for_update().filter(source=source, fingerprint__in=told)
    known = {one.fingerprint: one for one in rows.firing().order_by("pk")}
    past = _past(source, [fingerprint for fingerprint in told if fingerprint not in known])
    firing = [one for one in told.values() if one.is_firing]
    again, worse = _heard_again([one for one in firing if one.fingerprint in known], known, at)
    fresh = _begun(source, [one for one in firing if one.fingerprint not in known], past, at)
    cleared = _ended(source, [one for one in told.values() if not one.is_firing], known, past, at)
    # Before the incidents tell theirs: topics are told in the order of their names.
    _tell_pages()
    result = _route(source, [*fresh, *worse], at)
    alert_incidents.cleared(cleared, at=at)
    return replace(result, new=len(fresh), known=again, cleared=len(cleared))


@transaction.atomic
def release_held(at: datetime) -> int:
    """Look again at what was held back by a silence or a maintenance that is over, and still fires; return how many."""
    ended = Q(held_until__lte=at) | Q(maintenance__ends_at__lte=at, silence=None)
    due = Alert.objects.firing().filter(ended, held_until__isnull=False).select_related("source")
    if not due.exists():
        return 0
    rows = list(Alert.objects.select_for_update().filter(pk__in=due.values("pk")).order_by("pk")[:AT_ONCE])
    _tell_pages()
    for source in AlertSource.objects.filter(pk__in={one.source_id for one in rows}):
        _route(source, [one for one in rows if one.source_id == source.pk], at)
    return len(rows)


@transaction.atomic
def clear(alert: Alert, *, by: User) -> Alert:
    """A person says that it is over, because its source does not. If the source says otherwise, it is another one."""
    at = now()
    if not Alert.objects.firing().filter(pk=alert.pk).update(ended_at=at, said_at=at, cleared_by=by):
        raise Refused(_now("This alert is over already."))
    alert.refresh_from_db()
    audit("alert.cleared", by=by, target=f"alert {alert.pk}", after={"title": alert.title, "source": alert.source.key})
    _tell_pages()
    alert_incidents.cleared([alert], at=at, by=by)
    return alert


def _in_time(signal: Signal, at: datetime) -> Signal:
    """Without moments that are still to come: the sender’s clock is wrong, and an alert is not lost for that."""
    return replace(
        signal,
        started_at=min(signal.started_at, at) if signal.started_at else None,
        ended_at=min(signal.ended_at, at) if signal.ended_at else None,
        said_at=min(signal.said_at, at) if signal.said_at else None,
    )


def _past(source: AlertSource, fingerprints: Sequence[str]) -> dict[str, Alert]:
    """The last time that each of these fired."""
    mine = Alert.objects.filter(source=source, fingerprint__in=fingerprints, ended_at__isnull=False)
    newest = mine.values("fingerprint").order_by().annotate(newest=Max("pk")).values_list("newest", flat=True)
    return {one.fingerprint: one for one in Alert.objects.filter(pk__in=list(newest))}


def _heard_again(signals: Sequence[Signal], known: dict[str, Alert], at: datetime) -> tuple[int, list[Alert]]:
    """How many there are, and which of them are to be looked at anew: they became worse, or their incident is over."""
    current = [one for one in signals if not _is_outdated(one, known[one.fingerprint])]
    Alert.objects.filter(pk__in=[known[one.fingerprint].pk for one in current]).update(
        times=F("times") + 1, heard_at=at
    )
    changed, worse = [], []
    for signal in current:
        alert = known[signal.fingerprint]
        if _is_worse(severity_of(signal.labels), severity_of(alert.labels)):
            worse.append(alert)
        if _say(alert, signal, at):
            changed.append(alert)
    Alert.objects.bulk_update(changed, [*TOLD, "said_at"], batch_size=AT_ONCE)
    left = alert_incidents.left_behind([known[one.fingerprint] for one in current], at)
    return len(signals), [*worse, *(one for one in left if one not in worse)]


def _begun(source: AlertSource, signals: Sequence[Signal], past: dict[str, Alert], at: datetime) -> list[Alert]:
    """New ones; and those that were over and fire again since the same moment, which were not over after all."""
    reopened, new = [], []
    for signal in signals:
        before = past.get(signal.fingerprint)
        if before is not None and _is_outdated(signal, before):
            continue
        if before is not None and signal.started_at == before.started_at and before.cleared_by_id is None:
            _say(before, signal, at)
            before.ended_at, before.times = None, before.times + 1
            reopened.append(before)
        else:
            new.append(_new(source, signal, at))
    Alert.objects.bulk_update(reopened, WRITTEN, batch_size=AT_ONCE)
    return [*reopened, *Alert.objects.bulk_create(new, batch_size=AT_ONCE)]


def _ended(
    source: AlertSource, signals: Sequence[Signal], known: dict[str, Alert], past: dict[str, Alert], at: datetime
) -> list[Alert]:
    """Those that fired. One never heard of is put down as over: the news of its beginning may yet come."""
    over, unheard = [], []
    for signal in signals:
        alert = known.get(signal.fingerprint)
        if alert is not None and not _is_outdated(signal, alert):
            alert.said_at = signal.said_at or at
            alert.ended_at, alert.heard_at = max(signal.ended_at or at, alert.started_at), at
            over.append(alert)
        elif alert is None and signal.said_at and signal.fingerprint not in past:
            unheard.append(_new(source, signal, at))
    _save_alike(over, ("ended_at", "heard_at", "said_at"))
    Alert.objects.bulk_create(unheard, batch_size=AT_ONCE)
    return over


def _is_outdated(signal: Signal, alert: Alert) -> bool:
    return signal.said_at is not None and signal.said_at < alert.said_at


def _is_worse(severity: str, was: str) -> bool:
    return bool(severity) and (not was or severity < was)


def _say(alert: Alert, signal: Signal, at: datetime) -> bool:
    """Put into the row what is said now; whether that is anything new."""
    said = {field: getattr(signal, field) for field in TOLD} | {"labels": dict(signal.labels)}
    is_new = any(getattr(alert, field) != value for field, value in said.items())
    for field, value in said.items():
        setattr(alert, field, value)
    alert.said_at, alert.heard_at = signal.said_at or at, at
    return is_new or signal.said_at is not None


def _new(source: AlertSource, signal: Signal, at: datetime) -> Alert:
    started_at = signal.started_at or signal.said_at or at
    return Alert(
        source=source,
        fingerprint=signal.fingerprint,
        started_at=started_at,
        ended_at=None if signal.is_firing else max(signal.ended_at or at, started_at),
        said_at=signal.said_at or at,
        heard_at=at,
        **{field: getattr(signal, field) for field in TOLD} | {"labels": dict(signal.labels)},
    )


def _route(source: AlertSource, fresh: list[Alert], at: datetime) -> Taken:
    """Find out what each of them means, and bring those that open an incident to one."""
    if not fresh:
        return Taken()
    book, to_open, held, listed = queries.book(source, at), [], 0, 0
    for alert in fresh:
        meaning = book.meaning(alert)
        alert.severity, alert.service, alert.rule = meaning.severity, meaning.service, meaning.rule
        alert.silence, alert.maintenance, alert.held_until = meaning.silence, meaning.maintenance, None
        if meaning.opens and meaning.held_until and alert.incident_id is None:
            alert.held_until = meaning.held_until
            held += 1
        elif meaning.opens:
            to_open.append(alert)
        else:
            listed += 1
    incidents = alert_incidents.bring(source, to_open, at=at)
    _save_alike(fresh, ROUTED)
    return Taken(held=held, listed=listed, references=tuple(one.reference for one in incidents))


def _save_alike(rows: Iterable[Alert], fields: Sequence[str]) -> None:
    """Write these fields: one statement for all rows that become alike, since of a thousand most do."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        alike.setdefault(tuple(getattr(row, field) for field in fields), []).append(row.pk)
    for values, keys in alike.items():
        Alert.objects.filter(pk__in=keys).update(**dict(zip(fields, values, strict=True)))


def _tell_pages() -> None:
    nudge("console", "alerts")
