"""Give an incident the list of the plan that fits it, and another one when it turns out to be something else."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.live.publish import nudge
from dr_console.web.sentences import sentence
from incidents.models import (
    ChecklistItem,
    ChecklistTemplate,
    ChecklistTemplateItem,
    ChosenChecklist,
    Incident,
    TimelineEntry,
)
from incidents.queries.checklist import fitting_template
from incidents.queries.degradation import in_every_language
from incidents.services import timeline, turns
from incidents.services.checklist import put_in_order


@transaction.atomic
def choose(incident: Incident) -> ChecklistTemplate | None:
    """Have the incident follow the list that fits its severity and kind of failure now. None where the plan has none.

    What somebody has worked on stays, as does what was added; what nobody has touched makes room for the new list.
    """
    incident = turns.at_incident(incident)
    template = fitting_template(incident.assumed_severity, incident.failure)
    followed = ChosenChecklist.objects.filter(incident=incident).select_related("template").first()
    if template is None or (followed is not None and followed.template_id == template.pk):
        return template
    known = list(incident.checklist.order_by("position", "pk"))
    put_in_order(_merged(known, _items_of(template, incident, {item.key: item for item in known})))
    facts = {"template": template, "chosen_at": now()}
    ChosenChecklist.objects.update_or_create(incident=incident, defaults=facts)
    if followed is not None:
        said = sentence(
            _("The checklist is now “%(new)s”, no longer “%(old)s”; what was done stays done."),
            new=in_every_language(template, "name"),
            old=in_every_language(followed.template, "name"),
        )
        timeline.record(incident, said, kind=TimelineEntry.Kind.CHANGED)
    nudge(incident.topic, "checklist")
    return template


def _items_of(template: ChecklistTemplate, incident: Incident, known: dict[str, ChecklistItem]) -> list[ChecklistItem]:
    """The incident's items for the list, in its order: made where there are none, taken over where there are."""
    found = []
    for wanted in template.items.all():
        item = known.get(wanted.key)
        if item is None:
            item = ChecklistItem(incident=incident, key=wanted.key, position=0)
        if not item.is_touched or item.pk is None:
            _copy(wanted, item)
        item.dropped_at = None
        item.save()
        found.append(item)
    return found


def _copy(wanted: ChecklistTemplateItem, item: ChecklistItem) -> None:
    minutes = wanted.due_minutes
    item.texts = in_every_language(wanted, "text")
    item.role, item.action, item.condition = wanted.role, wanted.action, wanted.condition
    item.due_at = None if minutes is None else item.incident.started_at + timedelta(minutes=minutes)


def _merged(known: list[ChecklistItem], wanted: list[ChecklistItem]) -> list[ChecklistItem]:
    """The new list, with what stays of the old one behind what it stood behind. What nobody touched is dropped."""
    result = list(wanted)
    before: ChecklistItem | None = None
    for item in known:
        if item in wanted:
            before = next(one for one in wanted if one == item)
            continue
        if not item.is_touched and item.dropped_at is None:
            item.dropped_at = now()
            item.save(update_fields=["dropped_at"])
        if item.dropped_at is not None:
            continue
        result.insert(result.index(before) + 1 if before is not None else 0, item)
        before = item
    return result
