"""The world as a user sees it: a name is resolved, the CDN or an origin answers, or nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dr_console.sandbox.edge_cache import Cached
from dr_console.sandbox.exchange import Ask, Reply
from dr_console.sandbox.faults import Kind
from dr_console.sandbox.names import Resolver
from dr_console.sandbox.origins import NO_ANSWER_SECONDS, Origin

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

CONNECT_SECONDS = 19.0  # after which the CDN gives up on an origin that says nothing, with a 522
CDN_SECONDS = 0.02
# Which answers the CDN keeps: these of its own accord, and on these hosts everything, as a rule of the customer says.
KEPT_SUFFIXES = (".webp", ".png", ".jpg", ".svg", ".js", ".css", ".woff2", ".ico")
KEEP_EVERYTHING = ("www.example.com", "cdn.example.com", "images.example.com", "backup-cdn.example.com")
# Hosts that have nothing to do with the product, for the console to see whether it reaches anything at all.
CANARIES = ("canary.example.net", "canary.example.org", "canary.example.edu")
PAGES = {
    500: "Internal server error",
    502: "Bad gateway",
    503: "Service temporarily unavailable",
    504: "Gateway time-out",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    530: "Origin DNS error",
}


class Edge:
    """`users`: what users' resolvers keep. `cdn`: where the CDN last found the origins to be."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.users = Resolver(world.names, world.clock)
        self.cdn = Resolver(world.names, world.clock)

    def serve(self, ask: Ask) -> Reply:
        """What a user gets who asks this now. Takes no time itself: `seconds` of the reply says how long it took."""
        if ask.host in CANARIES:
            return Reply(200, b"ok\n", {"content-type": "text/plain"}, seconds=CDN_SECONDS, by="canary")
        trace = self.users.trace(ask.host)
        if trace.is_proxied:
            return self._through_cdn(ask)
        if not trace.is_found:
            return Reply(broken="no-name", by="dns")
        return self._ask_address(ask, trace.end)

    def origin_of(self, host: str) -> str:
        """Host of the origin that a request for this host would reach now, or "". Looking changes nothing."""
        trace = self.users.trace(host, keeps=False)
        found = self._at(self.cdn.trace(host, keeps=False).end if trace.is_proxied else trace.end)
        return found.host if found else ""

    def _at(self, address: str) -> Origin | None:
        return next(
            (origin for origin in self._world.origins.values() if address in (origin.address, origin.host)), None
        )

    def _ask_address(self, ask: Ask, address: str) -> Reply:
        origin = self._at(address)
        if origin is None:
            return Reply(broken="timeout", seconds=NO_ANSWER_SECONDS, by=address)
        return origin.serve(ask, self._world.faults, self._world.product.answer)

    def _through_cdn(self, ask: Ask) -> Reply:
        status = self._outage()
        if status:
            return self._signed(_page(status), "")
        cached = self._cached(ask)
        if cached is not None and not cached.stale and cached.expires_at > self._world.clock.now():
            return self._signed(_from_cache(cached, self._world.clock.now()), "HIT")
        reply = self._from_origin(ask)
        if reply.status >= 500 and cached is not None:
            return self._signed(_from_cache(cached, self._world.clock.now()), "STALE")
        return self._signed(reply, self._keep(ask, reply, "EXPIRED" if cached else "MISS"))

    def _outage(self) -> int:
        faults = self._world.faults
        for fault in faults.now(Kind.CDN_OUTAGE):
            if faults.is_hit(fault):
                return fault.rule.status or 500
        return 0

    def _cached(self, ask: Ask) -> Cached | None:
        """What is kept, as long as it may serve at all: half a day past its time, if the origin fails."""
        found = self._world.edge_cache.kept.get((ask.host, ask.address)) if _may_be_kept(ask) else None
        return found if found is not None and found.gone_at > self._world.clock.now() else None

    def _from_origin(self, ask: Ask) -> Reply:
        trace = self.cdn.trace(ask.host)
        if not trace.is_found:
            return _page(530)
        reply = self._ask_address(ask, trace.end)
        if reply.broken:
            late = reply.broken == "timeout"
            page = _page(522 if late else 521)
            page.seconds = CONNECT_SECONDS if late else 0.1
            return page
        return reply

    def _keep(self, ask: Ask, reply: Reply, fresh: str) -> str:
        """Keep the answer if it may be. Returns the cache's word for what it did."""
        if not _may_be_kept(ask):
            return "DYNAMIC"
        asked = _cache_control(reply.headers.get("cache-control", ""))
        seconds = int(asked.get("s-maxage", asked.get("max-age", "0")) or 0)
        if reply.status != 200 or seconds <= 0 or {"no-store", "private", "no-cache"} & set(asked):
            return "BYPASS" if reply.status == 200 else fresh
        if ask.method == "GET":
            now = self._world.clock.now()
            tags = frozenset(
                tag.strip().lower() for tag in reply.headers.pop("cache-tag", "").split(",") if tag.strip()
            )
            self._world.edge_cache.keep(
                Cached(
                    ask.host,
                    ask.address,
                    reply.status,
                    reply.body,
                    dict(reply.headers),
                    now + seconds,
                    tags,
                    kept_at=now,
                    gone_at=now + seconds + int(asked.get("stale-if-error", "0") or 0),
                )
            )
        return fresh

    def _signed(self, reply: Reply, cache_status: str) -> Reply:
        ray = f"{self._world.random.getrandbits(64):016x}-NRT"
        reply.headers |= {"server": "cloudflare", "cf-ray": ray}
        reply.headers.pop("cache-tag", None)
        if cache_status:
            reply.headers["cf-cache-status"] = cache_status
        if cache_status in ("", "HIT", "STALE") or reply.by == "":
            reply.by = "cdn"
        reply.seconds += CDN_SECONDS
        return reply


def _may_be_kept(ask: Ask) -> bool:
    if ask.method not in ("GET", "HEAD") or "authorization" in ask.headers:
        return False
    return ask.host in KEEP_EVERYTHING or ask.path.lower().endswith(KEPT_SUFFIXES)


def _cache_control(text: str) -> dict[str, str]:
    parts = (part.strip().lower().partition("=") for part in text.split(",") if part.strip())
    return {name: value if value.isdecimal() else "" for name, _equals, value in parts}


def _from_cache(cached: Cached, now: float) -> Reply:
    return Reply(cached.status, cached.body, {**cached.headers, "age": str(int(now - cached.kept_at))}, seconds=0.005)


def _page(status: int) -> Reply:
    """A page of the CDN's own."""
    title = PAGES.get(status, "Error")
    html = (
        f"<!DOCTYPE html>\n<html><head><title>example.com | {status}: {title}</title></head>\n"
        f"<body><h1>{title} <small>Error code {status}</small></h1><p>cloudflare</p></body></html>\n"
    )
    return Reply(status, html.encode(), {"content-type": "text/html; charset=UTF-8", "cache-control": "no-store"})
