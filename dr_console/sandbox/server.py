"""The sandbox as one ASGI app: every vendor below its prefix, behind the same log and the same faults."""

from __future__ import annotations

import asyncio
import logging

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from dr_console.sandbox.answers import View, answering, guarded, read_as
from dr_console.sandbox.clock import Clock
from dr_console.sandbox.control import Control
from dr_console.sandbox.observed import Observed
from dr_console.sandbox.vendors import VENDORS
from dr_console.sandbox.world import World

log = logging.getLogger(__name__)

# A new world, or a faster clock, is noticed this late at most.
SHORTEST_TICK_SECONDS, LONGEST_TICK_SECONDS = 0.02, 0.25


class Reset(BaseModel):
    """What POST /control/reset takes; what is not named stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    speed: float | None = Field(None, gt=0, le=100_000)
    seed: int | None = None


class Sandbox:
    """The ASGI app. `POST /control/reset` {"speed"?, "seed"?} gives it a new world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._app = _app(world, self._reset)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _reset(self, request: Request) -> Response:
        wanted = await read_as(request, Reset)
        seed = self.world.seed if wanted.seed is None else wanted.seed
        self.world = World(Clock(wanted.speed or self.world.clock.speed), seed, self.world.console)
        self._app = _app(self.world, self._reset)
        return JSONResponse({"status": "ok"})

    async def _live(self, receive: Receive, send: Send) -> None:
        self._start_ticking()
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        self._ticking.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    def _start_ticking(self) -> None:
        self._ticking = asyncio.create_task(self._tick())
        self._ticking.add_done_callback(self._go_on_ticking)

    def _go_on_ticking(self, ended: asyncio.Task[None]) -> None:
        """What fell due and went wrong is told, and does not stop the world's clock."""
        if not ended.cancelled():
            log.error("What fell due in the world went wrong", exc_info=ended.exception())
            self._start_ticking()

    async def _tick(self) -> None:
        """Let things happen when they are due, or a moment later where many are."""
        while True:
            clock = self.world.clock
            until_next = (clock.next_due() - clock.now()) / clock.speed
            await asyncio.sleep(min(max(until_next, SHORTEST_TICK_SECONDS), LONGEST_TICK_SECONDS))
            self.world.clock.run_due()


def _app(world: World, reset: View) -> ASGIApp:
    vendors = [make(world) for make in VENDORS]
    observed = {vendor.prefix: Observed(vendor.app or Router(vendor.routes), vendor, world) for vendor in vendors}
    # The prefix itself as well, which a Mount would redirect: AWS's clients post to it without a slash.
    mounts: list[BaseRoute] = [
        route for prefix, app in observed.items() for route in (Route(prefix, app), Mount(prefix, app))
    ]
    mounts += [
        Route(start + rest, observed[vendor.prefix])
        for vendor in vendors
        for start in vendor.at_root
        for rest in ("", "/{rest:path}")
    ]
    controls = [
        Mount(f"/control/{vendor.name}", guarded(Router(vendor.control))) for vendor in vendors if vendor.control
    ]
    routes = [Route("/control/reset", answering(reset), methods=["POST"]), *Control(world, vendors).routes()]
    return Router([*routes, *controls, *mounts])
