"""CDN: let it forget what it keeps, or ask again for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dr_console.providers.deadlines import Deadline


@dataclass(frozen=True)
class Targets:
    """What of the cache is meant. `prefixes`: host and path, without a scheme. `urls`: whole."""

    hosts: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True)
class Limits:
    """What the vendor allows: `items` and `urls` at once, and how many requests after each other it takes at once.

    `plan`: the vendor's word for it; empty if it could not be found out, and the smallest is taken.
    """

    plan: str
    items: int
    urls: int
    burst: int


@dataclass(frozen=True)
class Forgotten:
    """What was asked for and accepted. It is not done at once: the cache's answers tell when it is."""

    requests: int


class CdnProvider(Protocol):
    """Both acts are harmless to repeat, but each costs of what the vendor allows (`limits`). Neither can be undone."""

    def purge(self, targets: Targets, *, deadline: Deadline) -> Forgotten:
        """Let the cache forget. It is not served again, even while the origin is down: switch over first.

        Raises THROTTLED where it cannot be done inside the limits by the deadline.
        """
        ...

    def invalidate(self, targets: Targets, *, deadline: Deadline) -> Forgotten:
        """Let the cache ask the origin again before it serves the same; the old serves where that fails."""
        ...

    def limits(self, *, deadline: Deadline) -> Limits:
        """What may be asked for. Never raises."""
        ...
