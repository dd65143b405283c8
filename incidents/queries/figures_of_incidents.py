"""How long it took, over many incidents: detect, acknowledge, mitigate, verify, resolve; and how many kept the target.

Durations of incidents are skewed: one long one makes any mean say nothing. So there are counts, medians, the time
within which nine of ten were done, and how they are spread; drills apart from the real ones, and never by person.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.web import charts
from dr_console.web.times import duration
from incidents.models import Incident, Objectives

# More than that are not read for a page: the newest are.
MOST = 5000
BOUNDS = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30)]
BOUNDS += [timedelta(hours=1), timedelta(hours=4), timedelta(days=1)]
TIMES = (
    "started_at",
    "detected_at",
    "acknowledged_at",
    "mitigated_at",
    "verified_at",
    "recovered_at",
    "resolved_at",
)


@dataclass(frozen=True)
class Definition:
    """What is measured: from `since` (where that is not known, from the start) to `until`, names of moments."""

    label: str | Promise
    words: str | Promise
    since: str
    until: str


DEFINITIONS = (
    Definition(
        gettext_lazy("Time to detect"),
        gettext_lazy("From the start (the first failing probe, where one saw it) until the console was certain."),
        "started_at",
        "detected_at",
    ),
    Definition(
        gettext_lazy("Time to acknowledge"),
        gettext_lazy("From detection until the first person said: I am on it."),
        "detected_at",
        "acknowledged_at",
    ),
    Definition(
        gettext_lazy("Time to mitigate"),
        gettext_lazy("From the start until users no longer suffered, though the cause may remain."),
        "started_at",
        "mitigated_at",
    ),
    Definition(
        gettext_lazy("Time to verify"),
        gettext_lazy("From the start until the last of the probes that proved the recovery."),
        "started_at",
        "verified_at",
    ),
    Definition(
        gettext_lazy("Time to resolve"),
        gettext_lazy("From the start until somebody said that it is over; of one that was reopened, the last time."),
        "started_at",
        "resolved_at",
    ),
)


@dataclass(frozen=True)
class Figure:
    """`took`: seconds, sorted, of those incidents where both moments are known. `missing`: of how many they are not."""

    label: str | Promise
    words: str | Promise
    took: Sequence[float]
    missing: int

    @property
    def count(self) -> int:
        return len(self.took)

    @property
    def median(self) -> float | None:
        return statistics.median(self.took) if self.took else None

    @property
    def nine_of_ten(self) -> float | None:
        """The 90th percentile by nearest rank: a time that was really measured."""
        return self.took[math.ceil(0.9 * len(self.took)) - 1] if self.took else None

    @property
    def bars(self) -> list[charts.Bar]:
        return charts.bars(_spread(self.took))


@dataclass(frozen=True)
class Target:
    """How many of those whose outcome is known were back within the target."""

    rto: timedelta
    kept: int
    known: int

    @property
    def percent(self) -> float | None:
        return 100 * self.kept / self.known if self.known else None


@dataclass(frozen=True)
class Figures:
    """`target`: None where the plan has none. `is_cut`: there are more incidents than were read."""

    count: int
    figures: list[Figure]
    target: Target | None
    is_cut: bool


def figures(*, is_practice: bool, since: datetime | None = None, severity: str = "") -> Figures:
    """Of the incidents that began since then, duplicates left out. Two queries."""
    rows = list(_incidents(is_practice, since, severity)[: MOST + 1])
    objectives = Objectives.objects.current().first()
    counted = rows[:MOST]
    return Figures(
        len(counted),
        [_figure(one, counted) for one in DEFINITIONS],
        _target(objectives.rto, counted) if objectives else None,
        is_cut=len(rows) > MOST,
    )


def _incidents(is_practice: bool, since: datetime | None, severity: str) -> QuerySet[Incident]:
    found = (
        Incident.objects.filter(is_practice=is_practice, merged_into=None).order_by("-started_at", "-pk").only(*TIMES)
    )
    if since is not None:
        found = found.filter(started_at__gte=since)
    return found.filter(severity=severity) if severity else found


def _figure(definition: Definition, incidents: Iterable[Incident]) -> Figure:
    took, missing = [], 0
    for incident in incidents:
        until: datetime | None = getattr(incident, definition.until)
        since: datetime = getattr(incident, definition.since) or incident.started_at
        if until is None:
            missing += 1
        else:
            took.append(max(0.0, (until - since).total_seconds()))
    return Figure(definition.label, definition.words, sorted(took), missing)


def _target(rto: timedelta, incidents: Iterable[Incident]) -> Target:
    """Strictly under the target; one that lasts, and has already missed it, is known to have done so."""
    at, kept, known = now(), 0, 0
    for incident in incidents:
        ended = incident.recovered_at or incident.resolved_at
        took = (ended or at) - incident.started_at
        if ended is None and took < rto:
            continue
        known += 1
        kept += took < rto
    return Target(rto, kept, known)


def _spread(took: Iterable[float]) -> list[tuple[str, int]]:
    edges = [0.0, *(bound.total_seconds() for bound in BOUNDS), math.inf]
    counts = [0] * (len(edges) - 1)
    for seconds in took:
        counts[next(place for place, edge in enumerate(edges[1:]) if seconds < edge)] += 1
    return [(_between(low, high), count) for low, high, count in zip(edges, edges[1:], counts, strict=False)]


def _between(low: float, high: float) -> str:
    if low == 0:
        return _("under %(time)s") % {"time": duration(high)}
    if high == math.inf:
        return _("%(time)s or more") % {"time": duration(low)}
    return _("%(low)s to %(high)s") % {"low": duration(low), "high": duration(high)}
