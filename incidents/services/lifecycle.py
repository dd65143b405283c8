"""How far an incident is, as people say: mitigated, resolved, closed, and back. And how bad it is.

The rules: open → mitigated → resolved → closed, and from open straight to resolved; from each of them back to open,
for a reason. Nothing is resolved while a run is at work on it. What was merged into another goes nowhere by itself.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.web.sentences import Sentence, sentence
from incidents.models import Incident, Severity, TimelineEntry
from incidents.services import consequences, timeline, turns
from incidents.services.incident import tell_pages

Kind, Status = TimelineEntry.Kind, Incident.Status
SAID = {
    Status.OPEN: (_("Opened again"), _("Opened again: %(why)s")),
    Status.MITIGATED: (_("Mitigated"), _("Mitigated: %(why)s")),
    Status.RESOLVED: (_("Resolved"), _("Resolved: %(why)s")),
    Status.CLOSED: (_("Closed"), _("Closed: %(why)s")),
}


@transaction.atomic
def mitigate(incident: Incident, *, by: User | None, reason: str = "") -> Incident:
    """Users are no longer harmed, as a person or a step says, be it repaired or not."""
    return _become(turns.at_console_and(incident), Status.MITIGATED, by=by, reason=reason, mitigated_at=now())


@transaction.atomic
def resolve(incident: Incident, *, by: User, reason: str = "") -> Incident:
    """It is over. Only people say so."""
    incident = turns.at_console_and(incident)
    run = incident.runs.active().first()
    if run is not None:
        raise Refused(_now("Run %(run)s is still at work on it. Wait for its end, or abort it.") % {"run": run.code})
    return _become(incident, Status.RESOLVED, by=by, reason=reason, resolved_at=now())


@transaction.atomic
def close(incident: Incident, *, by: User, reason: str = "") -> Incident:
    """Nothing is left to be done about it, but for the postmortem where one is owed."""
    return _become(turns.at_console_and(incident), Status.CLOSED, by=by, reason=reason, closed_at=now())


@transaction.atomic
def reopen(incident: Incident, *, by: User, reason: str) -> Incident:
    """It is not over after all: its clocks run on as if it had never been said."""
    incident = turns.at_console_and(incident)
    if not reason.strip():
        raise Refused(_now("Say why it is opened again."))
    if incident.merged_into is not None:
        names = {"reference": incident.reference, "into": incident.merged_into.reference}
        raise Refused(_now("%(reference)s goes on as %(into)s. Take the merge back instead.") % names)
    refuse_a_second(incident)
    times = ("mitigated_at", "recovered_at", "verified_at", "resolved_at", "closed_at")
    return _become(incident, Status.OPEN, by=by, reason=reason, **dict.fromkeys(times))


@transaction.atomic
def set_severity(
    incident: Incident, severity: Severity, *, by: User, seen: str | None = None, reason: str = ""
) -> Incident:
    """Say how bad it is: for the first time, or otherwise than before.

    `seen`: what it was when the person looked, so that nobody decides on what another has changed meanwhile.
    """
    incident = turns.at_console_and(incident)
    if incident.status == Status.CLOSED:
        raise Refused(_now("%(reference)s is closed. Open it again first.") % {"reference": incident.reference})
    if seen is not None and seen != incident.severity:
        raise Refused(_now("Meanwhile somebody has made it %(severity)s. Look again.") % {"severity": _grade(incident)})
    if severity == incident.severity:
        raise Refused(_now("It is %(severity)s already.") % {"severity": severity.value})
    was, incident.severity = incident.severity, severity
    incident.save(update_fields=["severity"])
    audit("incident.severity", by=by, target=incident, before={"severity": was}, after={"severity": severity.value})
    tell_pages(incident)
    timeline.record(incident, _decided(was, severity, reason.strip()), kind=Kind.DECIDED, by=by)
    consequences.severity_changed(incident, was)
    return incident


def refuse_a_second(incident: Incident) -> None:
    """Of what is noticed by the same, one is open at a time."""
    same = Incident.objects.open().filter(dedup_key=incident.dedup_key).exclude(pk=incident.pk)
    other = same.first() if incident.dedup_key else None
    if other is not None:
        names = {"reference": incident.reference, "other": other.reference}
        raise Refused(_now("%(other)s is open for the same failure. Merge %(reference)s into it instead.") % names)


def _become(
    incident: Incident, status: Incident.Status, *, by: User | None, reason: str, **times: datetime | None
) -> Incident:
    if not incident.can_become(status):
        before = {"reference": incident.reference, "status": incident.get_status_display()}
        raise Refused(_now("%(reference)s is in the state “%(status)s”, from which that cannot be.") % before)
    was, why = incident.status, reason.strip()
    for name, value in {"status": status, **times}.items():
        setattr(incident, name, value)
    incident.save(update_fields=["status", *times])
    after = {"status": status.value, "reason": why} if why else {"status": status.value}
    audit(f"incident.{status.value}", by=by, target=incident, before={"status": was}, after=after)
    tell_pages(incident)
    said = said_of(status, why)
    timeline.record(incident, said, kind=Kind.CHANGED, by=by)
    consequences.status_changed(incident, was, why=said if why else None)
    return incident


def said_of(status: Incident.Status, why: str) -> Sentence:
    plain, with_reason = SAID[status]
    return sentence(with_reason, why=why) if why else sentence(plain)


def _decided(was: str, severity: Severity, why: str) -> Sentence:
    first = _("Severity decided: %(severity)s")
    text = _("Severity changed from %(was)s to %(severity)s") if was else first
    said = sentence(text, was=was, severity=severity.value)
    return sentence(_("%(said)s: %(why)s"), said=said, why=why) if why else said


def _grade(incident: Incident) -> str:
    return incident.severity or _now("not decided")
