"""The one thing to do next in an incident: what it changes, whether it can be undone, and what else could be done.

Computed from the run, from whether anybody has answered, who leads and how bad it is, and from the checklist, in this
order.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.runs.models import Approval, Run, Step
from dr_console.runs.queries import ShownRun, ShownStep
from dr_console.web.times import duration
from dr_console.web.words import listed
from incidents.models import ChecklistItem, FailoverPlan, Handover, Incident, ItemAction
from incidents.queries import actions, failover, paging_acts
from incidents.queries.actions import Action, NextAction
from incidents.queries.checklist import PRESSED, ShownChecklist, missing_details, shown_checklist
from incidents.queries.leads import LEADS
from incidents.queries.suggestions import blocked_trigger, suggested_plans

Person = User | AnonymousUser
BROKEN = (Run.State.FAILED, Run.State.TIMED_OUT, Run.State.ROLLBACK_FAILED, Run.State.ABORTED)
DONE = (Run.State.SUCCEEDED, Run.State.SUCCEEDED_WITH_EXCEPTIONS)
# Whoever watches a failover need not start another one, and knows only after it how the standby bears it.
AFTER_THE_RUN = (ItemAction.FAIL_OVER, ItemAction.VERIFY_STANDBY)


def next_action(
    incident: Incident, shown: ShownRun | None, person: Person, checklist: ShownChecklist | None = None
) -> NextAction:
    """Exactly one, whatever the state: what a commander who has just been woken has to do first.

    `checklist`: what is shown of it on the same page, so that it is not asked for twice.
    """
    found = _found(incident, shown, person, checklist or shown_checklist(incident))
    return _for_person(found, person)


def _found(incident: Incident, shown: ShownRun | None, person: Person, checklist: ShownChecklist) -> NextAction:
    if shown is not None and shown.run.is_active:
        in_run = replace(_in_run(shown), version=shown.run.version)
        asks = shown.waiting_for_approval or shown.stuck or in_run.primary
        return in_run if asks else _meanwhile(in_run, shown, _who(incident, person), checklist)
    if incident.is_over:
        return _when_over(incident, checklist)
    who = _who(incident, person)
    if incident.recovered_at or incident.status == Incident.Status.MITIGATED:
        return _instead(who, _after_recovery(incident, shown, checklist))
    return _instead(who, _before_recovery(incident, shown, checklist))


def _for_person(found: NextAction, person: Person) -> NextAction:
    """Without what they may not do; what it takes is said instead."""
    primary = found.primary
    barred = primary is not None and bool(primary.permission) and not person.has_perm(primary.permission)
    needed = primary.permission if primary is not None and barred else ""
    others = [one for one in found.others if not one.permission or person.has_perm(one.permission)]
    return replace(found, primary=None if barred else primary, others=others, needed=needed)


def _instead(first: NextAction | None, then: NextAction) -> NextAction:
    """Something else comes first; what would come next can be pressed all the same, where its button says enough."""
    if first is None:
        return then
    rest = [*([then.primary] if then.primary is not None else []), *then.others]
    return replace(first, others=[*first.others, *(one for one in rest if not one.item)])


def _who(incident: Incident, person: Person) -> NextAction | None:
    """Somebody has to answer the page before anything else, and then to lead."""
    leads = _who_leads(incident, person)
    unanswered = paging_acts.unanswered(incident, person)
    if unanswered is None or leads is None:
        return unanswered or leads
    return _instead(unanswered, leads)


def _who_leads(incident: Incident, person: Person) -> NextAction | None:
    """Somebody has to lead, and to say how bad it is. Asked of those who may; first, who is offered command answers."""
    if not person.has_perm(actions.COMMAND):
        return None
    offers = Handover.objects.filter(incident=incident, receiver=person.pk, state=Handover.State.OFFERED)
    offered = offers.select_related("giver", "incident").first()
    if offered is not None:
        words = [_("%(name)s offers you command, and keeps it until you accept.") % {"name": offered.giver}]
        return NextAction(_("read the briefing"), words, actions.read_briefing(offered))
    if incident.commander_id is None:
        words = [_("Nobody leads yet. Whoever does decides, and is whom everybody asks.")]
        return NextAction(_("take command"), words, actions.take_command(incident))
    if not incident.severity:
        words = [_("Until somebody says, it is taken for %(severity)s.") % {"severity": incident.assumed_severity}]
        return NextAction(_("say how bad it is"), words, actions.decide_severity(incident))
    return None


# --- Items of the checklist -----------------------------------------------------------------------------------------
def _of_item(item: ChecklistItem) -> NextAction:
    """What the item leads to comes first; that it is done can be said in any case."""
    is_late = item.is_overdue(now())
    words = (
        [_("This was due %(time)s ago.") % {"time": duration(now() - item.due_at)}] if is_late and item.due_at else []
    )
    if item.action == ItemAction.RECORD_DETAILS and (missing := missing_details(item.incident)):
        words.append(_("Not known yet: %(what)s") % {"what": listed(missing)})
    if item.found:
        words.append(item.found)
    first, others = actions.tick(item), [actions.open_item(item)]
    if item.action in PRESSED:
        first, others = actions.press_item(item), [first, *others]
    elif item.action in LEADS:
        first, others = actions.lead(item), [first, *others]
    due_at = None if is_late else item.due_at
    return NextAction(item.words, words, first, others, due_at, _("Due") if due_at else "")


def _meanwhile(in_run: NextAction, shown: ShownRun, who: NextAction | None, checklist: ShownChecklist) -> NextAction:
    """The run goes on by itself: there is time for the next item that does not wait for it."""
    items = [item for item in checklist.open_items() if item.action not in AFTER_THE_RUN]
    if who is None and not items:
        return in_run
    first = who or _of_item(items[0])
    words = [_("The run goes on by itself: %(what)s.") % {"what": in_run.title}, *_busy_words(shown), *first.words]
    others = [*first.others, *in_run.others]
    return replace(in_run, title=first.title, words=words, primary=first.primary, others=others)


def _when_over(incident: Incident, checklist: ShownChecklist) -> NextAction:
    """After it is resolved, what is left of the list is what is to be learnt."""
    if incident.status == Incident.Status.CLOSED:
        return NextAction(_("nothing more to do"), [_("This incident is closed.")], None, [actions.reopen(incident)])
    others = [actions.close(incident), actions.reopen(incident)]
    items = checklist.open_items()
    if not items and checklist.items:
        words = [_("This incident is resolved."), _("Everything on its list is settled.")]
        return NextAction(_("close it"), words, others[0], others[1:])
    if not items:
        return NextAction(_("nothing more to do"), [_("This incident is resolved.")], None, others)
    found = _of_item(items[0])
    return replace(found, words=[_("This incident is resolved."), *found.words], others=[*found.others, *others])


# --- While a run is under way ------------------------------------------------------------------------------------
def _in_run(shown: ShownRun) -> NextAction:
    if shown.waiting_for_approval is not None:
        return _approve(shown, shown.waiting_for_approval)
    if shown.stuck is not None:
        return _decide(shown, shown.stuck)
    if "resume" in shown.may:
        words = [shown.run.words] if shown.run.words else [_("Nothing goes on until somebody resumes it.")]
        return NextAction(
            _("resume the run"),
            words,
            actions.tell(shown.run, "resume", "press"),
            actions.tells(shown, "abort", "undo"),
        )
    return NextAction(_watch_title(shown), _watch_words(shown), None, actions.tells(shown, "pause", "abort"))


def _approve(shown: ShownRun, waiting: ShownStep) -> NextAction:
    step, approval = waiting.step, waiting.approval
    words = [" ".join(text for text in (step.words, _("What was before is kept, and can be put back.")) if text)]
    if approval is not None and approval.needed > 1:
        given = sum(1 for vote in approval.votes if vote.get("yes"))
        words.append(_("%(given)d of %(needed)d people have said yes.") % {"given": given, "needed": approval.needed})
    permission = approval.permission if approval is not None else "runs.approve_step"
    return NextAction(
        _("approve “%(step)s”") % {"step": step.title},
        words,
        replace(actions.tell_step(shown.run, step, "approve"), permission=permission),
        [replace(actions.tell_step(shown.run, step, "decline"), permission=permission), *actions.tells(shown, "pause")],
        due_at=approval.expires_at if approval is not None else None,
        due_words=_without_answer(approval) if approval is not None else "",
    )


def _without_answer(approval: Approval) -> str:
    if approval.on_expiry == Approval.OnExpiry.GO_AHEAD:
        return _("Without an answer it goes ahead by itself")
    return _("Without an answer the run gives up")


def _decide(shown: ShownRun, stuck: ShownStep) -> NextAction:
    step = stuck.step
    if step.state == Step.State.UNKNOWN:
        title = _("find out whether “%(step)s” happened")
    else:
        title = _("decide what to do about “%(step)s”")
    words = [text for text in (stuck.error, step.words) if text] or [str(stuck.word)]
    others = [actions.tell_step(shown.run, step, verb) for verb in stuck.may if verb != "retry"]
    primary = actions.tell_step(shown.run, step, "retry") if "retry" in stuck.may else None
    return NextAction(title % {"step": step.title}, words, primary, [*others, *actions.tells(shown, "undo", "abort")])


def _watch_title(shown: ShownRun) -> str:
    titles = {
        Run.State.PAUSING: _("wait, the run is being paused"),
        Run.State.ABORTING: _("wait, the run is being aborted"),
        Run.State.ROLLING_BACK: _("watch what was changed being put back"),
    }
    now_at = listed(one.step.title for one in shown.current)
    default = _("watch “%(steps)s”") % {"steps": now_at} if now_at else _("watch the run")
    return titles.get(Run.State(shown.run.state), default)


def _watch_words(shown: ShownRun) -> list[str]:
    return [*_busy_words(shown), _("Nobody has to do anything now.")]


def _busy_words(shown: ShownRun) -> list[str]:
    """What the steps say that it is at; a step that waits for a vendor is never left out."""
    busy = sorted(shown.current, key=lambda one: one.step.state != Step.State.RETRY_WAIT)
    return [one.step.words for one in busy if one.step.words]


# --- Before there is a run, or when it was not enough ---------------------------------------------------------------
def _before_recovery(incident: Incident, shown: ShownRun | None, checklist: ShownChecklist) -> NextAction:
    """The list from its top, until the failover is its turn; at once where a failover was tried, or is held back."""
    items = _to_recover(checklist)
    to_start = _to_start(incident, shown)
    if shown is not None or not items or items[0].action == ItemAction.FAIL_OVER or blocked_trigger(incident):
        return to_start
    found = _of_item(items[0])
    is_to_fail_over = any(item.action == ItemAction.FAIL_OVER for item in items)
    start = [to_start.primary] if is_to_fail_over and to_start.primary is not None else []
    return replace(found, others=[*found.others, *start, actions.resolve(incident)])


def _to_start(incident: Incident, shown: ShownRun | None) -> NextAction:
    last = shown.run if shown is not None else None
    failed = last is not None and last.state in BROKEN
    blocked = blocked_trigger(incident)
    plans = suggested_plans(incident, last, blocked)
    others = [actions.preview(plan, incident) for plan in plans[1:3]]
    if shown is not None:
        others += actions.tells(shown, "undo")
    others.append(actions.resolve(incident))
    words = [blocked.words] if blocked is not None and blocked.words else []
    if not plans:
        words.append(_("No plan answers this failure by itself. Choose one, or work by hand."))
        primary = Action(_("Choose a failover plan"), reverse("incidents:failover"), icon="list-checks")
        return NextAction(_("decide what to switch over"), words, primary, others)
    if failed:
        words.insert(0, _("The last run did not bring the service back."))
    words.append(_("The preview shows every change before anything is done."))
    title = _("try another way, “%(plan)s”") if failed and _is_other(plans[0], last) else _("start “%(plan)s”")
    return NextAction(title % {"plan": plans[0].name}, words, actions.preview(plans[0], incident, primary=True), others)


def _is_other(plan: FailoverPlan, last: Run | None) -> bool:
    return last is not None and last.plan_key != plan.key


# --- When users are served again --------------------------------------------------------------------------------
def _after_recovery(incident: Incident, shown: ShownRun | None, checklist: ShownChecklist) -> NextAction:
    """The list goes on; what can be undone, and the way back, stand beside it. What is to be learnt has time until it
    is resolved."""
    watching = _watching(incident, shown)
    items = [item for item in _to_recover(checklist) if item.action != ItemAction.FAIL_OVER]
    if items:
        found = _of_item(items[0])
        both = _instead(replace(found, words=[*watching.words[:1], *found.words]), watching)
        undo = watching if watching.due_at else found
        return replace(both, due_at=undo.due_at, due_words=undo.due_words)
    if checklist.items and watching.primary is None:
        others = [one for one in watching.others if one != actions.resolve(incident)]
        words = [*watching.words, _("Everything that the list asks for the recovery is settled.")]
        return replace(watching, title=_("resolve it"), words=words, primary=actions.resolve(incident), others=others)
    return watching


def _to_recover(checklist: ShownChecklist) -> list[ChecklistItem]:
    """Open items up to the analysis of the cause, with which the time after it begins."""
    return list(takewhile(lambda item: item.action != ItemAction.ANALYSE_CAUSE, checklist.open_items()))


def _watching(incident: Incident, shown: ShownRun | None) -> NextAction:
    words = [_("Users are served again. Watch the service, and find the cause.")]
    if shown is None:
        return NextAction(_("watch the recovery"), words, None, [actions.resolve(incident)])
    if shown.run.state == Run.State.ROLLED_BACK:
        words = [_("What the failover changed has been put back: look whether users are still served.")]
        return NextAction(_("watch the service"), words, None, [actions.resolve(incident)])
    back = _way_back(shown.run) if shown.run.state in DONE else None
    others = [actions.preview(back, incident)] if back is not None else []
    if "undo" in shown.may and shown.undo_until is not None:
        return NextAction(
            _("watch the recovery; it can be undone"),
            words,
            None,
            [*actions.tells(shown, "undo"), *others, actions.resolve(incident)],
            due_at=shown.undo_until,
            due_words=_("The time for undoing it by one press ends"),
        )
    if back is None:
        return NextAction(_("watch the recovery"), words, None, [actions.resolve(incident)])
    words.append(_("Fail back only when the primary has been healthy for a while; the plan checks it."))
    primary = actions.preview(back, incident, primary=True)
    return NextAction(_("fail back when the primary is well"), words, primary, [actions.resolve(incident)])


def _way_back(run: Run) -> FailoverPlan | None:
    plan = failover.plans().filter(key=run.plan_key).first() if run.plan_key else None
    return failover.failback_of(plan) if plan is not None else None
