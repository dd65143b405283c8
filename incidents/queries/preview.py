"""The dry run of a failover as its page shows it, beside the recovery target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dr_console.runs.planning import RunPreview
from dr_console.runs.previewing import ShownPlannedStep, shown_step
from dr_console.web.sentences import spoken
from incidents.models import Objectives


@dataclass(frozen=True)
class ShownPreview:
    """`seconds`: how long all of it is expected to take. `target`: the recovery time objective."""

    steps: list[ShownPlannedStep]
    blockers: list[str]
    seconds: float | None
    target: timedelta | None

    @property
    def is_slow(self) -> bool:
        """Whether it is expected to take longer than it may."""
        return self.seconds is not None and self.target is not None and self.seconds > self.target.total_seconds()

    @property
    def changes(self) -> int:
        return sum(step.changes for step in self.steps)


def shown_preview(preview: RunPreview) -> ShownPreview:
    objectives = Objectives.objects.current().first()
    return ShownPreview(
        [shown_step(step) for step in preview.steps],
        [spoken(blocker) for blocker in preview.blockers],
        preview.seconds,
        objectives.rto if objectives else None,
    )
