"""Questions to the audit log."""

from __future__ import annotations

from heapq import merge
from itertools import islice

from django.contrib.auth.models import User

from dr_console.audit.models import AuditEntry


def latest_about(person: User, target: str, *, most: int = 10) -> list[AuditEntry]:
    """The newest lines of what the person did and of what was done to them (`target`), newest first."""
    # Each by its own index; with OR, the database would read far more than it shows.
    done = AuditEntry.objects.filter(actor=person)[:most]
    suffered = AuditEntry.objects.filter(target=target).exclude(actor=person)[:most]
    return list(islice(merge(done, suffered, key=lambda entry: (entry.at, entry.pk), reverse=True), most))
