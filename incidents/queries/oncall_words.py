"""Who is on call, in words: whose shift it is and why, and the weeks of a rotation as bars to draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dr_console.web.words import listed
from incidents.models import Override, Rotation
from incidents.oncall_calendar import DAYS, Turn, Week, midnight, weeks
from incidents.queries.oncall import Roster
from incidents.queries.people_of_contacts import contact_of
from incidents.schedule import Gap, Shift

COVER, CHANGE = "incidents.cover_on_call", "incidents.change_on_call"


@dataclass(frozen=True)
class Reader:
    """Who looks: which contact they are, if any, and whether they may act for themselves, and for everybody."""

    key: str
    name: str
    may_cover: bool
    may_change: bool


def reader_of(person: User) -> Reader:
    contact = contact_of(person)
    key, name = (contact.key, contact.name) if contact else ("", "")
    return Reader(key, name, person.has_perm(COVER), person.has_perm(CHANGE))


@dataclass(frozen=True)
class Served:
    """A shift in words. `why`: empty where it is simply their turn. `reason`: as a person gave it."""

    shift: Shift
    name: str
    rotation: Rotation
    why: str
    reason: str
    is_mine: bool

    @property
    def begins(self) -> str:
        """As addresses name it."""
        return written(self.shift.starts_at)

    @property
    def look(self) -> str:
        """How its bar differs, besides its words."""
        return " ".join(word for word, holds in (("mine", self.is_mine), ("changed", bool(self.shift.change))) if holds)


@dataclass(frozen=True)
class Hole:
    """A time in which nobody is on call. `goes_on`: it ends after what was looked at."""

    gap: Gap
    rotation: Rotation
    is_now: bool
    goes_on: bool


@dataclass(frozen=True)
class Stretch:
    """A rotation from one moment to another: every shift that touches it, whole, and the times without one."""

    served: list[Served]
    holes: list[Hole]


@dataclass(frozen=True)
class Words:
    """A roster at a moment, with the names of people and the reasons that they gave.

    `mine`: key of whoever reads, or empty.
    """

    roster: Roster
    at: datetime
    mine: str = ""

    @cached_property
    def _reasons(self) -> dict[int, str]:
        known = {one.pk for of in self.roster.schedules.values() for one in of.overrides}
        return dict(Override.objects.filter(pk__in=known).exclude(reason="").values_list("pk", "reason"))

    def name(self, key: str) -> str:
        """Of somebody who is not in the plan any more: the key."""
        return self.roster.names.get(key, key)

    def served(self, shift: Shift) -> Served:
        change = shift.change
        reason = self._reasons.get(change.pk, "") if change and change.kind == "override" else ""
        rotation = self.roster.rotations[shift.rotation]
        is_mine = shift.contact == self.mine
        return Served(shift, self.name(shift.contact), rotation, self._why(shift, rotation), reason, is_mine)

    def _why(self, shift: Shift, rotation: Rotation) -> str:
        if shift.change and shift.change.instead_of:
            return _("stands in for %(name)s") % {"name": self.name(shift.change.instead_of)}
        if shift.change:
            return pgettext("on call", "override")
        if shift.passed_over:
            names = listed(self.name(key) for key in shift.passed_over)
            return _("comes next: %(names)s cannot be there") % {"names": names}
        return next((str(layer) for layer in rotation.layers.all() if shift.layer and layer.key == shift.layer), "")

    def stretch(self, key: str, start: datetime, end: datetime) -> Stretch:
        shifts = self.roster.shifts(key, start, end)
        holes = [self._hole(key, begins, ends, end) for begins, ends in _between(shifts, start, end)]
        return Stretch([self.served(shift) for shift in shifts], holes)

    def _hole(self, key: str, begins: datetime, ends: datetime, end: datetime) -> Hole:
        gap = Gap(key, begins, ends)
        return Hole(gap, self.roster.rotations[key], begins <= self.at < ends, ends >= end)

    def weeks(self, stretch: Stretch, *, first: date, count: int) -> list[Week]:
        """By the days of the reader's own zone."""
        turns = [*map(_turn, stretch.served), *map(_nobody, stretch.holes)]
        turns.sort(key=lambda turn: turn.starts_at)
        return weeks(turns, first=first, count=count, zone=timezone.get_current_timezone(), at=self.at)


def _between(shifts: Iterable[Shift], start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The times that none of these covers, which are in order."""
    known = start
    for shift in shifts:
        if shift.starts_at > known:
            yield known, shift.starts_at
        known = max(known, shift.ends_at)
    if known < end:
        yield known, end


def span_of(first: date, count: int) -> tuple[datetime, datetime]:
    """So many weeks from this day of the reader's on."""
    zone = timezone.get_current_timezone()
    return midnight(first, zone), midnight(first + timedelta(days=DAYS * count), zone)


def written(at: datetime) -> str:
    """2026-11-30T09:00:00Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _turn(one: Served) -> Turn:
    return Turn(one.shift.starts_at, one.shift.ends_at, one.name, one.look)


def _nobody(hole: Hole) -> Turn:
    return Turn(hole.gap.starts_at, hole.gap.ends_at, pgettext("on call", "nobody"), "nobody")
