"""Read what health checks found over any time: from hours where they are whole, from minutes, and from rounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from incidents.figures import Figures, Sample, added_up, unpack_counts, unpack_figures, unpack_samples, unpack_times
from incidents.models import ProbeRollup, ProbeRound

Length = ProbeRollup.Length
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# So short a time is read from the rounds themselves, to the second.
READ_FROM_ROUNDS = timedelta(minutes=15)
# An hour is added up with the first round of the next one.
ADDED_UP_AFTER = timedelta(minutes=5)


def figures_by_endpoint(since: datetime, until: datetime, *, with_times: bool = True) -> dict[int, Figures]:
    """By primary key, from all places together. A time of more than a quarter of an hour begins at a whole minute.

    Without times, a month is read in a few milliseconds.
    """
    if until - since <= READ_FROM_ROUNDS:
        return added_up(_samples(since, until))
    rounds = floor(until, MINUTE) - MINUTE
    found = added_up(_samples(rounds, until))
    minutes, first_hour = floor(until - ADDED_UP_AFTER, HOUR), floor(since + HOUR - timedelta.resolution, HOUR)
    if first_hour < minutes:
        added = _of(Length.HOUR, first_hour, minutes) | _of(Length.MINUTE, since, first_hour)
        added |= _of(Length.MINUTE, minutes, rounds)
    else:
        added = _of(Length.MINUTE, since, rounds)
    _add(found, ProbeRollup.objects.filter(added), with_times=with_times)
    return found


def figures_by_minute(since: datetime, until: datetime) -> dict[int, dict[datetime, Figures]]:
    """By primary key and beginning of the minute: up to a few hours, for a chart."""
    rounds = floor(until, MINUTE) - MINUTE
    found: dict[int, dict[datetime, Figures]] = {}
    for row in ProbeRollup.objects.filter(_of(Length.MINUTE, since, rounds)).iterator():
        for endpoint, one in unpack_figures(bytes(row.counts), bytes(row.times)).items():
            found.setdefault(endpoint, {}).setdefault(row.at, Figures()).add(one)
    for begins, ends in ((rounds, rounds + MINUTE), (rounds + MINUTE, until)):
        for endpoint, one in added_up(_samples(begins, ends)).items():
            found.setdefault(endpoint, {})[begins] = one
    return found


def floor(at: datetime, length: timedelta) -> datetime:
    """The beginning of the minute or hour that a moment is in."""
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(length.total_seconds()), at.tzinfo)


def _samples(since: datetime, until: datetime) -> Iterator[dict[int, Sample]]:
    """Of rounds; what is asked again is what failed, and would count double. A place that is cut off is no witness."""
    rounds = ProbeRound.objects.filter(kind=ProbeRound.Kind.ROUND, at__gte=since, at__lt=until)
    for one in rounds.iterator():
        if not one.is_cut_off:
            yield unpack_samples(bytes(one.samples))


def _of(length: ProbeRollup.Length, since: datetime, until: datetime) -> Q:
    return Q(seconds=length, at__gte=since, at__lt=until)


def _add(found: dict[int, Figures], rows: QuerySet[ProbeRollup], *, with_times: bool) -> None:
    for row in (rows if with_times else rows.defer("times")).iterator():
        for endpoint, count, failed in unpack_counts(bytes(row.counts)):
            total = found.setdefault(endpoint, Figures())
            total.count += count
            total.failed += failed
        if with_times:
            for endpoint, histogram in unpack_times(bytes(row.times)):
                found[endpoint].add(Figures(histogram=histogram))
