"""/control: how the world's owner breaks and heals things, moves the clock, and sees everything. JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from dr_console.sandbox.answers import WrongInput, answering, read_as
from dr_console.sandbox.faults import Fault, Rule, WrongRule, check
from dr_console.sandbox.figures import figures
from dr_console.sandbox.mail_server import VENDOR
from dr_console.sandbox.scenarios import SCENARIOS
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.view import world_shown
from dr_console.sandbox.world import World

MOST_ROWS = 1_000
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class HasNumber(Protocol):
    @property
    def number(self) -> int: ...


T = TypeVar("T")
Row = TypeVar("Row", bound=HasNumber)


class ClockChange(BaseModel):
    """`speed`: how much faster than ours; `advance`: so many seconds pass at once."""

    model_config = STRICT

    speed: float | None = Field(None, gt=0, le=100_000)
    advance: float | None = Field(None, ge=0, le=366 * 86_400)


class ScenarioStart(BaseModel):
    model_config = STRICT

    name: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class ProductChange(BaseModel):
    """Which database and which cache the product is to be connected to, by the names the cloud knows them by."""

    model_config = STRICT

    database: str | None = None
    cache: str | None = None


class Control:
    """The routes below /control of one world."""

    def __init__(self, world: World, vendors: Sequence[Vendor]) -> None:
        self.world, self.vendors = world, {vendor.name: vendor for vendor in vendors}
        # Mail comes over SMTP, and so has no routes.
        self.names = {*self.vendors, VENDOR}

    def routes(self) -> list[BaseRoute]:
        table = {
            ("GET", "/health"): self.health,
            ("GET", "/clock"): self.clock,
            ("POST", "/clock"): self.set_clock,
            ("GET", "/faults"): self.faults,
            ("POST", "/faults"): self.add_fault,
            ("DELETE", "/faults"): self.clear_faults,
            ("GET", "/faults/{id}"): self.fault,
            ("DELETE", "/faults/{id}"): self.remove_fault,
            ("GET", "/scenarios"): self.scenarios,
            ("POST", "/scenarios"): self.start_scenario,
            ("DELETE", "/scenarios/{name}"): self.heal_scenario,
            ("POST", "/heal"): self.heal,
            ("POST", "/product"): self.set_product,
            ("GET", "/world"): self.shown,
            ("GET", "/outbox"): self.outbox,
            ("GET", "/truth"): self.truth,
            ("GET", "/truth/requests"): self.requests,
            ("GET", "/truth/effects"): self.effects,
        }
        return [Route(f"/control{path}", answering(view), methods=[method]) for (method, path), view in table.items()]

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def clock(self, request: Request) -> Response:
        self.world.clock.run_due()
        clock = self.world.clock
        return JSONResponse({"now": clock.now(), "moment": clock.moment().isoformat(), "speed": clock.speed})

    async def set_clock(self, request: Request) -> Response:
        change = await read_as(request, ClockChange)
        if change.speed is not None:
            self.world.clock.set_speed(change.speed)
        if change.advance is not None:
            self.world.clock.advance(change.advance)
        return await self.clock(request)

    async def faults(self, request: Request) -> Response:
        return JSONResponse({"faults": [self._shown(fault) for fault in self.world.faults.all()]})

    async def add_fault(self, request: Request) -> Response:
        rule = await read_as(request, Rule)
        self.world.clock.run_due()
        try:
            check(rule, self.names, {origin.region for origin in self.world.origins.values()})
            faults = self.world.faults.add(rule)
        except WrongRule as wrong:
            raise WrongInput(wrong.field, f"{wrong.field}: {wrong.message}") from None
        return JSONResponse(self._shown(faults[0]), 201)

    async def fault(self, request: Request) -> Response:
        found = self.world.faults.get(request.path_params["id"])
        if found is None:
            raise _unknown("id", request.path_params["id"])
        return JSONResponse(self._shown(found))

    async def remove_fault(self, request: Request) -> Response:
        self.world.clock.run_due()
        if not self.world.faults.remove(request.path_params["id"]):
            raise _unknown("id", request.path_params["id"])
        return JSONResponse({"status": "ok"})

    async def clear_faults(self, request: Request) -> Response:
        self.world.clock.run_due()
        return JSONResponse({"removed": self.world.faults.clear()})

    async def scenarios(self, request: Request) -> Response:
        return JSONResponse({"scenarios": [scenario.shown(self.world) for scenario in SCENARIOS.values()]})

    async def start_scenario(self, request: Request) -> Response:
        wanted = await read_as(request, ScenarioStart)
        scenario = SCENARIOS.get(wanted.name)
        if scenario is None:
            raise WrongInput("name", f"name: there is no scenario “{wanted.name}”; there are {', '.join(SCENARIOS)}.")
        self.world.clock.run_due()
        try:
            scenario.start(self.world, wanted.parameters, self.names)
        except WrongRule as wrong:
            raise WrongInput(wrong.field, f"{wrong.field}: {wrong.message}") from None
        return JSONResponse(scenario.shown(self.world), 201)

    async def heal_scenario(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in SCENARIOS:
            raise _unknown("name", name)
        self.world.clock.run_due()
        return JSONResponse({"healed": self.world.faults.remove(name)})

    async def heal(self, request: Request) -> Response:
        """End every fault and scenario. What was lost or changed meanwhile stays so: for that there is /reset."""
        return await self.clear_faults(request)

    async def set_product(self, request: Request) -> Response:
        change = await read_as(request, ProductChange)
        stores = self.world.stores
        if change.database is not None and change.database not in stores.databases:
            raise WrongInput("database", f"database: there is none called “{change.database}”.")
        if change.cache is not None and change.cache not in stores.caches:
            raise WrongInput("cache", f"cache: there is none called “{change.cache}”.")
        stores.database_in_use = change.database or stores.database_in_use
        stores.cache_in_use = change.cache or stores.cache_in_use
        return JSONResponse({"database": stores.database_in_use, "cache": stores.cache_in_use})

    async def shown(self, request: Request) -> Response:
        self.world.clock.run_due()
        return JSONResponse(world_shown(self.world, self.vendors.values()))

    async def outbox(self, request: Request) -> Response:
        channel = request.query_params.get("channel", "")
        found = [asdict(each) for each in self.world.outbox.messages if channel in ("", each.channel)]
        return JSONResponse({"messages": _newest(found, _whole(request, "limit", MOST_ROWS, most=MOST_ROWS))})

    async def truth(self, request: Request) -> Response:
        self.world.clock.run_due()
        return JSONResponse(figures(self.world))

    async def requests(self, request: Request) -> Response:
        vendor = request.query_params.get("vendor", "")
        found = [each for each in self.world.truth.requests if vendor in ("", each.vendor)]
        return JSONResponse({"requests": _page(request, found)})

    async def effects(self, request: Request) -> Response:
        vendor = request.query_params.get("vendor", "")
        found = [each for each in self.world.truth.effects if vendor in ("", each.vendor)]
        return JSONResponse({"effects": _page(request, found)})

    def _shown(self, fault: Fault) -> dict[str, Any]:
        return fault.shown(self.world.clock.now())


def _unknown(field: str, word: str) -> WrongInput:
    return WrongInput(field, f"{field}: there is no “{word}”.", 404)


def _page(request: Request, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """`?after=`: the last number one has seen; `?limit=`: how many rows. Without `after`, the newest."""
    limit = _whole(request, "limit", MOST_ROWS, most=MOST_ROWS)
    if "after" in request.query_params:
        after = _whole(request, "after", 0)
        chosen = [row for row in rows if row.number > after][:limit]
    else:
        chosen = _newest(list(rows), limit)
    return [asdict(row) for row in chosen]  # type: ignore[call-overload]


def _newest(rows: list[T], limit: int) -> list[T]:
    return rows[-limit:] if limit else []


def _whole(request: Request, name: str, default: int, *, most: int = 2**62) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or len(given) > 18 or int(given) > most:
        raise WrongInput(name, f"{name}: “{given}” is no whole number from 0 on, or it is too large.")
    return int(given)
