"""One transaction as the console makes them: read a row, change it, add another that says so."""

from __future__ import annotations

from django.db import transaction

from dr_console.live.models import Event, Topic


@transaction.atomic
def write(name: str) -> None:
    row, _ = Topic.objects.select_for_update().get_or_create(name=name)
    row.seq += 1
    row.save(update_fields=["seq"])
    Event.objects.create(topic=row, seq=row.seq, name="written")
