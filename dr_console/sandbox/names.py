"""DNS as the world sees it: what a name answers now, given that resolvers keep an answer for its TTL."""

from __future__ import annotations

from dataclasses import dataclass

from dr_console.sandbox.clock import Clock

PROXIED_TTL_SECONDS = 300


@dataclass(frozen=True)
class Name:
    """One record as published. `ttl`: seconds, 1 means automatic. `proxied`: answered by the CDN's own addresses."""

    name: str
    type: str
    content: str
    ttl: int = 1
    proxied: bool = False

    @property
    def seconds_kept(self) -> int:
        return PROXIED_TTL_SECONDS if self.proxied or self.ttl == 1 else self.ttl


class Names:
    """The zone's records. Whoever serves DNS (Cloudflare, Route 53) publishes here; the edge and the DNS port read."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._now: dict[tuple[str, str], list[Name]] = {}

    def publish(self, name: str, type: str, records: list[Name]) -> None:
        """These are from now on all records of this name and type; none removes it."""
        self._now[name.lower(), type] = list(records)

    def published(self, name: str, type: str) -> list[Name]:
        """What the authoritative server says at this moment."""
        return list(self._now.get((name.lower(), type), []))
