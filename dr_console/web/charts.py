"""Charts as SVG, drawn by the server: they work on paper and without JavaScript, and say in words what they show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Better = Literal["below", "above"]

# A half circle with the radius 50 around (60, 58).
RADIUS, CENTRE_X, CENTRE_Y = 50.0, 60.0, 58.0


@dataclass(frozen=True)
class Gauge:
    """An objective and what was measured: a half circle, filled up to the value on a scale around the target."""

    value: float | None
    target: float
    better: Better
    low: float
    high: float

    @property
    def is_met(self) -> bool | None:
        """None as long as nothing was measured."""
        if self.value is None:
            return None
        # Strictly: the plan says "under 15 minutes", and 15:00 is not.
        return self.value < self.target if self.better == "below" else self.value >= self.target

    @property
    def track(self) -> str:
        return _arc(0, 1)

    @property
    def filled(self) -> str:
        """The arc up to the value; empty where there is none."""
        return "" if self.value is None else _arc(0, self._share(self.value))

    @property
    def mark(self) -> str:
        """A short line across the arc at the target."""
        angle = math.pi * (1 - self._share(self.target))
        inner, outer = RADIUS - 8, RADIUS + 8
        return f"M{_point(angle, inner)} L{_point(angle, outer)}"

    def _share(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def gauge(value: float | None, target: float, *, better: Better = "below") -> Gauge:
    """Below: from nothing to one and a half times the target. Above: percentages, the last stretch below 100."""
    if better == "below":
        return Gauge(value, target, better, 0.0, max(target * 1.5, 1e-9))
    # 99.9 % and 99.5 % are worlds apart: show four times the distance that the target keeps from 100.
    low = 100.0 - max((100.0 - target) * 4, 0.01)
    return Gauge(value, target, better, low, 100.0)


def _arc(start: float, end: float) -> str:
    """A piece of the half circle, from left (0) to right (1)."""
    if end - start < 0.004:
        end = start + 0.004
    first, last = math.pi * (1 - start), math.pi * (1 - end)
    return f"M{_point(first, RADIUS)} A{RADIUS:g} {RADIUS:g} 0 0 1 {_point(last, RADIUS)}"


def _point(angle: float, radius: float) -> str:
    return f"{CENTRE_X + radius * math.cos(angle):.2f} {CENTRE_Y - radius * math.sin(angle):.2f}"
