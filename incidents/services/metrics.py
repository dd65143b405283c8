"""Hold what is measured against the plan's thresholds: open and clear breaches, alert, and declare what matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence
from incidents.models import Breach, Incident, Severity, Threshold, ThresholdState, TimelineEntry, Turn
from incidents.queries.metrics import Measured, readings, rule_of
from incidents.services import alerts, timeline
from incidents.services import breach_words as words
from incidents.services import incident as incidents
from incidents.thresholds import UNSEEN, Standing, State, judge

Metric = Threshold.Metric
TURN = "judge thresholds"
#: A little less than the five seconds between two rounds: one that comes early is judged too.
EVERY = timedelta(seconds=4.5)
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
        judged = _judge_all(thresholds, measured, at)
        lasting = {one.threshold_id: one for one in Breach.objects.open().select_related("threshold", "incident")}
        retired = _retired(thresholds, lasting.values())
        alone = _to_be_attached(lasting.values(), at)
        if retired or alone or any(one.is_news for one in judged):
            # Before everything else that is said here: topics are taken in the order of their names.
            nudge("console", "breaches")
        for one in judged:
            _act_on(one, lasting.get(one.threshold.pk), at)
        for breach in retired:
            _clear(breach, at, words.retired(breach))
        for breach in (one for one in alone if one.cleared_at is None):
            _attach(breach, _incident_about(breach) or _declared_for(breach, at))
    return True


def _take_turn(at: datetime) -> bool:
    mine = Turn.objects.filter(name=TURN)
    last = mine.first()
    if last is None:
        Turn.objects.bulk_create([Turn(name=TURN)], ignore_conflicts=True)
    elif last.at is not None and at - EVERY < last.at < at + UNSEEN:
        return False
    # Far ahead of us: the clock was set back, and nobody must wait for it to come round again.
    is_due = Q(at=None) | Q(at__lte=at - EVERY) | Q(at__gte=at + UNSEEN)
    return bool(mine.filter(is_due).update(at=at))


@dataclass(frozen=True)
class _Judged:
    """A threshold that was judged: how it stood, and as `state` how it stands."""

    threshold: Threshold
    before: Standing
    state: ThresholdState

    @property
    def is_news(self) -> bool:
        return self.state.state != self.before.state.value


def _judge_all(thresholds: Iterable[Threshold], measured: dict[int, Measured], at: datetime) -> list[_Judged]:
    """Judge each, and keep how it stands. Those that somebody else has judged later are left out."""
    states = _locked_states(thresholds)
    judged = []
    for threshold in thresholds:
        state, one = states[threshold.pk], measured[threshold.pk]
        before = _standing(state)
        after = judge(before, one.reading, rule_of(threshold, one.source), at)
        if after is not before:
            _keep(state, after, one)
            judged.append(_Judged(threshold, before, state))
    return judged


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


def _act_on(one: _Judged, breach: Breach | None, at: datetime) -> None:
    """Open or follow its breach, or end it."""
    if one.state.state == State.BREACHED and breach is None:
        _open(one.threshold, one.state, at)
    elif one.state.state == State.BREACHED and breach is not None:
        _follow(breach, one.state)
    elif breach is not None:
        _clear(breach, at, words.cleared(breach, one.state.value))
        _recover(breach, one.before.good_since or at, at)


def _open(threshold: Threshold, state: ThresholdState, at: datetime) -> None:
    """Open a breach and say so. One whose value is not known was closed by hand, and waits for the next reading."""
    if state.value is None:
        return
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


def _follow(breach: Breach, state: ThresholdState) -> None:
    """Keep the latest and the worst of an open breach."""
    if state.value is None:
        return
    worst = min if breach.comparison == Threshold.Comparison.BELOW else max
    breach.last, breach.worst = state.value, worst(breach.worst, state.value)
    breach.save(update_fields=["last", "worst"])


def _clear(breach: Breach, at: datetime, said: Sentence) -> None:
    breach.cleared_at = max(at, breach.opened_at)
    breach.save(update_fields=["cleared_at"])
    if breach.incident and not breach.incident.is_over:
        _note(breach.incident, said, f"breach-{breach.pk}-cleared", at)
    _alert(breach, alerts.Event.CLEARED, said)


def _recover(breach: Breach, since: datetime, at: datetime) -> None:
    """An incident that was declared for its breaches alone is over with the last of them that matters."""
    incident = breach.incident
    if incident is None or incident.dedup_key != DEDUP_KEY:
        return
    if not incident.breaches.filter(cleared_at=None, metric__in=MATTERS).exists():
        incidents.recovered(incident, at=since, verified_at=at)


def _retired(thresholds: Iterable[Threshold], lasting: Iterable[Breach]) -> list[Breach]:
    """A threshold that the plan no longer has cannot be breached any more, and stands no way at all."""
    ThresholdState.objects.exclude(threshold__in=thresholds).delete()
    current = {threshold.pk for threshold in thresholds}
    return [breach for breach in lasting if breach.threshold_id not in current]


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
    if incident.dedup_key == DEDUP_KEY and severity and severity < incident.assumed_severity:
        incidents.rediagnose(incident, title=words.title(breach), severity=severity)
    _note(incident, words.opened(breach), f"breach-{breach.pk}-opened", breach.opened_at)


def _to_be_attached(lasting: Iterable[Breach], at: datetime) -> list[Breach]:
    """Breaches of no incident that there is one for now, or that declare one. What weighs most comes first."""
    alone = [breach for breach in lasting if breach.incident is None]
    wanted = [breach for breach in alone if _incident_about(breach) is not None or _declares(breach, at)]
    return sorted(wanted, key=lambda one: MATTERS.get(Metric(one.metric), Severity.P3))


def _declares(breach: Breach, at: datetime) -> bool:
    return breach.metric in MATTERS and at - breach.opened_at >= LEFT_TO_DIAGNOSIS


def _incident_about(breach: Breach) -> Incident | None:
    """What the console noticed itself, or somebody declared lately: the metrics of one product are not told apart."""
    theirs = Q(origin=Incident.Origin.BREACH) | Q(started_at__gte=breach.opened_at - RELATED)
    return Incident.objects.open().real().filter(theirs).order_by("-started_at").first()


def _declared_for(breach: Breach, at: datetime) -> Incident | None:
    if not _declares(breach, at):
        return None
    incident, _is_new = incidents.declare(
        title=words.in_english(words.title(breach)),
        said_title=words.title(breach),
        severity=MATTERS[Metric(breach.metric)],
        service=None,
        by=None,
        origin=Incident.Origin.BREACH,
        started_at=breach.opened_at,
        detected_at=at,
        dedup_key=DEDUP_KEY,
        why=words.opened(breach),
    )
    return incident


def _note(incident: Incident, said: Sentence, dedup_key: str, at: datetime) -> None:
    known: timeline.Known = {"source": TimelineEntry.Source.METRICS, "evidence": reverse("incidents:breaches")}
    timeline.record(incident, said, kind=TimelineEntry.Kind.NOTICED, at=at, dedup_key=dedup_key, **known)
