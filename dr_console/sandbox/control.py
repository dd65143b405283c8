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
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

MOST_ROWS = 1_000


class HasNumber(Protocol):
    @property
    def number(self) -> int: ...


Row = TypeVar("Row", bound=HasNumber)


class ClockChange(BaseModel):
    """`speed`: how much faster than ours; `advance`: so many seconds pass at once."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    speed: float | None = Field(None, gt=0, le=100_000)
    advance: float | None = Field(None, ge=0, le=366 * 86_400)


class Control:
    """The routes below /control of one world."""

    def __init__(self, world: World, vendors: Sequence[Vendor]) -> None:
        self.world, self.vendors = world, {vendor.name: vendor for vendor in vendors}

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
            check(rule, set(self.vendors), {origin.region for origin in self.world.origins.values()})
            fault = self.world.faults.add(rule)
        except WrongRule as wrong:
            raise WrongInput(wrong.field, f"{wrong.field}: {wrong.message}") from None
        return JSONResponse(self._shown(fault), 201)

    async def fault(self, request: Request) -> Response:
        found = self.world.faults.get(request.path_params["id"])
        if found is None:
            raise _no_fault(request)
        return JSONResponse(self._shown(found))

    async def remove_fault(self, request: Request) -> Response:
        self.world.clock.run_due()
        if not self.world.faults.remove(request.path_params["id"]):
            raise _no_fault(request)
        return JSONResponse({"status": "ok"})

    async def clear_faults(self, request: Request) -> Response:
        self.world.clock.run_due()
        return JSONResponse({"removed": self.world.faults.clear()})

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


def _no_fault(request: Request) -> WrongInput:
    return WrongInput("id", f"id: there is no fault “{request.path_params['id']}”.", 404)


def _page(request: Request, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """`?after=`: the last number one has seen; `?limit=`: how many rows. Without `after`, the newest."""
    limit = _whole(request, "limit", MOST_ROWS, most=MOST_ROWS)
    if "after" in request.query_params:
        after = _whole(request, "after", 0)
        chosen = [row for row in rows if row.number > after][:limit]
    else:
        chosen = list(rows)[-limit:]
    return [asdict(row) for row in chosen]  # type: ignore[call-overload]


def _whole(request: Request, name: str, default: int, *, most: int = 2**62) -> int:
    given = request.query_params.get(name, str(default))
    if not given.isascii() or not given.isdecimal() or not 0 < int(given) + (name == "after") <= most:
        raise WrongInput(name, f"{name}: “{given}” is no whole number from 0 on, or it is too large.")
    return int(given)
