"""Look ahead: what later steps will ask of vendors is asked while those before are at work, all of it side by side.

What was read stands in the memory of this process, for a few seconds. Whoever carries a step out elsewhere, or later,
or again, looks again; and nothing is ever changed here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from threading import Lock
from typing import Any

from dr_console.errors import ProviderError
from dr_console.providers.budgets import recovery
from dr_console.providers.calls import Call, heard_by
from dr_console.runs import clocks, registry
from dr_console.runs.attempts import Attempt, told
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context

# What is older is not what is: between a look and the change that rests on it, so much may pass at most.
FRESH_SECONDS = 3.0
MOST_AT_ONCE = 6

Key = tuple[int, str]  # primary key of the run, key of the step
Look = Callable[[], Any]


@dataclass
class Foreseen:
    """One look. `found`: what it returned; None where there is nothing that could still be believed."""

    found: Any = None
    calls: list[Call] = field(default_factory=list)


class _Ahead:
    """A look that was begun. `ended_at`: on the steady clock."""

    def __init__(self, look: Look, threads: ThreadPoolExecutor) -> None:
        self.calls: list[Call] = []
        self.ended_at: float | None = None
        self.future = threads.submit(self._do, look)

    @property
    def is_stale(self) -> bool:
        return self.ended_at is not None and clocks.steady() - self.ended_at > FRESH_SECONDS

    def _do(self, look: Look) -> Any:
        try:
            with recovery(), heard_by(self.calls.append):
                return look()
        finally:
            self.ended_at = clocks.steady()


class Foresight:
    """All looks ahead of one process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="ahead")
        self._looks: dict[Key, _Ahead] = {}
        self._lock = Lock()

    def begin(self, looks: Iterable[tuple[Key, Look]]) -> None:
        """Start what has not been started yet, or is too old by now. Never waits."""
        with self._lock:
            self._looks = {key: ahead for key, ahead in self._looks.items() if not ahead.is_stale}
            for key, look in looks:
                if key not in self._looks:
                    self._looks[key] = _Ahead(look, self._threads)

    def take(self, key: Key, *, seconds: float) -> Foreseen:
        """What was found there, for one step and once. A look that is under way is waited for, for so long."""
        with self._lock:
            ahead = self._looks.pop(key, None)
        if ahead is None:
            return Foreseen()
        try:
            found = ahead.future.result(timeout=seconds)
        except (ProviderError, TimeoutError):
            # Whoever asked will ask again, and tell what comes of it.
            found = None
        return Foreseen(None if ahead.is_stale else found, list(ahead.calls))


def look_ahead(run: Run, unfinished: Sequence[Step]) -> None:
    """Begin what those that have not begun will look at, but for what another may still change. Never waits."""
    _foresight(os.getpid()).begin(_looks(run, unfinished))


def added(attempt: Attempt, context: Context) -> Context:
    """With what was found ahead, for the first look. What may have been done already was not seen then."""
    step = attempt.step
    if attempt.is_undo or step.intent_at is not None:
        return context
    seen = _foresight(os.getpid()).take((attempt.run.pk, step.key), seconds=context.deadline.left())
    for call in seen.calls:
        attempt.heard(call)
    return replace(context, ahead=seen.found)


def _looks(run: Run, unfinished: Sequence[Step]) -> Iterator[tuple[Key, Look]]:
    names = registry.names()
    steps = {step.key: step for step in unfinished if step.does in names}
    for step in steps.values():
        function = registry.function(step.does)
        if not _is_to_come(step) or _may_be_changed_before(step, steps, run):
            continue
        look = function.look_ahead(told(run, step, function.call_seconds))
        if look is not None:
            yield (run.pk, step.key), look


def _is_to_come(step: Step) -> bool:
    is_new = step.state == Step.State.PENDING or (step.state == Step.State.READY and step.fence == 0)
    return is_new and step.runs_on == "success" and not step.needs_approval


def _may_be_changed_before(step: Step, steps: Mapping[str, Step], run: Run) -> bool:
    """Whether what it looks at may be another thing once it is its turn. What names nothing may look at anything."""
    mine = set(_resources(step, run))
    if mine:
        return any(mine & set(_resources(other, run)) for other in steps.values() if other is not step)
    return any(not registry.function(steps[key].does).only_looks for key in _all_before(step, steps))


def _resources(step: Step, run: Run) -> list[str]:
    return registry.function(step.does).resources(step.parameters, run.context)


def _all_before(step: Step, steps: Mapping[str, Step]) -> set[str]:
    """The keys of those that it waits for, however indirectly."""
    found: set[str] = set()
    waiting = list(step.depends_on)
    while waiting:
        key = waiting.pop()
        if key in steps and key not in found:
            found.add(key)
            waiting += steps[key].depends_on
    return found


@lru_cache(maxsize=2)
def _foresight(process: int) -> Foresight:
    """One for each process: no thread survives a fork."""
    return Foresight()
