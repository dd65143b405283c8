"""Add rounds up by minute and hour, and forget what is too old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.timezone import now

from incidents.figures import Figures, added_up, pack_counts, pack_times, unpack_figures, unpack_samples
from incidents.models import EndpointState, ProbeLocation, ProbeRollup, ProbeRound

Length = ProbeRollup.Length
KEPT_ROUNDS = timedelta(days=2)
KEPT = {Length.MINUTE: timedelta(days=35), Length.HOUR: timedelta(days=2 * 365)}
PRUNED_AT_ONCE = 5_000


class Roller:
    """Adds up each minute and hour of one place when the next has begun, and prunes every hour."""

    def __init__(self, location: str) -> None:
        self.location = location
        self._minute: datetime | None = None

    def heard_of(self, at: datetime) -> None:
        """A round of this moment has been written."""
        minute = beginning(at, Length.MINUTE)
        if self._minute is None:
            catch_up(self.location, before=minute)
        elif minute != self._minute:
            # The clock may have been set back: what has ended is the minute we were in, whatever comes now.
            roll_up(self.location, Length.MINUTE, self._minute)
            hour = beginning(self._minute, Length.HOUR)
            if hour != beginning(minute, Length.HOUR):
                roll_up(self.location, Length.HOUR, hour)
                prune()
        self._minute = minute


def beginning(at: datetime, length: ProbeRollup.Length) -> datetime:
    """Of the minute or hour that a moment is in."""
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % length, UTC)


@transaction.atomic
def roll_up(location: str, length: ProbeRollup.Length, at: datetime) -> None:
    """Add up the minute or hour that begins at this moment, again if it has been done before."""
    figures = _of_rounds(location, at) if length == Length.MINUTE else _of_minutes(location, at)
    if not figures:
        return
    packed = {"counts": pack_counts(figures), "times": pack_times(figures)}
    ProbeRollup.objects.update_or_create(seconds=length, at=at, location=location, defaults=packed)


def catch_up(location: str, *, before: datetime) -> None:
    """Add up what a process that was killed had not, up to the minute that begins at `before`."""
    for length in (Length.MINUTE, Length.HOUR):
        for at in _missing(location, length, before):
            roll_up(location, length, at)
    prune()


def prune() -> int:
    """Forget rounds after two days, minutes after 35, hours after two years. Returns how many rows went.

    A place of which no round is left is forgotten with them: it has been given up.
    """
    at = now()
    gone = list(ProbeLocation.objects.filter(at__lt=at - KEPT_ROUNDS).values_list("name", flat=True))
    EndpointState.objects.filter(location__in=gone).delete()
    ProbeLocation.objects.filter(name__in=gone).delete()
    count = _forget(ProbeRound.objects.filter(at__lt=at - KEPT_ROUNDS).values_list("pk", flat=True), ProbeRound)
    for length, kept in KEPT.items():
        old = ProbeRollup.objects.filter(seconds=length, at__lt=at - kept).values_list("pk", flat=True)
        count += _forget(old, ProbeRollup)
    return count


def _of_rounds(location: str, at: datetime) -> dict[int, Figures]:
    """Rounds of a place that was cut off say nothing about what it asked."""
    rounds = ProbeRound.objects.filter(
        location=location, kind=ProbeRound.Kind.ROUND, at__gte=at, at__lt=at + timedelta(seconds=Length.MINUTE)
    )
    return added_up(unpack_samples(bytes(one.samples)) for one in rounds if not one.is_cut_off)


def _of_minutes(location: str, at: datetime) -> dict[int, Figures]:
    minutes = ProbeRollup.objects.filter(
        location=location, seconds=Length.MINUTE, at__gte=at, at__lt=at + timedelta(seconds=Length.HOUR)
    )
    total: dict[int, Figures] = {}
    for minute in minutes:
        for endpoint, figures in unpack_figures(bytes(minute.counts), bytes(minute.times)).items():
            total.setdefault(endpoint, Figures()).add(figures)
    return total


def _missing(location: str, length: ProbeRollup.Length, before: datetime) -> list[datetime]:
    """Beginnings of minutes or hours that have ended and that something is known of, from the last one done on."""
    done = ProbeRollup.objects.filter(location=location, seconds=length)
    last = done.order_by("-at").values_list("at", flat=True).first()
    from_at = last or before - KEPT_ROUNDS
    until = beginning(before, length)
    if length == Length.MINUTE:
        known: Iterable[datetime] = ProbeRound.objects.filter(
            location=location, at__gte=from_at, at__lt=until
        ).values_list("at", flat=True)
    else:
        known = ProbeRollup.objects.filter(
            location=location, seconds=Length.MINUTE, at__gte=from_at, at__lt=until
        ).values_list("at", flat=True)
    return sorted({beginning(at, length) for at in known})


def _forget(keys: Iterable[int], model: type[ProbeRound] | type[ProbeRollup]) -> int:
    """A few thousand at a time, so that no other write waits long."""
    count = 0
    while found := list(keys[:PRUNED_AT_ONCE]):  # type: ignore[index]
        count += model._default_manager.filter(pk__in=found).delete()[0]
    return count
