"""Write an incident's timeline."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now

from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence
from incidents.models import Incident, TimelineEntry


@transaction.atomic
def record(
    incident: Incident,
    said: Sentence,
    *,
    kind: TimelineEntry.Kind,
    by: User | None = None,
    at: datetime | None = None,
    dedup_key: str = "",
) -> None:
    """Write a fact. The same fact, by `dedup_key`, is written once however often it is told."""
    entry = TimelineEntry(incident=incident, said=said, kind=kind, author=by, at=at or now(), dedup_key=dedup_key)
    TimelineEntry.objects.bulk_create([entry], ignore_conflicts=True)
    nudge(incident.topic, "timeline")
