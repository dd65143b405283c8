"""Calls that pretend vendors make to the console, in the background, so that no request waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from dr_console.sandbox import loopback

Then = Callable[[int, str], None]


class Callbacks:
    """`call(…, then=…)`: `then` is given status and body when the answer has come; status 0 says that none came.

    Calls with the same `queue` are made one after the other, so that what happened first is told first.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._last: dict[str, asyncio.Task[None]] = {}

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        within: float,
        queue: str = "",
        then: Then = lambda status, said: None,
    ) -> None:
        work = self._call(method, url, headers, body, within, then)
        before = self._last.get(queue) if queue else None
        task = asyncio.get_running_loop().create_task(_after(before, work))
        self._tasks.add(task)  # the loop itself would forget it
        task.add_done_callback(self._tasks.discard)
        if queue:
            self._last[queue] = task
            task.add_done_callback(lambda done: self._last.get(queue) is done and self._last.pop(queue))

    async def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, within: float, then: Then
    ) -> None:
        try:
            status, said = await loopback.ask(method, url, headers, body, within=within)
        except (loopback.NotHere, OSError, TimeoutError, ValueError) as error:
            status, said = 0, str(error) or type(error).__name__
        then(status, said)


async def _after(before: asyncio.Task[None] | None, work: Coroutine[Any, Any, None]) -> None:
    if before is not None:
        await asyncio.wait([before])
    await work
