"""Failovers that something kept from starting: put down, told of, waved through by a person, and struck out."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_noop as _

from dr_console.audit.services import record as audit
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.runs import interlocks
from dr_console.runs.models import Run
from dr_console.web.sentences import sentence
from incidents.gate import Blocked
from incidents.models import (
    BlockedTrigger,
    FailoverPlan,
    Incident,
    LookedAt,
    MaintenanceWindow,
    Service,
    TimelineEntry,
)
from incidents.observations import Diagnosis
from incidents.services import alerts, failover, timeline

Blocker = BlockedTrigger.Blocker
# What may be over with the next look: people are told only if it lasts.
PASSING = {Blocker.TARGET_NOT_READY: timedelta(seconds=10), Blocker.ACTIVE_RUN: timedelta(seconds=60)}
LONGEST_MAINTENANCE = timedelta(days=7)


@transaction.atomic
def block(
    blocked: Blocked, diagnosis: Diagnosis, *, plan: FailoverPlan | None, incident: Incident | None, at: datetime
) -> tuple[BlockedTrigger, bool]:
    """Put down what stands in the way, once as long as it does, and whether that is new."""
    present = _present(incident, blocked.blocker).first()
    if present is not None and present.blocker == blocked.blocker:
        present.last_at, present.said = at, blocked.said
        present.save(update_fields=["last_at", "said"])
        _tell_if_it_lasts(present, at)
        return present, False
    _end(_present(incident, blocked.blocker), at)
    trigger, is_new = _put_down(blocked, diagnosis, plan, incident, at)
    if is_new:
        nudge("console", "decisions")
        _tell_if_it_lasts(trigger, at)
    return trigger, is_new


@transaction.atomic
def end(incident: Incident | None, *, at: datetime, blocker: BlockedTrigger.Blocker | None = None) -> bool:
    """Nothing stands in the way of this incident's failover any more. True if something did."""
    if not _end(_present(incident, blocker), at):
        return False
    nudge("console", "decisions")
    return True


@transaction.atomic
def end_left_over(*, at: datetime) -> None:
    """What stood in the way of answering an incident that is over, or that a run is at work on, does so no longer."""
    present = BlockedTrigger.objects.filter(ended_at=None, incident__isnull=False)
    over = Q(incident__recovered_at__isnull=False) | Q(incident__status__in=Incident.OVER)
    if _end(present.filter(pk__in=present.filter(over).values("pk")), at):
        nudge("console", "decisions")


def release(trigger: BlockedTrigger, *, by: User, reason: str) -> Run:
    """Start the failover although something stands in its way. Raises Refused if that cannot be waved through."""
    _check_releasable(trigger)
    assert trigger.plan is not None
    run, _is_new = failover.start(
        trigger.plan,
        incident=trigger.incident,
        by=by,
        trigger=Run.Trigger.PERSON,
        verb=Run.Verb.RECOVER,
        reason=reason[:500],
        client_token=f"release:{trigger.pk}",
    )
    _note_release(trigger, run, by=by, reason=reason)
    return run


@transaction.atomic
def look_at(run: Run, *, by: User | None, reason: str = "") -> LookedAt:
    """A person has looked at what a failover did: it no longer makes the automatic way wait."""
    looked, is_new = LookedAt.objects.get_or_create(run=run, defaults={"by": by, "reason": reason[:500], "at": now()})
    if is_new:
        audit("failover.looked_at", by=by, target=f"run {run.code}", after={"reason": reason})
        nudge("console", "decisions")
    return looked


@transaction.atomic
def begin_maintenance(*, minutes: int, service: Service | None, reason: str, by: User) -> MaintenanceWindow:
    """From now on, for so many minutes, nothing is started by itself."""
    length = timedelta(minutes=minutes)
    if not timedelta(0) < length <= LONGEST_MAINTENANCE:
        raise Refused(_now("A maintenance lasts from a minute to seven days."))
    at = now()
    window = MaintenanceWindow.objects.create(
        service=service, starts_at=at, ends_at=at + length, reason=reason[:500], by=by
    )
    after = {"service": service.key if service else "all", "until": window.ends_at.isoformat(), "reason": reason}
    audit("maintenance.begun", by=by, target=f"maintenance {window.pk}", after=after)
    nudge("console", "decisions")
    return window


@transaction.atomic
def end_maintenance(window: MaintenanceWindow, *, by: User) -> None:
    """It is over before its time. Over already: nothing is done."""
    at = now()
    if MaintenanceWindow.objects.filter(pk=window.pk, starts_at__lt=at, ends_at__gt=at).update(ends_at=at):
        audit("maintenance.ended", by=by, target=f"maintenance {window.pk}")
        nudge("console", "decisions")


def _check_releasable(trigger: BlockedTrigger) -> None:
    if trigger.ended_at is not None:
        raise Refused(_now("This no longer stands in the way: look at the page again."))
    if not trigger.is_releasable:
        said = {"blocker": trigger.get_blocker_display(), "why": trigger.words}
        raise Refused(_now("“%(blocker)s” cannot be waved through. %(why)s") % said)
    subject = f"service:{trigger.plan.service.key}" if trigger.plan else interlocks.EVERYTHING
    if interlocks.holding(subject) is not None:
        raise Refused(_now("The kill switch is on: release it first."))


@transaction.atomic
def _note_release(trigger: BlockedTrigger, run: Run, *, by: User, reason: str) -> None:
    at = now()
    mine = BlockedTrigger.objects.filter(pk=trigger.pk, released_at=None)
    if not mine.update(released_at=at, released_by=by, reason=reason[:500], run=run, ended_at=at):
        return
    after = {"blocker": trigger.blocker, "run": run.code, "reason": reason}
    audit("failover.released", by=by, target=trigger.incident or run.code, after=after)
    nudge("console", "decisions")
    if trigger.incident is not None:
        said = sentence(_("Released by a person although: %(why)s"), why=trigger.said)
        timeline.record(trigger.incident, said, kind=TimelineEntry.Kind.DECIDED, by=by, at=at)


def _present(incident: Incident | None, blocker: BlockedTrigger.Blocker | None) -> QuerySet[BlockedTrigger]:
    """What stands in the way now: one thing for each incident; without an incident, one of each kind."""
    present = BlockedTrigger.objects.filter(ended_at=None)
    if incident is not None:
        return present.filter(incident=incident)
    without = present.filter(incident=None)
    return without.filter(blocker=blocker) if blocker else without


def _end(triggers: QuerySet[BlockedTrigger], at: datetime) -> int:
    return triggers.update(ended_at=at)


def _put_down(
    blocked: Blocked, diagnosis: Diagnosis, plan: FailoverPlan | None, incident: Incident | None, at: datetime
) -> tuple[BlockedTrigger, bool]:
    """Two may come at once: the database lets one of them write."""
    new = BlockedTrigger(
        blocker=blocked.blocker,
        said=blocked.said,
        kind=diagnosis.kind.value,
        diagnosis=diagnosis.facts(),
        plan=plan,
        incident=incident,
        at=at,
        last_at=at,
    )
    BlockedTrigger.objects.bulk_create([new], ignore_conflicts=True)
    trigger = _present(incident, blocked.blocker).get()
    return trigger, trigger.at == at


def _tell_if_it_lasts(trigger: BlockedTrigger, at: datetime) -> None:
    """On the incident's timeline, and to the first row of the matrix: users are down, and nothing happens by itself."""
    incident = trigger.incident
    if incident is None or at - trigger.at < PASSING.get(Blocker(trigger.blocker), timedelta(0)):
        return
    if not BlockedTrigger.objects.filter(pk=trigger.pk, told_at=None).update(told_at=at):
        return
    nudge("console", "decisions")
    said = sentence(_("Not started by itself. %(why)s"), why=trigger.said)
    shown = reverse("incidents:decisions")
    kind, key = TimelineEntry.Kind.DECIDED, f"blocked:{trigger.pk}"
    timeline.record(incident, said, kind=kind, at=trigger.at, dedup_key=key, evidence=shown)
    alerts.critical(incident, said, f"blocked:{incident.reference}:{trigger.blocker}", event=alerts.Event.BLOCKED)
