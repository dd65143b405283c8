"""What the metrics of the plan's thresholds read now, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from dr_console.errors import ProviderError
from incidents.figures import Figures
from incidents.models import Sample, ServiceEndpoint, Source, Threshold, Turn
from incidents.queries.health import used_endpoints
from incidents.queries.rounds import figures_by_endpoint
from incidents.thresholds import (
    STALE,
    Gap,
    Observation,
    Reading,
    Rule,
    least_for_percentile,
    reading_of,
    share_of,
)

Metric = Threshold.Metric
#: What is looked back over where the plan names no window; and how far, where that has too few health checks in it.
WINDOW = timedelta(seconds=60)
WIDEST = timedelta(seconds=300)
#: A metric that was pushed stays a pushed one for so long after the last: until then it is unknown, not well.
REMEMBERED = timedelta(hours=1)
#: With a window, so many observations at least; less would be the newest value by itself.
LEAST_PUSHED = 3
#: Of models.Turn: when Prometheus was last read, and what went wrong.
PROMETHEUS_TURN = "read Prometheus"
PERCENTILES = {Metric.RESPONSE_TIME_P50: 50, Metric.RESPONSE_TIME_P95: 95, Metric.RESPONSE_TIME_P99: 99}
SHARES = {Metric.AVAILABILITY: False, Metric.ERROR_RATE: True}


@dataclass(frozen=True)
class Measured:
    """A reading, who took it, over what, and the service that does worst in it: its key, and its own value."""

    reading: Reading
    source: Source | None = None
    window: timedelta = WINDOW
    worst_part: str = ""
    worst_value: float | None = None


def window_of(threshold: Threshold) -> timedelta:
    return timedelta(seconds=threshold.window_seconds) if threshold.window_seconds else WINDOW


def rule_of(threshold: Threshold, source: Source | None = None) -> Rule:
    """What the plan says, for readings from this source. Prometheus looks back over the window itself."""
    by_itself = threshold.window_seconds is None or source is Source.PROMETHEUS
    return Rule(
        below=threshold.comparison == Threshold.Comparison.BELOW,
        limit=threshold.value,
        window=window_of(threshold),
        least=1 if by_itself else LEAST_PUSHED,
        ideal=100.0 if threshold.unit == Threshold.Unit.PERCENT else None,
        by_itself=by_itself,
    )


def readings(thresholds: Iterable[Threshold], at: datetime) -> dict[int, Measured]:
    """What each threshold's metric reads, by the threshold's primary key. A few queries, however many there are."""
    thresholds = list(thresholds)
    origins = sources(at)
    longest = max((window_of(threshold) for threshold in thresholds), default=WINDOW)
    kept = _kept(at - longest, at)
    checks = _Checks(at)
    found = {}
    for threshold in thresholds:
        source, window = origins[threshold.metric], window_of(threshold)
        if source is None:
            found[threshold.pk] = Measured(Reading(None, gap=Gap.NO_SOURCE), window=window)
        elif source is Source.PROBES:
            found[threshold.pk] = checks.measured(threshold)
        else:
            observations = kept.get((threshold.metric, source), [])
            found[threshold.pk] = Measured(reading_of(observations, rule_of(threshold, source), at), source, window)
    return found


def prometheus_trouble() -> ProviderError | None:
    """What went wrong when Prometheus was last read; None if nothing did, or it is not read."""
    turn = Turn.objects.filter(name=PROMETHEUS_TURN).first() if settings.DR_PROMETHEUS_URL else None
    return ProviderError.from_facts(turn.trouble) if turn and turn.trouble else None


def sources(at: datetime) -> dict[str, Source | None]:
    """Where each metric comes from: what the settings name, else what programs push, else health checks."""
    pushed = dict(
        Sample.objects.filter(source=Source.PUSHED, at__gt=at - REMEMBERED, at__lte=at)
        .values_list("metric")
        .annotate(Max("at"))
        .order_by()
    )
    return {metric: _source(metric, metric in pushed) for metric in Metric.values}


def _source(metric: str, is_pushed: bool) -> Source | None:
    if settings.DR_PROMETHEUS_URL and settings.DR_PROMETHEUS_QUERIES[metric]:
        return Source.PROMETHEUS
    if is_pushed:
        return Source.PUSHED
    return None if metric == Metric.THROUGHPUT else Source.PROBES


def _kept(since: datetime, until: datetime) -> dict[tuple[str, str], list[Observation]]:
    found: dict[tuple[str, str], list[Observation]] = {}
    rows = Sample.objects.filter(at__gt=since, at__lte=until)
    for metric, source, token, at, value, count in rows.values_list(
        "metric", "source", "token_id", "at", "value", "count"
    ):
        found.setdefault((metric, source), []).append(Observation(at, value, count, str(token or "")))
    return found


class _Checks:
    """The health checks of what users use, up to a moment, added up by service over whichever window is asked for."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        used = ServiceEndpoint.objects.filter(pk__in=used_endpoints())
        self._services = dict(used.values_list("pk", "service__key"))
        self._parts: dict[timedelta, dict[str, Figures]] = {}

    def measured(self, threshold: Threshold) -> Measured:
        """Over the plan's window; where it names none, over a wider one rather than have too few for a percentile."""
        measured = self._over(threshold, window_of(threshold))
        if threshold.window_seconds is None and measured.reading.gap is Gap.TOO_FEW:
            return self._over(threshold, WIDEST)
        return measured

    def _over(self, threshold: Threshold, window: timedelta) -> Measured:
        parts = self._by_service(window)
        # The short window first: it has been added up for others.
        if window > STALE and parts and not (self._by_service(WINDOW) or self._by_service(STALE)):
            return Measured(Reading(None, gap=Gap.STOPPED), Source.PROBES, window)
        total = Figures()
        for figures in parts.values():
            total.add(figures)
        return Measured(_read(total, threshold), Source.PROBES, window, *_worst(parts, threshold))

    def _by_service(self, window: timedelta) -> dict[str, Figures]:
        if window not in self._parts:
            found: dict[str, Figures] = {}
            # The last round is part of it, and the one at the window's other end is not.
            instant = timedelta.resolution
            for endpoint, figures in figures_by_endpoint(self.until - window + instant, self.until + instant).items():
                if service := self._services.get(endpoint):
                    found.setdefault(service, Figures()).add(figures)
            self._parts[window] = found
        return self._parts[window]


def _read(figures: Figures, threshold: Threshold) -> Reading:
    if threshold.metric in SHARES:
        return share_of(figures.count, figures.failed, of_failures=SHARES[Metric(threshold.metric)])
    percent = PERCENTILES[Metric(threshold.metric)]
    good = figures.count - figures.failed
    if good < least_for_percentile(percent):
        return Reading(None, good, Gap.TOO_FEW if figures.count else Gap.NOTHING)
    return Reading(figures.percentile(percent / 100), good)


def _worst(parts: Mapping[str, Figures], threshold: Threshold) -> tuple[str, float | None]:
    """The service that is furthest to the bad side, and its own value. It explains, and needs no minimum."""
    values = [(value, key) for key, one in parts.items() if (value := raw(one, threshold)) is not None]
    if not values:
        return "", None
    below = threshold.comparison == Threshold.Comparison.BELOW
    value, key = min(values) if below else max(values)
    return key, value


def raw(figures: Figures, threshold: Threshold) -> float | None:
    """The metric as it was, however few it stands on; None for what health checks do not measure."""
    if threshold.metric == Metric.THROUGHPUT:
        return None
    if threshold.metric in PERCENTILES:
        return figures.percentile(PERCENTILES[Metric(threshold.metric)] / 100)
    return figures.error_rate if SHARES[Metric(threshold.metric)] else figures.availability
