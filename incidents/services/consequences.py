"""What follows when an incident is declared, is found to be worse or milder, or goes on to its next state.

Each part of the room says here what it does then, in the transaction of what happened.
"""

from __future__ import annotations

from incidents.models import Incident


def declared(incident: Incident) -> None:
    """It has just been opened."""


def severity_changed(incident: Incident, was: str) -> None:
    """`was`: a word of Severity; empty while nobody had said how bad it is."""


def status_changed(incident: Incident, was: str) -> None:
    """`was`: a word of Incident.Status."""
