"""Cloudflare's cache: purge and invalidate, each plan with its own limits.

https://developers.cloudflare.com/cache/how-to/purge-cache/
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dr_console.sandbox.cloudflare.envelope import Refusal, ok, sent
from dr_console.sandbox.cloudflare.zones import Zone, Zones
from dr_console.sandbox.world import World

KINDS = ("files", "tags", "hosts", "prefixes", "purge_everything")
# By plan: requests a second, and how many at once. One of "everything", hosts, tags or prefixes counts one.
REQUESTS = {"free": (5 / 60, 25), "pro": (5.0, 25), "business": (10.0, 50), "enterprise": (50.0, 500)}
# URLs a second, over all requests by URL.
URLS = {"free": 800, "pro": 1_500, "business": 1_500, "enterprise": 3_000}
MOST_ITEMS = 100
MOST_URLS = {"enterprise": 500}


@dataclass
class Bucket:
    """`rate`: tokens a second; `size`: how many it holds."""

    rate: float
    size: float
    left: float
    at: float

    def take(self, tokens: float, now: float) -> float:
        """Take so many; the answer is in how many seconds there will be enough, 0 if there were."""
        self.left, self.at = min(self.size, self.left + (now - self.at) * self.rate), now
        if tokens > self.left:
            return (tokens - self.left) / self.rate
        self.left -= tokens
        return 0.0


class CacheApi:
    def __init__(self, world: World, zones: Zones) -> None:
        self._world, self._zones = world, zones
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/zones/{zone_id}/purge_cache", self.purge, methods=["POST", "DELETE"]),
            Route("/zones/{zone_id}/invalidate_cache", self.invalidate, methods=["POST"]),
        ]

    async def purge(self, request: Request) -> Response:
        return await self._do(request, "cache.purge")

    async def invalidate(self, request: Request) -> Response:
        return await self._do(request, "cache.invalidate")

    async def _do(self, request: Request, what: str) -> Response:
        zone = self._zones.by_id.get(request.path_params["zone_id"])
        if zone is None:
            raise Refusal(403, 10000, "Authentication error")
        kind, values = _asked(await sent(request), zone)
        self._take(zone, kind, len(values))
        cache = self._world.edge_cache
        act = cache.purge if what == "cache.purge" else cache.invalidate
        which = {"hosts": self._hosts(zone)} if kind == "purge_everything" else {kind: values}
        answers = act(**which) if any(which.values()) else 0
        # Once names lead elsewhere, to ask for it again is not to do the same twice.
        led = self._world.names.serial
        self._world.truth.effect("cloudflare", what, zone.name, kind=kind, values=values, answers=answers, names=led)
        return ok({"id": zone.id})

    def _hosts(self, zone: Zone) -> set[str]:
        return {host for host, _path in self._world.edge_cache.kept if _is_in(host, zone)}

    def _take(self, zone: Zone, kind: str, urls: int) -> None:
        by_url = kind == "files"
        rate, size = (URLS[zone.plan], URLS[zone.plan]) if by_url else REQUESTS[zone.plan]
        now = self._world.clock.now()
        bucket = self._buckets.setdefault((zone.plan, "urls" if by_url else "requests"), Bucket(rate, size, size, now))
        wait = bucket.take(urls if by_url else 1, now)
        if wait:
            message = "Unable to purge, rate limit reached. Please wait if you need to perform more operations"
            raise Refusal(429, 1134, message, retry_after=max(1, math.ceil(wait)))


def _asked(body: dict[str, Any], zone: Zone) -> tuple[str, list[str]]:
    kinds = [kind for kind in KINDS if body.get(kind)]
    if len(kinds) != 1:
        names = ", ".join(f'"{kind}"' for kind in KINDS)
        raise Refusal(400, 1012, f"Request must contain one of {names}")
    kind = kinds[0]
    if kind == "purge_everything":
        if body[kind] is not True:
            raise Refusal(400, 1012, 'Invalid value for "purge_everything": must be true')
        return kind, []
    if not isinstance(body[kind], list):
        raise Refusal(400, 1012, f'"{kind}" must be a list', pointer=f"/{kind}")
    values: list[Any] = [value.get("url") if isinstance(value, dict) else value for value in body[kind]]
    most = MOST_URLS.get(zone.plan, MOST_ITEMS) if kind == "files" else MOST_ITEMS
    if len(values) > most:
        raise Refusal(400, 1094, f"Unable to purge: the limit is {most} {kind} a request", pointer=f"/{kind}")
    for value in values:
        _check_value(kind, value, zone)
    return kind, values


def _check_value(kind: str, value: Any, zone: Zone) -> None:
    if not isinstance(value, str) or not value:
        raise Refusal(400, 1012, f'"{kind}" must be a list of texts', pointer=f"/{kind}")
    if kind == "tags":
        return
    if kind == "files" and not value.startswith(("http://", "https://")):
        raise Refusal(400, 1019, f"Unable to purge '{value}'. It must be a full URL.", pointer="/files")
    if kind == "prefixes" and ("://" in value or "?" in value or "#" in value):
        raise Refusal(
            400, 1019, f"Unable to purge '{value}'. Leave out scheme, query and fragment.", pointer="/prefixes"
        )
    host = value.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    if not _is_in(host, zone):
        message = f"Unable to purge '{value}'. You can only purge files for zones that you own."
        raise Refusal(400, 1107, message, pointer=f"/{kind}")


def _is_in(host: str, zone: Zone) -> bool:
    return host.lower() == zone.name or host.lower().endswith(f".{zone.name}")
