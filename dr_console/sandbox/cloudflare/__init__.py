"""A pretend Cloudflare: DNS, cache, queues, R2's own API, load balancers, and the account around them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.account import PLANS, AccountApi
from dr_console.sandbox.cloudflare.cache import CacheApi
from dr_console.sandbox.cloudflare.dns import DnsApi
from dr_console.sandbox.cloudflare.envelope import Refusal
from dr_console.sandbox.cloudflare.front import Budget, Front, Tokens
from dr_console.sandbox.cloudflare.load_balancers import LoadBalancersApi
from dr_console.sandbox.cloudflare.messages import MessagesApi
from dr_console.sandbox.cloudflare.queues import QueuesApi
from dr_console.sandbox.cloudflare.r2 import R2Api
from dr_console.sandbox.cloudflare.zones import Zones
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World

COMPLAINTS = {
    401: (10000, "Authentication error"),
    403: (10000, "Authentication error"),
    404: (7003, "Could not route to that path, perhaps your object identifier is invalid?"),
    429: (971, "Please wait and consider throttling your request speed"),
}


def cloudflare(world: World) -> Vendor:
    zones, tokens, budget = Zones(world), Tokens(), Budget(world.clock)
    r2 = R2Api(world)
    routes = [
        *AccountApi(world, zones, tokens).routes(),
        *DnsApi(zones).routes(),
        *CacheApi(world, zones).routes(),
        *MessagesApi(world).routes(),
        *QueuesApi(world, r2.producers).routes(),
        *r2.routes(),
        *LoadBalancersApi(world).routes(),
    ]
    return Vendor(
        name="cloudflare",
        prefix="/cloudflare/client/v4",
        complain=_complain,
        app=Front(routes, tokens, budget),
        control=_Control(world, zones, tokens, budget).routes(),
        state=lambda: _state(world, zones, budget),
    )


def _complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    code, message = COMPLAINTS.get(status, (10001, "Internal server error"))
    return Refusal(status, code, message, retry_after=retry_after).response()


class _Control:
    """What only the world's owner can do, below /control/cloudflare."""

    def __init__(self, world: World, zones: Zones, tokens: Tokens, budget: Budget) -> None:
        self._world, self._zones, self._tokens, self._budget = world, zones, tokens, budget

    def routes(self) -> list[Route]:
        return [
            Route("/tokens", self.tokens, methods=["POST"]),
            Route("/plan", self.plan, methods=["POST"]),
            Route("/budget", self.budget, methods=["POST"]),
            Route("/events", self.events, methods=["POST"]),
        ]

    async def tokens(self, request: Request) -> Response:
        """{"state": "expired" | "disabled" | "active", "token"?}: without a token, of all."""
        wanted = await request.json()
        state = wanted.get("state", "expired")
        if state not in ("active", "disabled", "expired"):
            return _wrong("state", "must be active, disabled or expired")
        self._tokens.states[wanted.get("token", "*")] = state
        return JSONResponse({"status": "ok"})

    async def plan(self, request: Request) -> Response:
        """{"plan": "free" | "pro" | "business" | "enterprise"}, of every zone."""
        plan = (await request.json()).get("plan")
        if plan not in PLANS:
            return _wrong("plan", f"must be one of {', '.join(PLANS)}")
        for zone in self._zones.by_id.values():
            zone.plan = plan
        return JSONResponse({"status": "ok"})

    async def budget(self, request: Request) -> Response:
        """{"left": 0}: so many calls may still be made in these five minutes."""
        self._budget.leave(int((await request.json()).get("left", 0)))
        return JSONResponse({"status": "ok"})

    async def events(self, request: Request) -> Response:
        """{"drop_next": 3}: so many of R2's events get lost. {"action", "key", "bucket"?, …}: one that happens now."""
        wanted = await request.json()
        self._world.r2_events.drop_next = int(wanted.pop("drop_next", self._world.r2_events.drop_next))
        if "key" in wanted:
            bucket = wanted.pop("bucket", "gemini-images")
            self._world.r2_events.happened(wanted.pop("action", "PutObject"), bucket, wanted.pop("key"), **wanted)
        return JSONResponse({"status": "ok"})


def _wrong(field: str, why: str) -> Response:
    return JSONResponse({"error": f"{field}: {why}", "field": field}, 422)


def _state(world: World, zones: Zones, budget: Budget) -> dict[str, Any]:
    return {
        "plan": {zone.name: zone.plan for zone in zones.by_id.values()},
        "records": [record for zone in zones.by_id.values() for record in zone.records.values()],
        "queues": {queue.name: world.queues.backlog(queue) for queue in world.queues.by_id.values()},
        "requests_left": budget.left,
    }
