"""Hold what is measured against the plan's thresholds: open and clear breaches, alert, and declare what matters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence
from incidents.models import (
    Breach,
    Incident,
    Severity,
    Threshold,
    ThresholdState,
    TimelineEntry,
    Turn,
)
from incidents.queries.metrics import Measured, readings, rule_of
from incidents.services import alerts, timeline
from incidents.services import breach_words as words
from incidents.services import incident as incidents
from incidents.thresholds import Standing, State, judge

Metric = Threshold.Metric
TURN = "judge thresholds"
EVERY = timedelta(seconds=5)
#: A failure makes itself felt in the metrics at the first bad round; whoever diagnoses it, and knows better what it
#: is, needs a few rounds. A breach waits so long for that incident before it opens one of its own.
LEFT_TO_DIAGNOSIS = timedelta(seconds=30)
#: An incident that somebody else declared is taken to be about the same if it began so shortly before.
RELATED = timedelta(hours=1)
DEDUP_KEY = "thresholds"
MATTERS = {Metric.AVAILABILITY: Severity.P1, Metric.ERROR_RATE: Severity.P2}


def consider(*, at: datetime) -> bool:
    """Judge all thresholds by what is known `at` this time. However often and from wherever it is called, one call
    in EVERY does so; it says whether it was this one.
    """
    if not _take_turn(at):
        return False
    thresholds = list(Threshold.objects.current())
    measured = readings(thresholds, at)
    with transaction.atomic():
        moved = _judge_all(thresholds, measured, at)
        moved += _clear_retired(thresholds, at)
        # What weighs most comes first: it gives the incident its severity.
        alone = Breach.objects.open().filter(incident=None).select_related("threshold")
        for breach in sorted(alone, key=lambda one: MATTERS.get(Metric(one.metric), Severity.P3)):
            _attach(breach, _incident_about(breach) or _declared_for(breach, at))
        if moved:
            nudge("console", "breaches")
    return True


def _take_turn(at: datetime) -> bool:
    mine = Turn.objects.filter(name=TURN)
    last = mine.first()
    if last is None:
        Turn.objects.bulk_create([Turn(name=TURN)], ignore_conflicts=True)
    elif last.at is not None and abs(at - last.at) < EVERY:
        return False
    # Ahead of us by more than a turn: the clock was set back, and nobody must wait for it to come round again.
    is_due = Q(at=None) | Q(at__lte=at - EVERY) | Q(at__gte=at + EVERY)
    return bool(mine.filter(is_due).update(at=at))


def _judge_all(thresholds: Iterable[Threshold], measured: dict[int, Measured], at: datetime) -> int:
    """Judge each, keep how it stands, and open or clear its breach. Returns how many stand otherwise than before."""
    states = _locked_states(thresholds)
    moved = 0
    for threshold in thresholds:
        state, one = states[threshold.pk], measured[threshold.pk]
        before = _standing(state)
        after = judge(before, one.reading, rule_of(threshold, one.source), at)
        if after is before:
            continue
        _keep(state, after, one)
        moved += _act_on(threshold, state, before, at)
    return moved


def _locked_states(thresholds: Iterable[Threshold]) -> dict[int, ThresholdState]:
    wanted = {threshold.pk for threshold in thresholds}
    rows = ThresholdState.objects.select_for_update().filter(threshold__in=wanted).order_by("pk")
    found = {row.threshold_id: row for row in rows}
    if missing := wanted - found.keys():
        new = [ThresholdState(threshold_id=pk) for pk in sorted(missing)]
        ThresholdState.objects.bulk_create(new, ignore_conflicts=True)
        found = {row.threshold_id: row for row in rows.all()}
    return found


def _standing(state: ThresholdState) -> Standing:
    return Standing(State(state.state), state.since, state.at, state.good_since, state.clear_since)


def _keep(state: ThresholdState, standing: Standing, measured: Measured) -> None:
    state.state, state.since, state.at = standing.state.value, standing.since, standing.at
    state.good_since, state.clear_since = standing.good_since, standing.clear_since
    state.value, state.samples = measured.reading.value, measured.reading.observations
    state.gap = measured.reading.gap.value if measured.reading.gap else ""
    state.source = measured.source.value if measured.source else ""
    state.window_seconds = round(measured.window.total_seconds())
    state.worst_part, state.worst_value = measured.worst_part, measured.worst_value
    state.save()


def _act_on(threshold: Threshold, state: ThresholdState, before: Standing, at: datetime) -> bool:
    """True if it stands otherwise than before."""
    was, good_since = before.state, before.good_since
    if state.state == State.BREACHED:
        return _open(threshold, state, at) or _follow(threshold, state)
    if was is State.BREACHED:
        for breach in Breach.objects.open().filter(threshold=threshold).select_related("incident"):
            _clear(breach, at, words.cleared(breach, state.value))
            _recover(breach, good_since or at, at)
    return was.value != state.state


def _open(threshold: Threshold, state: ThresholdState, at: datetime) -> bool:
    """Open a breach and say so, unless one is open."""
    if state.value is None or Breach.objects.open().filter(threshold=threshold).exists():
        return False
    breach = Breach(
        threshold=threshold,
        opened_at=at,
        metric=threshold.metric,
        comparison=threshold.comparison,
        limit=threshold.value,
        unit=threshold.unit,
        window_seconds=state.window_seconds,
        source=state.source,
        samples=state.samples,
        value=state.value,
        worst=state.value,
        last=state.value,
        worst_part=state.worst_part,
    )
    breach.save()
    _attach(breach, _incident_about(breach))
    _alert(breach, alerts.Event.BREACH, words.opened(breach))
    return True


def _follow(threshold: Threshold, state: ThresholdState) -> bool:
    """Keep the latest and the worst of an open breach. It is no news."""
    if state.value is None:
        return False
    worst = min if threshold.comparison == Threshold.Comparison.BELOW else max
    for breach in Breach.objects.open().filter(threshold=threshold):
        breach.last, breach.worst = state.value, worst(breach.worst, state.value)
        breach.save(update_fields=["last", "worst"])
    return False


def _clear(breach: Breach, at: datetime, said: Sentence) -> None:
    breach.cleared_at = max(at, breach.opened_at)
    breach.save(update_fields=["cleared_at"])
    if breach.incident and breach.incident.status != Incident.Status.RESOLVED:
        _note(breach.incident, said, f"breach-{breach.pk}-cleared", at)
    _alert(breach, alerts.Event.CLEARED, said)


def _recover(breach: Breach, since: datetime, at: datetime) -> None:
    """An incident that was declared for its breaches alone is over with the last of them that matters."""
    incident = breach.incident
    if incident is None or incident.dedup_key != DEDUP_KEY:
        return
    if not incident.breaches.filter(cleared_at=None, metric__in=MATTERS).exists():
        incidents.recovered(incident, at=since, verified_at=at)


def _clear_retired(thresholds: Iterable[Threshold], at: datetime) -> int:
    """A threshold that the plan no longer has cannot be breached any more."""
    gone = Breach.objects.open().exclude(threshold__in=thresholds).select_related("threshold", "incident")
    breaches = list(gone)
    for breach in breaches:
        _clear(breach, at, words.retired(breach))
    ThresholdState.objects.exclude(threshold__in=thresholds).delete()
    return len(breaches)


def _alert(breach: Breach, event: alerts.Event, said: Sentence) -> None:
    """Tell the channel that the plan names; once, for the same event of the same breach is the same message."""
    alerts.on_channel(
        breach.threshold.alert_channel,
        event,
        said=said,
        incident=breach.incident,
        dedup_key=f"breach:{breach.pk}:{event.value}",
        key=f"breach:{breach.pk}",
        severity=MATTERS.get(Metric(breach.metric), Severity.P2),
    )


def _attach(breach: Breach, incident: Incident | None) -> None:
    """Put the breach to the incident that it is part of."""
    if incident is None:
        return
    breach.incident = incident
    breach.save(update_fields=["incident"])
    severity = MATTERS.get(Metric(breach.metric))
    if incident.dedup_key == DEDUP_KEY and severity and severity < incident.severity:
        incidents.rediagnose(incident, title=words.title(breach), severity=severity)
    _note(incident, words.opened(breach), f"breach-{breach.pk}-opened", breach.opened_at)


def _incident_about(breach: Breach) -> Incident | None:
    """What the console noticed itself, or somebody declared lately: the metrics of one product are not told apart."""
    theirs = Q(origin=Incident.Origin.BREACH) | Q(started_at__gte=breach.opened_at - RELATED)
    return Incident.objects.open().real().filter(theirs).order_by("-started_at").first()


def _declared_for(breach: Breach, at: datetime) -> Incident | None:
    severity = MATTERS.get(Metric(breach.metric))
    if severity is None or at - breach.opened_at < LEFT_TO_DIAGNOSIS:
        return None
    incident, is_new = incidents.declare(
        title=words.in_english(words.title(breach)),
        said_title=words.title(breach),
        severity=severity,
        service=None,
        by=None,
        origin=Incident.Origin.BREACH,
        started_at=breach.opened_at,
        detected_at=at,
        dedup_key=DEDUP_KEY,
    )
    if is_new:
        alerts.declared(incident, words.opened(breach))
    return incident


def _note(incident: Incident, said: Sentence, dedup_key: str, at: datetime) -> None:
    timeline.record(incident, said, kind=TimelineEntry.Kind.NOTICED, at=at, dedup_key=dedup_key)
