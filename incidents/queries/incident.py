"""What the page of an incident shows: the clock of the recovery target, how far it is, its runs and its story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.notifications.models import Delivery
from dr_console.runs.models import Run
from incidents.models import DegradationChange, DegradationLevel, Incident, Objectives
from incidents.queries.lifecycle import story

NEWEST_DELIVERIES = 8


@dataclass(frozen=True)
class TargetClock:
    """How much of the recovery target is left. It stops when the service recovered, else when the incident ended."""

    target: timedelta
    took: timedelta
    has_recovered: bool
    has_stopped: bool

    @property
    def left(self) -> timedelta:
        return self.target - self.took

    @property
    def is_over(self) -> bool:
        return self.took >= self.target

    @property
    def state(self) -> str:
        """The word for the style sheet."""
        if self.is_over:
            return "is-over"
        return "is-met" if self.has_recovered else ""


def target_clock(incident: Incident) -> TargetClock | None:
    """None where the plan has no objective, so that there is nothing to count down to."""
    objectives = Objectives.objects.current().first()
    if objectives is None:
        return None
    end = incident.recovered_at or incident.resolved_at
    took = max(timedelta(), (end or now()) - incident.started_at)
    return TargetClock(objectives.rto, took, incident.recovered_at is not None, end is not None)


def phase(incident: Incident, run: Run | None) -> str:
    """How far it is, in a few words: as the run goes while there is one, else as the incident stands."""
    if run is not None and run.is_active:
        return _phase_of_run(run)
    if incident.is_over:
        return str(incident.get_status_display())
    if incident.recovered_at:
        return _("Recovered, being watched")
    if run is not None and run.state in (Run.State.FAILED, Run.State.TIMED_OUT, Run.State.ROLLBACK_FAILED):
        return _("Not recovered: the run failed")
    return str(incident.get_status_display())


def _phase_of_run(run: Run) -> str:
    if run.state == Run.State.RUNNING:
        words = {
            Run.Kind.FAILOVER: _("Failing over"),
            Run.Kind.FAILBACK: _("Failing back"),
            Run.Kind.DEGRADATION: _("Changing the degradation level"),
        }
        return words.get(Run.Kind(run.kind), str(run.get_state_display()))
    return str(run.get_state_display())


def runs_of(incident: Incident) -> list[Run]:
    """The run to look at first: one that is under way before one that has ended, then the newest."""
    runs = list(incident.runs.select_related("by").order_by("-created_at", "-pk"))
    return sorted(runs, key=lambda run: not run.is_active)


@dataclass(frozen=True)
class Milestone:
    """A moment that recovery is measured by. `after`: since the incident began; None for its beginning."""

    label: str
    at: datetime
    after: timedelta | None = None


def milestones(incident: Incident) -> list[Milestone]:
    """Those that have come, in order."""
    moments = [
        (_("Detected"), incident.detected_at),
        (_("Acknowledged"), incident.acknowledged_at),
        (_("Switched"), incident.switched_at),
        (_("Recovered"), incident.recovered_at),
        (_("Verified"), incident.verified_at),
        (_("Mitigated"), incident.mitigated_at),
        (_("Resolved"), incident.resolved_at),
    ]
    later = [Milestone(label, at, at - incident.started_at) for label, at in moments if at is not None]
    return [Milestone(_("Started"), incident.started_at), *later]


def deliveries(incident: Incident) -> list[Delivery]:
    """What was last sent to people about it, or about what was merged into it, the newest first."""
    return list(Delivery.objects.filter(about__in=story(incident))[:NEWEST_DELIVERIES])


def degradation_level() -> DegradationLevel | None:
    """The level in force, where it is not the normal one."""
    change = DegradationChange.objects.order_by("-pk").first()
    if change is None or change.level == 0:
        return None
    return DegradationLevel.objects.current().filter(level=change.level).first()
