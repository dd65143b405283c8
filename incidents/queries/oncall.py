"""Who is on call: now, next, at any moment; in which shifts; and when nobody is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from django.db.models import Q
from django.utils.timezone import now

from incidents import schedule
from incidents.models import Absence, Contact, Override, Period, Rotation, RotationLayer, Swap, Weekday
from incidents.schedule import Away, Change, Gap, Layer, Schedule, Shift

DAYS = {Period.DAILY: 1, Period.WEEKLY: 7}
WEEKDAYS = {weekday.value: number for number, weekday in enumerate(Weekday)}
LOOKED_AHEAD_DAYS = 14
A_MOMENT = timedelta(microseconds=1)
# No override or swap is longer, so that looking so far back and ahead finds each whole.
LONGEST_CHANGE = timedelta(days=92)


@dataclass(frozen=True)
class Standing:
    """A rotation at a moment. `now` is None where nobody is on call, `next` where nobody is in the weeks after."""

    rotation: Rotation
    now: Shift | None
    next: Shift | None


@dataclass(frozen=True)
class Roster:
    """The schedules of all current rotations, loaded once, right for every moment from `start` until `end`."""

    start: datetime
    end: datetime
    rotations: dict[str, Rotation]
    schedules: dict[str, Schedule]
    names: dict[str, str] = field(repr=False)

    def on_call(self, rotation_key: str, at: datetime) -> list[str]:
        """Keys of contacts: one, or none for a hole and for a rotation that the plan does not have."""
        duty = schedule.on_duty(self.schedules[rotation_key], at) if rotation_key in self.schedules else None
        return [duty.contact] if duty else []

    def shift_at(self, rotation_key: str, at: datetime) -> Shift | None:
        """The whole shift, and why it is theirs."""
        found = self.shifts(rotation_key, at, at + A_MOMENT)
        return found[0] if found else None

    def shifts(self, rotation_key: str, start: datetime, end: datetime) -> list[Shift]:
        """Those that touch this time, in order, each whole."""
        known = self.schedules.get(rotation_key)
        return schedule.shifts(known, start, end) if known else []

    def shifts_of(self, contact_key: str, start: datetime, end: datetime) -> list[Shift]:
        """One person's in all rotations."""
        found = (shift for key in self.schedules for shift in self.shifts(key, start, end))
        return sorted((one for one in found if one.contact == contact_key), key=_by_time)

    def gaps(self, start: datetime, end: datetime) -> list[Gap]:
        """In all rotations, the soonest first, cut off at both ends."""
        found = (gap for known in self.schedules.values() for gap in schedule.gaps(known, start, end))
        return sorted(found, key=lambda gap: (gap.starts_at, gap.rotation))

    def standing(self, rotation_key: str, at: datetime) -> Standing:
        """Who is on call then, and who after them: the first shift that begins later, within two weeks of the end."""
        current = self.shift_at(rotation_key, at)
        ahead = (current.ends_at if current else at) + timedelta(days=LOOKED_AHEAD_DAYS)
        later = (one for one in self.shifts(rotation_key, at, ahead) if one.starts_at > at)
        return Standing(self.rotations[rotation_key], current, next(later, None))

    def with_schedules(self, schedules: dict[str, Schedule]) -> Roster:
        """The same with others: what would be if."""
        return replace(self, schedules=schedules)


# --- Questions, each answered from a roster of its own ------------------------------------------------------------
def on_call(rotation_key: str, at: datetime) -> list[str]:
    """Keys of contacts who are on call then: one, or none for a hole and for a rotation that the plan does not have."""
    return roster(at, at + A_MOMENT, only=rotation_key).on_call(rotation_key, at)


def now_and_next(at: datetime) -> list[Standing]:
    """Every current rotation, in the order of the plan."""
    known = roster(at, at + LONGEST_CHANGE + timedelta(days=LOOKED_AHEAD_DAYS))
    return [known.standing(key, at) for key in known.schedules]


def shifts(rotation_key: str, start: datetime, end: datetime) -> list[Shift]:
    """A rotation's shifts that touch this time, in order, each whole."""
    return roster(start, end, only=rotation_key).shifts(rotation_key, start, end)


def shifts_of(contact_key: str, start: datetime, end: datetime) -> list[Shift]:
    """A person's shifts in every rotation that touch this time, in order, each whole."""
    return roster(start, end).shifts_of(contact_key, start, end)


def gaps(at: datetime, days: int = LOOKED_AHEAD_DAYS) -> list[Gap]:
    """When nobody is on call in the days from then on, in whichever rotation, the soonest first."""
    end = at + timedelta(days=days)
    return roster(at, end).gaps(at, end)


def holes_now() -> list[Gap]:
    """Where nobody is on call at this moment; `ends_at`: when somebody will be, or as far as was looked."""
    at = now()
    return [gap for gap in gaps(at) if gap.starts_at == at]


# --- From the rows ------------------------------------------------------------------------------------------------
def roster(start: datetime, end: datetime, *, only: str = "") -> Roster:
    """Six queries, however many rotations, people and changes there are. `only`: the key of one rotation."""
    first, last = start - LONGEST_CHANGE - schedule.MARGIN, end + LONGEST_CHANGE + schedule.MARGIN
    wanted = Rotation.objects.current().filter(Q(key=only) if only else Q()).prefetch_related("layers")
    rotations = {one.key: one for one in wanted}
    names = dict(Contact.objects.current().values_list("key", "name"))
    changes = [*_overrides(first, last), *_swaps(first, last)]
    absences = tuple(_absences(first, last))
    schedules = {
        key: Schedule(
            key, layers_of(rotation), frozenset(names), tuple(one for of, one in changes if of == key), absences
        )
        for key, rotation in rotations.items()
    }
    return Roster(start, end, rotations, schedules, {key: str(name) for key, name in names.items()})


def layers_of(rotation: Rotation) -> tuple[Layer, ...]:
    """The lowest first: the rotation's own participants."""
    return (_layer("", rotation), *(_restricted(layer) for layer in rotation.layers.all()))


def _layer(key: str, row: Rotation | RotationLayer) -> Layer:
    return Layer(
        key=key,
        zone=row.time_zone,
        turn_days=DAYS[Period(row.period)],
        hand_over_at=time.fromisoformat(row.hand_over_at),
        starts_on=row.starts_on,
        participants=tuple(row.participants),
    )


def _restricted(row: RotationLayer) -> Layer:
    begins, _dash, ends = row.hours.partition("-")
    return replace(
        _layer(row.key, row),
        weekdays=frozenset(WEEKDAYS[weekday] for weekday in row.weekdays),
        hours=(time.fromisoformat(begins), time.fromisoformat(ends.replace("24:", "00:"))) if row.hours else None,
    )


def _overrides(start: datetime, end: datetime) -> Iterator[tuple[str, Change]]:
    for one in Override.objects.standing().between(start, end):
        yield one.rotation_key, Change("override", one.pk, one.contact_key, one.starts_at, one.ends_at, one.made_at)


def _swaps(start: datetime, end: datetime) -> Iterator[tuple[str, Change]]:
    for one in Swap.objects.accepted().between(start, end):
        for change in changes_of(one):
            yield one.rotation_key, change


def changes_of(swap: Swap) -> Iterable[Change]:
    """What an agreed swap changes from then on: one stands in for the other, and in return the other for the one."""
    agreed, one, other = swap.answered_at or swap.made_at, swap.from_contact, swap.to_contact
    halves = [(swap.starts_at, swap.ends_at, one, other), (swap.return_starts_at, swap.return_ends_at, other, one)]
    for start, end, instead_of, contact in halves:
        if start and end and end > agreed:
            yield Change("swap", swap.pk, contact, max(start, agreed), end, agreed, instead_of)


def _absences(start: datetime, end: datetime) -> Iterator[Away]:
    for one in Absence.objects.standing().between(start, end):
        yield Away(one.contact_key, one.starts_at, one.ends_at, one.made_at)


def _by_time(shift: Shift) -> tuple[datetime, str]:
    return shift.starts_at, shift.rotation
