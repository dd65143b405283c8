"""Say by when an incident's postmortem is owed."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from dr_console.web.sentences import sentence
from incidents.models import Incident, TimelineEntry
from incidents.queries import lifecycle
from incidents.services import timeline


def set_due(incident: Incident) -> None:
    """As the plan has it for the severity, from when the incident was resolved; nothing is owed while it is open.

    Called in the transaction of what changed: the incident's row is locked.
    """
    due = lifecycle.postmortem_due(incident)
    if due == incident.postmortem_due_at:
        return
    incident.postmortem_due_at = due
    incident.save(update_fields=["postmortem_due_at"])
    if due is not None:
        said = sentence(_("A postmortem is owed by %(date)s (UTC)"), date=f"{due:%Y-%m-%d}")
        timeline.record(incident, said, kind=TimelineEntry.Kind.CHANGED, dedup_key=f"postmortem:{due:%Y%m%d%H%M%S}")
