"""What happened in an incident, beside what its runs and deliveries tell of themselves: written once, in a chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.audit.append_only import AppendOnlyModel, AppendOnlyQuerySet
from dr_console.web.sentences import spoken
from incidents.models.incident import Incident

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimelineQuerySet(AppendOnlyQuerySet["TimelineEntry"]):
    def current(self) -> TimelineQuerySet:
        """What the timeline tells now: of an entry that was corrected, its last correction; no pins."""
        told = (TimelineEntry.Act.ENTRY, TimelineEntry.Act.CORRECTION)
        later = TimelineEntry.objects.filter(
            original=OuterRef("root"), act=TimelineEntry.Act.CORRECTION, seq__gt=OuterRef("seq")
        )
        return self.filter(act__in=told).annotate(root=Coalesce("original", F("pk"))).exclude(Exists(later))


class TimelineEntry(AppendOnlyModel):
    """A fact that the console recorded (`said`), or what a person wrote (`text`).

    Never changed: a correction is a row that says the whole entry anew, and to pin or unpin is a row of its own.
    """

    class Kind(models.TextChoices):
        NOTICED = "noticed", _("Noticed")
        DECLARED = "declared", _("Declared")
        DECIDED = "decided", _("Decided")
        ACTED = "acted", _("Acted")
        RECOVERED = "recovered", _("Recovered")
        ALERTED = "alerted", _("Alerted")
        CHANGED = "changed", _("Changed")
        NOTE = "note", _("Note")

    class Act(models.TextChoices):
        ENTRY = "entry", _("Entry")
        CORRECTION = "correction", _("Correction")
        PIN = "pin", _("Pinned")
        UNPIN = "unpin", _("No longer pinned")

    class Source(models.TextChoices):
        """From where the console knows it."""

        CONSOLE = "console", _("the console")
        PERSON = "person", _("a person")
        TERMINAL = "terminal", _("a command")
        API = "api", _("the API")
        PROBES = "probes", _("health checks")
        METRICS = "metrics", _("measured values")
        ALERT = "alert", _("an alert")
        RUN = "run", _("a run")
        MESSAGE = "message", _("a message")

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="timeline")
    seq = models.PositiveIntegerField(help_text="Its place in the incident's chain, from 1.")
    act = models.CharField(max_length=10, choices=Act, default=Act.ENTRY)
    at = models.DateTimeField(default=now, help_text="When it happened, which may be before it was recorded.")
    recorded_at = models.DateTimeField(default=now)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.CONSOLE)
    said = models.JSONField(default=dict, help_text="A sentence.")
    text = models.TextField(blank=True, help_text="As a person wrote it: Markdown.")
    evidence = models.CharField(max_length=500, blank=True, help_text="Where it can be seen: http(s), or a page here.")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    original = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="later", help_text="The entry that it corrects."
    )
    line = models.CharField(max_length=40, blank=True, help_text="What it pins: entry-3, by place, or step-17, by key.")
    dedup_key = models.CharField(max_length=120, blank=True, help_text="Recorded twice with it: one entry.")
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = TimelineQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="timeline_fact_once",
                fields=["incident", "dedup_key"],
                condition=~Q(dedup_key=""),
            ),
            models.UniqueConstraint(name="timeline_place_once", fields=["incident", "seq"]),
        ]
        indexes = [
            models.Index(name="timeline_by_time", fields=["incident", "at", "id"]),
            models.Index(name="timeline_by_author", fields=["incident", "author", "at"]),
            models.Index(name="timeline_pins", fields=["incident", "line", "seq"], condition=~Q(line="")),
        ]

    def __str__(self) -> str:
        return self.words

    @property
    def words(self) -> str:
        return self.text or spoken(self.said)

    @property
    def facts(self) -> list[Any]:
        """Everything that must not change, in the order in which it is hashed. Times: microseconds since 1970."""
        return [
            self.incident_id,
            self.seq,
            self.act,
            _microseconds(self.at),
            _microseconds(self.recorded_at),
            self.kind,
            self.source,
            self.said,
            self.text,
            self.evidence,
            self.author_id,
            self.original_id,
            self.line,
            self.dedup_key,
        ]


class TimelineHead(models.Model):
    """Where an incident's chain ends. Whoever writes holds this row."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True, related_name="timeline_head")
    seq = models.PositiveIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.incident_id}#{self.seq}"


def _microseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
