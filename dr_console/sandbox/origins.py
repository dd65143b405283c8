"""The places that can answer users: an origin a region, and why one of them does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dr_console.sandbox.exchange import Ask, Reply
from dr_console.sandbox.faults import Faults, Kind

MOST_START_SECONDS = 60.0
NO_ANSWER_SECONDS = 30.0


@dataclass
class Origin:
    """One origin server of the product, by its host name.

    `obstacles`: by who put it there, a question that answers why this origin cannot serve now, or "" if nothing is in
    the way: the region is dark, the deployment is paused. `starting`: by who put it there, how many seconds of the
    world a request waits before the product even begins, as in a cold function. `on_request`: who wants to know that
    somebody asks, since asking is what starts a cold function; looking at the world is not.
    """

    host: str
    region: str
    address: str = ""
    city: str = ""
    provider: str = "Vercel"
    code: str = ""
    obstacles: dict[str, Callable[[], str]] = field(default_factory=dict)
    starting: dict[str, Callable[[], float]] = field(default_factory=dict)
    on_request: dict[str, Callable[[], None]] = field(default_factory=dict)

    def why_not(self) -> str:
        return next((why for ask in self.obstacles.values() if (why := ask())), "")

    def start_seconds(self) -> float:
        return max((ask() for ask in self.starting.values()), default=0.0)

    def serve(self, ask: Ask, faults: Faults, product: Callable[[Ask, Origin], Reply]) -> Reply:
        """What whoever asks this origin gets, be it a user, or the CDN for one."""
        lost = self._broken_by(faults, Kind.REGION_LOST)
        if lost is not None:
            seconds = 0.05 if lost == "reset" else NO_ANSWER_SECONDS
            return Reply(broken=lost, seconds=seconds, by=self.host)
        for notice in self.on_request.values():
            notice()
        waited = self.start_seconds()
        if waited > MOST_START_SECONDS:
            reply = Reply(504, b"The function did not start in time.", {"content-type": "text/plain"})
            waited = MOST_START_SECONDS
        elif why := self.why_not():
            reply = Reply(503, why.encode(), {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store"})
        else:
            reply = product(ask, self)
        reply.seconds += waited + self._slow(faults)
        reply.by = self.host
        reply.headers |= self._signature()
        return reply

    def _broken_by(self, faults: Faults, kind: Kind) -> str | None:
        for fault in faults.now(kind):
            if fault.rule.region in ("", self.region) and faults.is_hit(fault):
                return fault.rule.how
        return None

    def _slow(self, faults: Faults) -> float:
        found = [
            fault.rule.seconds or 0.0
            for fault in faults.now(Kind.REGION_SLOW)
            if fault.rule.region in ("", self.region) and faults.is_hit(fault)
        ]
        return max(found, default=0.0)

    def _signature(self) -> dict[str, str]:
        if self.provider == "Vercel":
            return {"server": "Vercel", "x-vercel-id": f"{self.code}::{self.code}::{self.region}"}
        return {"x-amzn-requestid": f"{self.code}-{self.region}"}


def origins() -> dict[str, Origin]:
    """The three of the customer's plan: two on Vercel, and one on AWS Lambda that is cold."""
    three = (
        Origin("tokyo.origin.example.com", "asia-northeast-1", "192.0.2.10", "Tokyo", "Vercel", "hnd1"),
        Origin("california.origin.example.com", "us-west-1", "192.0.2.20", "California", "Vercel", "sfo1"),
        Origin("frankfurt.origin.example.com", "eu-central-1", "192.0.2.30", "Frankfurt", "AWS Lambda", "fra1"),
    )
    return {origin.host: origin for origin in three}
