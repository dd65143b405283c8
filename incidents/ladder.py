"""How the ladder is climbed: the policy as it was, where it stands, what happened and when; out comes where it stands
then, and who is to be paged. No database, and no clock of its own: the simulator climbs by the same code.

A level is paged, and has its time. If nobody has answered by then the next is paged, and after the last the first
again, for as many rounds as the policy has; then the last resort, and nobody any more. A level at which nobody can be
reached lets no time pass. Who acknowledges has to show progress, or the climb goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from incidents.models import Escalation, EscalationEvent

Status = Escalation.Status
Kind = EscalationEvent.Kind
ENDED = (Status.EXHAUSTED, Status.EXHAUSTED_NOBODY)
# Of the time that an acknowledgement lasts, whoever gave it is reminded after this share.
REMINDED_AFTER = 0.5


# --- The policy as it was when the climb began --------------------------------------------------------------------
@dataclass(frozen=True)
class Level:
    """`targets`: “rotation:key” and “contact:key”. `channels`: words of ChannelKind."""

    key: str
    wait: timedelta
    targets: tuple[str, ...]
    channels: tuple[str, ...]
    required: int = 1


@dataclass(frozen=True)
class Policy:
    """`acknowledgement`: None where it does not expire. `fallback`: key of a contact, empty for none."""

    severity: str
    levels: tuple[Level, ...]
    rounds: int = 1
    acknowledgement: timedelta | None = None
    snooze: timedelta = timedelta()
    fallback: str = ""
    respond_within: timedelta = timedelta()


def policy_of(snapshot: Mapping[str, Any]) -> Policy:
    """As it was kept: see `queries.paging.snapshot`."""
    lasts = snapshot.get("acknowledgement_minutes")
    return Policy(
        severity=snapshot["severity"],
        levels=tuple(map(_level, snapshot["levels"])),
        rounds=snapshot["rounds"],
        acknowledgement=None if lasts is None else timedelta(minutes=lasts),
        snooze=timedelta(minutes=snapshot["snooze_minutes"]),
        fallback=snapshot.get("fallback") or "",
        respond_within=timedelta(minutes=snapshot["respond_within_minutes"]),
    )


def _level(kept: Mapping[str, Any]) -> Level:
    return Level(
        key=kept["key"],
        wait=timedelta(minutes=kept["wait_minutes"]),
        targets=tuple(kept["targets"]),
        channels=tuple(kept["channels"]),
        required=kept["required_acknowledgements"],
    )


# --- Who is at a level --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Way:
    """`channel`: a word of notifications.Channel. `address`: empty for the channel's own in the settings."""

    channel: str
    address: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody who is paged. `key`: of the contact. `ways`: those that the level uses. `others`: their further ones, in
    their own order, for when these fail. `through`: the target that named them. `not_before`: the end of their quiet
    hours, None where they are told at once. `is_fallback`: they have none of the level's channels, so that another is
    used. `placeholders`: ways of the level that nobody answers at, as long as the plan has no address there.
    """

    key: str
    name: str
    language: str = ""
    ways: tuple[Way, ...] = ()
    others: tuple[Way, ...] = ()
    through: str = ""
    not_before: datetime | None = None
    is_fallback: bool = False
    placeholders: tuple[Way, ...] = ()


@dataclass(frozen=True)
class Absent:
    """Somebody, or a rotation, that a level names and that cannot be paged. `why`: a word of `queries.callees.Why`."""

    target: str
    name: str
    why: str


@dataclass(frozen=True)
class Reach:
    """Who is paged, and who is not. `said_already`: they have been paged by these ways for the climb before."""

    people: tuple[Person, ...] = ()
    absent: tuple[Absent, ...] = ()

    def heard_at(self, at: datetime) -> datetime:
        """When the first of them is told: the level's time counts from then."""
        return min((max(one.not_before or at, at) for one in self.people), default=at)


class World(Protocol):
    """What the climb has to know from elsewhere, asked when the step comes and not before."""

    def reach(self, level: Level, at: datetime) -> Reach:
        """Who is at the level at that moment."""
        ...

    def last_resort(self, policy: Policy, at: datetime) -> Reach:
        """Whom to page when the ladder has run out, by every channel that there is."""
        ...

    def is_anybody_told(self) -> bool:
        """Whether any message of this climb was taken by its channel."""
        ...

    def progressed_at(self, since: datetime) -> datetime | None:
        """When somebody last did something about the incident after `since`; None: nobody has."""
        ...


# --- Where it stands, and what happens ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Acknowledgement:
    """`key`: contact:cto, user:wei, or empty where only a name is known. `via`: a word of Channel, "link" or "page"."""

    key: str
    name: str
    at: datetime
    via: str

    @property
    def who(self) -> str:
        return self.key or self.name

    def is_same_person(self, other: Acknowledgement) -> bool:
        """Where a way tells no more than a name, that of somebody who has answered already is taken for theirs."""
        if self.key and other.key:
            return self.key == other.key
        return self.who == other.who or self.name.casefold() == other.name.casefold()


@dataclass(frozen=True)
class State:
    """Words and fields as those of models.Escalation. `level`: as many as there are levels: the last resort."""

    status: str
    round: int = 0
    level: int = -1
    next_at: datetime | None = None
    last_step_at: datetime | None = None
    acknowledgements: tuple[Acknowledgement, ...] = ()
    acknowledged_at: datetime | None = None
    expires_at: datetime | None = None
    reminded_at: datetime | None = None


@dataclass(frozen=True)
class Happened:
    """One line of what happened, in order. `until`: when the next thing is due because of it. `missing`: how many more
    have to acknowledge. `by`: the name of whoever asked for it, empty where nobody did.
    """

    kind: EscalationEvent.Kind
    at: datetime
    round: int
    level: int
    reach: Reach = field(default_factory=Reach)
    until: datetime | None = None
    acknowledgement: Acknowledgement | None = None
    missing: int = 0
    by: str = ""


Step = tuple[State, list[Happened]]


def begin(at: datetime) -> State:
    """Nobody is paged yet: `due` does the first step."""
    return State(status=Status.ACTIVE, next_at=at)


def due(policy: Policy, state: State, at: datetime, world: World) -> Step:
    """What the time that has passed leads to. However late it comes, it is one step: each level has its whole time."""
    if state.next_at is None or state.next_at > at:
        return state, []
    if state.status == Status.ACTIVE:
        return _climb(policy, state, at, world)
    if state.status == Status.SNOOZED:
        resumed = _happened(Kind.RESUMED, state, at)
        return _also([resumed], _climb(policy, replace(state, status=Status.ACTIVE), at, world))
    if state.status == Status.ACKNOWLEDGED:
        return _look_after(policy, state, at, world)
    return state, []


def _climb(policy: Policy, state: State, at: datetime, world: World) -> Step:
    """To the next level at which somebody can be reached, or to the end."""
    done: list[Happened] = []
    while True:
        place = _next_place(policy, state)
        if place is None:
            return _also(done, _run_out(policy, state, at, world))
        if place[0] != state.round:
            done.append(Happened(Kind.ROUND_STARTED, at, place[0], place[1]))
        state = replace(state, round=place[0], level=place[1], acknowledgements=())
        level = policy.levels[state.level]
        reach = world.reach(level, at)
        if reach.people:
            until = reach.heard_at(at) + level.wait
            state = replace(_paging(state, at), next_at=until)
            done.append(_happened(Kind.LEVEL_STARTED, state, at, reach=reach, until=until))
            if reach.absent or any(one.is_fallback for one in reach.people):
                done.append(_happened(Kind.NO_CHANNEL, state, at, reach=reach))
            return state, done
        done.append(_happened(Kind.NOBODY_AT_LEVEL, state, at, reach=reach))


def _next_place(policy: Policy, state: State) -> tuple[int, int] | None:
    """Round and level; None after the last. Whoever goes on from the last resort begins a round beyond the last."""
    last = len(policy.levels) - 1
    if last < 0:
        return None
    if state.level > last:
        return state.round + 1, 0
    if state.level < last:
        return state.round, state.level + 1
    return (state.round + 1, 0) if state.round + 1 < policy.rounds else None


def _run_out(policy: Policy, state: State, at: datetime, world: World) -> Step:
    told = world.is_anybody_told()
    # Without any level, each end is another round, so that the last resort is paged each time.
    again = state.round + (not policy.levels and state.level >= 0)
    state = replace(_paging(state, at), round=again, level=len(policy.levels), next_at=None, acknowledgements=())
    state = replace(state, status=Status.EXHAUSTED if told else Status.EXHAUSTED_NOBODY)
    return state, [_happened(Kind.EXHAUSTED, state, at, reach=world.last_resort(policy, at))]


def _paging(state: State, at: datetime) -> State:
    fresh = replace(state, status=Status.ACTIVE, last_step_at=at)
    return replace(fresh, acknowledged_at=None, expires_at=None, reminded_at=None)


# --- Somebody answers ---------------------------------------------------------------------------------------------
def acknowledge(policy: Policy, state: State, by: Acknowledgement) -> Step:
    """Somebody is on it. The same once more changes nothing, unless it was put off since; another one beside them is
    noted, and has their time.
    """
    others = tuple(one for one in state.acknowledgements if not one.is_same_person(by))
    if len(others) < len(state.acknowledgements) and state.status != Status.SNOOZED:
        return state, []
    given = (*others, by)
    state = replace(state, acknowledgements=given)
    missing = 0 if state.status == Status.ACKNOWLEDGED else max(0, _required(policy, state) - len(given))
    if not missing:
        state = _lasts(policy, replace(state, status=Status.ACKNOWLEDGED), by.at)
    until = state.expires_at if state.status == Status.ACKNOWLEDGED else state.next_at
    happened = _happened(Kind.ACKNOWLEDGED, state, by.at, until=until)
    return state, [replace(happened, acknowledgement=by, missing=missing)]


def _required(policy: Policy, state: State) -> int:
    """Before the first level and after the last, one is enough."""
    return policy.levels[state.level].required if 0 <= state.level < len(policy.levels) else 1


def _lasts(policy: Policy, state: State, at: datetime) -> State:
    """It counts from `at`: when it was given, or when there last was progress."""
    state = replace(state, acknowledged_at=state.acknowledged_at or at, reminded_at=None)
    if policy.acknowledgement is None:
        return replace(state, expires_at=None, next_at=None)
    half = policy.acknowledgement * REMINDED_AFTER
    return replace(state, expires_at=at + policy.acknowledgement, next_at=at + half)


def _look_after(policy: Policy, state: State, at: datetime, world: World) -> Step:
    """Somebody is on it: as long as there is progress, they are left in peace."""
    if state.expires_at is None or policy.acknowledgement is None:
        return replace(state, next_at=None), []
    progressed_at = world.progressed_at(state.expires_at - policy.acknowledgement)
    if progressed_at is not None:
        extended = _lasts(policy, state, progressed_at)
        if extended.next_at is not None and extended.next_at > at:
            return extended, []
        state = extended
    if state.expires_at is not None and state.expires_at > at:
        reminded = replace(state, reminded_at=at, next_at=state.expires_at)
        return reminded, [_happened(Kind.REMINDED, reminded, at, until=state.expires_at)]
    expired = _happened(Kind.ACK_EXPIRED, state, at)
    return _also([expired], _climb(policy, _paging(state, at), at, world))


# --- What people ask for ------------------------------------------------------------------------------------------
def escalate(
    policy: Policy, state: State, at: datetime, as_of: datetime | None, world: World, *, by: str = ""
) -> Step | None:
    """The next level now. None where that has happened since `as_of`, which is what they had seen."""
    if as_of is not None and state.last_step_at is not None and state.last_step_at > as_of:
        return None
    escalated = _happened(Kind.ESCALATED, state, at, by=by)
    return _also([escalated], _climb(policy, _paging(state, at), at, world))


def snooze(state: State, at: datetime, until: datetime, *, by: str = "") -> Step:
    """Nobody is paged until then; then it goes on with the next level."""
    put_off = replace(state, status=Status.SNOOZED, next_at=until, expires_at=None, reminded_at=None)
    return put_off, [_happened(Kind.SNOOZED, put_off, at, until=until, by=by)]


def stop(state: State, at: datetime) -> Step:
    """It is over, or begins anew under another number."""
    stopped = replace(state, status=Status.STOPPED)
    return stopped, [_happened(Kind.STOPPED, stopped, at)]


def resume(policy: Policy, state: State, was: str, stopped_at: datetime, at: datetime) -> Step:
    """It was stopped too early: it goes on as it stood, each time with what was left of it."""
    again = replace(state, status=was, next_at=state.next_at and max(at, at + (state.next_at - stopped_at)))
    if was == Status.ACKNOWLEDGED:
        again = _lasts(policy, again, at)
    return again, [_happened(Kind.RESUMED, again, at, until=again.next_at)]


def carry_over(policy: Policy, state: State, given: Iterable[Acknowledgement], at: datetime) -> State:
    """Who had acknowledged before it was found to be worse, or milder, is still on it."""
    state = replace(state, acknowledgements=tuple(given))
    if state.status == Status.ACTIVE and state.acknowledgements:
        if len(state.acknowledgements) >= _required(policy, state):
            state = _lasts(policy, replace(state, status=Status.ACKNOWLEDGED), at)
    return state


def _happened(kind: EscalationEvent.Kind, state: State, at: datetime, **more: Any) -> Happened:
    return Happened(kind, at, state.round, state.level, **more)


def _also(before: list[Happened], step: Step) -> Step:
    state, after = step
    return state, [*before, *after]
