"""Who may tell a run what, and when. Pure: pages offer by these rules, and services refuse by them."""

from __future__ import annotations

from dr_console.runs.models import Run, Step

_R, _S = Run.State, Step.State
WORKING = (_R.PLANNED, _R.RUNNING, _R.WAITING_APPROVAL)
PAUSED = (_R.PAUSED_BY_OPERATOR, _R.PAUSED_BY_FAILED_STEP)
# Ended, and what was done may still be put back.
UNDOABLE = (
    _R.SUCCEEDED,
    _R.SUCCEEDED_WITH_EXCEPTIONS,
    _R.NOT_NEEDED,
    _R.ABORTED,
    _R.TIMED_OUT,
    _R.FAILED,
    _R.ROLLBACK_FAILED,
)
STUCK = (_S.FAILED, _S.TIMED_OUT, _S.UNKNOWN, _S.ROLLBACK_FAILED)


def run_verbs(state: str) -> tuple[str, ...]:
    """What a run in this state may be told. That there is something to undo, and time for it, is another question."""
    if state in WORKING:
        return ("pause", "abort")
    if state == _R.PAUSING:
        return ("abort",)
    if state == _R.PAUSED_BY_OPERATOR:
        return ("resume", "abort", "undo")
    if state == _R.PAUSED_BY_FAILED_STEP:
        # It goes on once somebody has said what becomes of the step.
        return ("abort", "undo")
    if state == _R.ROLLING_BACK:
        return ("pause",)
    return ("undo",) if state in UNDOABLE else ()


def step_verbs(step: str, run: str, *, declined: bool = False) -> tuple[str, ...]:
    """What may be said of a step in this state, while its run is in that one. `declined`: somebody said no to it."""
    if run not in Run.ACTIVE:
        return ("retry", "mark_done", "skip") if run == step == _S.ROLLBACK_FAILED else ()
    if step == _S.WAITING_APPROVAL:
        return ("approve", "decline", "skip")
    if step in STUCK:
        return ("retry", "mark_done", "skip", "ignore")
    if step == _S.CANCELLED and declined:
        return ("retry", "skip")
    if step == _S.RETRY_WAIT:
        return ("retry", "skip")
    if step in (_S.PENDING, _S.READY) and run in PAUSED:
        return ("skip",)
    return ()
