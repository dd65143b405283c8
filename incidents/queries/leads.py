"""Where an item of a checklist leads to at this moment. Nothing here writes."""

from __future__ import annotations

from django.urls import reverse

from incidents.models import ChecklistItem, Incident, ItemAction
from incidents.queries.incident import runs_of
from incidents.queries.suggestions import blocked_trigger, suggested_plans

# To a page; others are done by one press, or tick themselves.
LEADS = (ItemAction.FAIL_OVER, ItemAction.PUBLISH_UPDATE, ItemAction.ANALYSE_CAUSE)


def lead_of(item: ChecklistItem) -> str:
    """The address of the page; the item's own for one that leads nowhere else."""
    if item.action == ItemAction.FAIL_OVER:
        return _failover(item.incident)
    if item.action == ItemAction.PUBLISH_UPDATE:
        return reverse("incidents:update-compose", args=[item.incident.reference])
    if item.action == ItemAction.ANALYSE_CAUSE:
        return reverse("incidents:report")
    return reverse("incidents:checklist-item", args=[item.incident.reference, item.key])


def _failover(incident: Incident) -> str:
    """The run that is under way, else the preview of the plan that answers best, else all plans."""
    runs = runs_of(incident)
    last = runs[0] if runs else None
    if last is not None and last.is_active:
        return last.get_absolute_url()
    plans = suggested_plans(incident, last, blocked_trigger(incident))
    if not plans:
        return reverse("incidents:failover")
    preview = reverse("incidents:failover-preview", args=[plans[0].key])
    return preview if incident.is_over else f"{preview}?incident={incident.reference}"
