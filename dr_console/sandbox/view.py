"""The world at a glance, for its page: who answers which name, DNS, cache, stores, and each vendor's own state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dr_console.sandbox.faults import Kind
from dr_console.sandbox.stores import Database
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.world import World


def world_shown(world: World, vendors: Iterable[Vendor]) -> dict[str, Any]:
    now = world.clock.now()
    hosts = sorted({record.name for record in world.names.all() if record.type in ("A", "AAAA", "CNAME")})
    return {
        "now": now,
        "moment": world.clock.moment().isoformat(),
        "speed": world.clock.speed,
        "answered_by": {host: world.edge.origin_of(host) for host in hosts},
        "dns": [asdict(record) for record in world.names.all()],
        "resolvers": {
            whose: {
                name: {"until": until, "records": [asdict(each) for each in found]} for name, (until, found) in kept
            }
            for whose, kept in (("users", world.edge.users.kept().items()), ("cdn", world.edge.cdn.kept().items()))
        },
        "cache": _cache(world),
        "origins": [_origin(world, host) for host in sorted(world.origins)],
        "product": _product(world),
        "databases": [_database(database) for database in world.stores.databases.values()],
        "caches": [
            {"name": cache.name, "available": cache.available, "values": len(cache.values)}
            for cache in world.stores.caches.values()
        ],
        "users": world.users.traffic.recent(now),
        "faults": [fault.shown(now) for fault in world.faults.all()],
        "vendors": {vendor.name: vendor.state() for vendor in vendors},
    }


def _product(world: World) -> dict[str, Any]:
    return {
        "degradation_level": world.product.level(),
        "features": world.product.features(),
        "database": world.stores.database_in_use,
        "cache": world.stores.cache_in_use,
        "why_no_database": world.product.why_no_database(),
        "why_no_cache": world.product.why_no_cache(),
        "why_no_objects": world.stores.why_no_objects(),
        "search_index_lost": world.search_index.is_lost,
    }


def _database(database: Database) -> dict[str, Any]:
    return {
        "name": database.name,
        "available": database.available,
        "accepts_writes": database.accepts_writes,
        "canaries": len(database.canaries),
        "newest_canary": database.canaries.newest,
    }


def _cache(world: World) -> dict[str, Any]:
    kept = list(world.edge_cache.kept.values())
    shown = [
        {"host": each.host, "path": each.path, "expires_at": each.expires_at, "stale": each.stale}
        for each in kept[:200]
    ]
    return {"answers": len(kept), "first": shown}


def _origin(world: World, host: str) -> dict[str, Any]:
    origin = world.origins[host]
    faults = [fault for fault in world.faults.all() if fault.rule.region in ("", origin.region)]
    active = {fault.rule.kind for fault in faults if fault.is_active(world.clock.now())}
    state = "failing" if Kind.API_ERRORS in active else "slow" if Kind.REGION_SLOW in active else "up"
    why = origin.why_not()
    if Kind.REGION_LOST in active:
        state = "dark"
    elif why:
        state = "blocked"
    elif origin.start_seconds() > 0:
        state = "cold"
    return {
        "host": host,
        "region": origin.region,
        "city": origin.city,
        "provider": origin.provider,
        "state": state,
        "why": why,
        "start_seconds": origin.start_seconds(),
    }
