"""Rate limits on the world's clock."""

from __future__ import annotations

from dataclasses import dataclass

from dr_console.sandbox.clock import Clock


@dataclass(frozen=True)
class Taken:
    """`allowed`: this call was within the limit. `reset`: seconds until there is room for one, or the window ends."""

    allowed: bool
    limit: int
    remaining: int
    reset: float


class Window:
    """So many calls in each window of so many seconds, for each key."""

    def __init__(self, clock: Clock, limit: int, seconds: float) -> None:
        self._clock, self.limit, self._seconds = clock, limit, seconds
        self._counts: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> Taken:
        now = self._clock.now()
        began, count = self._counts.get(key, (now, 0))
        if now - began >= self._seconds:
            began, count = now, 0
        allowed = count < self.limit
        self._counts[key] = (began, count + allowed)
        return Taken(allowed, self.limit, max(0, self.limit - count - 1), began + self._seconds - now)


class Bucket:
    """`rate` calls a second for each key, and `burst` at once."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        self._clock, self._rate, self._burst = clock, rate, burst
        self._filled: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> Taken:
        now = self._clock.now()
        then, left = self._filled.get(key, (now, float(self._burst)))
        left = min(float(self._burst), left + (now - then) * self._rate)
        allowed = left >= 1
        left -= allowed
        self._filled[key] = (now, left)
        return Taken(allowed, self._burst, int(left), 0.0 if left >= 1 else (1 - left) / self._rate)
