"""Charts as SVG, drawn by the server: they work on paper and without JavaScript, and say in words what they show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
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


@dataclass(frozen=True)
class Sparkline:
    """A line without axes, and a bar wherever something was wrong. `lines`: one for each stretch without a gap."""

    width: int
    height: int
    lines: list[str]
    dots: list[tuple[float, float]]
    bars: list[float]


def sparkline(values: Sequence[float | None], bad: Sequence[bool], *, width: int = 120, height: int = 28) -> Sparkline:
    """From left to right, one value a step, None where there is none; the highest touches the top."""
    highest = max((value for value in values if value is not None), default=0.0) or 1.0
    step = width / max(len(values), 1)
    points = [
        None if value is None else (step * (place + 0.5), height - 2 - (height - 4) * value / highest)
        for place, value in enumerate(values)
    ]
    stretches = [list(group) for is_gap, group in groupby(points, key=lambda point: point is None) if not is_gap]
    return Sparkline(
        width,
        height,
        [" ".join(f"{x:.1f},{y:.1f}" for x, y in filter(None, group)) for group in stretches if len(group) > 1],
        [(round(x, 1), round(y, 1)) for group in stretches if len(group) == 1 for x, y in filter(None, group)],
        [round(step * place, 1) for place, is_bad in enumerate(bad) if is_bad],
    )


@dataclass(frozen=True)
class Bar:
    """One row of a distribution. `width`: from 0 to 100, where 100 is the most frequent."""

    label: str
    count: int
    width: float


def bars(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """How often each of several things happened, as rows of a table with a bar beside each number."""
    most = max((count for _label, count in counts), default=0) or 1
    return [Bar(label, count, round(100 * count / most, 1)) for label, count in counts]


def _arc(start: float, end: float) -> str:
    """A piece of the half circle, from left (0) to right (1)."""
    if end - start < 0.004:
        end = start + 0.004
    first, last = math.pi * (1 - start), math.pi * (1 - end)
    return f"M{_point(first, RADIUS)} A{RADIUS:g} {RADIUS:g} 0 0 1 {_point(last, RADIUS)}"


def _point(angle: float, radius: float) -> str:
    return f"{CENTRE_X + radius * math.cos(angle):.2f} {CENTRE_Y - radius * math.sin(angle):.2f}"
