"""The count that this process keeps for itself: what is left when Redis is down."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from dr_console.providers.limits import Budget, Purpose


@dataclass
class _Spent:
    at: deque[float] = field(default_factory=deque)
    tokens: float = 0.0
    filled_at: float = 0.0
    held_until: float = 0.0


class LocalLedger:
    """Counts as Redis does, for this process alone. A recovery is let in however much was spent."""

    def __init__(self) -> None:
        self._spent: dict[str, _Spent] = {}
        self._lock = Lock()

    def take(self, budgets: Iterable[Budget], purpose: Purpose, cost: int) -> float:
        """Count the call and return 0, or return the seconds to wait before asking again."""
        with self._lock:
            at = time.monotonic()
            waits = [self._wait(budget, purpose, cost, at) for budget in budgets]
            if wait := max(waits, default=0.0):
                return wait
            for budget in budgets:
                self._count(budget, cost, at)
            return 0.0

    def note(self, budgets: Iterable[Budget], cost: int) -> None:
        """Count a call that Redis let in, so as to know of it once Redis is gone."""
        with self._lock:
            at = time.monotonic()
            for budget in budgets:
                self._fill(budget, at)
                self._count(budget, cost, at)

    def hold(self, budget: Budget, seconds: float) -> None:
        with self._lock:
            spent = self._spent.setdefault(budget.name, _Spent())
            spent.held_until = max(spent.held_until, time.monotonic() + seconds)

    def _fill(self, budget: Budget, at: float) -> _Spent:
        """What was spent, without what no longer counts at this moment."""
        spent = self._spent.setdefault(budget.name, _Spent(tokens=budget.calls, filled_at=at))
        while spent.at and spent.at[0] <= at - budget.seconds:
            spent.at.popleft()
        spent.tokens = min(budget.calls, spent.tokens + (at - spent.filled_at) * budget.refill)
        spent.filled_at = at
        return spent

    def _wait(self, budget: Budget, purpose: Purpose, cost: int, at: float) -> float:
        spent = self._fill(budget, at)
        if spent.held_until > at:
            return spent.held_until - at
        if not budget.calls or purpose is Purpose.RECOVERY:
            return 0.0
        most = budget.most(purpose)
        if budget.refill:
            needed = min(cost + budget.calls - most, budget.calls)
            return max(0.0, (needed - spent.tokens) / budget.refill)
        return spent.at[len(spent.at) - most] + budget.seconds - at if len(spent.at) >= most else 0.0

    def _count(self, budget: Budget, cost: int, at: float) -> None:
        spent = self._spent[budget.name]
        if budget.refill:
            spent.tokens = max(0.0, spent.tokens - cost)
        elif budget.calls:
            spent.at.append(at)
