"""A run's log as a chain: each line holds the hash of the one before, so that no line can be changed unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dr_console import chain
from dr_console.runs.models import Run, StepEvent


def append(run: Run, events: Iterable[StepEvent]) -> int:
    """Write them behind the last, whose number is returned. Whoever calls holds the run's row."""
    last = StepEvent.objects.filter(run=run).order_by("-seq").values_list("seq", "hash").first()
    seq, previous = last or (0, "")
    chained = []
    for event in events:
        seq += 1
        event.run, event.seq, event.prev_hash = run, seq, previous
        event.data, event.said = chain.plain(event.data), chain.plain(event.said)
        event.hash = previous = digest(event)
        chained.append(event)
    StepEvent.objects.bulk_create(chained)
    return seq


def digest(event: StepEvent) -> str:
    """What `hash` has to be: over everything in the line, and the hash before it."""
    facts = [
        event.run_id,
        event.seq,
        event.at.timestamp(),
        event.step,
        event.fence,
        event.kind,
        event.said,
        event.data,
        event.by_id,
    ]
    return chain.digest(event.prev_hash, facts)


def first_broken(run: Run) -> int | None:
    """Number of the first line that is not what was written; None if the chain is whole. A missing end is not seen."""
    first = next(iter(breaks(run)), None)
    return first.place if first else None


def breaks(run: Run) -> Iterator[chain.Break]:
    """Every line that is not what was written, by number."""
    events = StepEvent.objects.filter(run=run).order_by("seq").iterator()
    return chain.breaks(chain.Link(event.seq, event.prev_hash, event.hash, digest(event)) for event in events)
