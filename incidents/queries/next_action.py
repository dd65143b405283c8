"""The one thing to do next in an incident: what it changes, whether it can be undone, and what else could be done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.runs.asking import RUN_ASKS, STEP_ASKS
from dr_console.runs.models import Approval, Run, Step
from dr_console.runs.queries import ShownRun, ShownStep
from dr_console.web.words import listed
from incidents.models import BlockedTrigger, FailoverPlan, Failure, Incident
from incidents.queries import failover

Person = User | AnonymousUser
START, DECLARE = "incidents.start_failover", "incidents.declare_incident"
BROKEN = (Run.State.FAILED, Run.State.TIMED_OUT, Run.State.ROLLBACK_FAILED, Run.State.ABORTED)
DONE = (Run.State.SUCCEEDED, Run.State.SUCCEEDED_WITH_EXCEPTIONS)


@dataclass(frozen=True)
class Action:
    """`how`: "ask" opens a question, "press" does it at once, "go" leads to a page."""

    label: str | Promise
    address: str
    how: Literal["ask", "press", "go"] = "go"
    icon: str = ""
    is_danger: bool = False
    permission: str = ""


@dataclass(frozen=True)
class NextAction:
    """`primary` is None where nobody has to do anything, or where the reader may not (`needed` says what it takes).

    `due_at`: when something happens by itself, which `due_words` says. `version`: of the run that was looked at; 0
    where there is none.
    """

    title: str
    words: list[str] = field(default_factory=list)
    primary: Action | None = None
    others: list[Action] = field(default_factory=list)
    due_at: datetime | None = None
    due_words: str = ""
    version: int = 0
    needed: str = ""

    @property
    def due_seconds(self) -> int | None:
        return None if self.due_at is None else max(0, round((self.due_at - now()).total_seconds()))


def next_action(incident: Incident, shown: ShownRun | None, person: Person) -> NextAction:
    """Exactly one, whatever the state: what a commander who has just been woken has to do first."""
    if shown is not None and shown.run.is_active:
        found = replace(_in_run(shown), version=shown.run.version)
    elif incident.is_over:
        found = NextAction(_("nothing more to do"), [_("This incident is resolved.")], None, [_reopen(incident)])
    elif incident.recovered_at:
        found = _after_recovery(incident, shown)
    else:
        found = _to_start(incident, shown)
    return _for_person(found, person)


def _for_person(found: NextAction, person: Person) -> NextAction:
    """Without what they may not do; what it takes is said instead."""
    primary = found.primary
    barred = primary is not None and bool(primary.permission) and not person.has_perm(primary.permission)
    needed = primary.permission if primary is not None and barred else ""
    others = [one for one in found.others if not one.permission or person.has_perm(one.permission)]
    return replace(found, primary=None if barred else primary, others=others, needed=needed)


# --- While a run is under way ------------------------------------------------------------------------------------
def _in_run(shown: ShownRun) -> NextAction:
    if shown.waiting_for_approval is not None:
        return _approve(shown, shown.waiting_for_approval)
    if shown.stuck is not None:
        return _decide(shown, shown.stuck)
    if "resume" in shown.may:
        words = [shown.run.words] if shown.run.words else [_("Nothing goes on until somebody resumes it.")]
        return NextAction(
            _("resume the run"), words, _tell(shown.run, "resume", "press"), _tells(shown, "abort", "undo")
        )
    return NextAction(_watch_title(shown), _watch_words(shown), None, _tells(shown, "pause", "abort"))


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
        replace(_tell_step(shown.run, step, "approve"), permission=permission),
        [replace(_tell_step(shown.run, step, "decline"), permission=permission), *_tells(shown, "pause")],
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
    others = [_tell_step(shown.run, step, verb) for verb in stuck.may if verb != "retry"]
    primary = _tell_step(shown.run, step, "retry") if "retry" in stuck.may else None
    return NextAction(title % {"step": step.title}, words, primary, [*others, *_tells(shown, "undo", "abort")])


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
    """What the steps say that it is at; a step that waits for a vendor is never left out."""
    busy = sorted(shown.current, key=lambda one: one.step.state != Step.State.RETRY_WAIT)
    return [*(one.step.words for one in busy if one.step.words), _("Nobody has to do anything now.")]


# --- Before there is a run, or when it was not enough ---------------------------------------------------------------
def _to_start(incident: Incident, shown: ShownRun | None) -> NextAction:
    last = shown.run if shown is not None else None
    failed = last is not None and last.state in BROKEN
    blocked = incident.blocked_triggers.filter(ended_at=None).select_related("plan").first()
    plans = suggested_plans(incident, last, blocked)
    others = [_preview(plan, incident) for plan in plans[1:3]]
    if shown is not None:
        others += _tells(shown, "undo")
    others.append(_resolve(incident))
    words = [blocked.words] if blocked is not None and blocked.words else []
    if not plans:
        words.append(_("No plan answers this failure by itself. Choose one, or work by hand."))
        primary = Action(_("Choose a failover plan"), reverse("incidents:failover"), icon="list-checks")
        return NextAction(_("decide what to switch over"), words, primary, others)
    if failed:
        words.insert(0, _("The last run did not bring the service back."))
    words.append(_("The preview shows every change before anything is done."))
    title = _("try another way, “%(plan)s”") if failed and _is_other(plans[0], last) else _("start “%(plan)s”")
    return NextAction(title % {"plan": plans[0].name}, words, _preview(plans[0], incident, primary=True), others)


def _is_other(plan: FailoverPlan, last: Run | None) -> bool:
    return last is not None and last.plan_key != plan.key


def suggested_plans(incident: Incident, last: Run | None, blocked: BlockedTrigger | None = None) -> list[FailoverPlan]:
    """Plans that answer the failure, the best first: the next standby where one was not enough, what was blocked, what
    answers this kind of failure, and what a person may always start."""
    plans = list(failover.plans())
    by_key = {plan.key: plan for plan in plans}
    tried = by_key.get(last.plan_key) if last is not None else None
    found = [failover.next_standby(tried)] if tried is not None else []
    found.append(by_key.get(blocked.plan.key) if blocked is not None and blocked.plan is not None else None)
    if incident.failure:
        found.append(
            failover.plan_for(incident.failure, incident.service, str(incident.diagnosis.get("region_key") or ""))
        )
    found += [plan for plan in plans if plan.service_id == incident.service_id and plan.failure == Failure.MANUAL]
    fitting = [plan for plan in found if plan is not None and not plan.fails_back]
    # What has just failed comes last.
    ordered = sorted(fitting, key=lambda plan: tried is not None and plan.key == tried.key)
    return list({plan.key: plan for plan in ordered}.values())


# --- When users are served again --------------------------------------------------------------------------------
def _after_recovery(incident: Incident, shown: ShownRun | None) -> NextAction:
    words = [_("Users are served again. Watch the service, and find the cause.")]
    if shown is None:
        return NextAction(_("watch the recovery"), words, None, [_resolve(incident)])
    if shown.run.state == Run.State.ROLLED_BACK:
        words = [_("What the failover changed has been put back: look whether users are still served.")]
        return NextAction(_("watch the service"), words, None, [_resolve(incident)])
    back = _way_back(shown.run) if shown.run.state in DONE else None
    others = [_preview(back, incident)] if back is not None else []
    if "undo" in shown.may and shown.undo_until is not None:
        return NextAction(
            _("watch the recovery; it can be undone"),
            words,
            None,
            [*_tells(shown, "undo"), *others, _resolve(incident)],
            due_at=shown.undo_until,
            due_words=_("The time for undoing it by one press ends"),
        )
    if back is None:
        return NextAction(_("watch the recovery"), words, None, [_resolve(incident)])
    words.append(_("Fail back only when the primary has been healthy for a while; the plan checks it."))
    primary = _preview(back, incident, primary=True)
    return NextAction(_("fail back when the primary is well"), words, primary, [_resolve(incident)])


def _way_back(run: Run) -> FailoverPlan | None:
    plan = failover.plans().filter(key=run.plan_key).first() if run.plan_key else None
    return failover.failback_of(plan) if plan is not None else None


# --- What can be pressed ------------------------------------------------------------------------------------------
def _resolve(incident: Incident) -> Action:
    return Action(_("Resolve incident"), _address(incident, "resolve"), "press", "check", permission=DECLARE)


def _reopen(incident: Incident) -> Action:
    return Action(_("Reopen incident"), _address(incident, "reopen"), "press", "rotate-cw", permission=DECLARE)


def _address(incident: Incident, verb: str) -> str:
    return reverse(f"incidents:{verb}", args=[incident.reference])


def _preview(plan: FailoverPlan, incident: Incident, *, primary: bool = False) -> Action:
    address = reverse("incidents:failover-preview", args=[plan.key]) + f"?incident={incident.reference}"
    label = _("Preview and start…") if primary else _("Preview: %(plan)s") % {"plan": plan.name}
    return Action(label, address, icon="eye", permission=START)


def _tells(shown: ShownRun, *verbs: str) -> list[Action]:
    return [_tell(shown.run, verb, "press" if verb == "pause" else "ask") for verb in verbs if verb in shown.may]


def _tell(run: Run, verb: str, how: Literal["ask", "press"]) -> Action:
    ask = RUN_ASKS[verb]
    return Action(ask.button, reverse("runs:tell", args=[run.code, verb]), how, ask.icon, permission=ask.permission)


def _tell_step(run: Run, step: Step, verb: str) -> Action:
    ask = STEP_ASKS[verb]
    address = reverse("runs:tell-step", args=[run.code, step.key, verb])
    is_danger = verb == "approve"
    return Action(ask.button, address, "ask", ask.icon, is_danger, ask.permission)
