"""What users got, second by second, kept as spells of the same outcome so that a day takes no room."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from dr_console.sandbox.exchange import Reply

MOST_SPELLS = 20_000
RECENT_SECONDS = 300.0
SUSTAINED_SECONDS = 10.0


@dataclass
class Spell:
    """Requests to one service that all ended alike. `first_at`, `last_at`: on the world's clock."""

    service: str
    is_good: bool
    outcome: str
    first_at: float
    last_at: float
    requests: int
    last_by: str


@dataclass(frozen=True)
class Outage:
    """From the first failed request to the first good one after which none failed for 10 s; None: not yet."""

    service: str
    first_failed_at: float
    first_good_at: float | None


class Traffic:
    def __init__(self) -> None:
        self.spells: deque[Spell] = deque(maxlen=MOST_SPELLS)
        self._newest: dict[str, Spell] = {}
        self._recent: deque[tuple[float, int, bool, float]] = deque(maxlen=int(3 * RECENT_SECONDS))

    def add(self, service: str, reply: Reply, requests: int, at: float) -> None:
        outcome = reply.broken or str(reply.status)
        if reply.is_good != (not reply.broken and reply.status < 400):
            outcome = "too slow"
        newest = self._newest.get(service)
        if newest is None or (newest.is_good, newest.outcome) != (reply.is_good, outcome if not reply.is_good else ""):
            word = "" if reply.is_good else outcome
            newest = self._newest[service] = Spell(service, reply.is_good, word, at, at, 0, reply.by)
            self.spells.append(newest)
        newest.last_at, newest.last_by = at, reply.by
        newest.requests += requests
        self._recent.append((at, requests, reply.is_good, reply.seconds))

    def recent(self, now: float, seconds: float = 60.0) -> dict[str, Any]:
        """Figures of the last so many seconds, as a monitoring service would show them."""
        rows = [row for row in self._recent if row[0] > now - seconds]
        total = sum(row[1] for row in rows)
        failed = sum(row[1] for row in rows if not row[2])
        times = sorted((row[3], row[1]) for row in rows)
        return {
            "seconds": seconds,
            "requests_per_second": round(total / seconds, 1),
            "error_rate": round(failed / total, 4) if total else None,
            "latency_ms": {f"p{share}": _percentile(times, total, share) for share in (50, 95, 99)},
        }

    def outages(self, since: float, until: float) -> list[Outage]:
        """Of each service, those that began in this time."""
        services = sorted(self._newest)
        return [outage for service in services for outage in self._outages_of(service, since, until)]

    def _outages_of(self, service: str, since: float, until: float) -> list[Outage]:
        spells = [spell for spell in self.spells if spell.service == service and spell.last_at >= since]
        found: list[Outage] = []
        began: float | None = None
        good: float | None = None
        for spell in spells:
            if not spell.is_good:
                if began is None and spell.first_at < until:
                    began = max(spell.first_at, since)
                good = None
                continue
            good = spell.first_at if good is None else good
            if began is not None and spell.last_at - good >= SUSTAINED_SECONDS:
                found.append(Outage(service, began, good))
                began = None
        return found if began is None else [*found, Outage(service, began, None)]

    def counts(self, since: float, until: float) -> dict[str, dict[str, int]]:
        """Requests and failures by service. A spell counts to the time that it began in."""
        counted: dict[str, dict[str, int]] = {}
        for spell in self.spells:
            if since <= spell.first_at < until or (spell.first_at < since <= spell.last_at and not spell.is_good):
                row = counted.setdefault(spell.service, {"requests": 0, "failed": 0})
                row["requests"] += spell.requests
                row["failed"] += 0 if spell.is_good else spell.requests
        return counted


def _percentile(times: list[tuple[float, int]], total: int, share: int) -> int | None:
    seen = 0
    for seconds, requests in times:
        seen += requests
        if seen * 100 >= share * total:
            return round(seconds * 1000)
    return None
