"""What really happened, to hold the console's own figures against."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock

MOST_KEPT = 200_000


@dataclass(frozen=True)
class RequestMade:
    """One request that reached the sandbox. `at`: seconds of the world's clock (UTC)."""

    number: int
    at: float
    vendor: str
    label: str
    status: int
    fault: str = ""


@dataclass(frozen=True)
class Effect:
    """One thing that a request changed. The same `vendor`, `what` and `target` twice is a thing done twice."""

    at: float
    request: int
    vendor: str
    what: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)


class Truth:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: deque[RequestMade] = deque(maxlen=MOST_KEPT)
        self.effects: deque[Effect] = deque(maxlen=MOST_KEPT)
        self._number = 0

    def begin(self) -> int:
        """Number of the request that now begins; its effects carry it."""
        self._number += 1
        return self._number

    def request(self, number: int, vendor: str, label: str, status: int, fault: str = "") -> None:
        self.requests.append(RequestMade(number, self._clock.now(), vendor, label, status, fault))

    def effect(self, vendor: str, what: str, target: str, **detail: Any) -> None:
        """`what`: "dns.patch"; `target`: the name of the thing changed; `detail`: JSON values."""
        self.effects.append(Effect(self._clock.now(), self._number, vendor, what, target, detail))
