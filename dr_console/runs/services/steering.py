"""Pause, resume, abort and undo a run; say what becomes of a step that did not go well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dr_console.errors import Refused
from dr_console.runs import rules, undoing
from dr_console.runs.changes import Change
from dr_console.runs.models import Approval, Run, Step
from dr_console.runs.services.commanding import Order, commanding, was_given
from dr_console.web.sentences import sentence

S, R = Step.State, Run.State
FORGOTTEN = {"attempt": 0, "takeovers": 0, "intent_at": None, "acted_at": None, "error": None, "not_before": None}


def pause(run: Run, *, by: User | None, reason: str = "", **seen: Any) -> Run:
    """Let the calls in progress end, and begin nothing more until somebody resumes."""
    return _steer(run, "pause", Order(by, reason, **seen), R.PAUSING, gettext_noop("%(who)s paused it."))


def resume(run: Run, *, by: User | None, reason: str = "", **seen: Any) -> Run:
    """Go on with what was paused."""
    order = Order(by, reason, **seen)
    if was_given(order.client_token):
        return _again(run)
    with commanding(run, "resume", order) as change:
        _must_offer(change, "resume")
        declined = [
            step.title
            for step in change.steps.values()
            if step.state == S.CANCELLED and _answered(step) == Approval.State.DECLINED
        ]
        if declined:
            raise Refused(_("“%(step)s” was declined. Ask again, skip it, or abort the run.") % {"step": declined[0]})
        is_undo = any(step.undoes_id for step in change.steps.values())
        change.run.state, change.run.said = R.ROLLING_BACK if is_undo else R.RUNNING, {}
    return change.run


def abort(run: Run, *, by: User | None, undo: bool = False, reason: str = "", **seen: Any) -> Run:
    """Begin nothing more; with `undo`, put back what was done. What is being asked of a vendor now is ended first."""
    verb, ends_as = ("undo", R.ROLLED_BACK) if undo else ("abort", R.ABORTED)
    text = gettext_noop("%(who)s had it undone.") if undo else gettext_noop("%(who)s aborted it.")
    return _steer(run, verb, Order(by, reason, **seen), R.ABORTING, text, ends_as=ends_as)


def undo_run(run: Run, *, by: User | None, reason: str = "", **seen: Any) -> Run:
    """Put back everything that the run has changed, the last first: of one that goes on, or has ended not long ago.

    Raises Refused where there is nothing to put back, the time for it is over, or a later run has changed it since.
    """
    if run.is_active:
        return abort(run, by=by, undo=True, reason=reason, **seen)
    order = Order(by, reason, **seen)
    if was_given(order.client_token):
        return _again(run)
    try:
        with transaction.atomic(), commanding(run, "undo", order) as change:
            _must_offer(change, "undo")
            _must_be_undoable(change)
            change.run.ends_as, change.run.ended_at, change.run.deadline = R.ROLLED_BACK, None, None
            change.run.said = _said(gettext_noop("%(who)s had it undone."), order)
            change.run.state = R.ABORTING
    except IntegrityError as error:
        raise Refused(_("Another run is at work on the same. Wait until it has ended.")) from error
    return change.run


def retry_step(step: Step, *, by: User | None, reason: str = "", **seen: Any) -> Run:
    """Try it again from the beginning: it looks first. What is waiting for its next try is tried at once."""
    order = Order(by, reason, **seen)
    if was_given(order.client_token):
        return _again(step.run)
    try:
        with transaction.atomic(), commanding(step.run, "retry", order, step) as change:
            mine = _must_allow(change, step, "retry")
            if mine.state == S.RETRY_WAIT:
                change.move(mine, S.READY, not_before=None)
            elif mine.state == S.CANCELLED:
                change.move(mine, S.PENDING, ended_at=None)
            else:
                forgotten = {**FORGOTTEN, "before": mine.before} if mine.undoes_id or mine.acted_at else FORGOTTEN
                change.move(mine, S.READY, sentence(gettext_noop("Tried again.")), **forgotten)
            _reopen(change, mine)
    except IntegrityError as error:
        raise Refused(_("Another run is at work on the same. Wait until it has ended.")) from error
    return change.run


def skip_step(step: Step, *, by: User | None, reason: str, **seen: Any) -> Run:
    """Leave it out; what waits for it goes on as if it were done."""
    return _settle(step, "skip", S.SKIPPED, Order(by, reason, **seen), gettext_noop("%(who)s skipped it."))


def ignore_step(step: Step, *, by: User | None, reason: str = "", **seen: Any) -> Run:
    """It has failed, and the run goes on all the same."""
    return _settle(
        step, "ignore", S.FAILED_IGNORED, Order(by, reason, **seen), gettext_noop("%(who)s went on without.")
    )


def mark_done(step: Step, *, by: User | None, evidence: str, **seen: Any) -> Run:
    """A person has seen that it is done. `evidence`: how they know."""
    text = gettext_noop("%(who)s says that it is done.")
    return _settle(step, "mark_done", S.SUCCEEDED, Order(by, evidence, **seen), text, after={"evidence": evidence})


def extend_deadline(run: Run, *, by: User | None, seconds: int, reason: str = "", **seen: Any) -> Run:
    """Give the run more time."""
    order = Order(by, reason, **seen)
    if was_given(order.client_token):
        return _again(run)
    with commanding(run, "extend_deadline", order) as change:
        if change.run.deadline is None or not change.run.is_active:
            raise Refused(_("This run has no deadline that could be extended."))
        change.run.deadline = max(change.run.deadline, change.at) + timedelta(seconds=seconds)
    return change.run


def _steer(run: Run, verb: str, order: Order, state: Run.State, text: str, *, ends_as: str = "") -> Run:
    if was_given(order.client_token):
        return _again(run)
    with commanding(run, verb, order) as change:
        _must_offer(change, "abort" if state == R.ABORTING else verb)
        change.run.state, change.run.said = state, _said(text, order)
        if ends_as:
            change.run.ends_as = ends_as
    return change.run


def _settle(step: Step, verb: str, state: Step.State, order: Order, text: str, **fields: Any) -> Run:
    if was_given(order.client_token):
        return _again(step.run)
    if not order.reason.strip():
        raise Refused(_("Say why: it is kept with the run."))
    with commanding(step.run, verb, order, step) as change:
        mine = _must_allow(change, step, verb)
        change.move(mine, state, _said(text, order), **fields)
        if mine.undoes is not None and state in (S.SUCCEEDED, S.SKIPPED):
            original = change.by_id[mine.undoes.pk]
            change.move(original, S.ROLLED_BACK if state == S.SUCCEEDED else S.SUCCEEDED, mine.said)
        _reopen(change, mine)
    return change.run


def _must_offer(change: Change, verb: str) -> None:
    if verb not in rules.run_verbs(change.run.state):
        state = change.run.get_state_display()
        raise Refused(_("The run is not in a state for that: %(state)s.") % {"state": state})


def _must_allow(change: Change, step: Step, verb: str) -> Step:
    mine = change.by_id.get(step.pk)
    if mine is not None and mine.state == S.ROLLBACK_FAILED and mine.undoes_id is None:
        mine = next((one for one in change.steps.values() if one.undoes_id == step.pk), None)
    if mine is None or verb not in rules.step_verbs(
        mine.state, change.run.state, declined=_answered(mine) == "declined"
    ):
        state = mine.get_state_display() if mine else ""
        raise Refused(_("The step is not in a state for that: %(state)s.") % {"state": state})
    return mine


def _must_be_undoable(change: Change) -> None:
    run = change.run
    if not any(undoing.can_be_undone(step) for step in change.steps.values()):
        raise Refused(_("This run has changed nothing that could be put back."))
    window = timedelta(seconds=run.context.get("undo_seconds", undoing.UNDO_SECONDS))
    if run.ended_at is not None and run.ended_at + window < now():
        raise Refused(_("The time for undoing this run is over. Start the failover plan that leads back."))
    later = Run.objects.filter(subject=run.subject, generation__gt=run.generation, steps__intent_at__isnull=False)
    if newest := later.order_by("-generation").first():
        raise Refused(_("Run %(run)s has changed the same since. Undo that one first.") % {"run": newest.code})


def _reopen(change: Change, step: Step) -> None:
    """A run that stopped, or could not be undone, goes on."""
    if step.undoes_id is not None:
        if change.run.state in (R.ROLLBACK_FAILED, R.ROLLING_BACK):
            change.run.state, change.run.ended_at = R.ROLLING_BACK, None
    elif change.run.state == R.PAUSED_BY_FAILED_STEP:
        change.run.said = {}
    if change.run.deadline is not None and change.run.deadline < change.at:
        # Whoever goes on with a run whose time is up gives it that time again.
        change.run.deadline = change.at + (change.run.deadline - change.run.created_at)


def _answered(step: Step) -> str:
    approval: Approval | None = getattr(step, "approval", None) if step.needs_approval else None
    return approval.state if approval else ""


def _said(text: str, order: Order) -> dict[str, Any]:
    who = order.by.get_username() if order.by else "DR Console"
    if not order.reason:
        return sentence(text, who=who)
    return sentence(gettext_noop("%(what)s Reason: %(reason)s"), what=sentence(text, who=who), reason=order.reason)


def _again(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)
