"""What a vendor's no means for a step: once more, not any more, or first find out whether it happened. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.runs.models import Step

LONGEST_PAUSE_SECONDS = 30.0
# A vendor that keeps saying "later" for longer than this has said no.
THROTTLED_AT_MOST_SECONDS = 3600.0

S = Step.State


@dataclass(frozen=True)
class Verdict:
    """`wait`: seconds until the next try, where the state is RETRY_WAIT. `keeps_intent`: it may have happened.

    `costs_attempt`: it counts among the tries that the plan allows.
    """

    state: Step.State
    wait: float = 0.0
    keeps_intent: bool = False
    costs_attempt: bool = True


@dataclass(frozen=True)
class Situation:
    """What is known when a call fails. `is_open`: an earlier act may have happened. `waited`: seconds since it began.

    `settle`, `interval`: seconds, of the step function and of the plan.
    """

    is_acting: bool
    attempt: int
    max_attempts: int
    interval: float = 0.0
    settle: float = 0.0
    is_open: bool = False
    waited: float = 0.0


def judge(error: ProviderError, now: Situation) -> Verdict:
    """What becomes of the step."""
    asked = error.retry_after or 0.0
    if now.is_acting and error.outcome is Outcome.UNKNOWN:
        # However many tries are left: whether it happened has to be looked at.
        return Verdict(S.RETRY_WAIT, max(now.settle, asked), keeps_intent=True)
    keeps = now.is_open and not now.is_acting
    if error.problem is Problem.THROTTLED and now.waited + asked < THROTTLED_AT_MOST_SECONDS:
        wait = max(asked, pause(now.attempt, now.interval))
        return Verdict(S.RETRY_WAIT, wait, keeps, costs_attempt=False)
    if error.permanent or now.attempt >= now.max_attempts:
        return Verdict(S.UNKNOWN if keeps else S.FAILED, keeps_intent=keeps)
    return Verdict(S.RETRY_WAIT, max(asked, pause(now.attempt, now.interval)), keeps)


def pause(attempt: int, interval: float = 0.0) -> float:
    """Seconds before the next try: the plan's, else twice as long each time, a little apart from the others'."""
    if interval:
        return interval
    return random.uniform(0.25, 1.0) * min(LONGEST_PAUSE_SECONDS, 2.0 ** max(0, attempt - 1))
