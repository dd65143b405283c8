"""Decide after every round of health checks: what is wrong, whether it is certain, and whether anything is started.

The thinking is pure and stands elsewhere (diagnosis, confirming, gate); here it meets the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.runs.models import Run
from dr_console.web.sentences import Sentence, sentence
from incidents.confirming import Memory, Verdict, advance, with_serving
from incidents.diagnosis import diagnose, said
from incidents.gate import Blocked, first_blocker
from incidents.models import BlockedTrigger, Decision, DecisionState, FailoverPlan, Incident
from incidents.observations import Diagnosis, Kind, Observations
from incidents.queries import decisions
from incidents.services import failover, health, noticing, triggers

Blocker = BlockedTrigger.Blocker
Outcome = Decision.Outcome
# Another place's round may be considered at the same moment.
TRIES = 3
KEPT_FOR = timedelta(days=90)
# The gate looks at these after the standby: asking it is of use only if nothing else stands in the way before.
AFTER_THE_STANDBY = (Blocker.FLAPPING, Blocker.CUT_OFF, Blocker.BY_HAND)


@dataclass(frozen=True)
class Considered:
    """One round, thought through."""

    at: datetime
    seen: Observations
    memory: Memory
    diagnosis: Diagnosis
    verdict: Verdict

    @property
    def title(self) -> Sentence:
        return said(self.diagnosis, self.seen.names)


def consider(*, at: datetime) -> Verdict:
    """Conclude from the latest health checks, declare what is certain, and start what may be started.

    Called after every round, from any number of processes; `at`: when the round was. Takes as long as a look at a
    standby that nobody else looks at, where it comes to that; not to be called in a transaction.
    """
    for _try in range(TRIES):
        now = _think(at)
        if now is not None:
            _follow(now)
            return now.verdict
    return Verdict.WATCHING  # whoever was faster each time has considered what we found


def _think(at: datetime) -> Considered | None:
    """None if another process has considered a round meanwhile: then it is to be thought through anew."""
    state, _is_new = DecisionState.objects.get_or_create(number=DecisionState.ONLY)
    memory = Memory.from_facts(state.memory)
    seen = decisions.observations(at, memory.serving)
    memory = with_serving(memory, seen)
    seen = decisions.seen_with(seen, memory.serving)
    diagnosis = diagnose(seen, decisions.rules())
    memory, verdict = advance(memory, diagnosis, at, decisions.rules())
    now = Considered(at, seen, memory, diagnosis, verdict)
    return now if _remember(state, now) else None


@transaction.atomic
def _remember(state: DecisionState, now: Considered) -> bool:
    facts = now.diagnosis.facts() | {"verdict": now.verdict.value, "title": now.title}
    mine = DecisionState.objects.filter(pk=state.pk, version=state.version)
    kept = {"memory": now.memory.facts(), "diagnosis": facts, "at": now.at}
    if not mine.update(version=F("version") + 1, **kept):
        return False
    if _looks_different(state.diagnosis, facts):
        nudge("console", "decisions")
    return True


def _looks_different(before: object, after: dict[str, object]) -> bool:
    """Whether the page has something else to show but the time."""
    shown = ("verdict", "kind", "title", "reasons", "doubts", "supported_by", "against")
    return not isinstance(before, dict) or any(before.get(name) != after[name] for name in shown)


def _follow(now: Considered) -> None:
    """What follows from it."""
    if now.verdict is Verdict.CUT_OFF:
        _cut_off(now)
        return
    triggers.end(None, at=now.at, blocker=Blocker.CUT_OFF)
    if now.verdict is Verdict.CONFIRMED:
        incident, is_new = noticing.notice(now.diagnosis, title=now.title, seen=now.seen, at=now.at)
        if is_new:
            note(Outcome.DECLARED, now, now.title, incident=incident)
        if now.diagnosis.is_felt:
            _act(now, incident)
    elif now.verdict is Verdict.WATCHING and now.diagnosis.rounds > 1:
        note(Outcome.WATCHING, now, now.title)
    _notice_recoveries(now)


def _cut_off(now: Considered) -> None:
    blocked = Blocked(
        Blocker.CUT_OFF, sentence(_("The console itself is cut off: it starts nothing, whatever seems to fail"))
    )
    _trigger, is_new = triggers.block(blocked, now.diagnosis, plan=None, incident=None, at=now.at)
    if is_new:
        note(Outcome.BLOCKED, now, blocked.said)


# --- Acting -----------------------------------------------------------------------------------------------------------


def _act(now: Considered, incident: Incident) -> None:
    """Start the plan's answer, or put down what stands in the way. While a run of it is under way: neither."""
    if _is_under_way(incident):
        triggers.end(incident, at=now.at)
        return
    plan = _plan_for(now.diagnosis)
    blocked = _blocked(now, incident, plan)
    if blocked is None and plan is not None:
        blocked = _start(now, incident, plan)
    # Another place's round may have started it since we looked: then what stands in the way is our own run.
    if blocked is not None and not _is_under_way(incident):
        _trigger, is_new = triggers.block(blocked, now.diagnosis, plan=plan, incident=incident, at=now.at)
        if is_new:
            note(Outcome.BLOCKED, now, blocked.said, incident=incident)


def _is_under_way(incident: Incident) -> bool:
    """Also where whoever started the run has not yet written down what it belongs to."""
    return Run.objects.active().filter(Q(incidents=incident) | Q(context__incident=incident.pk)).exists()


def _plan_for(diagnosis: Diagnosis) -> FailoverPlan | None:
    if not diagnosis.is_trouble:
        return None
    services = [diagnosis.service_key, *diagnosis.services]
    return failover.plan_for(diagnosis.kind.value, next(filter(None, services), None), diagnosis.region_key or None)


def _blocked(now: Considered, incident: Incident, plan: FailoverPlan | None) -> Blocked | None:
    if now.diagnosis.kind is Kind.UNSURE:
        return Blocked(Blocker.NO_PLAN, sentence(_("It is not clear what is wrong: people have to decide")))
    changes = now.memory.changes_lately(now.at)
    urls = failover.standby_urls(plan) if plan else []
    problem, unknown = decisions.unready(urls, now.at)
    limits = decisions.limits()
    blocked = first_blocker(
        decisions.circumstances(plan, incident, now.at, changes=changes, target_problem=problem), limits
    )
    if unknown and (blocked is None or blocked.blocker in AFTER_THE_STANDBY):
        bad = [url for url in unknown if not health.ask_now(url)[0].ok]
        if bad:
            return Blocked(Blocker.TARGET_NOT_READY, decisions.not_ready(bad))
    return blocked


def _start(now: Considered, incident: Incident, plan: FailoverPlan) -> Blocked | None:
    """None if it was started; else who refused it, and why."""
    before = incident.runs.count()
    try:
        run, is_new = failover.start(
            plan,
            incident=incident,
            by=None,
            trigger=Run.Trigger.AUTOMATIC,
            verb=Run.Verb.RECOVER,
            client_token=f"automatic:{incident.reference}:{before}",
        )
    except Refused as refused:
        return Blocked(Blocker.REFUSED, sentence("%(why)s", why=str(refused)))
    triggers.end(incident, at=now.at)
    if is_new:
        note(Outcome.STARTED, now, sentence(_("“%(plan)s” started"), plan=run.titles), incident=incident, run=run)
    return None


# --- Recovering -------------------------------------------------------------------------------------------------------


def _notice_recoveries(now: Considered) -> None:
    """What was noticed is over, without a run or after one that did not say so itself."""
    for incident in noticing.unrecovered():
        if noticing.is_over(incident, now.diagnosis, now.seen) and noticing.recover(incident, now.seen, at=now.at):
            triggers.end(incident, at=now.at)
            note(Outcome.RECOVERED, now, sentence(_("Users are served again")), incident=incident)
    triggers.end_left_over(at=now.at)


# --- What is kept of it -----------------------------------------------------------------------------------------------


@transaction.atomic
def note(
    outcome: Decision.Outcome,
    now: Considered,
    what: Sentence,
    *,
    incident: Incident | None = None,
    run: Run | None = None,
) -> None:
    """One line in the list of decisions, unless it would say the same as the last one."""
    last = Decision.objects.first()
    if last is not None and (last.outcome, last.said, last.incident_id) == (outcome, what, incident and incident.pk):
        return
    Decision.objects.create(
        at=now.at,
        outcome=outcome,
        kind=now.diagnosis.kind.value,
        said=what,
        diagnosis=now.diagnosis.facts(),
        incident=incident,
        run=run,
    )
    Decision.objects.filter(at__lt=now.at - KEPT_FOR, incident=None).delete()
    nudge("console", "decisions")
