"""Who is on call when. Pure: a rotation and what people changed of it in, shifts and gaps out; no database, no clock.

Days, hours and hand-overs hang on the clock on a wall in a named zone; everything else is in moments, whose zone does
not matter. A time of day that comes twice when clocks are put back means the first; one that is skipped when they are
put forward means the moment in which they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
MIDNIGHT = time(0)
LONGEST_TURN = timedelta(days=7)
# Beyond a turn: what zones and changing clocks can add to it.
MARGIN = LONGEST_TURN + 2 * A_DAY


@dataclass(frozen=True)
class Layer:
    """People in turns of `turn_days` each.

    `weekdays`: Monday is 0; empty means every day. `hours`: first and last; the end is on the next day where it is not
    later than the beginning; None means all day. The rotation's own participants (`key` "") are on call before
    `starts_on` as well: the first of them. Any other layer has nobody then.
    """

    key: str
    zone: str
    turn_days: int
    hand_over_at: time
    starts_on: date
    participants: tuple[str, ...]
    weekdays: frozenset[int] = frozenset()
    hours: tuple[time, time] | None = None

    @property
    def is_restricted(self) -> bool:
        return bool(self.weekdays) or self.hours is not None


@dataclass(frozen=True)
class Change:
    """Somebody is on call from `starts_at` until just before `ends_at`: instead of one person, or of everybody."""

    kind: Literal["override", "swap"]
    pk: int
    contact: str
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    instead_of: str = ""


@dataclass(frozen=True)
class Away:
    """Somebody is passed over from `starts_at` until just before `ends_at`."""

    contact: str
    starts_at: datetime
    ends_at: datetime
    made_at: datetime


@dataclass(frozen=True)
class Duty:
    """Who is on call, and why: by which layer ("" is the rotation itself), in whose turn, by which change.

    `passed_over`: whose turn it would have been, and who is away or no longer in the plan.
    """

    contact: str
    layer: str
    turn: datetime | None
    change: Change | None = None
    passed_over: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Shift:
    """A time in which one person is on call, and why."""

    rotation: str
    contact: str
    starts_at: datetime
    ends_at: datetime
    layer: str = ""
    change: Change | None = None
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """A time in which nobody is. It may go on after `ends_at` where nobody has looked further."""

    rotation: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Schedule:
    """A rotation with what people changed of it. `layers`: the lowest first. `contacts`: keys of all who exist."""

    rotation: str
    layers: tuple[Layer, ...]
    contacts: frozenset[str]
    changes: tuple[Change, ...] = ()
    absences: tuple[Away, ...] = ()

    @cached_property
    def overrides(self) -> tuple[Change, ...]:
        """The one made last first."""
        return tuple(one for one in reversed(_in_order(self.changes)) if one.kind == "override")

    @cached_property
    def swaps(self) -> tuple[Change, ...]:
        """The one agreed first first."""
        return tuple(one for one in _in_order(self.changes) if one.kind == "swap")


def _in_order(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (change.made_at, change.pk))


# --- The clock on the wall ----------------------------------------------------------------------------------------
@lru_cache(maxsize=1 << 14)
def moment(zone: str, day: date, clock: time) -> datetime:
    """When the clock in that zone first shows this time, or a later one, on this day. In UTC."""
    local = datetime.combine(day, clock, ZoneInfo(zone))
    at = local.astimezone(UTC)
    if _shown(at, zone) == local.replace(tzinfo=None):
        return at
    return _put_forward(zone, local)


def _shown(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _put_forward(zone: str, skipped: datetime) -> datetime:
    """The moment in which clocks skip this time: it lies where the offsets before and after it disagree."""
    # Read with the later offset it lies before that moment, and with the earlier one not.
    before, after = (skipped.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    naive = skipped.replace(tzinfo=None)
    while after - before > A_SECOND:
        middle = before + (after - before) // (2 * A_SECOND) * A_SECOND
        before, after = (before, middle) if _shown(middle, zone) > naive else (middle, after)
    return after


# --- One moment ---------------------------------------------------------------------------------------------------
def on_duty(schedule: Schedule, at: datetime) -> Duty | None:
    """Who is on call at this moment; None where nobody is."""
    for override in schedule.overrides:
        if _holds(schedule, override, at):
            contact, swap = _stand_in(schedule, override.contact, at, agreed_after=override.made_at)
            return Duty(contact, "", None, swap or override)
    in_layers = (_in_layer(schedule, layer, at) for layer in reversed(schedule.layers))
    return next((duty for duty in in_layers if duty), None)


def _in_layer(schedule: Schedule, layer: Layer, at: datetime) -> Duty | None:
    if not layer.participants or (layer.is_restricted and not _is_open(layer, at)):
        return None
    number, began = _turn(layer, at)
    if number < 0 and layer.key:
        return None
    first, passed_over = max(number, 0), list[str]()
    for step in range(len(layer.participants)):
        contact = layer.participants[(first + step) % len(layer.participants)]
        stand_in, swap = _stand_in(schedule, contact, at)
        if swap or _is_there(schedule, contact, at):
            return Duty(stand_in, layer.key, began, swap, tuple(passed_over))
        passed_over.append(contact)
    return None


def _turn(layer: Layer, at: datetime) -> tuple[int, datetime]:
    """Which turn it is, counted from 0, and when it began."""
    day = at.astimezone(ZoneInfo(layer.zone)).date()
    while moment(layer.zone, day, layer.hand_over_at) > at:
        day -= A_DAY
    while moment(layer.zone, day + A_DAY, layer.hand_over_at) <= at:
        day += A_DAY
    number = (day - layer.starts_on).days // layer.turn_days
    began = layer.starts_on + number * layer.turn_days * A_DAY
    return number, moment(layer.zone, began, layer.hand_over_at)


def _is_open(layer: Layer, at: datetime) -> bool:
    """Whether it is one of the layer's days and hours."""
    today = at.astimezone(ZoneInfo(layer.zone)).date()
    windows = (_window(layer, today + days * A_DAY) for days in (-1, 0, 1))
    return any(window[0] <= at < window[1] for window in windows if window)


def _window(layer: Layer, day: date) -> tuple[datetime, datetime] | None:
    """The layer's hours that begin on this day, if it is one of its days."""
    if layer.weekdays and day.weekday() not in layer.weekdays:
        return None
    begins, ends = layer.hours or (MIDNIGHT, MIDNIGHT)
    last = day if ends > begins else day + A_DAY
    return moment(layer.zone, day, begins), moment(layer.zone, last, ends)


def _stand_in(
    schedule: Schedule, contact: str, at: datetime, agreed_after: datetime | None = None
) -> tuple[str, Change | None]:
    """Who is on call for this person, as they agreed: whoever took it over may have passed it on since."""
    by: Change | None = None
    for swap in schedule.swaps:
        if swap.instead_of != contact or not _holds(schedule, swap, at):
            continue
        if agreed_after is None or swap.made_at > agreed_after:
            contact, by = swap.contact, swap
    return contact, by


def _holds(schedule: Schedule, change: Change, at: datetime) -> bool:
    """It does not where its person said later that they are away."""
    in_force = change.starts_at <= at < change.ends_at
    return in_force and _is_there(schedule, change.contact, at, since=change.made_at)


def _is_there(schedule: Schedule, contact: str, at: datetime, since: datetime | None = None) -> bool:
    """Whether somebody exists and is not away; with `since`, only what they said after it counts."""
    return contact in schedule.contacts and not any(
        away.contact == contact and away.starts_at <= at < away.ends_at and (since is None or away.made_at > since)
        for away in schedule.absences
    )


# --- From one moment to another -----------------------------------------------------------------------------------
def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[Shift]:
    """Who is on call in this time, in order, each shift whole: the first may begin before, and the last end after."""
    spans = _spans(schedule, *_widened(schedule, start, end))
    return [
        Shift(schedule.rotation, duty.contact, begins, ends, duty.layer, duty.change, duty.passed_over)
        for begins, ends, duty in spans
        if duty and begins < end and ends > start
    ]


def gaps(schedule: Schedule, start: datetime, end: datetime) -> list[Gap]:
    """Where in this time nobody is on call, in order, cut off at its ends."""
    return [Gap(schedule.rotation, begins, ends) for begins, ends, duty in _spans(schedule, start, end) if duty is None]


def _widened(schedule: Schedule, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """So far that every shift inside is whole: no turn is longer, and changes say how long they are."""
    near = [one for one in schedule.changes if one.starts_at < end and one.ends_at > start]
    begins = min([start, *(one.starts_at for one in near)]) - MARGIN
    return begins, max([end, *(one.ends_at for one in near)]) + MARGIN


def _spans(schedule: Schedule, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, Duty | None]]:
    """The whole time in pieces, as long as the same person is on call for the same reason."""
    begins: datetime | None = None
    known: Duty | None = None
    for here, _there in pairwise(_edges(schedule, start, end)):
        duty = on_duty(schedule, here)
        if begins is not None and duty != known:
            yield begins, here, known
        if begins is None or duty != known:
            begins, known = here, duty
    if begins is not None:
        yield begins, end, known


def _edges(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Every moment in which somebody else may come on call, with start and end."""
    found = {at for layer in schedule.layers for at in _edges_of_layer(layer, start, end)}
    found |= {at for change in schedule.changes for at in (change.starts_at, change.ends_at)}
    found |= {at for away in schedule.absences for at in (away.starts_at, away.ends_at)}
    return [start, *sorted(at for at in found if start < at < end), end] if start < end else []


def _edges_of_layer(layer: Layer, start: datetime, end: datetime) -> Iterator[datetime]:
    day, last = ((at + days).astimezone(ZoneInfo(layer.zone)).date() for at, days in ((start, -A_DAY), (end, A_DAY)))
    while day <= last:
        if (day - layer.starts_on).days % layer.turn_days == 0:
            yield moment(layer.zone, day, layer.hand_over_at)
        if layer.is_restricted and (window := _window(layer, day)):
            yield from window
        day += A_DAY


@dataclass(frozen=True)
class Handed:
    """A time in which one change makes somebody else be on call: "" is nobody."""

    rotation: str
    starts_at: datetime
    ends_at: datetime
    before: str
    after: str


def handed_over(before: Schedule, after: Schedule, start: datetime, end: datetime) -> list[Handed]:
    """In what two schedules of the same rotation differ in this time, in order."""
    edges = sorted({*_edges(before, start, end), *_edges(after, start, end)})
    found: list[Handed] = []
    for here, there in pairwise(edges):
        was, becomes = (duty.contact if duty else "" for duty in (on_duty(before, here), on_duty(after, here)))
        last = found[-1] if found else None
        if was == becomes:
            continue
        if last and (last.ends_at, last.before, last.after) == (here, was, becomes):
            found[-1] = replace(last, ends_at=there)
        else:
            found.append(Handed(before.rotation, here, there, was, becomes))
    return found
