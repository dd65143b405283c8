"""The CDN's cache: what it keeps of answers, and how a purge empties it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MOST_KEPT = 2_000


@dataclass
class Cached:
    """One answer that is kept. `stale`: to be asked for again, but may serve.

    On the world's clock: `expires_at` is when it becomes old, `gone_at` until when it may serve if the origin fails.
    """

    host: str
    path: str
    status: int
    body: bytes
    headers: dict[str, str]
    expires_at: float
    tags: frozenset[str] = frozenset()
    stale: bool = False
    kept_at: float = 0.0
    gone_at: float = float("inf")


@dataclass
class EdgeCache:
    """By host and path with query. What is purged is never served again, what is invalidated only as a last resort."""

    kept: dict[tuple[str, str], Cached] = field(default_factory=dict)

    def keep(self, cached: Cached) -> None:
        """Keep this answer; where there is no room, the one that was kept longest goes."""
        self.kept.pop((cached.host, cached.path), None)
        while len(self.kept) >= MOST_KEPT:
            del self.kept[next(iter(self.kept))]
        self.kept[cached.host, cached.path] = cached

    def purge(self, **which: Iterable[str] | None) -> int:
        """Forget what `hosts`, `tags`, `prefixes` ("host/path") or `files` (URLs) name; without any, everything.

        Returns how many answers were forgotten.
        """
        doomed = [key for key, cached in self.kept.items() if _matches(cached, which)]
        for key in doomed:
            del self.kept[key]
        return len(doomed)

    def invalidate(self, **which: Iterable[str] | None) -> int:
        """Mark the same as stale."""
        found = [cached for cached in self.kept.values() if _matches(cached, which)]
        for cached in found:
            cached.stale = True
        return len(found)


def _matches(cached: Cached, which: dict[str, Iterable[str] | None]) -> bool:
    asked = {kind: list(values) for kind, values in which.items() if values}
    if not asked:
        return True
    address = cached.host + cached.path
    tests: dict[str, Callable[[str], bool]] = {
        "hosts": lambda host: cached.host == host.lower(),
        "tags": lambda tag: tag in cached.tags,
        "prefixes": lambda prefix: address.startswith(prefix),
        "files": lambda url: address == url.split("://", 1)[-1],
    }
    return any(tests[kind](value) for kind, values in asked.items() for value in values)
