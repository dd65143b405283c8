"""Steps that wait for somebody's yes."""

from __future__ import annotations

from datetime import datetime, timedelta

from dr_console.runs.models import Approval, Run, Step


def ask_for(step: Step, *, at: datetime) -> None:
    """Let the time run from now on, and forget what was said when it was asked before."""
    approval = Approval.objects.filter(step=step).first() or Approval(step=step)
    approval.state, approval.votes, approval.ended_at = Approval.State.WAITING, [], None
    approval.asked_at = at
    # What is kept of the specification is how long it lasts: the time itself begins with the question.
    if approval.expires_seconds is not None:
        approval.expires_at = at + timedelta(seconds=approval.expires_seconds)
    approval.save()


def open_keys(run: Run) -> set[str]:
    """Keys of the steps to which not enough people have said yes."""
    gone_ahead = Approval.objects.filter(step__run=run, state=Approval.State.APPROVED).values("step")
    unanswered = Step.objects.filter(run=run, needs_approval=True).exclude(pk__in=gone_ahead)
    return set(unanswered.values_list("key", flat=True))
