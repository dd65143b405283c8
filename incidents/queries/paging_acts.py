"""What a person may do about the paging of an incident, for the palette and the box of the next action."""

from __future__ import annotations

from typing import Literal

from django.urls import reverse
from django.utils.translation import gettext as _

from dr_console.web.navigation import Person
from incidents.models import Escalation, Incident
from incidents.queries.actions import RESPOND, Action, NextAction
from incidents.queries.escalation import target_names
from incidents.queries.escalation_panel import has_acknowledged, newest_escalation, next_who, snooze_choices
from incidents.queries.paging import RAN_OUT

Status = Escalation.Status
UNANSWERED = (Status.ACTIVE, *RAN_OUT)


def acknowledge(incident: Incident) -> Action:
    return _act(incident, "acknowledge", _("Acknowledge"), "check", "press")


def escalate(incident: Incident) -> Action:
    return _act(incident, "escalate", _("Escalate now…"), "siren")


def paging_acts(incident: Incident) -> list[Action]:
    """Nothing of an incident that is not open: nobody is paged for it."""
    if incident.status != Incident.Status.OPEN:
        return []
    escalation = newest_escalation(incident)
    anew = _act(incident, "rearm", _("Page anew…"), "rotate-cw")
    if escalation is None or escalation.status == Status.STOPPED:
        return [anew]
    found = [] if escalation.status in RAN_OUT else [escalate(incident)]
    if escalation.status in (Status.ACTIVE, Status.ACKNOWLEDGED) and snooze_choices(escalation):
        found.append(_act(incident, "put-off", _("Put paging off…"), "timer"))
    return [*found, anew]


def unanswered(incident: Incident, person: Person) -> NextAction | None:
    """What comes first while people are being paged, or when the ladder has run out. Asked of those who may answer."""
    if not person.has_perm(RESPOND) or incident.status != Incident.Status.OPEN:
        return None
    escalation = newest_escalation(incident)
    if escalation is None or escalation.status not in UNANSWERED or has_acknowledged(escalation, person):
        return None
    words = [_("Nobody has answered the page yet. Whoever does stops it, and is on it.")]
    if escalation.acknowledgements:
        words = [_("Not enough people have answered the page yet: the next ones are paged.")]
    if escalation.status in RAN_OUT:
        words = [_("Everybody has been paged, and nobody has answered. Whoever does is on it.")]
    is_climbing = escalation.status == Status.ACTIVE
    due_words = _("Paged next, if nobody answers: %(who)s") % {"who": next_who(escalation, target_names())}
    return NextAction(
        _("acknowledge"),
        words,
        acknowledge(incident),
        [escalate(incident)] if is_climbing else [],
        due_at=escalation.next_at if is_climbing else None,
        due_words=due_words if is_climbing else "",
    )


def _act(incident: Incident, name: str, label: str, icon: str, how: Literal["ask", "press"] = "ask") -> Action:
    address = reverse(f"incidents:paging-{name}", args=[incident.reference])
    return Action(label, address, how, icon, permission=RESPOND)
