"""The lines of an incident's story, and the tables that they are read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from dr_console.notifications.models import Delivery
from dr_console.runs.asking import told
from dr_console.runs.models import Command, Step
from incidents.models import Incident, TimelineEntry

Kind = TimelineEntry.Kind
Source = TimelineEntry.Source
CONSOLE = "console"
PERSONAL = "personal"
CHANGED = (Step.State.SUCCEEDED, Step.State.ROLLED_BACK)
WRONG = (Step.State.FAILED, Step.State.TIMED_OUT, Step.State.FAILED_IGNORED, Step.State.ROLLBACK_FAILED)


@dataclass(frozen=True)
class Line:
    """One line of the story. `kind`: a word of TimelineEntry.Kind. `key`: by which it is pinned.

    `entry`: the row of the timeline; None for what is merged in from runs and messages. `before`: what it said before
    it was corrected, oldest first.
    """

    at: datetime
    words: str
    kind: str
    who: str = ""
    key: str = ""
    source: str = Source.CONSOLE
    evidence: str = ""
    entry: TimelineEntry | None = None
    is_pinned: bool = False
    before: tuple[TimelineEntry, ...] = ()

    @property
    def number(self) -> int:
        """Of an entry: its place in the chain; of one that was corrected, that of the original."""
        return int(self.key.rpartition("-")[2])

    @property
    def kind_label(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def source_label(self) -> str:
        return str(Source(self.source).label)

    @property
    def recorded_at(self) -> datetime | None:
        """When it was recorded, where that was noticeably later than it happened."""
        if self.entry is None or (self.entry.recorded_at - self.at).total_seconds() < 60:
            return None
        return self.entry.recorded_at


@dataclass(frozen=True)
class Wanted:
    """What of the story to show. `who`: a person's key, "console", or empty for everybody. Empty: every kind."""

    kind: str = ""
    who: str = ""
    is_pinned: bool = False

    def __bool__(self) -> bool:
        return bool(self.kind or self.who or self.is_pinned)


@dataclass(frozen=True)
class Origin:
    """A table that lines come from. `prefix`: of the lines' keys. `moment`: the column by which they are told."""

    prefix: str
    moment: str
    rows: Callable[[Incident], QuerySet[Any]]
    line: Callable[[Any], Line]
    kind: str = ""
    author: str = ""

    def wanted(self, incident: Incident, wanted: Wanted, pinned: set[str]) -> QuerySet[Any] | None:
        """Those of its rows that are wanted; None where none can be."""
        rows = self.rows(incident)
        if wanted.kind:
            if self.kind not in ("", wanted.kind):
                return None
            rows = rows if self.kind else rows.filter(kind=wanted.kind)
        if wanted.who and not self.author and wanted.who != CONSOLE:
            return None
        if wanted.who and self.author:
            rows = rows.filter(**{self.author: None if wanted.who == CONSOLE else int(wanted.who)})
        if not wanted.is_pinned:
            return rows
        keys = [int(key.partition("-")[2]) for key in pinned if key.startswith(f"{self.prefix}-")]
        return rows.filter(self._named(keys))

    def _named(self, keys: list[int]) -> Q:
        if self.prefix != "entry":
            return Q(pk__in=keys)
        return Q(original__isnull=True, seq__in=keys) | Q(original__seq__in=keys)


def _entries(incident: Incident) -> QuerySet[TimelineEntry]:
    return incident.timeline.current().select_related("author", "original")


def _line_of_entry(entry: TimelineEntry) -> Line:
    number = entry.original.seq if entry.original else entry.seq
    who = str(entry.author or "")
    return Line(entry.at, entry.words, entry.kind, who, f"entry-{number}", entry.source, entry.evidence, entry=entry)


def _commands(incident: Incident) -> QuerySet[Command]:
    return Command.objects.filter(run__incidents=incident).select_related("by", "step", "run")


def _line_of_command(command: Command) -> Line:
    words = told(command)
    words = f"{words} ({command.reason})" if command.reason else words
    source = Source.PERSON if command.by else Source.CONSOLE
    evidence = command.run.get_absolute_url()
    return Line(command.at, words, Kind.DECIDED, str(command.by or ""), f"command-{command.pk}", source, evidence)


def _steps(incident: Incident) -> QuerySet[Step]:
    """What changed something, and what went wrong; what only looked is no part of the story."""
    changed = Q(state__in=CHANGED, acted_at__isnull=False)
    steps = Step.objects.filter(changed | Q(state__in=WRONG), run__incidents=incident, ended_at__isnull=False)
    return steps.select_related("run")


def _line_of_step(step: Step) -> Line:
    at = step.ended_at or step.run.created_at
    words = _("%(step)s: %(state)s") % {"step": step.title, "state": step.get_state_display()}
    evidence = step.run.get_absolute_url()
    return Line(at, words, Kind.ACTED, "", f"step-{step.pk}", Source.RUN, evidence)


def _deliveries(incident: Incident) -> QuerySet[Delivery]:
    """But what one person is told of their own task or role, which the story tells already."""
    public = Q(payload__event__isnull=True) | ~Q(payload__event=PERSONAL)
    return Delivery.objects.filter(public, about=incident.reference)


def _line_of_delivery(delivery: Delivery) -> Line:
    names = {
        "channel": delivery.get_channel_display(),
        "to": delivery.recipient or delivery.address,
        "subject": delivery.subject,
        "state": delivery.get_state_display(),
    }
    text = (
        _("%(channel)s to %(to)s: %(subject)s (%(state)s)")
        if names["to"]
        else _("%(channel)s: %(subject)s (%(state)s)")
    )
    return Line(delivery.created_at, text % names, Kind.ALERTED, "", f"message-{delivery.pk}", Source.MESSAGE)


# In the order in which they are told where they happened at the same time.
ORIGINS = (
    Origin("entry", "at", _entries, _line_of_entry, author="author"),
    Origin("command", "at", _commands, _line_of_command, Kind.DECIDED, author="by"),
    Origin("step", "ended_at", _steps, _line_of_step, Kind.ACTED),
    Origin("message", "created_at", _deliveries, _line_of_delivery, Kind.ALERTED),
)
MERGED = ORIGINS[1:]
