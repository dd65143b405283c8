"""Calls that pretend vendors make to the console, in the background, so that no request waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from dr_console.sandbox import loopback

Then = Callable[[int, str], None]


class Callbacks:
    """`call(…, then=…)`: `then` is given status and body when the answer has come; status 0 says that none came."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        within: float,
        then: Then = lambda status, said: None,
    ) -> None:
        self._start(self._call(method, url, headers, body, within, then))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop itself would forget it
        task.add_done_callback(self._tasks.discard)

    async def _call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, within: float, then: Then
    ) -> None:
        try:
            status, said = await loopback.ask(method, url, headers, body, within=within)
        except (loopback.NotHere, OSError, TimeoutError, ValueError) as error:
            status, said = 0, str(error) or type(error).__name__
        then(status, said)
