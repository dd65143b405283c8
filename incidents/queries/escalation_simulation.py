"""If an incident began then: who would hear of it when, by what, and why. Climbed by the code that pages for real.

Nothing here writes, and nobody is told. Schedules, quiet hours and the plan are taken as they are now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dr_console.notifications.models import Channel
from dr_console.web.words import listed
from incidents import ladder
from incidents.ladder import Acknowledgement, Happened, Kind, Level, Person, Policy, Reach, State
from incidents.models import EscalationPolicy
from incidents.models.placeholders import is_placeholder
from incidents.queries.callees import Directory
from incidents.queries.paging import of_policy, snapshot
from incidents.schedule import Shift

# A plan's longest ladder, climbed as often as a plan may say, is cut off there.
MOST_STEPS = 400
BADGES = {
    Kind.LEVEL_STARTED: "running",
    Kind.NOBODY_AT_LEVEL: "failed",
    Kind.ROUND_STARTED: "todo",
    Kind.EXHAUSTED: "failed",
    Kind.ACKNOWLEDGED: "ok",
    Kind.REMINDED: "waiting",
    Kind.ACK_EXPIRED: "failed",
}


@dataclass(frozen=True)
class Asked:
    """`severity`: a word of Severity. `at`: when the incident begins. `absent`: keys of contacts who are away.

    `answers`: key of the contact who acknowledges, `after` having been told; empty: nobody does.
    """

    severity: str
    at: datetime
    absent: Collection[str] = ()
    answers: str = ""
    after: timedelta = timedelta()


@dataclass(frozen=True)
class Line:
    """One person who hears of it, or one thing that happens on the ladder.

    `at`: when they are told, at the end of their quiet hours where they have some. `place`: round and level, in words.
    `who`, `by`: empty where it is about nobody. `why`: each reason a sentence. `key`: of the contact.
    """

    at: datetime
    after: timedelta
    kind: str
    place: str
    what: str = ""
    who: str = ""
    by: list[str] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    key: str = ""

    @property
    def badge(self) -> str:
        return BADGES.get(Kind(self.kind), "todo")

    @property
    def is_red(self) -> bool:
        return self.badge == "failed"


@dataclass(frozen=True)
class Simulation:
    """`lines`: in order of what is done. `end`: how it ends, in words. `has_policy`: whether the plan has a ladder."""

    asked: Asked
    lines: list[Line]
    end: str
    has_policy: bool
    is_cut_off: bool = False


class Pretended:
    """The world of a simulation: everybody whom a level reaches is told, and nobody does anything after it."""

    def __init__(self, severity: str, *, directory: Directory) -> None:
        self.directory = directory
        self._severity = severity
        self._told = False

    def reach(self, level: Level, at: datetime) -> Reach:
        found = self.directory.reach(level, self._severity, at)
        self._told = self._told or bool(found.people)
        return found

    def last_resort(self, policy: Policy, at: datetime) -> Reach:
        return self.directory.last_resort(policy, at)

    def is_anybody_told(self) -> bool:
        return self._told

    def progressed_at(self, since: datetime) -> datetime | None:
        return None


def simulate(asked: Asked) -> Simulation:
    """The current plan's ladder for the severity, from its first step to its end."""
    policy = ladder.policy_of(snapshot(asked.severity))
    world = Pretended(asked.severity, directory=Directory(absent=asked.absent))
    state = ladder.begin(asked.at)
    happened: list[Happened] = []
    for _step in range(MOST_STEPS):
        if state.next_at is None or any(one.kind == Kind.ACK_EXPIRED for one in happened):
            break
        state, more = _next(policy, state, world, _answer(asked, happened))
        happened += more
    words = _Words(asked, policy, world.directory)
    lines = [line for one in happened for line in words.lines(one)]
    return Simulation(asked, lines, _end(state, happened), bool(policy.levels), is_cut_off=state.next_at is not None)


def first_round(policy: EscalationPolicy, at: datetime, directory: Directory) -> list[Happened]:
    """What happens until the ladder has been climbed once without an answer. Its levels should be prefetched."""
    climbed = ladder.policy_of({"severity": policy.severity, **of_policy(policy), "rounds": 1})
    world = Pretended(policy.severity, directory=directory)
    state = ladder.begin(at)
    happened: list[Happened] = []
    while state.next_at is not None:
        state, more = ladder.due(climbed, state, state.next_at, world)
        happened += more
    return happened


def _next(policy: Policy, state: State, world: Pretended, answer: Acknowledgement | None) -> ladder.Step:
    """What comes first: the next thing that is due, or that somebody answers."""
    assert state.next_at is not None
    if answer is not None and answer.at <= state.next_at:
        return ladder.acknowledge(policy, state, answer)
    return ladder.due(policy, state, state.next_at, world)


def _answer(asked: Asked, happened: list[Happened]) -> Acknowledgement | None:
    """Once, after they have first been told."""
    if not asked.answers or any(one.kind == Kind.ACKNOWLEDGED for one in happened):
        return None
    for one in happened:
        for person in one.reach.people:
            if person.key == f"contact:{asked.answers}":
                told_at = max(person.not_before or one.at, one.at)
                return Acknowledgement(person.key, person.name, told_at + asked.after, "page")
    return None


def _end(state: State, happened: list[Happened]) -> str:
    if any(one.kind == Kind.ACK_EXPIRED for one in happened):
        return _("So it would go on until somebody does something about it.")
    if state.status == ladder.Status.EXHAUSTED_NOBODY:
        return _("Nobody would be paged at all.")
    if state.status == ladder.Status.EXHAUSTED:
        return _("Here the ladder ends: the console says so in red on every page until somebody answers.")
    if state.status == ladder.Status.ACKNOWLEDGED:
        return _("Nobody else is paged: the acknowledgement lasts.")
    return _("It goes on like this.")


class _Words:
    """One simulation's lines. Each moment in the zone of whoever asks is the template's affair; here it is UTC."""

    def __init__(self, asked: Asked, policy: Policy, directory: Directory) -> None:
        self.asked, self.policy, self.directory = asked, policy, directory

    def lines(self, one: Happened) -> Iterator[Line]:
        if one.kind == Kind.LEVEL_STARTED or (one.kind == Kind.EXHAUSTED and one.reach.people):
            for person in one.reach.people:
                yield self._told(one, person)
            for absent in one.reach.absent:
                yield self._line(one, what=_("Not reached"), who=absent.name, why=[self._why_absent(absent.why)])
            return
        yield self._line(one, what=self._what(one), why=[self._why_absent(a.why, a.name) for a in one.reach.absent])

    def _told(self, one: Happened, person: Person) -> Line:
        at = max(person.not_before or one.at, one.at)
        return Line(
            at=at,
            after=at - self.asked.at,
            kind=one.kind,
            place=self._place(one),
            what=_("Last resort") if one.kind == Kind.EXHAUSTED else "",
            who=person.name,
            by=[_channel(way) for way in person.ways],
            why=list(self._why(one, person)),
            key=person.key.partition(":")[2],
        )

    def _line(self, one: Happened, *, what: str, who: str = "", why: list[str] | None = None) -> Line:
        return Line(one.at, one.at - self.asked.at, one.kind, self._place(one), what, who, why=why or [])

    def _place(self, one: Happened) -> str:
        if one.kind == Kind.ROUND_STARTED or not 0 <= one.level < len(self.policy.levels):
            return ""
        if self.policy.rounds > 1:
            return _("Round %(round)d, level %(level)d") % {"round": one.round + 1, "level": one.level + 1}
        return _("Level %(level)d") % {"level": one.level + 1}

    def _what(self, one: Happened) -> str:
        if one.kind == Kind.ACKNOWLEDGED and one.acknowledgement is not None:
            return self._acknowledged(one, one.acknowledgement)
        return {
            Kind.NOBODY_AT_LEVEL: _("Nobody: the next level is paged at once"),
            Kind.NO_CHANNEL: _("Not everybody of this level can be reached"),
            Kind.ROUND_STARTED: _("Nobody has answered: the next round begins"),
            Kind.EXHAUSTED: _("The ladder has run out, and there is no last resort"),
            Kind.REMINDED: _("Without progress, whoever acknowledged is reminded"),
            Kind.ACK_EXPIRED: _("Without progress, the acknowledgement ends and paging goes on"),
        }.get(one.kind, str(one.kind.label))

    def _acknowledged(self, one: Happened, given: Acknowledgement) -> str:
        if not one.missing:
            return _("%(name)s acknowledges: nobody else is paged") % {"name": given.name}
        text = ngettext(
            "%(name)s acknowledges; %(count)d more person has to",
            "%(name)s acknowledges; %(count)d more people have to",
            one.missing,
        )
        return text % {"name": given.name, "count": one.missing}

    # --- Why ------------------------------------------------------------------------------------------------------
    def _why(self, one: Happened, person: Person) -> Iterator[str]:
        kind, _colon, key = person.through.partition(":")
        if one.kind == Kind.EXHAUSTED:
            yield _("Named as the last resort: by every channel there is")
        elif kind == "rotation":
            yield from self._why_on_call(key, one.at)
        else:
            yield _("Named by the level")
        if person.is_fallback:
            yield _("Has none of the level’s channels, so by another one")
        if person.not_before and person.not_before > one.at:
            local = f"{person.not_before:%H:%M}"
            yield _(
                "Has quiet hours: told when they end, at %(time)s their time; the level’s time counts from then"
            ) % {"time": local}

    def _why_on_call(self, rotation: str, at: datetime) -> Iterator[str]:
        known = self.directory.roster(at)
        yield _("On call in “%(rotation)s”") % {"rotation": known.rotations[rotation].name}
        shift = known.shift_at(rotation, at)
        if shift is not None:
            yield from _why_theirs(shift, known.names)

    def _why_absent(self, why: str, name: str = "") -> str:
        words = {
            "nobody_on_call": _("nobody is on call in it"),
            "gone": _("away, or not in the plan any more"),
            "no_channel": _("has no channel that can be used"),
        }.get(why, why)
        return f"{name}: {words}" if name else words


def _why_theirs(shift: Shift, names: dict[str, str]) -> Iterator[str]:
    if shift.change is not None and shift.change.kind == "override":
        yield _("By an override of the schedule")
    elif shift.change is not None:
        other = names.get(shift.change.instead_of, shift.change.instead_of)
        yield _("Instead of %(name)s: they have swapped") % {"name": other}
    elif shift.layer:
        yield _("By the layer “%(layer)s”") % {"layer": shift.layer}
    if shift.passed_over:
        away = listed([names.get(key, key) for key in shift.passed_over])
        yield _("%(names)s would be, and is away") % {"names": away}


def _channel(way: ladder.Way) -> str:
    label = str(Channel(way.channel).label)
    if way.address and is_placeholder(way.channel, way.address):
        return _("%(channel)s (placeholder)") % {"channel": label}
    return label
