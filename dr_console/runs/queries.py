"""Runs as pages show them. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.errors import ProviderError
from dr_console.runs import events, rules, undoing
from dr_console.runs.models import Approval, Run, Step
from dr_console.web.graph import Graph, Node, layout
from dr_console.web.sentences import spoken

MOST_CALLS = 200
# Words of the style sheet (web.badges.STATES) for the states of a step.
LOOKS = {
    Step.State.PENDING: "todo",
    Step.State.WAITING_APPROVAL: "waiting",
    Step.State.READY: "todo",
    Step.State.RUNNING: "running",
    Step.State.RETRY_WAIT: "running",
    Step.State.UNKNOWN: "unknown",
    Step.State.SUCCEEDED: "ok",
    Step.State.FAILED: "failed",
    Step.State.TIMED_OUT: "failed",
    Step.State.FAILED_IGNORED: "failed",
    Step.State.SKIPPED: "skipped",
    Step.State.CANCELLED: "skipped",
    Step.State.ROLLED_BACK: "skipped",
    Step.State.ROLLBACK_FAILED: "failed",
}


@dataclass(frozen=True)
class ShownStep:
    """`last_call`: what was last asked of a vendor, and what it answered. `may`: verbs that would be accepted now."""

    step: Step
    approval: Approval | None
    last_call: dict[str, Any] | None
    calls: int
    may: tuple[str, ...]

    @property
    def look(self) -> str:
        return LOOKS[Step.State(self.step.state)]

    @property
    def box(self) -> str:
        """The look of its box in the graph: what waits for a failure is on no way that is planned."""
        return "skipped" if self.step.runs_on == "failure" and self.look == "todo" else self.look

    @property
    def word(self) -> str:
        """The state in words; a step that was found as wanted says so."""
        if self.step.state == Step.State.SUCCEEDED and self.step.is_noop:
            return _("Was so already")
        return str(self.step.get_state_display())

    @property
    def elapsed(self) -> timedelta | None:
        if self.step.started_at is None:
            return None
        return (self.step.ended_at or now()) - self.step.started_at

    @property
    def expected(self) -> timedelta | None:
        seconds = self.step.expected_seconds
        return None if seconds is None else timedelta(seconds=seconds)

    @property
    def retries(self) -> int:
        return max(0, self.step.attempt - 1)

    @property
    def error(self) -> str:
        """Why it went wrong, in the reader's language; empty where nothing did."""
        facts = self.step.error
        if not facts:
            return ""
        return str(ProviderError.from_facts(facts)) if "problem" in facts else spoken(facts.get("said"))


@dataclass(frozen=True)
class ShownRun:
    """A run with all that a page says of it. `undo_until`: None where there is nothing left to undo."""

    run: Run
    steps: list[ShownStep]
    undo_steps: list[ShownStep]
    may: tuple[str, ...]
    undo_until: datetime | None

    @cached_property
    def graph(self) -> Graph:
        """Boxes of the steps and the way through them."""
        return layout([Node(one.step.key, one.step.title, one.step.depends_on, one.box) for one in self.steps])

    @property
    def done(self) -> int:
        """How many of its steps need nothing more."""
        return sum(shown.step.has_ended for shown in self.steps)

    @property
    def current(self) -> list[ShownStep]:
        """The steps that it is at."""
        busy = (Step.State.RUNNING, Step.State.RETRY_WAIT, Step.State.WAITING_APPROVAL, *rules.STUCK)
        return [shown for shown in (*self.undo_steps, *self.steps) if shown.step.state in busy]

    @property
    def waiting_for_approval(self) -> ShownStep | None:
        return next((shown for shown in self.steps if shown.step.state == Step.State.WAITING_APPROVAL), None)

    @property
    def stuck(self) -> ShownStep | None:
        """The step that a person has to say something about."""
        if self.run.state != Run.State.PAUSED_BY_FAILED_STEP:
            return None
        return next((shown for shown in self.current if shown.step.state in rules.STUCK), None)

    @property
    def expected_left(self) -> timedelta | None:
        """Along the longest way through what is left, by earlier runs; None where one of those steps never ran."""
        seconds = seconds_along([shown.step for shown in self.steps if not shown.step.has_ended])
        return None if seconds is None else timedelta(seconds=seconds)


def shown_run(run: Run) -> ShownRun:
    """Four queries, whatever the number of steps."""
    steps = list(run.steps.select_related("approval", "undoes").order_by("position"))
    calls = _calls(run)
    shown = [_shown(run, step, calls.get(step.key, [])) for step in steps]
    until = undo_until(run, steps)
    verbs = rules.run_verbs(run.state)
    return ShownRun(
        run,
        [one for one in shown if one.step.undoes_id is None],
        [one for one in shown if one.step.undoes_id is not None],
        verbs if until else tuple(verb for verb in verbs if verb != "undo"),
        until,
    )


def undo_until(run: Run, steps: Iterable[Step]) -> datetime | None:
    """Until when what was done may be put back by pressing a button; None: nothing was done, or it is too late."""
    if not any(undoing.can_be_undone(step) for step in steps):
        return None
    until: datetime = (run.ended_at or now()) + undoing.window(run)
    return until if until > now() else None


def seconds_along(steps: Iterable[Step]) -> float | None:
    """Expected seconds of the longest chain of these steps; None if one of them is not known."""
    by_key = {step.key: step for step in steps if step.runs_on != "failure"}
    if any(step.expected_seconds is None for step in by_key.values()):
        return None
    ends: dict[str, float] = {}

    def end(key: str) -> float:
        if key not in ends:
            step = by_key[key]
            start = max((end(before) for before in step.depends_on if before in by_key), default=0.0)
            ends[key] = start + (step.expected_seconds or 0.0)
        return ends[key]

    return max((end(key) for key in by_key), default=0.0)


def verify_chain(run: Run) -> int | None:
    """The number of the first event that is not as it was written, or is missing; None: the log is whole."""
    return events.first_broken(run)


def _shown(run: Run, step: Step, calls: list[dict[str, Any]]) -> ShownStep:
    approval: Approval | None = getattr(step, "approval", None)
    return ShownStep(step, approval, calls[-1] if calls else None, len(calls), rules.step_verbs(step.state, run.state))


def _calls(run: Run) -> dict[str, list[dict[str, Any]]]:
    newest = run.events.filter(kind="call").order_by("-seq").values_list("step", "data")[:MOST_CALLS]
    calls: dict[str, list[dict[str, Any]]] = {}
    for step, data in reversed(newest):
        calls.setdefault(step, []).append(data)
    return calls
