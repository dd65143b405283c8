"""Whether a metric keeps to its threshold: measurements in, a standing out. No database, and no clock of its own.

What is not known is never good: nothing measured, too little, or not lately means *unknown*; and a breach ends only
after a whole window of good readings without a hole in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: Of the way from the threshold to its good side: as much better than the threshold counts as well within it.
MARGIN = 0.10
#: Windows of readings that are good, but not well within the threshold, after which a breach ends all the same.
PATIENCE = 3
#: Longest time between two readings during which nothing can have happened that nobody saw.
UNSEEN = timedelta(seconds=30)
#: A value that was measured longer ago says nothing of the present, however long the window is.
STALE = timedelta(seconds=120)
#: So few observations of probes say nothing of a share, and so few failures may be chance.
LEAST_OBSERVATIONS = 10
LEAST_FAILURES = 2


class Gap(StrEnum):
    """Why there is no reading. The word is what is stored."""

    NOTHING = "nothing"  # nothing was measured within the window
    TOO_FEW = "too_few"  # less than the minimum
    STOPPED = "stopped"  # something was, but not lately
    NO_SOURCE = "no_source"  # nobody measures it at all


class State(StrEnum):
    UNKNOWN = "unknown"
    WELL = "well"
    BREACHED = "breached"


@dataclass(frozen=True)
class Rule:
    """A threshold of the plan. `window`: what a reading is taken over. `least`: observations it needs.

    `ideal`: the value beyond which it cannot get better (percent); None where there is none.
    `by_itself`: the plan names no window, so that the newest measurement counts and not the mean.
    """

    below: bool
    limit: float
    window: timedelta
    least: int = 1
    ideal: float | None = None
    by_itself: bool = False

    def is_broken_by(self, value: float) -> bool:
        return value < self.limit if self.below else value > self.limit

    @property
    def relief(self) -> float:
        """From this value on it is well within the threshold."""
        if not self.below:
            return self.limit * (1 - MARGIN)
        if self.ideal is not None:
            return self.limit + (self.ideal - self.limit) * MARGIN
        return self.limit * (1 + MARGIN)

    def is_well_within(self, value: float) -> bool:
        return value >= self.relief if self.below else value <= self.relief


@dataclass(frozen=True)
class Observation:
    """One measurement that stands for `count` observations. `by`: who measured, so that doubles are known."""

    at: datetime
    value: float
    count: int = 1
    by: str = ""


@dataclass(frozen=True)
class Reading:
    """What the window says: a value, or why there is none. `observations`: how many it stands on."""

    value: float | None
    observations: int = 0
    gap: Gap | None = None


@dataclass(frozen=True)
class Standing:
    """A threshold as it stands. While it is breached, the two streaks say since when readings have been good."""

    state: State = State.UNKNOWN
    since: datetime | None = None
    at: datetime | None = None
    good_since: datetime | None = None
    clear_since: datetime | None = None


def reading_of(observations: Iterable[Observation], rule: Rule, at: datetime) -> Reading:
    """The weighted mean of the window that ends `at`, or the newest value where the rule takes each by itself.

    In whatever order they come, and however often: the same answer. What lies in the future says nothing yet.
    """
    within = _once([seen for seen in observations if at - rule.window < seen.at <= at])
    if not within:
        return Reading(None, gap=Gap.NOTHING)
    newest = max(seen.at for seen in within)
    if at - newest > STALE:
        return Reading(None, len(within), Gap.STOPPED)
    if rule.by_itself:
        within = [seen for seen in within if seen.at == newest]
    total = sum(seen.count for seen in within)
    if total < rule.least:
        return Reading(None, total, Gap.TOO_FEW)
    return Reading(math.fsum(seen.value * seen.count for seen in within) / total, total)


def share_of(count: int, failed: int, *, of_failures: bool) -> Reading:
    """Percent of checks that were good, or with `of_failures` of those that failed.

    One failure alone may be chance: it is counted as none.
    """
    if count == 0:
        return Reading(None, gap=Gap.NOTHING)
    if count < LEAST_OBSERVATIONS:
        return Reading(None, count, Gap.TOO_FEW)
    percent = 100 * (failed if failed >= LEAST_FAILURES else 0) / count
    return Reading(percent if of_failures else 100 - percent, count)


def least_for_percentile(percent: int) -> int:
    """With fewer, the percentile would be the slowest one alone: 10 for p50, 20 for p95, 100 for p99."""
    return max(LEAST_OBSERVATIONS, round(100 / (100 - percent)))


def judge(before: Standing, reading: Reading, rule: Rule, at: datetime) -> Standing:
    """The standing after this reading, taken `at`. A reading that comes late or twice changes nothing."""
    if before.at is not None and before.at - UNSEEN <= at <= before.at:
        return before
    before = _without_streaks_across_a_hole(before, at)
    if reading.value is None:
        state = State.BREACHED if before.state is State.BREACHED else State.UNKNOWN
        return _moved(before, state, at)
    if rule.is_broken_by(reading.value):
        return _moved(before, State.BREACHED, at)
    if before.state is not State.BREACHED:
        return _moved(before, State.WELL, at)
    return _recovering(before, reading.value, rule, at)


def _recovering(before: Standing, value: float, rule: Rule, at: datetime) -> Standing:
    good_since = before.good_since or at
    clear_since = (before.clear_since or at) if rule.is_well_within(value) else None
    is_over = at - good_since >= PATIENCE * rule.window or (clear_since is not None and at - clear_since >= rule.window)
    if is_over:
        return _moved(before, State.WELL, at)
    return replace(before, at=at, good_since=good_since, clear_since=clear_since)


def _without_streaks_across_a_hole(before: Standing, at: datetime) -> Standing:
    """Nobody looked for a while, or the clock was set: what lies between was not seen to be good."""
    if before.at is None or timedelta() < at - before.at <= UNSEEN:
        return before
    since = min(before.since, at) if before.since else None
    return replace(before, since=since, good_since=None, clear_since=None)


def _moved(before: Standing, state: State, at: datetime) -> Standing:
    since = before.since if before.state is state and before.since else at
    return Standing(state, since, at)


def _once(observations: list[Observation]) -> list[Observation]:
    """Each moment of each source once; of two that differ always the same one."""
    ordered = sorted(observations, key=lambda seen: (seen.at, seen.by, seen.value, seen.count))
    return list({(seen.at, seen.by): seen for seen in ordered}.values())
