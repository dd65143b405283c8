"""Tasks for one named person each, with a time box: asked, answered, done, and followed up until they are."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Ask, Incident, RoleAssignment, TimelineEntry
from incidents.services import personal, timeline, turns

Kind = TimelineEntry.Kind
Stage, State = Ask.Stage, Ask.State
COMMAND, RESPOND = "incidents.command_incident", "incidents.respond_to_incident"
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=24)
# Whoever does not answer within half the time, or so long at most, is reminded.
ANSWER_WITHIN = timedelta(minutes=5)
# So long after it fell due the commander is told.
THEN_THE_COMMANDER = timedelta(minutes=5)
AT_ONCE = 50


@transaction.atomic
def ask(incident: Incident, text: str, person: User, *, minutes: int, by: User) -> Ask:
    """Ask one person for one thing within so many minutes. The same asked twice while it is open is one task."""
    text, box = text.strip(), timedelta(minutes=minutes)
    _check(incident, text, person, box)
    incident = turns.at_console_and(incident)
    known = Ask.objects.open().filter(incident=incident, person=person, text=text).first()
    if known is not None:
        return known
    at = now()
    asked = Ask.objects.create(
        incident=incident,
        text=text,
        person=person,
        asked_by=by,
        asked_at=at,
        due_at=at + box,
        next_at=at + min(ANSWER_WITHIN, box / 2),
    )
    _tell_pages(incident)
    said = sentence(_("Asks %(name)s: %(task)s (%(minutes)s min)"), name=str(person), task=text, minutes=minutes)
    timeline.record(incident, said, kind=Kind.ACTED, by=by, at=at)
    if person == by:
        _move(asked, (State.ASKED,), state=State.ACCEPTED, accepted_at=at, next_at=asked.due_at)
    else:
        names = {"name": str(by), "task": text, "minutes": minutes}
        told = sentence(_("%(name)s asks you: %(task)s (%(minutes)s min). Accept or decline."), **names)
        personal.tell(person, incident, told, dedup_key=_key(asked, Stage.TOLD))
    return asked


@transaction.atomic
def accept(asked: Ask, *, by: User) -> None:
    """Only the person who is asked can."""
    _theirs(asked, by)
    # Who was paged already is not paged again for the same.
    later = {"next_at": asked.due_at} if asked.stage < Stage.OVERDUE else {}
    _change(asked, (State.ASKED,), state=State.ACCEPTED, accepted_at=now(), **later)
    _note(asked, sentence(_("Accepts: %(task)s"), task=asked.text), by)


@transaction.atomic
def decline(asked: Ask, *, by: User, reason: str) -> None:
    """Say no, and why. Whoever asked is told, so that they can ask somebody else."""
    _theirs(asked, by)
    reason = reason.strip()[:500]
    if not reason:
        raise Refused(_now("Say why, so that somebody else can be asked."))
    _end(asked, State.DECLINED, by, reason)
    _note(asked, sentence(_("Declines: %(task)s – %(reason)s"), task=asked.text, reason=reason), by)
    if asked.asked_by != by:
        names = {"name": str(by), "task": asked.text, "reason": reason}
        told = sentence(_("%(name)s declines “%(task)s”: %(reason)s"), **names)
        personal.tell(asked.asked_by, asked.incident, told, dedup_key=f"{_key(asked)}:declined")


@transaction.atomic
def finish(asked: Ask, *, by: User, outcome: str = "") -> None:
    """It is done. The person who was asked says so, or whoever may command."""
    if asked.person != by and not by.has_perm(COMMAND):
        raise Refused(_now("This was asked of %(name)s.") % {"name": asked.person})
    outcome = outcome.strip()[:500]
    _end(asked, State.DONE, by, outcome)
    words = _("Done: %(task)s – %(outcome)s") if outcome else _("Done: %(task)s")
    _note(asked, sentence(words, task=asked.text, outcome=outcome), by)


@transaction.atomic
def cancel(asked: Ask, *, by: User) -> None:
    """It is no longer wanted. Whoever asked says so, or whoever may command."""
    if asked.asked_by != by and not by.has_perm(COMMAND):
        raise Refused(_now("%(name)s asked for this.") % {"name": asked.asked_by})
    _end(asked, State.CANCELLED, by)
    _note(asked, sentence(_("No longer wanted: %(task)s"), task=asked.text), by)
    if asked.person != by:
        told = sentence(_("No longer wanted: %(task)s"), task=asked.text)
        personal.tell(asked.person, asked.incident, told, dedup_key=f"{_key(asked)}:cancelled")


@transaction.atomic
def end_all(incident: Incident) -> None:
    """The incident is over: what is still open is no longer wanted. Nobody is told of each."""
    at = now()
    left = Ask.objects.open().filter(incident=incident)
    if left.update(state=State.CANCELLED, ended_at=at, next_at=None):
        _tell_pages(incident)


# --- Following up: looked at every second or two, by several processes at once ---------------------------------------
def follow_up() -> int:
    """Remind, page, and tell the commander of what waits too long. Returns how many there were."""
    waiting = Ask.objects.filter(next_at__lte=now()).select_related("incident__commander", "person", "asked_by")
    return sum(_follow_up(asked, now()) for asked in waiting[:AT_ONCE])


@transaction.atomic
def _follow_up(asked: Ask, at: datetime) -> bool:
    """Of two who see it, one changes the row, and only that one tells."""
    turns.at_console_and(asked.incident)
    stage, next_at = _next(asked, at)
    mine = Ask.objects.open().filter(pk=asked.pk, stage=asked.stage, next_at=asked.next_at)
    if not mine.update(stage=stage, next_at=next_at):
        return False
    asked.stage, asked.next_at = stage, next_at
    _tell_pages(asked.incident)
    _tell(asked, stage)
    return True


def _next(asked: Ask, at: datetime) -> tuple[Ask.Stage, datetime | None]:
    """What is said now, and when it is looked at again. What was missed while nobody looked is said once."""
    if at < asked.due_at:
        return Stage.REMINDED, asked.due_at
    if asked.stage < Stage.OVERDUE:
        return Stage.OVERDUE, at + THEN_THE_COMMANDER
    return Stage.COMMANDER, None


def _tell(asked: Ask, stage: Ask.Stage) -> None:
    names = {"name": str(asked.person), "task": asked.text}
    if stage == Stage.REMINDED:
        told = sentence(_("Please answer: %(task)s. Accept or decline."), **names)
        personal.page(asked.person, asked.incident, told, dedup_key=_key(asked, stage))
        _record(asked, sentence(_("No answer yet, reminded: %(name)s, %(task)s"), **names), stage)
    elif stage == Stage.OVERDUE:
        told = sentence(_("Overdue: %(task)s. Say how far it is."), **names)
        personal.page(asked.person, asked.incident, told, dedup_key=_key(asked, stage))
        _record(asked, sentence(_("Overdue, paged: %(name)s, %(task)s"), **names), stage)
    else:
        _tell_leader(asked, names)


def _tell_leader(asked: Ask, names: dict[str, str]) -> None:
    leader = _leader(asked)
    if leader is None:
        return
    told = sentence(_("Still overdue: %(name)s, %(task)s"), **names)
    personal.page(leader, asked.incident, told, dedup_key=_key(asked, Stage.COMMANDER))
    said = sentence(_("%(leader)s was told that it is still overdue: %(name)s, %(task)s"), leader=str(leader), **names)
    _record(asked, said, Stage.COMMANDER)


def _leader(asked: Ask) -> User | None:
    """The commander, else the deputy, else whoever asked; never the one whose task it is."""
    deputies = RoleAssignment.objects.filter(incident=asked.incident, role=RoleAssignment.Role.DEPUTY, until=None)
    deputy = deputies.select_related("person").first()
    leaders = [asked.incident.commander, deputy.person if deputy else None, asked.asked_by]
    return next((one for one in leaders if one is not None and one != asked.person), None)


# --- What changes -------------------------------------------------------------------------------------------------
def _check(incident: Incident, text: str, person: User, box: timedelta) -> None:
    if incident.is_over:
        raise Refused(_now("%(reference)s is over: reopen it first.") % {"reference": incident.reference})
    if not text:
        raise Refused(_now("Say what is to be done."))
    if not SHORTEST <= box <= LONGEST:
        raise Refused(_now("A task is given between a minute and a day."))
    if not (person.is_active and person.has_perm(RESPOND)):
        raise Refused(_now("%(name)s may not work on incidents.") % {"name": person})


def _theirs(asked: Ask, by: User) -> None:
    if asked.person != by:
        raise Refused(_now("This was asked of %(name)s.") % {"name": asked.person})


def _end(asked: Ask, state: Ask.State, by: User, outcome: str = "") -> None:
    _change(asked, Ask.OPEN, state=state, ended_at=now(), ended_by=by, outcome=outcome, next_at=None)


def _change(asked: Ask, states: tuple[Ask.State, ...], **fields: object) -> None:
    turns.at_console_and(asked.incident)
    if not _move(asked, states, **fields):
        asked.refresh_from_db()
        said = {"task": asked.text, "state": asked.get_state_display()}
        raise Refused(_now("“%(task)s” is in the state “%(state)s” meanwhile.") % said)


def _move(asked: Ask, states: tuple[Ask.State, ...], **fields: object) -> bool:
    """Once: whoever comes second changes nothing."""
    if not Ask.objects.filter(pk=asked.pk, state__in=states).update(**fields):
        return False
    for name, value in fields.items():
        setattr(asked, name, value)
    return True


def _note(asked: Ask, said: Sentence, by: User) -> None:
    _tell_pages(asked.incident)
    timeline.record(asked.incident, said, kind=Kind.ACTED, by=by)


def _tell_pages(incident: Incident) -> None:
    """Before the timeline and messages do: topics are told in the order of their names."""
    nudge("console", "asks")
    nudge(incident.topic, "asks")


def _record(asked: Ask, said: Sentence, stage: Ask.Stage) -> None:
    timeline.record(asked.incident, said, kind=Kind.ALERTED, dedup_key=f"ask:{asked.pk}:{stage.value}")


def _key(asked: Ask, stage: Ask.Stage | None = None) -> str:
    return f"{asked.incident.reference}:ask:{asked.pk}" + ("" if stage is None else f":{stage.value}")
