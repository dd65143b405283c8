"""What the metrics of the plan's thresholds were, minute by minute, in the hour that ends now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import fmean

from incidents.figures import Figures
from incidents.models import Sample, Source, Threshold
from incidents.queries.health import used_endpoints
from incidents.queries.metrics import raw, sources
from incidents.queries.rounds import MINUTE, figures_by_minute, floor

MINUTES = 60


def last_hour(thresholds: Iterable[Threshold], at: datetime) -> dict[int, list[float | None]]:
    """By the threshold's primary key, the value of each of the last sixty minutes; None where there is none."""
    minutes = [floor(at, MINUTE) - MINUTE * ago for ago in range(MINUTES - 1, -1, -1)]
    until = minutes[-1] + MINUTE
    checks, kept = _checks(minutes[0], until), _kept(minutes[0], until)
    found: dict[int, list[float | None]] = {}
    for threshold, source in _with_sources(thresholds, at):
        if source is Source.PROBES:
            by_minute = [checks.get(minute) for minute in minutes]
            found[threshold.pk] = [raw(figures, threshold) if figures else None for figures in by_minute]
        else:
            values = [kept.get((threshold.metric, source, minute), []) for minute in minutes]
            found[threshold.pk] = [fmean(several) if several else None for several in values]
    return found


def _with_sources(thresholds: Iterable[Threshold], at: datetime) -> list[tuple[Threshold, Source | None]]:
    of = sources(at)
    return [(threshold, of[threshold.metric]) for threshold in thresholds]


def _checks(since: datetime, until: datetime) -> dict[datetime, Figures]:
    """The checks of what users use, by minute."""
    used = used_endpoints()
    found: dict[datetime, Figures] = {}
    for endpoint, minutes in figures_by_minute(since, until).items():
        if endpoint in used:
            for minute, figures in minutes.items():
                found.setdefault(minute, Figures()).add(figures)
    return found


def _kept(since: datetime, until: datetime) -> dict[tuple[str, str | None, datetime], list[float]]:
    found: dict[tuple[str, str | None, datetime], list[float]] = {}
    rows = Sample.objects.filter(at__gte=since, at__lt=until + timedelta.resolution)
    for metric, source, at, value in rows.values_list("metric", "source", "at", "value").iterator():
        found.setdefault((metric, source, floor(at, MINUTE)), []).append(value)
    return found
