"""One health check of an address, and many side by side. Raw sockets and h11: this runs all day for every host."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from dr_console.providers.capabilities.probe import ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.probe.checking import Check

MOST_AT_ONCE = 200


async def probe(target: Target, *, deadline: Deadline) -> ProbeResult:
    """Check once, on a connection of its own. Never raises for what the target does; may be cancelled any time."""
    return await Check(target, deadline).run()


async def probe_all(targets: Iterable[Target], *, deadline: Deadline, most: int = MOST_AT_ONCE) -> list[ProbeResult]:
    """Check all, at most so many at a time; results in the order of the targets."""
    free = asyncio.Semaphore(most)

    async def in_turn(target: Target) -> ProbeResult:
        async with free:
            return await probe(target, deadline=deadline)

    return list(await asyncio.gather(*map(in_turn, targets)))


def probe_now(target: Target, *, deadline: Deadline) -> ProbeResult:
    """The same for those without an event loop."""
    return asyncio.run(probe(target, deadline=deadline))
