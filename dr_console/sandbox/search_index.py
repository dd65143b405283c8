"""The product's search index: searched by users, and rebuilt from the database when it is lost or stale."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dr_console.sandbox.clock import Clock
from dr_console.sandbox.vendor import Vendor

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

REBUILD_SECONDS = 120.0
WORDS = ("aurora", "bridge", "castle", "dune", "ember", "fjord", "glacier", "harbour", "island", "jungle")


@dataclass
class Rebuild:
    """One rebuild, whose state follows from the clock alone."""

    id: str
    began_at: float

    def percent(self, now: float) -> int:
        return min(100, int(100 * (now - self.began_at) / REBUILD_SECONDS))


@dataclass
class Index:
    clock: Clock
    is_lost: bool = False
    rebuilds: dict[str, Rebuild] = field(default_factory=dict)
    _number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def begin(self) -> Rebuild:
        rebuild = Rebuild(f"rebuild-{next(self._number)}", self.clock.now())
        self.rebuilds[rebuild.id] = rebuild
        self.clock.later(REBUILD_SECONDS, self._done)
        return rebuild

    def _done(self) -> None:
        self.is_lost = False

    def running(self) -> Rebuild | None:
        now = self.clock.now()
        return next((rebuild for rebuild in self.rebuilds.values() if rebuild.percent(now) < 100), None)

    def found(self, asked: str) -> list[str]:
        return [] if self.is_lost else [word for word in WORDS if asked.lower() in word]


def search(world: World) -> Vendor:
    index = world.search_index

    async def rebuild(request: Request) -> Response:
        running = index.running()
        if running is not None:
            error = {"error": "a rebuild is already running", "task": running.id}
            return JSONResponse(error, 409)
        begun = index.begin()
        world.truth.effect("search", "index.rebuild", begun.id)
        return JSONResponse({"task": begun.id}, 202)

    async def task(request: Request) -> Response:
        found = index.rebuilds.get(request.path_params["id"])
        if found is None:
            return JSONResponse({"error": "there is no such task"}, 404)
        percent = found.percent(world.clock.now())
        status = "succeeded" if percent == 100 else "running"
        return JSONResponse({"task": found.id, "status": status, "percent": percent})

    async def look_up(request: Request) -> Response:
        if index.is_lost:
            return JSONResponse({"error": "the index is not there; rebuild it"}, 503)
        return JSONResponse({"results": index.found(request.query_params.get("q", ""))})

    def complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
        return JSONResponse({"error": f"status {status}, as a rule demands"}, status)

    return Vendor(
        name="search",
        prefix="/search",
        complain=complain,
        routes=[
            Route("/rebuild", rebuild, methods=["POST"]),
            Route("/tasks/{id}", task),
            Route("/", look_up),
        ],
        state=lambda: {"is_lost": index.is_lost, "rebuilds": [each.id for each in index.rebuilds.values()]},
    )
