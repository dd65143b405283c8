"""Write an incident's timeline: what happened, what people note, what they correct, and what they pin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console import chain
from dr_console.audit import origin
from dr_console.errors import Refused
from dr_console.live.publish import nudge
from dr_console.web.sentences import Sentence
from incidents.models import Incident, TimelineEntry, TimelineHead

Act = TimelineEntry.Act
Kind = TimelineEntry.Kind
Source = TimelineEntry.Source
LONGEST_NOTE = 4000
# An incident may turn out to have begun long before anybody noticed, but a year is a slip of the pen.
EARLIEST = timedelta(days=366)


class Known(TypedDict):
    """From where a fact is known, and where that can be seen."""

    source: TimelineEntry.Source
    evidence: str


@transaction.atomic
def record(
    incident: Incident,
    said: Sentence,
    *,
    kind: TimelineEntry.Kind,
    by: User | None = None,
    at: datetime | None = None,
    dedup_key: str = "",
    source: TimelineEntry.Source | None = None,
    evidence: str = "",
) -> TimelineEntry:
    """Write a fact, and return it. The same fact, by `dedup_key`, is written once however often it is told.

    `at`: when it happened; now, if nothing else is said. `source`: from where it is known; left out, it is whoever
    did it. `evidence`: an address, http(s) or of a page of the console.
    """
    entry = TimelineEntry(incident=incident, said=said, kind=kind, author=by, dedup_key=dedup_key, evidence=evidence)
    entry.at, entry.source = at or now(), source or _source(by)
    return _append(entry)


@dataclass(frozen=True)
class Written:
    """What a person writes. `text`: Markdown. `evidence`: http(s), or empty."""

    text: str
    at: datetime
    evidence: str = ""


@transaction.atomic
def note(incident: Incident, written: Written, *, by: User, token: str = "") -> TimelineEntry:
    """Write what a person noticed, at the time it happened. Sent twice with the same token, it is one note."""
    _check_time(incident, written.at)
    entry = TimelineEntry(
        incident=incident,
        kind=Kind.NOTE,
        at=written.at,
        source=_source(by),
        text=_checked(written.text),
        evidence=written.evidence,
        author=by,
        dedup_key=f"note:{token}" if token else "",
    )
    return _append(entry)


@transaction.atomic
def correct(entry: TimelineEntry, written: Written, *, by: User) -> TimelineEntry:
    """Say an entry anew. What it said before stays, and is shown beside it.

    `entry`: what stands there now, an entry or its last correction. Raises Refused if it has been corrected meanwhile,
    if nothing is different, and for pins.
    """
    if entry.act not in (Act.ENTRY, Act.CORRECTION):
        raise Refused(_("Only an entry can be corrected."))
    _check_time(entry.incident, written.at)
    text = _checked(written.text)
    if (text, written.at, written.evidence) == (entry.words, entry.at, entry.evidence):
        raise Refused(_("Nothing is different: there is nothing to correct."))
    _hold(entry.incident)
    original = entry.original_id or entry.pk
    if TimelineEntry.objects.filter(original=original, act=Act.CORRECTION, seq__gt=entry.seq).exists():
        raise Refused(_("Somebody else has corrected this entry meanwhile. Look at what it says now."))
    corrected = TimelineEntry(
        incident=entry.incident,
        act=Act.CORRECTION,
        kind=entry.kind,
        at=written.at,
        source=_source(by),
        # Unchanged words stay in every reader's language.
        said=entry.said if text == entry.words and not entry.text else {},
        text="" if text == entry.words and not entry.text else text,
        evidence=written.evidence,
        author=by,
        original_id=original,
    )
    return _append(corrected)


@transaction.atomic
def pin(incident: Incident, line: str, *, by: User) -> None:
    """Make a line part of the story that the postmortem starts from. Doing it twice is doing it once.

    `line`: entry-3, by its place in the chain (of an entry that was corrected: of the original), or the key of a line
    that is merged in from elsewhere, such as step-17.
    """
    _mark(incident, line, Act.PIN, by)


@transaction.atomic
def unpin(incident: Incident, line: str, *, by: User) -> None:
    """Take a line out of the story again."""
    _mark(incident, line, Act.UNPIN, by)


def _mark(incident: Incident, line: str, act: TimelineEntry.Act, by: User) -> None:
    _hold(incident)
    marks = TimelineEntry.objects.filter(incident=incident, line=line).order_by("-seq")
    last = marks.values_list("act", flat=True).first() or Act.UNPIN
    if last != act:
        _append(TimelineEntry(incident=incident, act=act, kind=Kind.CHANGED, source=_source(by), author=by, line=line))


def _append(entry: TimelineEntry) -> TimelineEntry:
    """Write it behind the last. What was written before with the same `dedup_key` is returned in its stead."""
    head = _hold(entry.incident)
    if entry.dedup_key:
        known = TimelineEntry.objects.filter(incident=entry.incident, dedup_key=entry.dedup_key).first()
        if known is not None:
            return known
    entry.seq, entry.prev_hash, entry.recorded_at = head.seq + 1, head.hash, now()
    entry.said, entry.text = chain.plain(entry.said), chain.plain(entry.text)
    entry.hash = chain.digest(entry.prev_hash, entry.facts)
    entry.save(force_insert=True)
    TimelineHead.objects.filter(pk=head.pk).update(seq=entry.seq, hash=entry.hash)
    return entry


def _hold(incident: Incident) -> TimelineHead:
    """The end of the chain, which nobody else can write behind until this transaction ends.

    Pages are told first: others hold their topic when they come to write.
    """
    nudge(incident.topic, "timeline")
    heads = TimelineHead.objects.select_for_update().filter(incident=incident)
    head = heads.first()
    if head is None:
        TimelineHead.objects.bulk_create([TimelineHead(incident=incident)], ignore_conflicts=True)
        head = heads.get()
    return head


def _source(by: User | None) -> TimelineEntry.Source:
    if origin.current() == origin.TERMINAL and by is not None:
        return Source.TERMINAL
    return Source.PERSON if by else Source.CONSOLE


def _checked(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()  # as browsers send it
    if not text:
        raise Refused(_("Write what happened."))
    if len(text) > LONGEST_NOTE:
        raise Refused(_("A note has at most %(most)s characters.") % {"most": LONGEST_NOTE})
    return text


def _check_time(incident: Incident, at: datetime) -> None:
    if at > now():
        raise Refused(_("What has not happened yet cannot be noted: the time is in the future."))
    if at < incident.started_at - EARLIEST:
        raise Refused(_("The time is more than a year before the incident began."))
