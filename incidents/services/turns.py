"""In which order those who act on incidents wait for each other, so that no two wait crosswise.

First the topic "console", where it will be told; then the incident's row, of several by their numbers; then what
belongs to it; its own topic, and its timeline, last.
"""

from __future__ import annotations

from dr_console.live.publish import hold
from incidents.models import Incident


def at_incident(incident: Incident) -> Incident:
    """As it is now, and as nobody else changes it until the transaction ends."""
    return Incident.objects.locked().get(pk=incident.pk)


def at_console_and(incident: Incident) -> Incident:
    """The same, for whoever also tells "console" or sends messages, which do."""
    hold("console")
    return at_incident(incident)
