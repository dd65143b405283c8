"""Two incidents that are one: the duplicate is closed and says where it goes on. Both keep their stories.

What the console notices, what runs do and whom alerts reach goes on with the incident that it was merged into.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import hold, nudge
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Incident, Severity, TimelineEntry
from incidents.services import consequences, timeline
from incidents.services.alerts import is_worse
from incidents.services.lifecycle import refuse_a_second

Status, CHANGED = Incident.Status, TimelineEntry.Kind.CHANGED
# Whichever of the two knew it first was right about both.
EARLIEST = ("started_at", "detected_at", "acknowledged_at")
# What it is noticed by, where the other is not noticed by anything.
NOTICED_BY = ("dedup_key", "failure", "diagnosis")


@transaction.atomic
def merge(duplicate: Incident, into: Incident, *, by: User, reason: str = "") -> Incident:
    """Close the duplicate, for it goes on as `into`. Returns the duplicate. It can be taken back: `unmerge`."""
    duplicate, into = _both(duplicate, into)
    _refuse_what_cannot_be(duplicate, into)
    was = duplicate.status
    _tell_pages(duplicate, into)
    duplicate.before_merge = {"status": was, **_handed_over(duplicate, into)}
    duplicate.merged_into, duplicate.status, duplicate.closed_at = into, Status.CLOSED, now()
    duplicate.resolved_at = duplicate.resolved_at or duplicate.closed_at
    duplicate.save(update_fields=["before_merge", "merged_into", "status", "closed_at", "resolved_at"])
    into.save(update_fields=[*EARLIEST, *NOTICED_BY])
    audit("incident.merged", by=by, target=duplicate, before={"status": was}, after={"into": into.reference})
    _tell_both(duplicate, into, by=by, reason=reason)
    consequences.status_changed(duplicate, was)
    _make_as_bad(into, duplicate.assumed_severity)
    return duplicate


@transaction.atomic
def unmerge(duplicate: Incident, *, by: User, reason: str = "") -> Incident:
    """They are two after all: the duplicate is again what it was before."""
    duplicate = Incident.objects.select_related("merged_into").get(pk=duplicate.pk)
    if duplicate.merged_into is None:
        raise Refused(_now("%(reference)s was not merged into another.") % {"reference": duplicate.reference})
    duplicate, into = _both(duplicate, duplicate.merged_into)
    if duplicate.merged_into_id != into.pk:
        raise Refused(_now("Somebody has just taken the merge back."))
    before, was = duplicate.before_merge, duplicate.status
    _tell_pages(duplicate, into)
    _hand_back(duplicate, into, before)
    duplicate.merged_into, duplicate.closed_at, duplicate.before_merge = None, None, {}
    duplicate.status = Status(before["status"])
    if not duplicate.is_over:
        duplicate.resolved_at = None
        refuse_a_second(duplicate)
    duplicate.save(update_fields=["before_merge", "merged_into", "status", "closed_at", "resolved_at"])
    audit(
        "incident.unmerged",
        by=by,
        target=duplicate,
        before={"into": into.reference},
        after={"status": duplicate.status},
    )
    said = sentence(_("%(reference)s is no duplicate of %(into)s"), reference=duplicate.reference, into=into.reference)
    why = sentence(_("%(said)s: %(why)s"), said=said, why=reason.strip()) if reason.strip() else said
    timeline.record(into, why, kind=CHANGED, by=by)
    timeline.record(duplicate, why, kind=CHANGED, by=by)
    consequences.status_changed(duplicate, was, why=why)
    return duplicate


def _both(duplicate: Incident, into: Incident) -> tuple[Incident, Incident]:
    """Locked in the order of their numbers, so that two who merge them crosswise do not wait for each other."""
    hold("console")
    rows = Incident.objects.locked().select_related("merged_into").order_by("pk")
    found = {one.pk: one for one in rows.filter(pk__in=(duplicate.pk, into.pk))}
    return found[duplicate.pk], found[into.pk]


def _refuse_what_cannot_be(duplicate: Incident, into: Incident) -> None:
    names = {"reference": duplicate.reference, "into": into.reference}
    if duplicate.pk == into.pk:
        raise Refused(_now("An incident is no duplicate of itself."))
    if duplicate.status == Status.CLOSED:
        raise Refused(_now("%(reference)s is closed. Open it again first.") % names)
    if into.merged_into is not None:
        into_what = {**names, "other": into.merged_into.reference}
        raise Refused(_now("%(into)s was merged into %(other)s. Merge %(reference)s into that.") % into_what)
    if into.status == Status.CLOSED or (into.is_over and not duplicate.is_over):
        raise Refused(_now("%(into)s is over, and %(reference)s is not. Open %(into)s again first.") % names)
    if into.is_practice != duplicate.is_practice:
        raise Refused(_now("One of them is a drill, and the other is not."))


def _handed_over(duplicate: Incident, into: Incident) -> dict[str, Any]:
    """Give `into` what the duplicate knew first and what it is noticed by. Returns what is needed to take it back."""
    runs = set(duplicate.runs.values_list("pk", flat=True)) - set(into.runs.values_list("pk", flat=True))
    into.runs.add(*runs)
    kept: dict[str, Any] = {"runs": sorted(runs), "times": {}, "noticed": False}
    for name in EARLIEST:
        mine, theirs = getattr(into, name), getattr(duplicate, name)
        if theirs is not None and (mine is None or theirs < mine):
            kept["times"][name] = mine.isoformat() if mine else None
            setattr(into, name, theirs)
    if duplicate.dedup_key and not into.dedup_key:
        kept["noticed"] = True
        for name in NOTICED_BY:
            setattr(into, name, getattr(duplicate, name))
    return kept


def _hand_back(duplicate: Incident, into: Incident, before: dict[str, Any]) -> None:
    """But for what has changed since."""
    into.runs.remove(*before.get("runs", []))
    for name, kept in before.get("times", {}).items():
        if getattr(into, name) == getattr(duplicate, name):
            setattr(into, name, datetime.fromisoformat(kept) if kept else None)
    if before.get("noticed") and into.dedup_key == duplicate.dedup_key:
        into.dedup_key, into.failure, into.diagnosis = "", "", {}
    into.save(update_fields=[*EARLIEST, *NOTICED_BY])


def _make_as_bad(into: Incident, severity: Severity) -> None:
    """It was that bad all along."""
    if into.is_over or not is_worse(severity, into.assumed_severity):
        return
    was, into.severity = into.severity, severity
    into.save(update_fields=["severity"])
    consequences.severity_changed(into, was)


def _tell_pages(*both: Incident) -> None:
    """In the order of the topics' names, before anything else is told."""
    nudge("console", "incidents")
    for topic in sorted(one.topic for one in both):
        nudge(topic, "incident")


def _tell_both(duplicate: Incident, into: Incident, *, by: User, reason: str) -> None:
    goes_on = sentence(_("The same as %(into)s, and goes on as that"), into=into.reference)
    title = duplicate.said_title or duplicate.title
    same = sentence(_("%(reference)s is the same: %(title)s"), reference=duplicate.reference, title=title)
    timeline.record(duplicate, _because(goes_on, reason), kind=CHANGED, by=by)
    timeline.record(into, _because(same, reason), kind=CHANGED, by=by)


def _because(said: Sentence, reason: str) -> Sentence:
    why = reason.strip()
    return sentence(_("%(said)s: %(why)s"), said=said, why=why) if why else said
