"""Whether incidents' timelines, and the logs of their runs, still are what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dr_console import chain
from dr_console.runs import events
from dr_console.runs.models import Run, StepEvent
from incidents.models import Incident, TimelineEntry, TimelineHead


@dataclass(frozen=True)
class Finding:
    """A row that is not as it was written. `run`: code of the run whose log it is in; empty: the timeline itself.

    `row`: as it stands now; None where it was removed.
    """

    incident: Incident
    place: int
    trouble: chain.Trouble
    run: str = ""
    row: TimelineEntry | StepEvent | None = None


def findings(incident: Incident) -> Iterator[Finding]:
    """Every row that was edited, removed or inserted, by place; its timeline first, then its runs' logs."""
    for found in chain.breaks(_links(incident), _head(incident)):
        row = None
        if found.trouble != "removed":
            row = TimelineEntry.objects.filter(incident=incident, seq=found.place).select_related("author").first()
        yield Finding(incident, found.place, found.trouble, row=row)
    for run in incident.runs.order_by("pk"):
        yield from _in_the_log(incident, run)


def length(incident: Incident) -> int:
    """How many rows its chain says that it has."""
    return _head(incident).place


def _in_the_log(incident: Incident, run: Run) -> Iterator[Finding]:
    for found in events.breaks(run):
        row = None
        if found.trouble != "removed":
            row = StepEvent.objects.filter(run=run, seq=found.place).select_related("by").first()
        yield Finding(incident, found.place, found.trouble, run.code, row)


def _links(incident: Incident) -> Iterator[chain.Link]:
    rows = TimelineEntry.objects.filter(incident=incident).order_by("seq", "pk")
    for row in rows.iterator(chunk_size=1000):
        yield chain.Link(row.seq, row.prev_hash, row.hash, chain.digest(row.prev_hash, row.facts))


def _head(incident: Incident) -> chain.Head:
    head = TimelineHead.objects.filter(incident=incident).first()
    return chain.Head(head.seq, head.hash) if head else chain.Head(0, "")
