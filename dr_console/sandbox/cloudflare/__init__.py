"""A pretend Cloudflare: DNS, cache, queues, R2's own API, load balancers, and the account around them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from dr_console.sandbox.cloudflare.account import AccountApi
from dr_console.sandbox.cloudflare.cache import CacheApi
from dr_console.sandbox.cloudflare.control import CloudflareControl
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
        control=CloudflareControl(world, zones, tokens, budget).routes(),
        state=lambda: _state(world, zones, budget),
    )


def _complain(status: int, *, request: Request, retry_after: float | None = None) -> Response:
    code, message = COMPLAINTS.get(status, (10001, "Internal server error"))
    return Refusal(status, code, message, retry_after=retry_after).response()


def _state(world: World, zones: Zones, budget: Budget) -> dict[str, Any]:
    return {
        "plan": {zone.name: zone.plan for zone in zones.by_id.values()},
        "records": [record for zone in zones.by_id.values() for record in zone.records.values()],
        "queues": {queue.name: world.queues.backlog(queue) for queue in world.queues.by_id.values()},
        "requests_left": budget.left,
    }
