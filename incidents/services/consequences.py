"""What follows when an incident is declared, is found to be worse or milder, or goes on to its next state.

Each part of the room says here what it does then, in the transaction of what happened.
"""

from __future__ import annotations

from dr_console.web.sentences import Sentence
from incidents.models import Incident
from incidents.services import alerts, checklist_choice, command, escalation, postmortem, update_dues

Status = Incident.Status


def declared(incident: Incident, *, why: Sentence | None = None) -> None:
    """It has just been opened. `why`: what was seen, where the console or a program declared it."""
    checklist_choice.choose(incident)
    escalation.arm(incident, why=why)
    update_dues.declared(incident)


def diagnosed(incident: Incident) -> None:
    """It is of another kind than it seemed."""
    checklist_choice.choose(incident)


def severity_changed(incident: Incident, was: str) -> None:
    """`was`: a word of Severity; empty while nobody had said how bad it is."""
    checklist_choice.choose(incident)
    escalation.severity_changed(incident, was)
    postmortem.set_due(incident)
    update_dues.severity_changed(incident)


def status_changed(incident: Incident, was: str, *, why: Sentence | None = None) -> None:
    """`was`: a word of Incident.Status. `why`: what was given as the reason, if anything was."""
    command.status_changed(incident)
    escalation.status_changed(incident, why)
    if incident.merged_into is not None:
        alerts.merged(incident, incident.merged_into)
    elif was == Status.OPEN and incident.recovered_at is None:
        alerts.over(incident, why)
    postmortem.set_due(incident)
    update_dues.status_changed(incident)
