"""Numbered writes, one made every second, kept as runs: a month of them takes no more room than a minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Consecutive numbers, a second apart. `at`: when the first was written, on the world's clock."""

    first: int
    last: int
    at: float

    def __len__(self) -> int:
        return self.last - self.first + 1

    def part(self, first: int, last: int) -> Run:
        return Run(first, last, self.at + first - self.first)


class Canaries(Mapping[int, float]):
    """By number, when each was written. Runs are in the order of their numbers and never overlap."""

    def __init__(self, runs: tuple[Run, ...] = ()) -> None:
        self._runs = list(runs)

    def add(self, number: int, at: float, count: int = 1) -> None:
        """So many, beginning with this number, which is higher than all that are here."""
        newest = self._runs[-1] if self._runs else None
        if newest is not None and number == newest.last + 1 and abs(newest.at + len(newest) - at) < 0.5:
            self._runs[-1] = Run(newest.first, number + count - 1, newest.at)
        elif newest is None or number > newest.last:
            self._runs.append(Run(number, number + count - 1, at))

    def __getitem__(self, number: int) -> float:
        for run in self._runs:
            if run.first <= number <= run.last:
                return run.at + number - run.first
        raise KeyError(number)

    def __iter__(self) -> Iterator[int]:
        return (number for run in self._runs for number in range(run.first, run.last + 1))

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    @property
    def newest(self) -> int | None:
        return self._runs[-1].last if self._runs else None

    @property
    def oldest(self) -> int | None:
        return self._runs[0].first if self._runs else None

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(self._runs)

    def copy(self) -> Canaries:
        return Canaries(self.runs)

    def forget_before(self, at: float) -> None:
        kept = []
        for run in self._runs:
            first = run.first + max(0, int(at - run.at + 0.999))
            if first <= run.last:
                kept.append(run.part(first, run.last))
        self._runs = kept

    def forget_from(self, at: float) -> Canaries:
        """Lose all that were written at that time or later. Returns what was lost."""
        kept, lost = [], []
        for run in self._runs:
            number = run.first + max(0, int(at - run.at + 0.999))
            if number > run.first:
                kept.append(run.part(run.first, min(run.last, number - 1)))
            if number <= run.last:
                lost.append(run.part(number, run.last))
        self._runs = kept
        return Canaries(tuple(lost))

    def with_these(self, others: Canaries) -> Canaries:
        """All of both."""
        missing = others.without(self)
        return Canaries(tuple(sorted([*self._runs, *missing.runs], key=lambda run: run.first)))

    def without(self, others: Canaries) -> Canaries:
        """Those of ours that are not among the others."""
        left: list[Run] = []
        for run in self._runs:
            pieces = [run]
            for other in others.runs:
                pieces = [piece for each in pieces for piece in _cut(each, other)]
            left += pieces
        return Canaries(tuple(left))


def _cut(run: Run, other: Run) -> list[Run]:
    if other.last < run.first or other.first > run.last:
        return [run]
    pieces = []
    if run.first < other.first:
        pieces.append(run.part(run.first, other.first - 1))
    if run.last > other.last:
        pieces.append(run.part(other.last + 1, run.last))
    return pieces
