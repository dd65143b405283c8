"""Ask the database from an event loop, which may not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

import django.db
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")


async def ask(question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Ask once, from any thread of the pool, and leave no connection behind there."""
    return await asyncio.to_thread(_and_hang_up, partial(question, *args, **kwargs))


class Reader:
    """Asks again and again, from a thread of its own that keeps its connection until it breaks."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-reader")

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        asked = partial(_hang_up_when_broken, partial(question, *args, **kwargs))
        return await asyncio.get_running_loop().run_in_executor(self._thread, asked)

    def close(self) -> None:
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=False)


def _and_hang_up(question: Callable[[], T]) -> T:
    try:
        return question()
    finally:
        connections.close_all()


def _hang_up_when_broken(question: Callable[[], T]) -> T:
    try:
        return question()
    except django.db.Error:
        connections.close_all()
        raise
