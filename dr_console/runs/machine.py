"""What follows for a run from the states of its steps. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dr_console.runs.models import Run, Step

S = Step.State
R = Run.State

GOOD = frozenset({S.SUCCEEDED, S.SKIPPED, S.FAILED_IGNORED})
BAD = frozenset({S.FAILED, S.TIMED_OUT})
# A person has to say what becomes of these.
STUCK = BAD | {S.UNKNOWN}
MOVING = frozenset({S.READY, S.RUNNING, S.RETRY_WAIT})
ENDED = frozenset(Step.ENDED)
# In these states of the run, steps of the way forward may be begun.
FORWARD = frozenset({R.PLANNED, R.RUNNING, R.WAITING_APPROVAL, R.PAUSED_BY_FAILED_STEP})


@dataclass(frozen=True)
class Node:
    """What the machine has to know of a step. `asks`: somebody has to say yes, and has not."""

    key: str
    state: Step.State
    depends_on: tuple[str, ...] = ()
    runs_on: str = "success"
    asks: bool = False
    is_undo: bool = False
    seconds: float = 1.0

    @classmethod
    def of(cls, step: Step, *, asks: bool = False) -> Node:
        return cls(
            key=step.key,
            state=Step.State(step.state),
            depends_on=tuple(step.depends_on),
            runs_on=step.runs_on,
            asks=asks,
            is_undo=step.undoes_id is not None,
            seconds=step.expected_seconds or 1.0,
        )


@dataclass(frozen=True)
class Outcome:
    """The state that the run gets, and the steps whose state changes."""

    run: Run.State
    steps: dict[str, Step.State] = field(default_factory=dict)


def follow(state: Run.State, nodes: Sequence[Node], *, ends_as: str = "") -> Outcome:
    """What comes next. The answer to its own answer is the same again.

    ROLLING_BACK as the answer to ABORTING says that the steps that undo are now to be made.
    """
    if state == R.ABORTING:
        return _wind_up(nodes, ends_as)
    if state == R.PAUSING:
        return Outcome(R.PAUSING if _runs(nodes) else R.PAUSED_BY_OPERATOR)
    if state == R.ROLLING_BACK:
        return _go_back([node for node in nodes if node.is_undo])
    if state in FORWARD:
        return _go_forward([node for node in nodes if not node.is_undo])
    return Outcome(state)


def may_begin(state: Run.State, node: Node) -> bool:
    """Whether a step that is due may be begun while its run is in this state."""
    if state == R.ROLLING_BACK:
        return node.is_undo
    if state == R.PAUSED_BY_FAILED_STEP:
        return not node.is_undo and node.runs_on != "success"
    return state in FORWARD and not node.is_undo


def may_be_finished(state: Run.State, node: Node) -> bool:
    """Whether somebody else may go on with a step whose owner is gone."""
    return state == R.PAUSED_BY_FAILED_STEP or may_begin(state, node)


def by_urgency(nodes: Iterable[Node]) -> list[str]:
    """Keys of the steps, those on the longest way to the end first."""
    known = {node.key: node for node in nodes}
    after: dict[str, list[str]] = {key: [] for key in known}
    for node in known.values():
        for key in node.depends_on:
            after.setdefault(key, []).append(node.key)
    length: dict[str, float] = {}

    def way(key: str) -> float:
        if key not in length:
            length[key] = known[key].seconds + max((way(next_key) for next_key in after[key]), default=0.0)
        return length[key]

    return sorted(known, key=lambda key: -way(key))


def _wind_up(nodes: Sequence[Node], ends_as: str) -> Outcome:
    cancelled = {node.key: S.CANCELLED for node in nodes if node.state not in ENDED | {S.RUNNING, S.UNKNOWN}}
    if _runs(nodes):
        return Outcome(R.ABORTING, cancelled)
    wanted = Run.State(ends_as) if ends_as else R.ABORTED
    return Outcome(R.ROLLING_BACK if wanted == R.ROLLED_BACK else wanted, cancelled)


def _go_back(nodes: Sequence[Node]) -> Outcome:
    now = {node.key: node.state for node in nodes}
    changed: dict[str, Step.State] = {}
    failed = any(state == S.ROLLBACK_FAILED for state in now.values())
    for node in nodes:
        if node.state == S.PENDING and not failed and all(now[key] in GOOD for key in node.depends_on):
            changed[node.key] = S.READY
    now |= changed
    if all(state in GOOD for state in now.values()):
        return Outcome(R.ROLLED_BACK, changed)
    if failed and not MOVING & set(now.values()):
        return Outcome(R.ROLLBACK_FAILED, changed)
    return Outcome(R.ROLLING_BACK, changed)


def _go_forward(nodes: Sequence[Node]) -> Outcome:
    now = {node.key: node.state for node in nodes}
    is_stuck = bool(STUCK & set(now.values()))
    changed: dict[str, Step.State] = {}
    settled = False
    while not settled:
        settled = True
        for node in nodes:
            if now[node.key] == S.PENDING and (state := _next_state(node, now, is_stuck)):
                now[node.key] = changed[node.key] = state
                settled = False
    return Outcome(_state_of_run(set(now.values())), changed)


def _next_state(node: Node, now: dict[str, Step.State], is_stuck: bool) -> Step.State | None:
    """Of a step that has not started; None while it has to wait."""
    due = VERDICTS[node.runs_on]([now[key] for key in node.depends_on])
    if due is None or (due and is_stuck and node.runs_on == "success"):
        return None
    if not due:
        return S.CANCELLED
    return S.WAITING_APPROVAL if node.asks else S.READY


def _after_success(before: Sequence[Step.State]) -> bool | None:
    """True: it is due. False: it never will be. None: that is open."""
    if S.CANCELLED in before:
        return False
    return True if all(state in GOOD for state in before) else None


def _after_failure(before: Sequence[Step.State]) -> bool | None:
    if any(state in BAD | {S.FAILED_IGNORED} for state in before):
        return True
    return False if all(state in ENDED for state in before) else None


def _after_all(before: Sequence[Step.State]) -> bool | None:
    return True if all(state in ENDED for state in before) else None


VERDICTS: dict[str, Callable[[Sequence[Step.State]], bool | None]] = {
    "success": _after_success,
    "failure": _after_failure,
    "always": _after_all,
}


def _state_of_run(states: set[Step.State]) -> Run.State:
    if states & STUCK:
        return R.PAUSED_BY_FAILED_STEP
    if states & MOVING or S.PENDING in states and S.WAITING_APPROVAL not in states:
        return R.RUNNING
    if S.WAITING_APPROVAL in states:
        return R.WAITING_APPROVAL
    return R.SUCCEEDED_WITH_EXCEPTIONS if states & {S.FAILED_IGNORED, S.SKIPPED} else R.SUCCEEDED


def _runs(nodes: Iterable[Node]) -> bool:
    return any(node.state == S.RUNNING for node in nodes)
