"""What really happened, to hold the console's own figures against."""

from __future__ import annotations

from collections import Counter, deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from dr_console.sandbox.clock import Clock

# An idle console asks for its health all day, and is to stay small.
MOST_REQUESTS, MOST_EFFECTS = 20_000, 50_000


@dataclass(frozen=True, slots=True)
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
    """One thing that a request changed. `request`: its number, 0 for what happened by itself later."""

    at: float
    request: int
    vendor: str
    what: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)
    number: int = 0


class Truth:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.requests: deque[RequestMade] = deque(maxlen=MOST_REQUESTS)
        self.effects: deque[Effect] = deque(maxlen=MOST_EFFECTS)
        self.requests_by_vendor: Counter[str] = Counter()
        self._number = 0
        # Requests overlap: each knows its own number, and so do the effects that it has.
        self._current: ContextVar[int] = ContextVar("current", default=0)

    def begin(self) -> int:
        """Number of the request that now begins; its effects carry it."""
        self._number += 1
        self._current.set(self._number)
        return self._number

    def request(self, number: int, vendor: str, label: str, status: int, fault: str = "", *, at: float) -> None:
        """Write down a request that has ended; `at`: when it came. `status`: 0 if it got no answer."""
        self.requests_by_vendor[vendor] += 1
        self.requests.append(RequestMade(number, at, vendor, label, status, fault))

    def effect(self, vendor: str, what: str, target: str, **detail: Any) -> None:
        """`what`: "dns.patch"; `target`: the name of the thing changed; `detail`: JSON values."""
        number = self.effects[-1].number + 1 if self.effects else 1
        self.effects.append(Effect(self._clock.now(), self._current.get(), vendor, what, target, detail, number))
