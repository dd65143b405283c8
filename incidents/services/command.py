"""Who leads an incident, who does what in it, and how command goes from one person to the next."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.operations.clock import shared_now
from dr_console.web.sentences import Sentence, sentence
from incidents.ladder import Acknowledgement
from incidents.models import Handover, Incident, RoleAssignment, TimelineEntry
from incidents.queries.briefing import briefing_facts
from incidents.queries.callees import key_of
from incidents.services import asks, escalation, escalation_words, personal, timeline, turns
from incidents.services.escalation import Answered

Kind = TimelineEntry.Kind
Role = RoleAssignment.Role
State = Handover.State
PAGE = "page"
COMMAND, RESPOND = "incidents.command_incident", "incidents.respond_to_incident"

IS_NOW = {
    Role.DEPUTY: _("%(person)s is deputy"),
    Role.SCRIBE: _("%(person)s is scribe"),
    Role.LIAISON: _("%(person)s is liaison"),
    Role.EXPERT: _("%(person)s is expert: %(about)s"),
    Role.RESPONDER: _("%(person)s is on it"),
}
NO_LONGER = {
    Role.DEPUTY: _("%(person)s is no longer deputy"),
    Role.SCRIBE: _("%(person)s is no longer scribe"),
    Role.LIAISON: _("%(person)s is no longer liaison"),
    Role.EXPERT: _("%(person)s is no longer expert"),
    Role.RESPONDER: _("%(person)s is no longer on it"),
}


@transaction.atomic
def acknowledge(incident: Incident, *, by: User, via: str = PAGE) -> Answered:
    """Somebody says: I am on it. Said again, it changes nothing; of the first, the incident keeps when it was.

    `via`: "page", or by which other way they said so: a word of notifications.Channel, or "link".
    """
    incident = _open(incident)
    _tell_pages(incident)
    result = _answered(incident, by, via)
    said = sentence(_("Acknowledged: I am on it"))
    if via != PAGE:
        said = sentence(_("Acknowledged %(way)s: I am on it"), way=escalation_words.way(via))
    timeline.record(incident, said, kind=Kind.ACTED, by=by, dedup_key=f"acknowledged:{by.pk}{result.place}")
    if not _held(incident, by).exists():
        RoleAssignment.objects.create(incident=incident, role=Role.RESPONDER, person=by, assigned_by=by)
    return result


@transaction.atomic
def take_command(incident: Incident, *, by: User, reason: str = "") -> Incident:
    """Lead it. Where somebody else does, it takes a `reason`: they do not answer. Who leads already goes on leading."""
    incident, reason = _open(incident), reason.strip()[:500]
    former = incident.commander
    if former == by:
        return incident
    if former is not None and not reason:
        text = _now("%(name)s has command. Let them hand it over, or say why you take it over.")
        raise Refused(text % {"name": former})
    _end_offers(incident)
    _change_commander(incident, by, assigned_by=by)
    _tell_pages(incident)
    audit("command.taken", by=by, target=incident, before=_name(former), after={"reason": reason, **_name(by)})
    timeline.record(incident, _taken(former, reason), kind=Kind.CHANGED, by=by)
    if former is not None:
        said = sentence(_("%(name)s has taken command over from you: %(reason)s"), name=str(by), reason=reason)
        personal.tell(former, incident, said, dedup_key=f"{incident.reference}:taken:{now():%Y%m%d%H%M%S%f}")
    _answered(incident, by)
    return incident


@transaction.atomic
def assign(incident: Incident, role: RoleAssignment.Role, person: User, *, by: User, about: str = "") -> None:
    """Give a role, or take one. Of those that one person has, whoever had it is relieved."""
    if role == Role.COMMANDER:
        raise Refused(_now("Command is taken, or handed over: nobody is given it unasked."))
    if not (person.is_active and person.has_perm(RESPOND)):
        raise Refused(_now("%(name)s may not work on incidents.") % {"name": person})
    if person != by and not by.has_perm(COMMAND):
        raise Refused(_now("You can take a role yourself. Who gives one to others has to be allowed to command."))
    incident, about = _open(incident), about.strip()[:100] if role == Role.EXPERT else ""
    if role == Role.EXPERT and not about:
        raise Refused(_now("Say what they know about."))
    if not _give(incident, role, person, by=by, about=about):
        return
    _tell_pages(incident)
    audit("command.role", by=by, target=incident, after={"role": role.value, **_name(person)})
    said = sentence(IS_NOW[role], person=str(person), about=about)
    timeline.record(incident, said, kind=Kind.CHANGED, by=by)
    if person == by:
        _answered(incident, by)
    else:
        personal.tell(person, incident, said, dedup_key=f"{incident.reference}:role:{now():%Y%m%d%H%M%S%f}")


@transaction.atomic
def end_role(assignment: RoleAssignment, *, by: User) -> None:
    """Who has it gives it up, or whoever may command takes it back. Ended already: nothing is done."""
    if assignment.role == Role.COMMANDER:
        raise Refused(_now("Command is handed over, so that somebody leads at every moment."))
    if assignment.person != by and not by.has_perm(COMMAND):
        raise Refused(_now("This is the role of %(name)s.") % {"name": assignment.person})
    turns.at_console_and(assignment.incident)
    if not RoleAssignment.objects.filter(pk=assignment.pk, until=None).update(until=now()):
        return
    _tell_pages(assignment.incident)
    said = sentence(NO_LONGER[Role(assignment.role)], person=str(assignment.person))
    timeline.record(assignment.incident, said, kind=Kind.CHANGED, by=by)


@transaction.atomic
def offer(incident: Incident, receiver: User, *, by: User, note: str = "") -> Handover:
    """Offer command to somebody, with the briefing. Until they accept, whoever offers it keeps it."""
    incident = _open(incident)
    if incident.commander != by:
        raise Refused(_now("Only who has command can hand it over."))
    if receiver == by:
        raise Refused(_now("You have command."))
    if not (receiver.is_active and receiver.has_perm(COMMAND)):
        raise Refused(_now("%(name)s may not command incidents.") % {"name": receiver})
    open_one = _offers(incident).select_related("receiver").first()
    if open_one is not None:
        text = _now("Command is offered to %(name)s already. Withdraw that first.")
        raise Refused(text % {"name": open_one.receiver})
    handover = Handover.objects.create(incident=incident, giver=by, receiver=receiver, note=note.strip())
    _tell_pages(incident)
    said = sentence(_("Offers command to %(name)s"), name=str(receiver))
    timeline.record(incident, said, kind=Kind.CHANGED, by=by)
    asked = sentence(_("%(name)s offers you command: read the briefing, and accept or decline."), name=str(by))
    key = f"{incident.reference}:handover:{handover.pk}"
    personal.page(receiver, incident, asked, dedup_key=key, path=handover.get_absolute_url())
    return handover


@transaction.atomic
def accept(handover: Handover, *, by: User) -> Incident:
    """Take command as it was offered. What the briefing said at this moment is kept."""
    incident = _open(handover.incident)
    _answer(handover, State.ACCEPTED, by=by, briefing=briefing_facts(incident))
    _change_commander(incident, by, assigned_by=handover.giver)
    _tell_pages(incident)
    audit("command.handed_over", by=by, target=incident, before=_name(handover.giver), after=_name(by))
    said = sentence(_("Command goes from %(giver)s to %(receiver)s"), giver=str(handover.giver), receiver=str(by))
    timeline.record(incident, said, kind=Kind.CHANGED, by=by, evidence=handover.get_absolute_url())
    _answered(incident, by)
    return incident


@transaction.atomic
def decline(handover: Handover, *, by: User, reason: str) -> None:
    """Say no, and why. Who offered it keeps command."""
    if not reason.strip():
        raise Refused(_now("Say why, so that somebody else can be asked."))
    _answer(handover, State.DECLINED, by=by, reason=reason.strip()[:500])
    _tell_pages(handover.incident)
    said = sentence(_("Declines command: %(reason)s"), reason=reason.strip()[:500])
    timeline.record(handover.incident, said, kind=Kind.CHANGED, by=by)
    told = sentence(_("%(name)s declines command: %(reason)s"), name=str(by), reason=reason.strip()[:500])
    key = f"{handover.incident.reference}:declined:{handover.pk}"
    personal.tell(handover.giver, handover.incident, told, dedup_key=key)


@transaction.atomic
def withdraw(handover: Handover, *, by: User) -> None:
    """Who offered command keeps it after all."""
    if handover.giver != by:
        raise Refused(_now("Only %(name)s can withdraw it.") % {"name": handover.giver})
    _settle(handover, State.WITHDRAWN)
    _tell_pages(handover.incident)
    said = sentence(_("No longer offers command to %(name)s"), name=str(handover.receiver))
    timeline.record(handover.incident, said, kind=Kind.CHANGED, by=by)


@transaction.atomic
def status_changed(incident: Incident) -> None:
    """Nobody is asked for anything any more once it is over. Who led stays named."""
    if incident.is_over:
        _tell_pages(incident)
        _end_offers(incident)
        asks.end_all(incident)


# --- What changes ------------------------------------------------------------------------------------------------
def _open(incident: Incident) -> Incident:
    found = turns.at_console_and(incident)
    if found.is_over:
        said = {"reference": found.reference, "status": found.get_status_display()}
        raise Refused(_now("%(reference)s is in the state “%(status)s”: reopen it first.") % said)
    return found


def _answered(incident: Incident, by: User, via: str = PAGE) -> Answered:
    """Who does something about it has acknowledged it."""
    return escalation.answered(incident, Acknowledgement(key_of(by), str(by), shared_now(), via), by=by)


def _change_commander(incident: Incident, person: User, *, assigned_by: User) -> None:
    at = now()
    current = RoleAssignment.objects.filter(incident=incident, until=None)
    current.filter(role=Role.COMMANDER).update(until=at)
    current.filter(person=person, role__in=(Role.DEPUTY, Role.RESPONDER)).update(until=at)
    RoleAssignment.objects.create(
        incident=incident, role=Role.COMMANDER, person=person, assigned_by=assigned_by, since=at
    )
    incident.commander = person
    incident.save(update_fields=["commander"])


def _give(incident: Incident, role: RoleAssignment.Role, person: User, *, by: User, about: str) -> bool:
    """False if they have it already."""
    at = now()
    current = RoleAssignment.objects.filter(incident=incident, until=None)
    mine = current.filter(role=role, person=person)
    if mine.filter(about=about).exists():
        return False
    mine.update(until=at)
    if role not in RoleAssignment.SEVERAL:
        current.filter(role=role).update(until=at)
    current.filter(person=person, role=Role.RESPONDER).update(until=at)
    RoleAssignment.objects.create(incident=incident, role=role, person=person, about=about, assigned_by=by, since=at)
    return True


def _answer(handover: Handover, state: Handover.State, *, by: User, **fields: object) -> None:
    if handover.receiver != by:
        raise Refused(_now("Command is offered to %(name)s.") % {"name": handover.receiver})
    _settle(handover, state, **fields)


def _settle(handover: Handover, state: Handover.State, **fields: object) -> None:
    """Once: whoever comes second is told that it is over."""
    turns.at_console_and(handover.incident)
    mine = Handover.objects.filter(pk=handover.pk, state=State.OFFERED)
    if not mine.update(state=state, answered_at=now(), **fields):
        raise Refused(_now("This offer is no longer open: look at the page again."))


def _end_offers(incident: Incident) -> None:
    _offers(incident).update(state=State.WITHDRAWN, answered_at=now())


def _offers(incident: Incident) -> QuerySet[Handover]:
    return Handover.objects.filter(incident=incident, state=State.OFFERED)


def _held(incident: Incident, person: User) -> QuerySet[RoleAssignment]:
    return RoleAssignment.objects.filter(incident=incident, person=person, until=None)


def _taken(former: User | None, reason: str) -> Sentence:
    if former is None:
        return sentence(_("Takes command"))
    return sentence(_("Takes command over from %(name)s: %(reason)s"), name=str(former), reason=reason)


def _name(person: User | None) -> dict[str, str]:
    return {"person": str(person)} if person else {}


def _tell_pages(incident: Incident) -> None:
    """Before the timeline and messages do: topics are told in the order of their names."""
    nudge("console", "incidents")
    nudge(incident.topic, "incident")
    nudge(incident.topic, "command")
