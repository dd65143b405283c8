"""An incident's timeline as a file: every row of its chain with its hash, and what was merged in, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils.timezone import now

from dr_console.audit.export import UTF_8_MARK, csv_lines, harmless
from incidents.models import Incident, TimelineEntry, TimelineHead
from incidents.queries.story_lines import Line
from incidents.queries.timeline import merged_in

ROWS_A_PIECE = 500
RULE = (
    "hash = sha256 of the UTF-8 JSON of [previous, *facts], keys sorted, no spaces, nothing escaped that need not be; "
    "facts: incident, place, act, happened and recorded (microseconds since 1970), kind, source, sentence, text, "
    "evidence, author, original, line, key"
)
HEADER = "place happened_at recorded_at act kind words who source evidence corrects pins previous hash".split()


def json_pieces(incident: Incident) -> Iterator[str]:
    """One object. `entries`: the chain, each row with what it takes to check its hash. `merged`: runs, messages."""
    head = _head(incident)
    about = {
        "incident": incident.reference,
        "title": incident.words,
        "exported_at": _utc(now()),
        "chain": {"length": head.seq, "head": head.hash, "rule": RULE},
    }
    yield json.dumps(about, ensure_ascii=False, indent=1)[:-2] + ',\n "entries": [\n'
    yield from _items(_json_of_entry(entry) for entry in _rows(incident, head))
    yield '\n ],\n "merged": [\n'
    yield from _items(_json_of_line(line) for line in merged_in(incident))
    yield "\n ]\n}\n"


def csv_pieces(incident: Incident) -> Iterator[str]:
    """The chain by place, then what was merged in by time, which has no place in it."""
    yield UTF_8_MARK + csv_lines([HEADER])
    for entry in _rows(incident, _head(incident)):
        yield csv_lines([[harmless(str("" if cell is None else cell)) for cell in _cells(entry)]])
    for line in merged_in(incident):
        cells = ["", _utc(line.at), "", "", line.kind, line.words, line.who, line.source, line.evidence, *[""] * 4]
        yield csv_lines([[harmless(cell) for cell in cells]])


def _items(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "  "
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        before = ",\n  "


def _rows(incident: Incident, head: TimelineHead) -> Iterator[TimelineEntry]:
    """Each piece is one short query: nothing stays open in between."""
    place = 0
    rows = TimelineEntry.objects.filter(incident=incident).select_related("author", "original").order_by("seq")
    while piece := list(rows.filter(seq__gt=place, seq__lte=head.seq)[:ROWS_A_PIECE]):
        yield from piece
        place = piece[-1].seq


def _head(incident: Incident) -> TimelineHead:
    return TimelineHead.objects.filter(incident=incident).first() or TimelineHead(incident=incident)


def _cells(entry: TimelineEntry) -> list[Any]:
    return [
        entry.seq,
        _utc(entry.at),
        _utc(entry.recorded_at),
        entry.act,
        entry.kind,
        entry.words,
        entry.author or "",
        entry.source,
        entry.evidence,
        entry.original.seq if entry.original else "",
        entry.line,
        entry.prev_hash,
        entry.hash,
    ]


def _json_of_entry(entry: TimelineEntry) -> dict[str, Any]:
    cells = dict(zip(HEADER, _cells(entry), strict=True))
    return cells | {"who": str(cells["who"]), "corrects": cells["corrects"] or None, "facts": entry.facts}


def _json_of_line(line: Line) -> dict[str, Any]:
    return {
        "happened_at": _utc(line.at),
        "kind": line.kind,
        "words": line.words,
        "who": line.who,
        "source": line.source,
        "evidence": line.evidence,
        "line": line.key,
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
