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
    While something due is done, the clock shows the time it was due at, so that a late look changes no story.
    """

    def __init__(self, speed: float = 1.0, *, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._speed = speed
        self._then = real()
        self._now = time.time()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._noticed: list[float] = []
        self._number = itertools.count()
        self._doing: float | None = None

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> float:
        return self._hands() if self._doing is None else self._doing

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def set_speed(self, speed: float) -> None:
        self.run_due()
        self._now, self._then = self._hands(), self._real()
        self._speed = speed

    def advance(self, seconds: float) -> None:
        """Let so many seconds of the world pass at once, and do what fell due in them."""
        self.run_due()
        self._now += seconds
        self.run_due()

    def later(self, seconds: float, do: Callable[[], None], *, quiet: bool = False) -> None:
        """Have `do` done in so many seconds of the world. `quiet`: users notice nothing of it."""
        at = self.now() + seconds
        heapq.heappush(self._agenda, (at, next(self._number), do))
        if not quiet:
            heapq.heappush(self._noticed, at)

    def next_due(self) -> float:
        """When the next thing on the agenda falls due; infinity if there is none."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def next_noticed(self) -> float:
        """When the next thing falls due that users may notice; infinity if there is none."""
        while self._noticed and self._noticed[0] <= self.now():
            heapq.heappop(self._noticed)
        return self._noticed[0] if self._noticed else float("inf")

    def behind(self) -> float:
        """While something due is done: by how many seconds it is late."""
        return self._hands() - self.now()

    def run_due(self) -> None:
        """Do what is due, in the order of its time. Called before every request and a few times a second."""
        if self._doing is not None:
            return
        until = self._hands()
        try:
            while self._agenda and self._agenda[0][0] <= until:
                self._doing, _number, do = heapq.heappop(self._agenda)
                do()
        finally:
            self._doing = None

    def _hands(self) -> float:
        return self._now + (self._real() - self._then) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Sleep so many seconds of the world."""
        await asyncio.sleep(seconds / self._speed)
