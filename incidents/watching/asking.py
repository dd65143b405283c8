"""Ask many addresses side by side, and do not let one that hangs keep the others waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import TypeAlias

from django.conf import settings

from dr_console.providers.capabilities.probe import ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe import MOST_AT_ONCE, probe

# An endpoint by its primary key, a canary by its address.
Key: TypeAlias = int | str

# Five hundred connections at the same instant would all be late; one a millisecond are not.
PACE_SECONDS = 0.001


class Asker:
    """Checks that are under way, by what they ask. Nothing is asked again before it has answered or timed out."""

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[ProbeResult]] = {}
        self._free = asyncio.Semaphore(MOST_AT_ONCE)

    async def ask(
        self, targets: Mapping[Key, Target], *, wait_for: Collection[Key], seconds: float
    ) -> dict[Key, ProbeResult]:
        """Ask all, wait up to so many seconds for those in `wait_for`, and return every answer that is there.

        An answer that comes later is returned by a later call that asks the same.
        """
        until = time.monotonic() + seconds
        await self._begin(targets, longest=seconds / 2)
        awaited = [self._under_way[key] for key in wait_for]
        if awaited:
            await asyncio.wait(awaited, timeout=max(0.0, until - time.monotonic()))
        return {key: self._under_way.pop(key).result() for key in targets if self._under_way[key].done()}

    def forget(self, keep: Collection[Key]) -> None:
        """Let go of what is not asked any more."""
        for key in set(self._under_way) - set(keep):
            self._under_way.pop(key).cancel()

    async def _begin(self, targets: Mapping[Key, Target], *, longest: float) -> None:
        new = [(key, target) for key, target in targets.items() if key not in self._under_way]
        began, pace = time.monotonic(), min(PACE_SECONDS, longest / max(len(new), 1))
        for number, (key, target) in enumerate(new):
            self._under_way[key] = asyncio.create_task(self._probe(target))
            ahead = began + (number + 1) * pace - time.monotonic()
            # To sleep for every one of them would cost more than asking does.
            if ahead > 0.005:
                await asyncio.sleep(ahead)

    async def _probe(self, target: Target) -> ProbeResult:
        async with self._free:
            return await probe(target, deadline=Deadline.after(settings.DR_PROBE_TIMEOUT_SECONDS))
