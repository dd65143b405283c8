"""Say yes or no to a step that waits for it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dr_console.errors import Refused
from dr_console.runs.changes import Change
from dr_console.runs.models import Approval, Run, Step
from dr_console.runs.services.commanding import Order, commanding, was_given
from dr_console.web.sentences import sentence

S, R = Step.State, Run.State


def approve(step: Step, *, by: User, reason: str = "", **seen: Any) -> Run:
    """Say yes. The step begins once as many people have as it needs. Raises Refused for who may not, or did already."""
    return _answer(step, "approve", Order(by, reason, **seen), "run.approved")


def decline(step: Step, *, by: User, reason: str = "", **seen: Any) -> Run:
    """Say no: the step is not carried out, and the run waits for somebody to say what is to happen instead."""
    return _answer(step, "decline", Order(by, reason, **seen), "run.declined")


def _answer(step: Step, verb: str, order: Order, action: str) -> Run:
    if was_given(order.client_token):
        return Run.objects.get(pk=step.run_id)
    assert order.by is not None
    with commanding(step.run, verb, order, step, action) as change:
        mine = change.by_id[step.pk]
        approval = Approval.objects.select_for_update().filter(step=mine).first()
        if approval is None or mine.state != S.WAITING_APPROVAL:
            raise Refused(_("The step does not wait for an answer any more."))
        if not order.by.has_perm(approval.permission):
            raise Refused(_("You may not answer this."))
        if any(vote["by"] == order.by.pk for vote in approval.votes):
            raise Refused(_("You have already answered. It needs somebody else, too."))
        approval.votes.append(_vote(change, order, yes=verb == "approve"))
        (_count_yes if verb == "approve" else _say_no)(change, mine, approval, order)
        approval.save()
    return change.run


def _vote(change: Change, order: Order, *, yes: bool) -> dict[str, Any]:
    assert order.by is not None
    who = order.by.get_username()
    return {"by": order.by.pk, "name": who, "at": change.at.isoformat(), "yes": yes, "reason": order.reason}


def _count_yes(change: Change, step: Step, approval: Approval, order: Order) -> None:
    names = [vote["name"] for vote in approval.votes if vote["yes"]]
    if len(names) < approval.needed:
        text = gettext_noop("Approved by %(who)s; still to answer: %(left)s.")
        change.set(step, said=sentence(text, who=", ".join(names), left=approval.needed - len(names)))
        return
    approval.state, approval.ended_at = Approval.State.APPROVED, change.at
    change.move(step, S.READY, sentence(gettext_noop("Approved by %(who)s."), who=", ".join(names)))


def _say_no(change: Change, step: Step, approval: Approval, order: Order) -> None:
    assert order.by is not None
    approval.state, approval.ended_at = Approval.State.DECLINED, change.at
    said = sentence(gettext_noop("Declined by %(who)s. %(why)s"), who=order.by.get_username(), why=order.reason)
    change.move(step, S.CANCELLED, said)
    change.run.state, change.run.said = R.PAUSED_BY_OPERATOR, said
