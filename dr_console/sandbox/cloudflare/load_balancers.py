"""Cloudflare's load balancers: pools of origins, and names that follow the first pool that is on.

https://developers.cloudflare.com/api/resources/load_balancers/
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import Refusal, moment, ok, sent, wanted
from dr_console.sandbox.names import Name
from dr_console.sandbox.world import World

Thing = dict[str, Any]

POOLS = (("1" * 32, "tokyo", "tokyo.origin.example.com"), ("2" * 32, "california", "california.origin.example.com"))
BALANCER_ID, BALANCER = "3" * 32, "balanced.example.com"


class LoadBalancersApi:
    """Pools of the account and balancers of the zone. A balancer's name is a CNAME of its first usable origin."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pools: dict[str, Thing] = {}
        self._balancers: dict[str, Thing] = {}
        for id, name, host in POOLS:
            origin = {"name": name, "address": host, "enabled": True, "weight": 1}
            self._write(self._pools, id, {"name": name, "enabled": True, "minimum_origins": 1, "origins": [origin]})
        ids = [id for id, _name, _host in POOLS]
        first = {"name": BALANCER, "enabled": True, "proxied": True, "default_pools": ids, "fallback_pool": ids[-1]}
        self._write(self._balancers, BALANCER_ID, first)
        self._publish()

    def routes(self) -> list[Route]:
        pools, balancers = "/accounts/{account_id}/load_balancers/pools", "/zones/{zone_id}/load_balancers"
        return [
            Route(f"{pools}/{{id}}/health", self.health, methods=["GET"]),
            *_things(pools, self._pools, self._write, self._done),
            *_things(balancers, self._balancers, self._write, self._done),
            Route("/accounts/{account_id}/load_balancers/monitors", self.monitors, methods=["GET"]),
        ]

    async def monitors(self, request: Request) -> Response:
        return ok([])

    async def health(self, request: Request) -> Response:
        pool = _found(self._pools, request)
        hosts = [origin["address"] for origin in pool["origins"]]
        health = [
            {host: {"healthy": why == "", "failure_reason": why or "No failure", "rtt": "12.1ms", "response_code": 200}}
            for host, why in ((host, self._why_not(host)) for host in hosts)
        ]
        healthy = any(self._why_not(host) == "" for host in hosts)
        return ok({"pool_id": pool["id"], "pop_health": {"Tokyo, JP": {"healthy": healthy, "origins": health}}})

    def _why_not(self, host: str) -> str:
        origin = self._world.origins.get(host)
        return origin.why_not() if origin else ""

    def _write(self, things: dict[str, Thing], id: str, given: Thing) -> Thing:
        _check(given)
        at = moment(self._world.clock.now())
        before = things.get(id, {"id": id, "created_on": at})
        things[id] = {**before, **given, "id": id, "created_on": before["created_on"], "modified_on": at}
        return things[id]

    def _done(self, what: str, thing: Thing) -> None:
        self._world.truth.effect("cloudflare", what, str(thing.get("name", "")), enabled=thing.get("enabled", True))
        self._publish()

    def _publish(self) -> None:
        for balancer in self._balancers.values():
            host = self._first_host(balancer) if balancer.get("enabled", True) else ""
            proxied = bool(balancer.get("proxied"))
            record = Name(balancer["name"], "CNAME", host, int(balancer.get("ttl") or 30), proxied)
            self._world.names.publish(balancer["name"], "CNAME", [record] if host else [])

    def _first_host(self, balancer: Thing) -> str:
        for id in [*(balancer.get("default_pools") or []), balancer.get("fallback_pool")]:
            pool = self._pools.get(str(id))
            # The fallback pool is used even if it is off.
            if pool and (pool.get("enabled", True) or id == balancer.get("fallback_pool")):
                for origin in pool["origins"]:
                    if origin.get("enabled", True):
                        return str(origin["address"])
        return ""


def _check(given: Thing) -> None:
    kinds = {"name": str, "enabled": bool, "proxied": bool, "ttl": int, "fallback_pool": str}
    for name, kind in kinds.items():
        if name in given and given[name] is None:
            raise Refusal(400, 1002, f"validation failed: {name} must not be null")
        wanted(given, name, kind, None)
    for origin in wanted(given, "origins", list, [{}]):
        if not isinstance(origin, dict) or ("origins" in given and not isinstance(origin.get("address"), str)):
            raise Refusal(400, 1002, "validation failed: each origin needs an address")
    wanted(given, "default_pools", list, [])
    if "origins" in given and not given["origins"]:
        raise Refusal(400, 1002, "validation failed: at least one origin is needed")


def _found(things: dict[str, Thing], request: Request) -> Thing:
    thing = things.get(request.path_params["id"])
    if thing is None:
        raise Refusal(404, 1001, "object not found")
    return thing


def _things(path: str, things: dict[str, Thing], write: Any, done: Any) -> list[Route]:
    """List, create, read, overwrite, change and delete things of one kind."""
    kind = "pool" if path.endswith("pools") else "balancer"

    async def index(request: Request) -> Response:
        found = [*things.values()]
        return ok(found, info={"page": 1, "per_page": 100, "count": len(found), "total_count": len(found)})

    async def create(request: Request) -> Response:
        body = await sent(request)
        if not body.get("name") or (kind == "pool" and not body.get("origins")):
            raise Refusal(400, 1002, "validation failed: name and origins are required")
        thing = write(things, f"{len(things) + 4:032x}", body)
        done(f"{kind}.create", thing)
        return ok(thing)

    async def get(request: Request) -> Response:
        return ok(_found(things, request))

    async def change(request: Request) -> Response:
        thing = write(things, _found(things, request)["id"], await sent(request))
        done(f"{kind}.{request.method.lower()}", thing)
        return ok(thing)

    async def delete(request: Request) -> Response:
        thing = things.pop(_found(things, request)["id"])
        done(f"{kind}.delete", thing)
        return ok({"id": thing["id"]})

    return [
        Route(path, index, methods=["GET"]),
        Route(path, create, methods=["POST"]),
        Route(f"{path}/{{id}}", get, methods=["GET"]),
        Route(f"{path}/{{id}}", change, methods=["PUT", "PATCH"]),
        Route(f"{path}/{{id}}", delete, methods=["DELETE"]),
    ]
