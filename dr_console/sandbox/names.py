"""DNS as the world sees it: what a name answers now, given that resolvers keep an answer for its TTL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dr_console.sandbox.clock import Clock

PROXIED_TTL_SECONDS = 300
ZONE = "example.com"
ADDRESS_TYPES = ("CNAME", "A", "AAAA")
MOST_HOPS = 8
MOST_KEPT = 20


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


def no_lag(name: str) -> float:
    return 0.0


class Names:
    """The zone's records. Whoever serves DNS (Cloudflare, Route 53) publishes here; the edge and the DNS port read.

    `lag`: how many seconds late the authoritative servers say what was published.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log: dict[tuple[str, str], list[tuple[float, list[Name]]]] = {}
        self.lag: Callable[[str], float] = no_lag
        self.serial = 1

    def publish(self, name: str, type: str, records: list[Name]) -> None:
        """These are from now on all records of this name and type; none removes it."""
        log = self._log.setdefault((name.lower(), type), [])
        log.append((self._clock.now(), list(records)))
        del log[:-MOST_KEPT]
        self.serial += 1

    def published(self, name: str, type: str) -> list[Name]:
        """What the authoritative server says at this moment."""
        log = self._log.get((name.lower(), type), [])
        lag = self.lag(name)
        if not lag:
            return list(log[-1][1]) if log else []
        until = self._clock.now() - lag
        # What the world began with was always there.
        return next((list(records) for at, records in reversed(log) if at <= until), list(log[0][1]) if log else [])

    def types(self, name: str) -> set[str]:
        return {type for (known, type) in self._log if known == name.lower() and self.published(name, type)}

    def all(self) -> list[Name]:
        """Everything that is published, as the provider's page shows it."""
        return [record for _key, log in sorted(self._log.items()) for record in log[-1][1]]


@dataclass
class Resolver:
    """Keeps what it looked up for its TTL. Users have one, and the CDN has one for where its origins are."""

    names: Names
    clock: Clock
    _kept: dict[str, tuple[float, list[Name]]] = field(default_factory=dict)

    def look_up(self, name: str, *, keeps: bool = True) -> list[Name]:
        """Records that say where a name leads: CNAME, A and AAAA. Who only watches the world does not let it keep."""
        name = name.lower()
        until, records = self._kept.get(name, (0.0, []))
        if self.clock.now() < until:
            return records
        records = [record for type in ADDRESS_TYPES for record in self.names.published(name, type)]
        if not keeps:
            return records
        # That there is no such name is kept too, though not for long.
        seconds = min((record.seconds_kept for record in records), default=30)
        self._kept[name] = (self.clock.now() + seconds, records)
        return records

    def kept(self) -> dict[str, tuple[float, list[Name]]]:
        """What is kept now: until when, and which records."""
        return {name: kept for name, kept in self._kept.items() if kept[0] > self.clock.now()}

    def trace(self, name: str, *, keeps: bool = True) -> Trace:
        """Follow the name to an address, or to the CDN if a proxied record stands on the way."""
        hops: list[Name] = []
        end = name.lower()
        for _ in range(MOST_HOPS):
            found = self.look_up(end, keeps=keeps)
            if not found:
                return Trace(hops, end, is_found=False)
            hops.append(found[0])
            end = found[0].content.lower().rstrip(".")
            if found[0].type != "CNAME":
                return Trace(hops, end, is_found=True)
        return Trace(hops, end, is_found=False)


@dataclass(frozen=True)
class Trace:
    """The way a name leads. `end`: an address, or the last name if it leads nowhere."""

    hops: list[Name]
    end: str
    is_found: bool

    @property
    def is_proxied(self) -> bool:
        return any(hop.proxied for hop in self.hops)
