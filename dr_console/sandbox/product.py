"""The customer's product in small: an API, pages, images, search and writes, in whichever region it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dr_console.sandbox.exchange import Ask, Reply, as_json, as_page
from dr_console.sandbox.faults import Kind
from dr_console.sandbox.origins import Origin
from dr_console.sandbox.stores import Written

if TYPE_CHECKING:
    from dr_console.sandbox.world import World

LEVEL_KEY = "degradation_level"
LEVELS = ("normal", "light", "moderate", "severe")
MAINTENANCE = {
    "en": "Under maintenance: some functions are unavailable.",
    "zh-hans": "系统维护中，部分功能暂不可用。",
}
# How long the CDN may keep pages and images, by level: normal, aggressive, maximum, permanent.
KEPT_SECONDS = (300, 3_600, 86_400, 31_536_000)
STALE_SECONDS = 86_400
CANARY = "x-sandbox-canary"
MOST_WAITING = 7_200
# From which level on each of these is off.
FEATURES = {"analytics": 1, "recommendations": 1, "api-heavy": 2, "image-generation": 2, "dynamic": 3}
FEATURE_OF_PATH = {
    "/api/analytics": "analytics",
    "/api/recommendations": "recommendations",
    "/api/export": "api-heavy",
    "/api/images/generate": "image-generation",
}


class Product:
    """All regions run the same program, on the same stores."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: tuple[tuple[str, Callable[[Ask, Origin], Reply]], ...] = (
            ("/health", self._health),
            ("/api/", self._api),
            ("/images/", self._image),
            ("/static/", self._static),
            ("/", self._page),
        )

    def answer(self, ask: Ask, origin: Origin) -> Reply:
        return next(view for prefix, view in self._routes if ask.path.startswith(prefix))(ask, origin)

    def level(self) -> int:
        """The degradation level that the settings store says; whatever is no level is 0, as without any."""
        found = self._world.settings_store.get(LEVEL_KEY, 0)
        if isinstance(found, dict):
            found = found.get("level", 0)
        if isinstance(found, str) and found.isdecimal():
            found = int(found)
        return found if type(found) is int and 0 <= found < len(LEVELS) else 0

    def features(self) -> dict[str, bool]:
        level = self.level()
        return {feature: level < off_from for feature, off_from in FEATURES.items()}

    def why_no_database(self) -> str:
        database = self._world.stores.databases.get(self._world.stores.database_in_use)
        if database is None:
            return f"the database {self._world.stores.database_in_use} is not there"
        return "" if database.available else f"the database {database.name} is not available"

    def why_no_cache(self) -> str:
        cache = self._world.stores.caches.get(self._world.stores.cache_in_use)
        return "" if cache is not None and cache.available else "the cache does not answer"

    def _health(self, ask: Ask, origin: Origin) -> Reply:
        part = ask.path.removeprefix("/health").strip("/")
        wrong = {
            "": self._why_api_fails(origin),
            "static": "",
            "storage": self._world.stores.why_no_objects(),
            "cache": self.why_no_cache(),
            "database": self.why_no_database(),
        }
        if part not in wrong:
            return as_json({"error": "not found"}, 404)
        level = self.level()
        told: dict[str, Any] = {
            "status": "failing" if wrong[part] else "ok",
            "region": origin.region,
            "degradation_level": level,
            "degradation": LEVELS[level],
            "features": self.features(),
        }
        if part:
            told["part"] = part
        if wrong[part]:
            told["error"] = wrong[part]
        if level == len(LEVELS) - 1:
            told["message"] = MAINTENANCE
        return as_json(told, 503 if wrong[part] else 200)

    def _why_api_fails(self, origin: Origin) -> str:
        return "the API fails" if self._api_status(origin) else self.why_no_database()

    def _api_status(self, origin: Origin) -> int:
        faults = self._world.faults
        for fault in faults.now(Kind.API_ERRORS):
            if fault.rule.region in ("", origin.region) and faults.is_hit(fault):
                return fault.rule.status or 500
        return 0

    def _api(self, ask: Ask, origin: Origin) -> Reply:
        status = self._api_status(origin)
        if status:
            return as_json({"error": "internal error"}, status)
        feature = FEATURE_OF_PATH.get(ask.path)
        level = self.level()
        if level == len(LEVELS) - 1:
            return as_json({"error": "maintenance", "message": MAINTENANCE}, 503, retry_after="300")
        if feature and not self.features()[feature]:
            return as_json({"error": "feature off", "feature": feature, "degradation_level": level}, 503)
        if ask.path == "/api/records" and ask.method == "POST":
            return self._write(ask)
        if ask.method not in ("GET", "HEAD") and feature is None:
            return as_json({"error": "method not allowed"}, 405)
        return self._read(ask)

    def _read(self, ask: Ask) -> Reply:
        if ask.path == "/api/search":
            return self._search(ask)
        if ask.path in FEATURE_OF_PATH or ask.path == "/api/images":
            found: Any = {"images": [f"/images/{number}.webp" for number in range(1, 13)]}
            return self._reading(found if ask.path == "/api/images" else {"status": "ok"})
        if ask.path == "/api/records":
            canaries = self._world.stores.database().canaries
            return self._reading({"newest": canaries.newest, "count": len(canaries)})
        number = ask.path.removeprefix("/api/records/")
        if ask.path.startswith("/api/records/") and number.isascii() and number.isdecimal():
            at = self._world.stores.database().canaries.get(int(number))
            return self._reading({"number": int(number), "at": at}, 200 if at is not None else 404)
        return as_json({"error": "not found"}, 404)

    def _reading(self, found: Any, status: int = 200) -> Reply:
        """From the database, or from the cache before it, without which it takes longer."""
        if why := self.why_no_database():
            return as_json({"error": why}, 503)
        reply = as_json(found, status)
        reply.seconds = 0.6 if self.why_no_cache() else 0.05
        return reply

    def _search(self, ask: Ask) -> Reply:
        index = self._world.search_index
        if index.is_lost:
            return as_json({"error": "the search index is not there"}, 503)
        asked = dict(pair.partition("=")[::2] for pair in ask.query.split("&")).get("q", "")
        return as_json({"results": index.found(asked)})

    def _write(self, ask: Ask) -> Reply:
        stores = self._world.stores
        if why := self.why_no_database():
            return as_json({"error": why}, 503)
        database = stores.databases[stores.database_in_use]
        if not database.accepts_writes:
            return as_json({"error": "writes are stopped"}, 503, retry_after="60")
        at = self._world.clock.now()
        canary = ask.headers.get(CANARY)
        if canary is None:
            return as_json({"status": "written"}, 201)
        number, count = (int(part) for part in canary.split("+"))
        database.canaries.add(number, at, count)
        self._keep_elsewhere(number, count, at)
        return as_json({"number": number}, 201)

    def _keep_elsewhere(self, number: int, count: int, at: float) -> None:
        """In the cache and in the object store, where those answer."""
        stores = self._world.stores
        if not self.why_no_cache():
            stores.caches[stores.cache_in_use].values["canary"] = str(number + count - 1)
        if stores.why_no_objects():
            return
        if self._world.clock.behind() > MOST_WAITING + count:
            return  # Where much time passed unseen, only the newest are there to be seen.
        for each in range(number, number + count):
            written_at = at + each - number
            body = json.dumps({"number": each, "at": written_at}).encode()
            stores.to_r2.append(Written(f"canaries/{each:010}.json", body, written_at, each))
        del stores.to_r2[:-MOST_WAITING]

    def _image(self, ask: Ask, origin: Origin) -> Reply:
        if why := self._world.stores.why_no_objects():
            return as_json({"error": why}, 503)
        name = ask.path.removeprefix("/images/")
        body = self._world.stores.image(name)
        if body is None:
            return as_json({"error": "not found"}, 404)
        return self._kept(Reply(200, body, {"content-type": "image/webp", "cache-tag": "images"}))

    def _static(self, ask: Ask, origin: Origin) -> Reply:
        reply = Reply(200, f"// {ask.path}\n".encode(), {"content-type": "text/javascript", "cache-tag": "static"})
        return self._kept(reply)

    def _page(self, ask: Ask, origin: Origin) -> Reply:
        if ask.path not in ("/", "/index.html", "/about", "/gallery"):
            return as_page("<!DOCTYPE html><title>404</title><h1>Not found</h1>", 404)
        level = self.level()
        notice = f"<p role=status>{MAINTENANCE['en']} {MAINTENANCE['zh-hans']}</p>" if level == 3 else ""
        reply = as_page(f"<!DOCTYPE html><title>Gemini Image Toolbox</title><h1>Gemini Image Toolbox</h1>{notice}")
        reply.headers["cache-tag"] = "pages"
        return self._kept(reply)

    def _kept(self, reply: Reply) -> Reply:
        seconds = KEPT_SECONDS[self.level()]
        reply.headers["cache-control"] = (
            f"public, max-age={seconds}, stale-while-revalidate={STALE_SECONDS}, stale-if-error={STALE_SECONDS}"
        )
        return reply
