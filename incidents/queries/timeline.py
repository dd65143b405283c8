"""The story of an incident: what was recorded and written, what its runs did, and what people were sent, as one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.core import signing
from django.db.models import Q, QuerySet

from dr_console.runs.models import Command
from dr_console.web.paging import BrokenCursor
from incidents.models import Incident, TimelineEntry
from incidents.queries.story_lines import MERGED, ORIGINS, Line, Origin, Wanted

Act = TimelineEntry.Act
ROWS = 40
_signer = signing.Signer(salt="incidents.queries.timeline")


@dataclass(frozen=True)
class Story:
    """A page of it, oldest first, and the cursors of what lies before and after; None where there is nothing more."""

    lines: list[Line]
    older: str | None = None
    newer: str | None = None


Place = tuple[datetime, int, int]


def story(incident: Incident, wanted: Wanted | None = None, cursor: str = "", *, rows: int = ROWS) -> Story:
    """The newest page of what is wanted, or the one at `cursor`. Raises BrokenCursor.

    Its cost does not grow with the length of the story: each table gives at most a page, by an index.
    """
    wanted = wanted or Wanted()
    place, is_newer = _place(cursor) if cursor else (None, False)
    found = _found(incident, wanted, place, is_newer, rows + 1)
    if place is not None and (not found or (is_newer and len(found) <= rows)):
        # Nothing lies there any more, or less than makes a page: the newest page shows it with what is before.
        return story(incident, wanted, rows=rows)
    page = sorted(found[:rows], key=lambda one: one[0])
    more = len(found) > rows
    older = _cursor(page[0][0], is_newer=False) if page and (more or is_newer) else None
    newer = _cursor(page[-1][0], is_newer=True) if page and place is not None else None
    return Story(_lines(incident, [origin.line(row) for _at, origin, row in page]), older, newer)


def latest(incident: Incident, *, most: int = 10) -> list[Line]:
    """The last lines of the story, oldest first: for a briefing."""
    return story(incident, rows=most).lines


def pinned_story(incident: Incident, *, most: int = 500) -> list[Line]:
    """The lines that somebody pinned, oldest first: what a postmortem starts from."""
    return story(incident, Wanted(is_pinned=True), rows=most).lines


def merged_in(incident: Incident, *, rows: int = 500) -> Iterator[Line]:
    """What is merged in from runs and messages, oldest first, a piece at a time: for exports."""
    place: Place = (datetime.min.replace(tzinfo=UTC), 0, 0)
    while found := _found(incident, Wanted(), place, True, rows, MERGED):
        yield from (origin.line(row) for _at, origin, row in found)
        place = found[-1][0]


def tellers(incident: Incident) -> QuerySet[User]:
    """Who stands on the timeline: for the filter."""
    told_it = incident.timeline.order_by().values("author")
    pressed = Command.objects.filter(run__incidents=incident).order_by().values("by")
    return User.objects.filter(Q(pk__in=told_it) | Q(pk__in=pressed)).order_by("username")


def current_entry(incident: Incident, seq: int) -> TimelineEntry | None:
    """What the entry whose first row has that place says now."""
    rows = incident.timeline.current().select_related("incident", "author", "original")
    return rows.filter(Q(original__isnull=True, seq=seq) | Q(original__seq=seq)).first()


def revisions(entry: TimelineEntry) -> list[TimelineEntry]:
    """What it said before, oldest first."""
    root = entry.original_id or entry.pk
    rows = TimelineEntry.objects.filter(Q(pk=root) | Q(original=root), seq__lt=entry.seq)
    return list(rows.select_related("author").order_by("seq"))


def has_line(incident: Incident, key: str) -> bool:
    """Whether a line of that key is told of this incident, so that it can be pinned."""
    prefix, _dash, number = key.partition("-")
    origin = next((one for one in ORIGINS if one.prefix == prefix), None)
    if origin is None or not number.isascii() or not number.isdigit() or len(number) > 18:
        return False
    if prefix == "entry":
        return incident.timeline.filter(seq=number, act=Act.ENTRY).exists()
    return origin.rows(incident).filter(pk=number).exists()


def _found(
    incident: Incident,
    wanted: Wanted,
    place: Place | None,
    is_newer: bool,
    most: int,
    origins: Iterable[Origin] | None = None,
) -> list[tuple[Place, Origin, object]]:
    """The rows next to a place, or the newest, nearest first."""
    pinned = _pinned(incident) if wanted.is_pinned else set()
    found: list[tuple[Place, Origin, object]] = []
    for rank, origin in enumerate(ORIGINS):
        rows = origin.wanted(incident, wanted, pinned) if origin in (origins or ORIGINS) else None
        if rows is None:
            continue
        if place is not None:
            rows = rows.filter(_beyond(origin.moment, rank, place, is_newer))
        order = ("", "") if is_newer else ("-", "-")
        rows = rows.order_by(f"{order[0]}{origin.moment}", f"{order[1]}pk")[:most]
        found += [((getattr(row, origin.moment), rank, row.pk), origin, row) for row in rows]
    return sorted(found, key=lambda one: one[0], reverse=not is_newer)[:most]


def _beyond(moment: str, rank: int, place: Place, is_newer: bool) -> Q:
    at, ranked, pk = place
    side = "gt" if is_newer else "lt"
    if rank != ranked:
        # Of what happened at the same time, tables are told in their order.
        at_once = (rank > ranked) == is_newer
        return Q(**{f"{moment}__{side}{'e' if at_once else ''}": at})
    # The first half says nothing new, but an index serves it.
    return Q(**{f"{moment}__{side}e": at}) & (Q(**{f"{moment}__{side}": at}) | Q(**{f"pk__{side}": pk}))


def _cursor(place: Place, *, is_newer: bool) -> str:
    at, rank, pk = place
    return _signer.sign_object([is_newer, at.isoformat(), rank, pk])


def _place(cursor: str) -> tuple[Place, bool]:
    try:
        is_newer, at, rank, pk = _signer.unsign_object(cursor)
        return (datetime.fromisoformat(at), rank, pk), is_newer
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise BrokenCursor(str(error)) from error


def _lines(incident: Incident, lines: list[Line]) -> list[Line]:
    """With what is known of them beside: whether they are pinned, and what they said before. Two queries."""
    pinned = _pinned(incident, [line.key for line in lines])
    before = _before([line.entry for line in lines if line.entry and line.entry.original_id])
    return [
        replace(
            line,
            is_pinned=line.key in pinned,
            before=tuple(before.get(line.entry.original_id, ())) if line.entry and line.entry.original_id else (),
        )
        for line in lines
    ]


def _pinned(incident: Incident, keys: Iterable[str] | None = None) -> set[str]:
    """Keys of the lines that are pinned: the last mark of each decides."""
    marks = TimelineEntry.objects.filter(incident=incident, act__in=(Act.PIN, Act.UNPIN)).exclude(line="")
    if keys is not None:
        marks = marks.filter(line__in=list(keys))
    last = dict(marks.order_by("seq").values_list("line", "act"))
    return {line for line, act in last.items() if act == Act.PIN}


def _before(corrections: list[TimelineEntry]) -> dict[int, list[TimelineEntry]]:
    """By the original's key: every row before the last correction."""
    last = {one.original_id: one.seq for one in corrections if one.original_id}
    found: dict[int, list[TimelineEntry]] = {}
    if not last:
        return found
    rows = TimelineEntry.objects.filter(Q(pk__in=last) | Q(original__in=last)).select_related("author").order_by("seq")
    for row in rows:
        root = row.original_id or row.pk
        if row.seq < last[root]:
            found.setdefault(root, []).append(row)
    return found
