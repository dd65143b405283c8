"""Where an incident goes on, what it may become, and by when a postmortem is owed. Nothing here writes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from incidents.models import Incident, PostmortemRule

A_DAY = timedelta(days=1)
SATURDAY = 5


def goes_on_in(incident: Incident) -> Incident:
    """The incident that it was merged into, and that one into another; itself where it was not."""
    while incident.merged_into is not None:
        incident = incident.merged_into
    return incident


def open_about(dedup_key: str) -> Incident | None:
    """The open incident that the same was noticed by before, or that this one has been merged into."""
    if not dedup_key:
        return None
    noticed = Incident.objects.filter(dedup_key=dedup_key)
    found = noticed.open().first()
    if found is not None:
        return found
    merged = noticed.exclude(merged_into=None).order_by("-pk").first()
    target = goes_on_in(merged) if merged is not None else None
    return None if target is None or target.is_over else target


def story(incident: Incident) -> list[str]:
    """References of the incident and of everything that was merged into it: what was said about any of them."""
    references, newest = [incident.reference], [incident.pk]
    while newest:
        merged = list(Incident.objects.filter(merged_into__in=newest).values_list("pk", "reference"))
        newest = [pk for pk, _reference in merged]
        references += [reference for _pk, reference in merged]
    return references


def merge_targets(incident: Incident) -> QuerySet[Incident]:
    """What it may be a duplicate of, the newest first: of the same world, not closed, and open where it is open."""
    others = Incident.objects.filter(is_practice=incident.is_practice).exclude(pk=incident.pk)
    if not incident.is_over:
        others = others.open()
    return others.exclude(status=Incident.Status.CLOSED).order_by("-started_at", "-pk")


def postmortem_rule(severity: str) -> PostmortemRule | None:
    """None where the plan asks for no postmortem after an incident of this severity."""
    current = PostmortemRule.objects.filter(template__retired_at=None)
    return current.filter(severity=severity).first()


def postmortem_due(incident: Incident) -> datetime | None:
    """By when its postmortem is owed, counted from when it was resolved; None while it is not, and for drills."""
    if incident.resolved_at is None or incident.is_practice or incident.merged_into_id is not None:
        return None
    rule = postmortem_rule(incident.assumed_severity)
    return later(incident.resolved_at, rule.days, working_days_only=rule.working_days_only) if rule else None


def later(at: datetime, days: int, *, working_days_only: bool) -> datetime:
    """The same time of day so many days after `at`, in UTC; of working days, Saturdays and Sundays do not count."""
    while days:
        at += A_DAY
        if not working_days_only or at.weekday() < SATURDAY:
            days -= 1
    return at
