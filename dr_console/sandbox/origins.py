"""The places that can answer users: an origin a region, and why one of them does not answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Origin:
    """One origin server of the product, by its host name.

    `obstacles`: by who put it there, a question that answers why this origin cannot serve now, or "" if nothing is in
    the way: the region is dark, the deployment is paused. `starting`: by who put it there, how many seconds of the
    world a request waits before the product even begins, as in a cold function.
    """

    host: str
    region: str
    obstacles: dict[str, Callable[[], str]] = field(default_factory=dict)
    starting: dict[str, Callable[[], float]] = field(default_factory=dict)

    def why_not(self) -> str:
        return next((why for ask in self.obstacles.values() if (why := ask())), "")

    def start_seconds(self) -> float:
        return max((ask() for ask in self.starting.values()), default=0.0)


def origins() -> dict[str, Origin]:
    """The three of the customer's plan: two on Vercel, and one on AWS Lambda that is cold."""
    three = (
        Origin("tokyo.origin.example.com", "asia-northeast-1"),
        Origin("california.origin.example.com", "us-west-1"),
        Origin("frankfurt.origin.example.com", "eu-central-1"),
    )
    return {origin.host: origin for origin in three}
