"""The sandbox as one ASGI app: every vendor below its prefix, behind the same log and the same faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.vendors import VENDORS
from dr_console.sandbox.world import World

TICK_SECONDS = 0.05


class Observed:
    """Before a vendor: lets what is due in the world happen, and writes down each request and its status."""

    def __init__(self, app: ASGIApp, vendor: Vendor, world: World) -> None:
        self._app, self._vendor, self._world = app, vendor, world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        self._world.clock.run_due()
        number = self._world.truth.begin()
        status = 500

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def remember(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, again, remember)
        finally:
            self._world.truth.request(number, self._vendor.name, self._vendor.label(request, body), status)


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
        wanted = await request.json() if await request.body() else {}
        self.world = World(Clock(wanted.get("speed", self.world.clock.speed)), wanted.get("seed", self.world.seed))
        self._app = _app(self.world, self._reset)
        return JSONResponse({"status": "ok"})

    async def _live(self, receive: Receive, send: Send) -> None:
        ticking = asyncio.create_task(self._tick())
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        ticking.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.world.clock.run_due()


def _app(world: World, reset: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    vendors = [make(world) for make in VENDORS]

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    mounts = [Mount(vendor.prefix, Observed(vendor.app or Router(vendor.routes), vendor, world)) for vendor in vendors]
    controls = [Mount(f"/control/{vendor.name}", Router(vendor.control)) for vendor in vendors if vendor.control]
    routes = [Route("/control/health", health), Route("/control/reset", reset, methods=["POST"])]
    return Router([*routes, *controls, *mounts])
