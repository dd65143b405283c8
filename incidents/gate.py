"""May the console start this failover by itself? Pure: circumstances in, the first thing that stands in the way out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import Sentence, Texts, sentence
from incidents.confirming import FLAPPING_CHANGES, FLAPPING_WITHIN
from incidents.models import BlockedTrigger

Blocker = BlockedTrigger.Blocker


@dataclass(frozen=True)
class Limits:
    cool_down: timedelta = timedelta(hours=1)
    a_day: int = 3


@dataclass(frozen=True)
class Circumstances:
    """All that is looked at before something is started by itself. Every field says that nothing is in the way.

    `kill_switch`, `maintenance`: why, where one is on. `active_run`: its code. `last_switch_at`: when the last failover
    or failback began that nobody has looked at yet, `last_switch`: its code. `automatic_a_day`: how many of them were
    automatic in 24 hours. `target`: where it goes to. `target_problem`: what is wrong there. `changes`: how often
    it came and went. `plan`: its name, None if there is none. `stopped_run`: one that a person stopped.
    """

    at: datetime
    plan: Texts | str | None = ""
    is_automatic: bool = True
    stopped_run: str = ""
    kill_switch: Sentence | None = None
    maintenance: Sentence | None = None
    active_run: str = ""
    last_switch: str = ""
    last_switch_at: datetime | None = None
    automatic_a_day: int = 0
    target_problem: Sentence | None = None
    changes: int = 0
    is_cut_off: bool = False


@dataclass(frozen=True)
class Blocked:
    blocker: BlockedTrigger.Blocker
    said: Sentence


def first_blocker(now: Circumstances, limits: Limits) -> Blocked | None:
    """In the order of ENGINE.md, section 7. None: it may start."""
    for look in _LOOKS:
        found = look(now, limits)
        if found is not None:
            return found
    return None


def _no_plan(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.plan is not None:
        return None
    return Blocked(Blocker.NO_PLAN, sentence(_("The plan has no failover for this: people have to decide")))


def _kill_switch(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.kill_switch is None:
        return None
    return Blocked(Blocker.KILL_SWITCH, sentence(_("The kill switch is on: %(why)s"), why=now.kill_switch))


def _maintenance(now: Circumstances, limits: Limits) -> Blocked | None:
    return None if now.maintenance is None else Blocked(Blocker.MAINTENANCE, now.maintenance)


def _active_run(now: Circumstances, limits: Limits) -> Blocked | None:
    if not now.active_run:
        return None
    said = sentence(_("Run %(run)s of the same service is under way"), run=now.active_run)
    return Blocked(Blocker.ACTIVE_RUN, said)


def _cool_down(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.last_switch_at is None or now.at >= now.last_switch_at + limits.cool_down:
        return None
    until = now.last_switch_at + limits.cool_down
    said = sentence(
        _("It was switched not long ago, by run %(run)s: by itself not before %(until)s UTC"),
        run=now.last_switch,
        until=f"{until:%H:%M:%S}",
    )
    return Blocked(Blocker.COOL_DOWN, said)


def _daily_limit(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.automatic_a_day < limits.a_day:
        return None
    said = sentence(
        _("There were %(count)s automatic failovers within 24 hours; %(most)s are allowed"),
        count=now.automatic_a_day,
        most=limits.a_day,
    )
    return Blocked(Blocker.DAILY_LIMIT, said)


def _target(now: Circumstances, limits: Limits) -> Blocked | None:
    return None if now.target_problem is None else Blocked(Blocker.TARGET_NOT_READY, now.target_problem)


def _flapping(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.changes < FLAPPING_CHANGES:
        return None
    said = sentence(
        _("It came and went: %(count)s changes in %(minutes)s minutes"),
        count=now.changes,
        minutes=int(FLAPPING_WITHIN.total_seconds() // 60),
    )
    return Blocked(Blocker.FLAPPING, said)


def _cut_off(now: Circumstances, limits: Limits) -> Blocked | None:
    if not now.is_cut_off:
        return None
    return Blocked(Blocker.CUT_OFF, sentence(_("The console itself is cut off: nothing that it sees can be believed")))


def _by_hand(now: Circumstances, limits: Limits) -> Blocked | None:
    if now.stopped_run:
        said = sentence(_("A person stopped run %(run)s: people go on from there"), run=now.stopped_run)
        return Blocked(Blocker.BY_HAND, said)
    if now.is_automatic:
        return None
    said = sentence(_("The plan says that a person starts “%(plan)s”"), plan=now.plan or "")
    return Blocked(Blocker.BY_HAND, said)


_LOOKS: tuple[Callable[[Circumstances, Limits], Blocked | None], ...] = (
    _no_plan,
    _kill_switch,
    _maintenance,
    _active_run,
    _cool_down,
    _daily_limit,
    _target,
    _flapping,
    _cut_off,
    _by_hand,
)
