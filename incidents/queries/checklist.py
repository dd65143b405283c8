"""The checklist of an incident as it stands: which items count, what is asked, what is late. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.functional import Promise
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import (
    ChecklistAnswer,
    ChecklistItem,
    ChecklistTemplate,
    ChosenChecklist,
    Incident,
    ItemAction,
    ItemCondition,
    RoleAssignment,
)
from incidents.queries.incident import degradation_level

# What the console cannot know; people are asked.
QUESTIONS: dict[str, str | Promise] = {ItemCondition.DATA_LOST: gettext_lazy("Is data lost?")}
# What is done by one press; the others lead to a page.
PRESSED = (ItemAction.ACTIVATE_TEAM, ItemAction.VERIFY_STANDBY)
Holds = Mapping[str, bool | None]
# Roles that are one person's, and what they are called in a checklist.
ROLES: dict[str, str] = {
    RoleAssignment.Role.COMMANDER: ChecklistItem.Role.COMMANDER,
    RoleAssignment.Role.LIAISON: ChecklistItem.Role.COMMUNICATIONS,
    RoleAssignment.Role.SCRIBE: ChecklistItem.Role.SCRIBE,
}


@dataclass(frozen=True)
class Question:
    """`holds`: what was answered; None: nobody has. `waiting`: how many items are hidden until somebody does."""

    condition: str
    words: str | Promise
    holds: bool | None
    by: User | None
    at: datetime | None
    waiting: int


@dataclass(frozen=True)
class ShownItem:
    """One row. `missing`: what is not known yet that the item waits for, in words. `in_role`: who has its role now."""

    item: ChecklistItem
    is_overdue: bool
    is_next: bool
    missing: tuple[str, ...] = ()
    in_role: User | None = None

    @property
    def is_pressed(self) -> bool:
        return self.item.action in PRESSED


@dataclass(frozen=True)
class ShownChecklist:
    """What the page shows. `settled` of `total`: done, or found not to apply."""

    name: str
    items: list[ShownItem]
    questions: list[Question]

    @property
    def total(self) -> int:
        return len(self.items)

    @property
    def settled(self) -> int:
        return sum(1 for one in self.items if not one.item.is_open)

    @property
    def overdue(self) -> int:
        return sum(1 for one in self.items if one.is_overdue)

    @property
    def is_complete(self) -> bool:
        return self.total > 0 and self.settled == self.total

    def open_items(self) -> list[ChecklistItem]:
        """In their order."""
        return [one.item for one in self.items if one.item.is_open]


def shown_checklist(incident: Incident) -> ShownChecklist:
    """At most five queries, however long the list."""
    items = list(incident.checklist.filter(dropped_at=None).select_related("owner", "settled_by", "added_by"))
    answers = {one.condition: one for one in incident.checklist_answers.select_related("by")} if items else {}
    holds = _holds(incident, items, answers)
    shown = [item for item in items if _counts(item, holds)]
    chosen = ChosenChecklist.objects.filter(incident=incident).select_related("template").first() if items else None
    name = chosen.template.name if chosen else _("Checklist")
    return ShownChecklist(name, _rows(incident, shown), _questions(items, holds, answers))


def _rows(incident: Incident, items: list[ChecklistItem]) -> list[ShownItem]:
    at = now()
    first = next((item for item in items if item.is_open), None)
    missing = tuple(missing_details(incident))
    holders = _role_holders(incident) if any(item.is_open for item in items) else {}
    return [
        ShownItem(
            item,
            item.is_overdue(at),
            item is first,
            missing if _waits_for_details(item) else (),
            holders.get(item.role),
        )
        for item in items
    ]


def _role_holders(incident: Incident) -> dict[str, User]:
    """By role of the checklist: who has the same role in the incident now."""
    assigned = incident.roles.filter(until=None, role__in=ROLES).select_related("person")
    return {ROLES[one.role]: one.person for one in assigned}


def _waits_for_details(item: ChecklistItem) -> bool:
    return item.is_open and item.action == ItemAction.RECORD_DETAILS


def _holds(incident: Incident, items: list[ChecklistItem], answers: Mapping[str, ChecklistAnswer]) -> Holds:
    """Which conditions hold; None: nobody has said."""
    found: dict[str, bool | None] = {
        ItemCondition.SWITCHED_OVER: incident.switched_at is not None,
        ItemCondition.REAL: not incident.is_practice,
    }
    if any(item.condition == ItemCondition.DEGRADED for item in items):
        found[ItemCondition.DEGRADED] = degradation_level() is not None
    for condition in QUESTIONS:
        found[condition] = answers[condition].holds if condition in answers else None
    return found


def _counts(item: ChecklistItem, holds: Holds) -> bool:
    """What somebody has worked on is never hidden."""
    return not item.condition or bool(holds.get(item.condition)) or item.is_touched


def _questions(items: list[ChecklistItem], holds: Holds, answers: Mapping[str, ChecklistAnswer]) -> list[Question]:
    found = []
    for condition, words in QUESTIONS.items():
        depending = [item for item in items if item.condition == condition]
        if depending:
            answer = answers.get(condition)
            by, at = (answer.by, answer.at) if answer else (None, None)
            waiting = sum(1 for item in depending if not _counts(item, holds))
            found.append(Question(condition, words, holds[condition], by, at, waiting))
    return found


def missing_details(incident: Incident) -> list[str]:
    """What the record of an incident still lacks, and nobody can read from anywhere else."""
    ended = incident.recovered_at or incident.mitigated_at or incident.resolved_at
    facts = [
        (incident.severity, _("how bad it is")),
        (incident.service_id, _("which service it is about")),
        (incident.acknowledged_at or incident.commander_id, _("who responded")),
        (ended, _("when users were served again")),
    ]
    return [words for known, words in facts if not known]


def fitting_template(severity: str, failure: str) -> ChecklistTemplate | None:
    """The list that says most exactly that it is for this: it names the kind of failure, else the severity, else
    neither. Of several, the first in the plan."""
    fitting = [
        one
        for one in ChecklistTemplate.objects.current()
        if (not one.severities or severity in one.severities) and (not one.failures or failure in one.failures)
    ]
    return min(fitting, key=lambda one: (not one.failures, not one.severities, one.position), default=None)
