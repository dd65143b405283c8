"""An incident with its checklist, and how to look at it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import ChecklistItem, Incident
from incidents.queries.checklist import shown_checklist
from incidents.services.checklist_choice import choose
from tests import make

MINUTE = timedelta(minutes=1)
NINE = [
    "confirm-scope",
    "activate-team",
    "fail-over",
    "verify-standby",
    "notify-people",
    "watch-recovery",
    "record-details",
    "analyse-root-cause",
    "update-documents",
]


@pytest.fixture
def ada(db) -> User:
    return make.user("ada", role="commander")


@pytest.fixture
def incident(db) -> Incident:
    make.plan()
    made = make.incident()
    choose(made)
    return made


def item(incident: Incident, key: str = "confirm-scope") -> ChecklistItem:
    return incident.checklist.get(key=key)


def shown(incident: Incident) -> list[str]:
    return [row.item.key for row in shown_checklist(incident).items]


def story(incident: Incident) -> list[str]:
    return [entry.words for entry in incident.timeline.order_by("pk")]
