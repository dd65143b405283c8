"""A run's log as a chain: each line holds the hash of the one before, so that no line can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from dr_console.runs.models import Run, StepEvent


def append(run: Run, events: Iterable[StepEvent]) -> int:
    """Write them behind the last, whose number is returned. Whoever calls holds the run's row."""
    last = StepEvent.objects.filter(run=run).order_by("-seq").values_list("seq", "hash").first()
    seq, previous = last or (0, "")
    chained = []
    for event in events:
        seq += 1
        event.run, event.seq, event.prev_hash = run, seq, previous
        event.data, event.said = _plain(event.data), _plain(event.said)
        event.hash = previous = digest(event)
        chained.append(event)
    StepEvent.objects.bulk_create(chained)
    return seq


def digest(event: StepEvent) -> str:
    """What `hash` has to be: sha256 over everything in the line, and the hash before it."""
    facts = [
        event.prev_hash,
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
    text = json.dumps(_plain(facts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken(run: Run) -> int | None:
    """Number of the first line that is not what was written; None if the chain is whole. A missing end is not seen."""
    previous, expected = "", 1
    for event in StepEvent.objects.filter(run=run).order_by("seq").iterator():
        if event.seq != expected or event.prev_hash != previous or event.hash != digest(event):
            return expected
        previous, expected = event.hash, expected + 1
    return None


def _plain(value: Any) -> Any:
    """As every database gives it back: PostgreSQL knows no NUL, and writes 1e16 as a whole number."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.replace("\0", "") if isinstance(value, str) else value
