"""The time of the pretend world, which can run faster than ours, and what is to happen in it later."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch (UTC) that pass `speed` times as fast as ours, and things that are due.

    Nothing in the world waits: what takes time is put on the agenda with `later`, and is done by whoever looks next.
    """

    def __init__(self, speed: float = 1.0, *, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._speed = speed
        self._then = real()
        self._now = time.time()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> float:
        return self._now + (self._real() - self._then) * self._speed

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def set_speed(self, speed: float) -> None:
        self._now, self._then = self.now(), self._real()
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Let so many seconds of the world pass at once, and do what fell due in them."""
        self._now += seconds
        self.run_due()

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have `do` done in so many seconds of the world."""
        heapq.heappush(self._agenda, (self.now() + seconds, next(self._number), do))

    def run_due(self) -> None:
        """Do what is due, in the order of its time. Called before every request and a few times a second."""
        while self._agenda and self._agenda[0][0] <= self.now():
            heapq.heappop(self._agenda)[2]()

    async def sleep(self, seconds: float) -> None:
        """Sleep so many seconds of the world."""
        await asyncio.sleep(seconds / self._speed)
