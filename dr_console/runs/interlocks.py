"""What may not happen now: nothing acts under a kill switch, and no two runs change the same thing."""

from __future__ import annotations

from collections.abc import Iterable

from dr_console.runs import registry
from dr_console.runs.models import Interlock, ResourceLock, Run, Step

EVERYTHING = "all"


def holding(subject: str) -> Interlock | None:
    """The kill switch that holds back runs of this subject, if one is on."""
    return Interlock.objects.filter(name__in=(EVERYTHING, subject), is_on=True).order_by("name").first()


def lock_resources(run: Run, steps: Iterable[Step], wanting: Step) -> ResourceLock | None:
    """Take everything that the run will change, or nothing: two runs that each hold half would wait for ever.

    Returns what another run holds, if any. What is taken is kept until the run has ended.
    """
    names = {
        name
        for step in steps
        if step.undoes_id is None
        for name in registry.function(step.does).resources(step.parameters, run.context)
    }
    mine = set(ResourceLock.objects.filter(run=run, name__in=names).values_list("name", flat=True))
    missing = sorted(names - mine)
    if not missing:
        return None
    held = ResourceLock.objects.filter(name__in=missing).select_related("run").first()
    if held is not None:
        return held
    ResourceLock.objects.bulk_create(
        [ResourceLock(name=name, run=run, step_key=wanting.key) for name in missing], ignore_conflicts=True
    )
    held = ResourceLock.objects.filter(name__in=missing).exclude(run=run).select_related("run").first()
    if held is not None:
        ResourceLock.objects.filter(name__in=missing, run=run).delete()
    return held
