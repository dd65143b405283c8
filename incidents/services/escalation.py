"""Page people until somebody answers: one transaction a step, and whoever comes second to a row changes nothing.

Every change of a climb is an update on the version that was read, in the incident's turn (`services/turns.py`); its
events, messages and lines on the timeline are written with it. Open pages hear "paging" on the incident's topic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.operations import engine
from dr_console.operations.clock import shared_now
from dr_console.runs.mishaps import Kept
from dr_console.web.sentences import Sentence, sentence
from incidents import ladder
from incidents.ladder import Acknowledgement, Happened, Kind, Status, Step, Way
from incidents.models import Escalation, Incident, Severity
from incidents.queries import paging
from incidents.queries.callees import Directory
from incidents.queries.paging import policy_changed
from incidents.services import alerts, escalation_pages, turns
from incidents.services.escalation_pages import Here
from incidents.services.escalation_steps import Extra, Reason, apply, state_of

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
__all__ = ["Answered", "Reason", "answered", "arm", "policy_changed", "rearm", "tick"]


@dataclass(frozen=True)
class Answered:
    """What an acknowledgement led to. `escalation`: None where nobody is paged. `is_new`: False for the same once more.

    `before`: who had acknowledged first, if anybody. `missing`: how many more have to, at this level.
    """

    escalation: Escalation | None
    is_new: bool = True
    before: Acknowledgement | None = None
    missing: int = 0

    @property
    def place(self) -> str:
        """Where on the ladder it was given, for the key of what is written of it: each place is another page."""
        at = self.escalation
        if at is None or (at.number, at.round) == (1, 0) and at.level <= 0:
            return ""
        return f":{at.number}.{at.round}.{at.level}"


@dataclass(frozen=True)
class Start:
    """Why a climb begins, and what it goes on from. `given`: who had acknowledged; `told`: who has been paged.

    `by`: the name of whoever asked for it.
    """

    reason: Reason
    why: Sentence | None = None
    given: tuple[Acknowledgement, ...] = ()
    told: frozenset[Way] = frozenset()
    by: str = ""


# --- It begins, and ends ------------------------------------------------------------------------------------------
@transaction.atomic
def arm(incident: Incident, *, why: Sentence | None = None, by: User | None = None) -> Escalation | None:
    """Begin to page: the first step is done at once. None for an incident that is not open; where somebody is paged
    already, that climb goes on.
    """
    return _arm(incident, Start(Reason.DECLARED, why, by=str(by) if by else ""))


@transaction.atomic
def rearm(
    incident: Incident, *, by: User | None = None, why: Sentence | None = None, reason: Reason = Reason.CALLED
) -> Escalation | None:
    """Begin anew at the first level, by the policy as it is now. None for an incident that is not open."""
    incident = turns.at_console_and(incident)
    current = paging.open_escalation(incident)
    if current is not None:
        _stop(current, incident)
    return _arm(incident, Start(reason, why, by=str(by) if by else ""))


def _arm(incident: Incident, start: Start) -> Escalation | None:
    incident = turns.at_console_and(incident)
    if incident.status != Incident.Status.OPEN:
        return None
    current = paging.open_escalation(incident)
    if current is not None:
        return current
    at = shared_now()
    escalation = _create(incident, start, at)
    begun = Happened(Kind.ARMED if escalation.number == 1 else Kind.REARMED, at, 0, -1, by=start.by)
    state, happened = _first_step(escalation, start, at)
    facts = {"reason": start.reason.value, "why": start.why or {}}
    apply(escalation, (state, [begun, *happened]), Extra(told=start.told, facts=facts))
    return escalation


def _create(incident: Incident, start: Start, at: datetime) -> Escalation:
    severity = incident.assumed_severity
    last = Escalation.objects.filter(incident=incident).aggregate(last=Max("number"))["last"] or 0
    kept = paging.snapshot(severity) | {"reason": start.reason.value, "why": start.why or {}}
    return Escalation.objects.create(
        incident=incident, number=last + 1, severity=severity, snapshot=kept, started_at=at, next_at=at
    )


def _first_step(escalation: Escalation, start: Start, at: datetime) -> Step:
    """Of what is milder than it was taken for, nobody is told who is at work on it anyway."""
    policy, state = ladder.policy_of(escalation.snapshot), state_of(escalation)
    if start.given and start.reason is Reason.MILDER:
        return ladder.carry_over(policy, state, start.given, at), []
    state, happened = ladder.due(policy, state, at, Here(escalation, Directory()))
    return ladder.carry_over(policy, state, start.given, at), happened


def _stop(escalation: Escalation, incident: Incident) -> None:
    escalation.incident = incident
    was = escalation.status
    apply(escalation, ladder.stop(state_of(escalation), shared_now()), Extra(facts={"was": was}))


# --- What happens to the incident ---------------------------------------------------------------------------------
def severity_changed(incident: Incident, was: str) -> None:
    """Page by the new severity's policy, where it is taken for another. Who had acknowledged is still on it.

    `was`: a word of Severity, or empty.
    """
    current, severity = paging.open_escalation(incident), incident.assumed_severity
    taken_for = Severity(current.severity if current else was or Incident.ASSUMED)
    is_worse = alerts.is_worse(severity, taken_for)
    if severity == taken_for or (current is None and not is_worse):
        return
    why = sentence(_("It was taken for %(was)s."), was=taken_for.value)
    start = Start(Reason.WORSE if is_worse else Reason.MILDER, why)
    if current is not None:
        given = state_of(current).acknowledgements
        _stop(current, incident)
        # Nobody is rung up a second time to hear that it is not so bad; whoever was not told yet, for the first time.
        told = frozenset[Way]() if is_worse else escalation_pages.told_by(current)
        start = replace(start, given=given, told=told)
    _arm(incident, start)


def status_changed(incident: Incident, why: Sentence | None = None) -> None:
    """Nobody is paged for what is mitigated, over, or goes on elsewhere; for what is open again, everybody is anew."""
    if incident.status == Incident.Status.OPEN:
        _open_again(incident, why)
        return
    current = paging.open_escalation(incident)
    if current is not None:
        _stop(current, incident)


def _open_again(incident: Incident, why: Sentence | None) -> None:
    """Where nobody had been told yet that it was over, it goes on as it stood."""
    last = Escalation.objects.filter(incident=incident).order_by("-number").first()
    if alerts.takes_back_recovery(incident) and last is not None and _resume(last, incident):
        return
    _arm(incident, Start(Reason.OPEN_AGAIN, why))


def _resume(last: Escalation, incident: Incident) -> bool:
    stopped = last.events.filter(kind=Kind.STOPPED).order_by("-pk").first()
    if last.status != Status.STOPPED or stopped is None or last.severity != incident.assumed_severity:
        return False
    if stopped.facts["was"] in paging.PAGED and escalation_pages.missed(last):
        return False
    last.incident = incident
    policy, at = ladder.policy_of(last.snapshot), shared_now()
    return apply(last, ladder.resume(policy, state_of(last), stopped.facts["was"], stopped.at, at))


# --- Time passes --------------------------------------------------------------------------------------------------
def tick() -> int:
    """Do what is due on every ladder, the oldest first, each in a transaction of its own. Returns how many steps.

    Called in every round of every sweeper, in several processes at once.
    """
    at, directory = shared_now(), Directory()
    due = Escalation.objects.filter(status__in=Escalation.DUE, next_at__lte=at).order_by("next_at", "pk")
    found = list(due.values_list("pk", "version", "incident_id")[:MOST_AT_ONCE])
    done = sum(_kept_step(*one, directory) for one in found)
    engine.ticked()
    return done


def _kept_step(pk: int, version: int, incident_id: int, directory: Directory) -> bool:
    """One ladder that cannot be read must not keep the others from being climbed."""
    if not Escalation.objects.filter(pk=pk, version=version).exists():
        return False  # another sweeper came first: that takes nobody's turn to see
    kept = Kept()
    with kept:
        return _step(pk, version, incident_id, directory)
    log.error("a step of the ladder went wrong", escalation=pk, error=kept.line)
    return False


@transaction.atomic
def _step(pk: int, version: int, incident_id: int, directory: Directory) -> bool:
    incident = turns.at_console_and(Incident(pk=incident_id))
    escalation = Escalation.objects.filter(pk=pk, version=version).first()
    if escalation is None:
        return False
    escalation.incident = incident
    policy, at = ladder.policy_of(escalation.snapshot), shared_now()  # others may have been at their turn for long
    return apply(escalation, ladder.due(policy, state_of(escalation), at, Here(escalation, directory)))


# --- Somebody answers ---------------------------------------------------------------------------------------------
def answered(incident: Incident, given: Acknowledgement, *, by: User | None) -> Answered:
    """Somebody is on it; called in the incident's turn. The first who says so is the incident's acknowledgement."""
    if Incident.objects.filter(pk=incident.pk, acknowledged_at=None).update(acknowledged_at=given.at):
        audit("incident.acknowledged", by=by, target=incident, after={"name": given.name, "via": given.via})
    escalation = paging.open_escalation(incident)
    if escalation is None:
        return Answered(None)
    escalation.incident = incident
    before = next((one for one in state_of(escalation).acknowledgements if not one.is_same_person(given)), None)
    step = ladder.acknowledge(ladder.policy_of(escalation.snapshot), state_of(escalation), given)
    _state, happened = step
    if not happened:
        return Answered(escalation, is_new=False, before=before)
    apply(escalation, step)
    return Answered(escalation, before=before, missing=happened[0].missing)
