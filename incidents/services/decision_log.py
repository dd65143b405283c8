"""What the people of an incident have to decide: put up, asked for strong objections, decided, and on the timeline."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence, sentence
from incidents.models import CommandDecision, Incident, Opinion, RoleAssignment, TimelineEntry
from incidents.services import timeline, turns

Kind = TimelineEntry.Kind
State = CommandDecision.State
COMMAND = "incidents.command_incident"
MOST_OPTIONS, LONGEST_OPTION = 8, 200


@transaction.atomic
def put_up(incident: Incident, question: str, options: Sequence[str], *, by: User) -> CommandDecision:
    """Put a question to everybody on the incident. The same put up twice while it is open is one."""
    if incident.status == Incident.Status.CLOSED:
        raise Refused(_now("%(reference)s is closed: reopen it first.") % {"reference": incident.reference})
    question, wanted = question.strip(), _options(options)
    if not question:
        raise Refused(_now("Say what is to be decided."))
    incident = turns.at_incident(incident)
    known = CommandDecision.objects.filter(incident=incident, question=question, state=State.OPEN).first()
    if known is not None:
        return known
    decision = CommandDecision.objects.create(incident=incident, question=question, options=wanted, asked_by=by)
    _note(decision, sentence(_("To be decided: %(question)s"), question=question), by)
    return decision


@transaction.atomic
def say(decision: CommandDecision, *, by: User, objection: str = "") -> Opinion:
    """Object strongly, or say that one does not. Who says otherwise later is taken at their last word."""
    if not decision.is_open:
        raise Refused(_settled(decision))
    objection = objection.strip()[:500]
    known = Opinion.objects.filter(decision=decision, person=by).first()
    if known is not None and known.objection == objection:
        return known
    said = {"objection": objection, "at": now()}
    opinion, _is_new = Opinion.objects.update_or_create(decision=decision, person=by, defaults=said)
    words = _("Objects to “%(question)s”: %(objection)s") if objection else _("No strong objection: %(question)s")
    _note(decision, sentence(words, question=decision.question, objection=objection), by)
    return opinion


@transaction.atomic
def decide(decision: CommandDecision, outcome: str, *, by: User, reason: str = "") -> None:
    """Say what is done. Commander and deputy decide, and whoever may command; objections are heard, not counted."""
    outcome, reason = outcome.strip()[:300], reason.strip()[:1000]
    if not outcome:
        raise Refused(_now("Say what was decided."))
    _check_may_decide(decision, by)
    _end(decision, State.DECIDED, by, outcome=outcome, reason=reason)
    names = {"question": decision.question, "outcome": outcome, "reason": reason}
    words = (
        _("Decided: %(question)s → %(outcome)s – %(reason)s") if reason else _("Decided: %(question)s → %(outcome)s")
    )
    _note(decision, sentence(words, **names), by)


@transaction.atomic
def drop(decision: CommandDecision, *, by: User, reason: str) -> None:
    """It need not be decided any more."""
    reason = reason.strip()[:1000]
    if not reason:
        raise Refused(_now("Say why it need not be decided any more."))
    if decision.asked_by != by:
        _check_may_decide(decision, by)
    _end(decision, State.DROPPED, by, reason=reason)
    words = _("Need not be decided any more: %(question)s – %(reason)s")
    _note(decision, sentence(words, question=decision.question, reason=reason), by)


def may_decide(decision: CommandDecision, person: User) -> bool:
    deputies = RoleAssignment.objects.filter(incident=decision.incident, role=RoleAssignment.Role.DEPUTY, until=None)
    return person.has_perm(COMMAND) or deputies.filter(person=person).exists()


def _check_may_decide(decision: CommandDecision, by: User) -> None:
    if not may_decide(decision, by):
        raise Refused(_now("Commander and deputy decide. You can object, or say that you do not."))


def _end(decision: CommandDecision, state: CommandDecision.State, by: User, **fields: str) -> None:
    """Once: what somebody else has decided meanwhile stays."""
    mine = CommandDecision.objects.filter(pk=decision.pk, state=State.OPEN)
    if not mine.update(state=state, decided_by=by, decided_at=now(), **fields):
        decision.refresh_from_db()
        raise Refused(_settled(decision))


def _settled(decision: CommandDecision) -> str:
    said = {"name": decision.decided_by, "outcome": decision.outcome or decision.reason}
    return _now("%(name)s has settled this already: %(outcome)s") % said


def _options(options: Sequence[str]) -> list[str]:
    """Each once, in their order."""
    wanted = list(dict.fromkeys(one.strip()[:LONGEST_OPTION] for one in options if one.strip()))
    if len(wanted) > MOST_OPTIONS:
        raise Refused(_now("At most %(count)s options can be weighed at once.") % {"count": MOST_OPTIONS})
    return wanted


def _note(decision: CommandDecision, said: Sentence, by: User) -> None:
    nudge(decision.incident.topic, "decision-log")
    timeline.record(decision.incident, said, kind=Kind.DECIDED, by=by, evidence=decision.get_absolute_url())
