"""What the console knows at a moment, read from its own database: for the screen while it acts, and for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max
from django.utils.timezone import now

from dr_console.management.rehearsal.facts import RunTold, Told
from dr_console.management.rehearsal.screen import StepShown
from dr_console.management.rehearsal.world import Clocks
from dr_console.notifications.models import Channel, Delivery
from dr_console.runs.models import Run, Step, StepEvent
from dr_console.web.sentences import spoken
from incidents.confirming import Memory
from incidents.models import BlockedTrigger, Decision, DecisionState, Incident, TimelineEntry

UNDER_WAY = (Delivery.State.QUEUED, Delivery.State.SENDING)
NOT_ARRIVED = (Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.FAILED)


@dataclass
class Watch:
    """Everything that came about since it was made. What was there before is none of the rehearsal's."""

    incident_before: int = field(default_factory=lambda: _newest(Incident))
    run_before: int = field(default_factory=lambda: _newest(Run))
    decision_before: int = field(default_factory=lambda: _newest(Decision))
    blocked_before: int = field(default_factory=lambda: _newest(BlockedTrigger))
    delivery_before: int = field(default_factory=lambda: _newest(Delivery))
    _told: set[str] = field(default_factory=set)

    def incident(self) -> Incident | None:
        """The first one that the console has declared since."""
        return Incident.objects.filter(pk__gt=self.incident_before, is_practice=False).order_by("pk").first()

    def runs(self, *kinds: Run.Kind) -> list[Run]:
        runs = Run.objects.filter(pk__gt=self.run_before).order_by("pk")
        return list(runs.filter(kind__in=kinds) if kinds else runs)

    def refusals(self) -> dict[str, str]:
        """Why it did not act: by BlockedTrigger.Blocker, in its own words."""
        blocked = BlockedTrigger.objects.filter(pk__gt=self.blocked_before).order_by("pk")
        return {each.blocker: each.words for each in blocked}

    def changes(self) -> int:
        """How often it has seen things fail or be well again, of late."""
        state = DecisionState.objects.first()
        return Memory.from_facts(state.memory).changes_lately(now()) if state else 0

    def messages_under_way(self) -> int:
        return Delivery.objects.filter(pk__gt=self.delivery_before, state__in=UNDER_WAY).count()

    def news(self) -> Iterator[tuple[datetime, str]]:
        """What has not been told yet, in order of time."""
        found = sorted([*self._decisions(), *self._timeline(), *self._steps(), *self._deliveries()])
        for at, key, text in found:
            if key not in self._told:
                self._told.add(key)
                yield at, text

    def steps_shown(self) -> tuple[StepShown, ...]:
        """The steps of the newest run."""
        newest = Run.objects.filter(pk__gt=self.run_before).order_by("-pk").first()
        return () if newest is None else tuple(_shown(step) for step in newest.steps.all())

    def told(self, clocks: Clocks) -> Told:
        """All of it for the report, with times on the world's clock."""
        incident, runs = self.incident(), self.runs()
        deliveries = Delivery.objects.filter(pk__gt=self.delivery_before)
        # To resolve at PagerDuty is no message: it takes one back.
        sent = deliveries.filter(sent_at__isnull=False)
        accepted = sent.exclude(channel=Channel.PAGERDUTY, payload__action="resolve").values_list("channel", flat=True)
        told = Told(
            runs=tuple(_run_told(run) for run in runs),
            calls=StepEvent.objects.filter(run__in=runs, kind="call").count(),
            messages=dict(Counter(accepted)),
            # A call that nobody took has rung, and was followed by the person's next channel.
            unsent=deliveries.filter(state__in=NOT_ARRIVED, stand_ins=None).count(),
            refusals=self.refusals(),
        )
        return told if incident is None else _with_incident(told, incident, clocks)

    def _decisions(self) -> Iterator[tuple[datetime, str, str]]:
        for each in Decision.objects.filter(pk__gt=self.decision_before):
            yield each.at, f"decision {each.pk}", f"{each.get_outcome_display()}: {each.words}"

    def _timeline(self) -> Iterator[tuple[datetime, str, str]]:
        for each in TimelineEntry.objects.filter(incident__pk__gt=self.incident_before).select_related("incident"):
            yield each.at, f"entry {each.pk}", f"{each.incident.reference}  {each.words}"

    def _steps(self) -> Iterator[tuple[datetime, str, str]]:
        for step in Step.objects.filter(run__pk__gt=self.run_before, ended_at__isnull=False):
            text = f"{step.title}: {step.get_state_display()}. {step.words}".rstrip()
            yield step.ended_at or now(), f"step {step.pk} {step.state}", text

    def _deliveries(self) -> Iterator[tuple[datetime, str, str]]:
        for each in Delivery.objects.filter(pk__gt=self.delivery_before, ended_at__isnull=False):
            text = f"{each.get_channel_display()} → {each.recipient or each.address}: {each.subject}"
            yield each.ended_at or now(), f"delivery {each.pk}", f"{text} ({each.get_state_display()})"


def _newest(model: type[Incident] | type[Run] | type[Decision] | type[BlockedTrigger] | type[Delivery]) -> int:
    return int(model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0)


def _shown(step: Step) -> StepShown:
    seconds = ((step.ended_at or now()) - step.started_at).total_seconds() if step.started_at else None
    return StepShown(step.title, step.state, str(step.get_state_display()), seconds, step.words)


def _run_told(run: Run) -> RunTold:
    acted = run.steps.filter(acted_at__isnull=False).exclude(does="failover.notify").count()
    return RunTold(run.code, run.kind, run.title, run.state, acted)


def _with_incident(told: Told, incident: Incident, clocks: Clocks) -> Told:
    return Told(
        **{
            **told.__dict__,
            "incident": incident.reference,
            "failure": incident.failure,
            "reasons": tuple(spoken(reason) for reason in incident.diagnosis.get("reasons", [])),
            "started_at": clocks.at(incident.started_at),
            "detected_at": clocks.at(incident.detected_at),
            "switched_at": clocks.at(incident.switched_at),
            "recovered_at": clocks.at(incident.recovered_at),
            "verified_at": clocks.at(incident.verified_at),
        }
    )
