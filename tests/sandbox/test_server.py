"""The sandbox as a process, and its clock when much is asked of it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.server import Sandbox as Server
from dr_console.sandbox.world import World
from tests.sandboxed import Sandbox


def test_it_answers(sandbox: Sandbox):
    assert sandbox.get("/health") == {"status": "ok"}


def test_a_clock_that_runs_very_fast_is_kept_up_with(sandbox: Sandbox):
    sandbox.reset(speed=20_000)
    began = sandbox.get("/clock")["now"]
    while (now := sandbox.get("/clock")["now"]) < began + 3600:
        pass
    written = sandbox.get("/truth")["canaries"]["acknowledged"]
    assert written > 0.8 * (now - began)  # one a second, a step of it may be under way


async def _live(server: Server, until: asyncio.Event) -> None:
    """Start the server's lifespan, and end it when told."""
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        kind = next(messages)
        if kind == "lifespan.shutdown":
            await until.wait()
        return {"type": kind}

    async def send(message: object) -> None:
        pass

    await server({"type": "lifespan"}, receive, send)  # type: ignore[arg-type]


def test_what_falls_due_and_goes_wrong_is_told_and_stops_nothing(caplog: pytest.LogCaptureFixture):
    clock = Clock(speed=100)
    server, done = Server(World(clock)), asyncio.Event()

    def breaks() -> None:
        raise LookupError("no such thing in this world")

    clock.later(1, breaks)
    clock.later(5, done.set)
    with caplog.at_level(logging.ERROR):
        asyncio.run(asyncio.wait_for(_live(server, done), 30))
    assert "no such thing in this world" in caplog.text
    assert done.is_set()
